//! What the sandbox refuses before anything is rendered.

use std::sync::Arc;

use super::engine;
use super::scan::{PartKind, Scan};
use crate::error::{Code, Diagnostic, Source};

/// The refusals in a scanned text that starts at `offset` of its source.
pub(super) fn in_scan(scan: &Scan, source: &Arc<Source>, offset: usize) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if scan.links > engine::MAX_LINKS {
        let message = format!("the template chains more than {} operators or branches", engine::MAX_LINKS);
        found.push(Diagnostic::error(Code::TemplateLimit, message).at(source, offset..offset, "").help("use a loop or a map"));
    }
    for part in &scan.parts {
        if let PartKind::Statement { keyword, .. } = &part.kind
            && matches!(keyword.as_str(), "include" | "extends")
        {
            found.push(
                Diagnostic::error(Code::TemplateForbidden, format!("`{keyword}` is not allowed: a template is one file"))
                    .at(source, part.range.start + offset..part.range.end + offset, "")
                    .help("make it a macro in `macros/`, which every template can call"),
            );
        }
    }
    for name in &scan.dunders {
        let range = name.start + offset..name.end + offset;
        found.push(
            Diagnostic::error(Code::TemplateForbidden, format!("`{}` is not allowed: it is Python's inside", &source.text[range.clone()]))
                .at(source, range, "")
                .help("use the functions, filters and methods of templates"),
        );
    }
    found
}
