//! What the engine's errors mean to the caller.

use std::error::Error as StdError;
use std::io::ErrorKind;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;

use crate::error::{Code, Error};

/// An error of the engine in rat's codes. An [`Error`] of ours that came through the engine, as from a reader of landed files, comes out
/// as it went in.
pub fn error(cause: DataFusionError) -> Error {
    if let Some(ours) = ours(&cause) {
        return ours;
    }
    let (code, message) = describe(&cause);
    let error = Error::new(code, message);
    if code == Code::Internal { error.with_source(cause) } else { error }
}

fn ours(cause: &DataFusionError) -> Option<Error> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(cause);
    while let Some(error) = next {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours.clone());
        }
        // The engine's wrappers hide what they wrap from `source`.
        next = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Collection(all)) => all.first().map(|e| e as &(dyn StdError + 'static)),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            _ => match error.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => error.source(),
            },
        };
    }
    None
}

fn describe(cause: &DataFusionError) -> (Code, String) {
    match cause.find_root() {
        DataFusionError::ResourcesExhausted(message) => exhausted(message),
        DataFusionError::ArrowError(error, _) => arrow(error),
        DataFusionError::Execution(message) => (Code::ExecutionFailed, sentence(message)),
        DataFusionError::ObjectStore(error) => store(error.as_ref()),
        DataFusionError::IoError(error) => io(error),
        DataFusionError::ParquetError(error) => match find::<datafusion::object_store::Error>(error.as_ref()) {
            Some(error) => store(error),
            None => (Code::CorruptTable, format!("a data file cannot be read: {}", sentence(&error.to_string()))),
        },
        DataFusionError::NotImplemented(message) => (Code::UnsupportedSql, missing(message).unwrap_or_else(|| sentence(message))),
        DataFusionError::Internal(message) if missing(message).is_some() => (Code::UnsupportedSql, missing(message).unwrap_or_default()),
        DataFusionError::Plan(message) => (Code::InvalidQuery, sentence(message)),
        DataFusionError::SchemaError(error, _) => (Code::InvalidQuery, sentence(&error.to_string())),
        DataFusionError::External(error) => (Code::ExecutionFailed, sentence(&error.to_string())),
        other => (Code::Internal, sentence(&other.strip_backtrace())),
    }
}

fn arrow(error: &ArrowError) -> (Code, String) {
    let message = match error {
        ArrowError::DivideByZero => "division by zero".to_owned(),
        ArrowError::CastError(text)
        | ArrowError::ParseError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::ArithmeticOverflow(text) => sentence(text),
        ArrowError::NotYetImplemented(text) => return (Code::UnsupportedSql, missing(text).unwrap_or_else(|| sentence(text))),
        ArrowError::MemoryError(text) => return (Code::OutOfMemory, sentence(text)),
        ArrowError::IoError(_, error) => return io(error),
        ArrowError::ExternalError(error) => match error.downcast_ref::<DataFusionError>() {
            Some(error) => return describe(error),
            None => sentence(&error.to_string()),
        },
        other => sentence(&other.to_string()),
    };
    (Code::ExecutionFailed, message)
}

/// What the engine cannot do with values of a type, in the words of SQL.
fn missing(message: &str) -> Option<String> {
    let what = if message.starts_with("Row format support not yet implemented") {
        "maps are not told from each other by `GROUP BY`, `DISTINCT` or a set operation: take `map_keys` and `map_values` of them"
    } else if message.starts_with("Min/Max accumulator not implemented") {
        "there is no `min` or `max` of values of this type"
    } else {
        return None;
    };
    Some(what.to_owned())
}

fn exhausted(message: &str) -> (Code, String) {
    if message.contains("disk space") || message.contains("temporary directory") || message.contains("temp directory") {
        return (Code::StorageFull, "the query spilled more than the scratch folder may hold".to_owned());
    }
    (Code::OutOfMemory, "the query needs more memory than the lake may use".to_owned())
}

fn store(error: &datafusion::object_store::Error) -> (Code, String) {
    match error {
        // The catalog names the file, so it was there: what is missing was taken away.
        datafusion::object_store::Error::NotFound { path, .. } => (Code::CorruptTable, format!("`{path}` does not exist")),
        other => match find::<std::io::Error>(other) {
            Some(error) => io(error),
            None => (Code::StorageUnavailable, "the storage did not answer".to_owned()),
        },
    }
}

fn io(error: &std::io::Error) -> (Code, String) {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (Code::StorageFull, "no space is left".to_owned()),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            (Code::StorageUnavailable, "the storage does not allow it".to_owned())
        }
        kind => (Code::StorageUnavailable, format!("the storage failed: {kind}")),
    }
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The engine's text in our shape: one sentence, lower-case start, values in backticks, no full stop, no backtrace.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.split("\n\nbacktrace:").next().unwrap_or(text);
    let mut lines = text.lines().map(str::trim);
    let mut said = lines.next().unwrap_or_default().to_owned();
    // What a colon announces is on the lines after it.
    if said.ends_with(':') {
        lines.for_each(|line| said.extend([" ", line]));
    }
    let text = said.trim_end_matches('.').replace('\'', "`");
    let second_is_lower = text.chars().nth(1).is_none_or(|c| !c.is_ascii_uppercase());
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(chars).collect(),
        _ => text,
    }
}
