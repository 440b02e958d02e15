//! What a lake's URL means, and how its paths, its URLs and its store's paths are one another.

use std::path::{Component, PathBuf};

use ::url::Url;
use object_store::path::Path;

use crate::error::{Code, Error, Result, nearest};

const MEMORY: &str = "memory:///lake";

#[derive(Debug, Clone)]
pub(super) enum Root {
    Memory,
    Local { folder: PathBuf },
}

impl Root {
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(Code::InvalidUrl, "the URL of a lake is empty"));
        }
        let Some((scheme, rest)) = scheme(text) else { return Self::local(text) };
        match scheme.as_str() {
            "memory" => Ok(Root::Memory),
            "file" => Self::local(
                &folder(rest).map_err(|e| Error::new(Code::InvalidUrl, format!("`{}` {}", redact(text), e.what)).with_help(e.way_out))?,
            ),
            other => {
                let error =
                    Error::new(Code::InvalidUrl, format!("`{}` has the scheme `{other}`, which this rat cannot open", redact(text)));
                Err(match nearest(other, ["file", "memory"]) {
                    Some(near) => error.with_help(format!("did you mean `{near}://`?")),
                    None => error,
                })
            }
        }
    }

    // Symbolic links are followed once, here: metadata holds absolute URLs, and a lake opened through a link is the same lake.
    fn local(text: &str) -> Result<Self> {
        let unusable = |e: std::io::Error| Error::new(Code::InvalidUrl, format!("`{text}` is no folder: {e}"));
        let folder = std::path::absolute(text).map_err(unusable)?;
        let mut plain = PathBuf::new();
        for part in folder.components() {
            match part {
                Component::ParentDir => {
                    plain.pop();
                }
                part => plain.push(part),
            }
        }
        let mut missing = Vec::new();
        let mut existing = plain.as_path();
        let folder = loop {
            match (existing.canonicalize(), existing.parent(), existing.file_name()) {
                (Ok(found), ..) => break missing.iter().rev().fold(found, |path, part| path.join(part)),
                (Err(_), Some(parent), Some(name)) => {
                    missing.push(name);
                    existing = parent;
                }
                (Err(e), ..) => return Err(unusable(e)),
            }
        };
        if folder.to_str().is_none() {
            return Err(Error::new(Code::InvalidUrl, format!("the folder `{}` is not UTF-8", folder.display())));
        }
        Ok(Root::Local { folder })
    }

    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Root::Memory => "memory",
            Root::Local { .. } => "file",
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Root::Memory => MEMORY.to_owned(),
            Root::Local { folder } => format!("file://{}", folder.to_str().expect("checked when parsed").trim_end_matches('/')),
        }
    }

    pub(super) fn encoded_url(&self) -> String {
        match self {
            Root::Memory => MEMORY.to_owned(),
            Root::Local { folder } => Url::from_file_path(folder).expect("an absolute path is a URL").into(),
        }
    }

    pub(super) fn store_url(&self) -> Url {
        Url::parse(&format!("{}:///", self.scheme())).expect("a scheme and a slash are a URL")
    }

    pub(super) fn absolute(&self, path: &str) -> String {
        if is_absolute(path) {
            return path.to_owned();
        }
        match path.trim_matches('/') {
            "" => self.url(),
            path => format!("{}/{path}", self.url()),
        }
    }

    pub(super) fn relative(&self, path: &str) -> Option<String> {
        if !is_absolute(path) {
            return Some(path.trim_matches('/').to_owned());
        }
        let (root, path) = (plain(&self.url()), plain(path));
        let rest = path.strip_prefix(&root)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/').to_owned())
    }

    pub(super) fn local_path(&self, path: &str) -> Option<PathBuf> {
        match self {
            Root::Memory => None,
            Root::Local { .. } => plain(&self.absolute(path)).strip_prefix("file://").map(PathBuf::from),
        }
    }

    pub(super) fn location(&self, path: &str) -> Result<Path> {
        let absolute = plain(&self.absolute(path));
        let unusable = || Error::new(Code::InvalidUrl, format!("`{}` is no path of this lake", redact(path)));
        let inside = absolute.strip_prefix(self.scheme()).and_then(|rest| rest.strip_prefix("://")).ok_or_else(unusable)?;
        Path::parse(inside.trim_matches('/')).map_err(|e| unusable().with_source(e))
    }
}

/// The scheme of what is a URL, in small letters, and what follows its colon. Of a folder named `file:x`, the path is `./file:x`.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    (rest.starts_with("//") || matches!(scheme.as_str(), "file" | "memory")).then_some((scheme, rest))
}

/// Why a `file:` URL is no folder of this machine.
struct Unusable {
    what: &'static str,
    way_out: &'static str,
}

/// The folder that a `file:` URL means, after RFC 8089: on this machine, percent-encoded.
fn folder(rest: &str) -> std::result::Result<String, Unusable> {
    let refused = |what, way_out| Err(Unusable { what, way_out });
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                return refused("names a host", "write `file:///` and the folder");
            }
            path
        }
    };
    if !path.starts_with('/') {
        return refused("names no folder from the root on", "write `file:///` and the whole path, or a path without `file:`");
    }
    if path.contains(['?', '#']) {
        return refused("has a query or a fragment, which a folder has not", "write `%3F` for `?` and `%23` for `#`");
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut pieces = path.split('%');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(0 | b'/') => return refused("has an encoded `/` or NUL in a name, which no folder has", "write the folder's own name"),
            Some(byte) => bytes.push(byte),
            None => return refused("has a `%` without two hexadecimal digits behind it", "write `%25` for `%`, or a path without `file:`"),
        }
        bytes.extend(piece[2..].bytes());
    }
    String::from_utf8(bytes).or_else(|_| refused("is not UTF-8 when its `%` are decoded", "give the lake's folder a name in UTF-8"))
}

fn is_absolute(path: &str) -> bool {
    path.contains("://") || path.starts_with("file:/")
}

// Other engines write `file:/data` for what is `file:///data` here.
fn plain(url: &str) -> String {
    match url.strip_prefix("file:/") {
        Some(rest) => format!("file:///{}", rest.trim_start_matches('/')),
        None => url.to_owned(),
    }
}

/// A URL without what may be secret in it: the user and password, and the query (signed URLs carry their signature there).
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let user = if host.len() < authority.len() { "***@" } else { "" };
    format!("{scheme}://{user}{host}{path}")
}
