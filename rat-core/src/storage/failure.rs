//! What a store's failure means to the caller.

use std::error::Error as StdError;
use std::io::ErrorKind;

use crate::error::{Code, Error};

use super::redact;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Read,
    Write,
}

pub(super) fn failure(error: object_store::Error, deed: Deed, path: &str) -> Error {
    let path = redact(path);
    if let object_store::Error::Generic { source, .. } = &error
        && let Some(ours) = source.downcast_ref::<Error>()
    {
        return ours.clone();
    }
    if let Some(name) = unreadable_name(&error) {
        let name = name.find(path.as_str()).map_or(name.as_str(), |at| &name[at..]);
        let message = format!("`{path}` has a file whose name cannot be read: `{name}`, percent-encoded");
        return Error::new(Code::InvalidName, message)
            .with_help("give it, and the folders it is in, names in UTF-8 without control characters");
    }
    let code = match &error {
        object_store::Error::NotFound { .. } => Code::PathNotFound,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } if deed == Deed::Write => {
            Code::ReadOnlyStorage
        }
        other => io_kind(other).map_or(Code::StorageUnavailable, |kind| code(kind, deed)),
    };
    described(code, deed, &path).with_source(Redacted::new(&error))
}

pub(super) fn io(error: std::io::Error, deed: Deed, path: &str) -> Error {
    described(code(error.kind(), deed), deed, &redact(path)).with_source(error)
}

fn code(kind: ErrorKind, deed: Deed) -> Code {
    match (kind, deed) {
        (ErrorKind::NotFound, _) => Code::PathNotFound,
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => Code::StorageFull,
        (ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied, Deed::Write) => Code::ReadOnlyStorage,
        _ => Code::StorageUnavailable,
    }
}

fn described(code: Code, deed: Deed, path: &str) -> Error {
    let message = match (code, deed) {
        (Code::PathNotFound, _) => format!("`{path}` does not exist"),
        (Code::StorageFull, _) => format!("no space is left for `{path}`"),
        (Code::ReadOnlyStorage, _) => format!("`{path}` cannot be written"),
        (_, Deed::Read) => format!("`{path}` could not be read"),
        (_, Deed::Write) => format!("`{path}` could not be written"),
    };
    Error::new(code, message)
}

/// The path of a file that a store cannot name: it is not UTF-8, or has control characters in it.
fn unreadable_name(error: &(dyn StdError + 'static)) -> Option<String> {
    use object_store::path::Error as PathError;
    match causes(error).find_map(|error| error.downcast_ref::<PathError>())? {
        PathError::NonUnicode { path, .. } => Some(path.clone()),
        PathError::BadSegment { path, .. } => Some(path.escape_default().to_string()),
        _ => None,
    }
}

fn io_kind(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    causes(error)
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .find(|kind| *kind != ErrorKind::Other)
}

/// The error, and what is behind it.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

// A store's own message may quote a signed URL; what is kept of it is the text with every URL redacted.
#[derive(Debug)]
struct Redacted(String);

impl Redacted {
    fn new(error: &object_store::Error) -> Self {
        let text = error.to_string();
        Self(
            text.split_inclusive(char::is_whitespace)
                .map(|word| if word.contains("://") { redact(word.trim_end()) + " " } else { word.to_owned() })
                .collect(),
        )
    }
}

impl std::fmt::Display for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl StdError for Redacted {}
