//! Whether what a `ref` names exists.

use super::Known;
use crate::error::{Code, Diagnostic, nearest};
use crate::name::Name;
use crate::template::Reference;

/// The error for a reference to nothing; `None` when it exists.
pub(super) fn unknown_ref(reference: &Reference, known: &Known<'_>, from: &Name, subject: &str) -> Option<Diagnostic> {
    let name = &reference.name;
    if known.project.pipelines.contains_key(name) || known.tables.contains(name) {
        return None;
    }
    let typed = said_in(&from.namespace, name);
    let mut diagnostic = Diagnostic::error(Code::UnknownRef, format!("{subject} refers to `{typed}`, which does not exist"));
    diagnostic.labels.push(reference.label.clone());
    diagnostic.labels[0].text = "no such pipeline or table".to_owned();
    diagnostic.labels.extend(reference.calls.iter().cloned());
    let names: Vec<String> = known.project.pipelines.keys().chain(known.tables).map(|name| said_in(&from.namespace, name)).collect();
    // The name in another layer is nearer than any slip of the keyboard.
    let layer =
        known.project.pipelines.keys().chain(known.tables).find(|other| (&other.namespace, &other.name) == (&name.namespace, &name.name));
    let near =
        layer.map(|other| said_in(&from.namespace, other)).or_else(|| nearest(&typed, names.iter().map(String::as_str)).map(str::to_owned));
    Some(match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    })
}

/// A name as people in a namespace say it.
fn said_in(namespace: &str, name: &Name) -> String {
    if name.namespace == namespace { name.short() } else { name.to_string() }
}
