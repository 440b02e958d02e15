//! dbt's way of selecting: `silver.orders`, `+x`, `x+`, `2+x+1`, `@x`, `tag:a`, `layer:gold`, `path:p`, globs; space is union, comma is
//! intersection.

use std::collections::BTreeSet;

use super::{Graph, glob, not_found, reach};
use crate::error::{Code, Error, Result, nearest};
use crate::name::{Layer, Name};

const METHODS: [&str; 3] = ["tag", "layer", "path"];

/// One operand: what it names, and how far around it goes.
struct Operand<'a> {
    method: &'a str,
    value: &'a str,
    /// Steps upstream and downstream.
    up: usize,
    down: usize,
    /// `@`: what it names, all that needs it, and all that those need.
    at: bool,
}

impl Graph {
    /// The pipelines that a list of selections names, each in dbt's grammar; the list is their union. Names without a namespace mean
    /// `namespace`; a bare name means every layer of it. An empty list selects nothing.
    ///
    /// # Errors
    /// `INVALID_SELECTOR` when it cannot be read; `PIPELINE_NOT_FOUND`, with the near miss, when a part of it matches nothing: a slip in a
    /// selection should not look like a build with nothing to do.
    pub fn select<S: AsRef<str>>(&self, selections: &[S], namespace: &str) -> Result<BTreeSet<Name>> {
        // All of it is read before any of it is looked up: a slip in the grammar is told as one.
        let mut unions = Vec::new();
        for selection in selections {
            let before = unions.len();
            for union in selection.as_ref().split_whitespace() {
                unions.push(union.split(',').map(Operand::parse).collect::<Result<Vec<_>>>()?);
            }
            if unions.len() == before {
                return Err(invalid("the selection is empty", "name a pipeline, or leave the selection out"));
            }
        }
        let mut selected = BTreeSet::new();
        for operands in &unions {
            let mut both: Option<BTreeSet<usize>> = None;
            for operand in operands {
                let nodes = self.operand(operand, namespace)?;
                both = Some(match both {
                    Some(both) => both.intersection(&nodes).copied().collect(),
                    None => nodes,
                });
            }
            selected.extend(both.unwrap_or_default());
        }
        Ok(selected.into_iter().map(|node| self.shape.names[node].clone()).collect())
    }

    fn operand(&self, operand: &Operand<'_>, namespace: &str) -> Result<BTreeSet<usize>> {
        let named: BTreeSet<usize> =
            (0..self.shape.names.len()).filter(|node| operand.matches(&self.shape.names[*node], &self.infos[*node], namespace)).collect();
        if named.is_empty() {
            return Err(self.nothing_selected(operand, namespace));
        }
        if operand.at {
            let needing = reach(&self.shape.down, &named, usize::MAX);
            return Ok(reach(&self.shape.up, &needing, usize::MAX));
        }
        let mut nodes = reach(&self.shape.up, &named, operand.up);
        nodes.extend(reach(&self.shape.down, &named, operand.down));
        Ok(nodes)
    }

    fn nothing_selected(&self, operand: &Operand<'_>, namespace: &str) -> Error {
        let Operand { method, value, .. } = operand;
        let known: BTreeSet<&str> = match *method {
            // A name alone selects.
            "" if !glob::is_pattern(value) && !value.contains('.') => {
                let near = self.near(value, namespace).first().map(|name| name.name.clone());
                return not_found(value, near.as_slice());
            }
            "" if !glob::is_pattern(value) => return self.not_found(value, namespace),
            "tag" => self.infos.iter().flat_map(|info| &info.tags).map(String::as_str).collect(),
            "path" => self.infos.iter().map(|info| info.path.as_str()).collect(),
            _ => BTreeSet::new(),
        };
        let shown = if method.is_empty() { (*value).to_owned() } else { format!("{method}:{value}") };
        let error = Error::new(Code::PipelineNotFound, format!("`{shown}` selects no pipeline"));
        match nearest(value, known) {
            Some(near) => error.with_help(format!("did you mean `{method}:{near}`?")),
            None => error,
        }
    }
}

impl<'a> Operand<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let wrong = |what: &str| invalid(&format!("`{text}` {what}"), "write names, `tag:`, `layer:`, `path:`, `+` and `@`");
        if text.is_empty() {
            return Err(invalid("a comma stands beside nothing", "write `a,b` for the pipelines in both"));
        }
        let (at, rest) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (up, rest) = match rest[digits..].strip_prefix('+') {
            Some(after) => (steps(&rest[..digits]).ok_or_else(|| wrong("has a number that is too large"))?, after),
            None => (0, rest),
        };
        let kept = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let (down, rest) = match kept.strip_suffix('+') {
            Some(before) => (steps(&rest[kept.len()..]).ok_or_else(|| wrong("has a number that is too large"))?, before),
            None => (0, rest),
        };
        if at && (up > 0 || down > 0) {
            return Err(wrong("has both `@` and `+`"));
        }
        if rest.is_empty() || rest.contains(['+', '@']) {
            return Err(wrong("cannot be read"));
        }
        let (method, value) = rest.split_once(':').unwrap_or(("", rest));
        if !method.is_empty() && !METHODS.contains(&method) {
            let help = match nearest(method, METHODS) {
                Some(near) => format!("did you mean `{near}:{value}`?"),
                None => "select by `tag:`, `layer:`, `path:` or by name".to_owned(),
            };
            return Err(invalid(&format!("`{method}:` is not a way to select"), &help));
        }
        if value.is_empty() || (method.is_empty() && rest.contains(':')) {
            return Err(wrong("names nothing"));
        }
        if method == "layer" && !glob::is_pattern(value) {
            value.parse::<Layer>().map_err(|error| invalid(error.message(), error.help()))?;
        }
        if method.is_empty() && value.split('.').count() > 3 {
            return Err(wrong("has more than three parts"));
        }
        Ok(Self { method, value, up, down, at })
    }

    fn matches(&self, name: &Name, info: &super::NodeInfo, namespace: &str) -> bool {
        match self.method {
            "tag" => info.tags.iter().any(|tag| glob::matches(self.value, tag)),
            "layer" => glob::matches(self.value, name.layer.as_str()),
            "path" => {
                let value = self.value.trim_start_matches("./").trim_end_matches('/');
                let below = |folder: &str| info.path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                // A file of the pipeline means the pipeline.
                let file = value.strip_prefix(info.path.as_str()).is_some_and(|rest| rest.starts_with('/'));
                below(value) || file || glob::matches(value, &info.path)
            }
            _ => match self.value.split('.').collect::<Vec<_>>().as_slice() {
                [own] => name.namespace == namespace && glob::matches(own, &name.name),
                [layer, own] => name.namespace == namespace && glob::matches(layer, name.layer.as_str()) && glob::matches(own, &name.name),
                [space, layer, own] => {
                    glob::matches(space, &name.namespace) && glob::matches(layer, name.layer.as_str()) && glob::matches(own, &name.name)
                }
                _ => false,
            },
        }
    }
}

/// `+` without a number goes all the way.
fn steps(digits: &str) -> Option<usize> {
    if digits.is_empty() { Some(usize::MAX) } else { digits.parse().ok() }
}

fn invalid(message: &str, help: &str) -> Error {
    Error::new(Code::InvalidSelector, message).with_help(help)
}
