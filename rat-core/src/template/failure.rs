//! What went wrong in the engine, said in the user's words, at the place that was typed.

use std::error::Error as _;
use std::ops::Range;
use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use super::functions::{NAMES, Refusal};
use super::macros::Macros;
use super::render::{Unit, called_from, trace};
use super::scan::{PartKind, scan};
use super::{Facts, Templates};
use crate::error::{Code, Diagnostic, Source, nearest};

/// The engine's own names, for the near miss.
const ENGINE_NAMES: [&str; 4] = ["range", "dict", "namespace", "loop"];

const FILTERS: [&str; 38] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "count",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "upper",
];

const TESTS: [&str; 20] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "in",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "integer",
    "float",
];

/// The diagnostic for an error of a rendering.
pub(super) fn diagnose(templates: &Templates, unit: &Unit, facts: &Arc<Facts>, error: &Error) -> Diagnostic {
    let (source, range) = match error.range() {
        Some(range) => unit.locate(templates, error.name(), range),
        None => (Arc::clone(&unit.source), unit.body.clone()),
    };
    let mut problem = Problem { source, range, undefined: None };
    let mut calls = Vec::new();
    if !matches!(error.kind(), ErrorKind::SyntaxError | ErrorKind::OutOfFuel) {
        let tracing = trace(templates, unit, facts);
        if let Err(again) = &tracing.printed
            && again.kind() == error.kind()
        {
            problem.undefined = undefined_expression(again);
            let stack = tracing.scope.trace.as_ref().map(|trace| trace.lock().stack()).unwrap_or_default();
            let places = stack.iter().rev().skip(1).filter_map(|id| tracing.pieces.get(*id));
            calls = places.map(|piece| unit.piece(templates, piece)).map(|(source, range)| called_from(source, range)).collect();
        }
    }
    let names: Vec<&str> = NAMES.into_iter().chain(ENGINE_NAMES).chain(templates.macros()).collect();
    let mut diagnostic = problem.say(error, &names, &templates.0.macros);
    // A recursion is the same call over and over: both ends tell the story.
    const SHOWN: usize = 8;
    if calls.len() > SHOWN {
        calls.drain(SHOWN / 2..calls.len() - SHOWN / 2);
    }
    diagnostic.labels.extend(calls);
    diagnostic
}

/// The diagnostic for a macro file that cannot be compiled.
pub(super) fn in_macros(macros: &Macros, error: &Error) -> Diagnostic {
    let module = error.name().and_then(|name| macros.modules.iter().find(|module| module.name == name));
    let place = module.and_then(|module| module.place(error.range().unwrap_or_default()));
    match place {
        Some((source, range)) => Problem { source: Arc::clone(source), range, undefined: None }.say(error, &NAMES, macros),
        None => Diagnostic::error(Code::TemplateSyntax, sentence(error)),
    }
}

struct Problem {
    source: Arc<Source>,
    range: Range<usize>,
    /// The expression that is undefined, as the engine describes it.
    undefined: Option<String>,
}

impl Problem {
    fn say(self, error: &Error, names: &[&str], macros: &Macros) -> Diagnostic {
        if let Some(refusal) = error.source().and_then(|source| source.downcast_ref::<Refusal>()) {
            let range = self.argument().unwrap_or_else(|| self.range.clone());
            let diagnostic = Diagnostic::error(refusal.code, refusal.message.clone()).at(&self.source, range, "");
            return match &refusal.help {
                Some(help) => diagnostic.help(help.clone()),
                None => diagnostic,
            };
        }
        let detail = error.detail().unwrap_or_default();
        match error.kind() {
            ErrorKind::SyntaxError if detail.contains("recursion limit") => self.limit("the template is nested too deep"),
            ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::InvalidDelimiter => self.syntax(error),
            ErrorKind::OutOfFuel => self.limit("the template takes too many steps"),
            _ if detail.contains("recursion limit exceeded") => self.limit("macros call each other too deep"),
            _ if detail.contains("range has too many elements") => self.limit("`range` is too long"),
            ErrorKind::UndefinedError => self.undefined(names),
            ErrorKind::UnknownFunction => self.unknown("function", detail, names),
            ErrorKind::UnknownFilter => self.unknown("filter", detail, &FILTERS),
            ErrorKind::UnknownTest => self.unknown("test", detail, &TESTS),
            ErrorKind::UnknownMethod if detail.starts_with("undefined ") => self.undefined(names),
            ErrorKind::UnknownMethod if detail.ends_with(" append") || detail.ends_with(" extend") || detail.ends_with(" update") => {
                self.call(error).help("lists and maps do not change: make a new one, such as `{% set names = names + [name] %}`")
            }
            ErrorKind::TemplateNotFound => self.missing_file(macros),
            _ if detail.contains("undefined") => match self.only_here(names) {
                Some(name) => self.not_defined(&name, names, self.word(&name)),
                None => self.call(error),
            },
            _ => self.call(error),
        }
    }

    fn limit(self, message: &str) -> Diagnostic {
        Diagnostic::error(Code::TemplateLimit, message).at(&self.source, self.range, "")
    }

    fn call(self, error: &Error) -> Diagnostic {
        let diagnostic = Diagnostic::error(Code::TemplateCall, sentence(error)).at(&self.source, self.range, "");
        match error.detail() {
            Some(detail) if detail.contains("use % operator on unsupported types string") => {
                diagnostic.help("format with the filter: `{{ '%s' | format(value) }}`")
            }
            _ => diagnostic,
        }
    }

    fn syntax(self, error: &Error) -> Diagnostic {
        let message = sentence(error);
        // At the end of the text nothing is wrong but what was never closed.
        let open = if message.contains("unexpected end of input") { unclosed(&self.source) } else { None };
        match open {
            Some((keyword, range)) => Diagnostic::error(Code::TemplateSyntax, format!("`{keyword}` is never closed"))
                .at(&self.source, range, "opened here")
                .help(format!("add `{{% end{keyword} %}}`")),
            None => Diagnostic::error(Code::TemplateSyntax, message).at(&self.source, self.range, ""),
        }
    }

    fn undefined(self, names: &[&str]) -> Diagnostic {
        let typed = self.source.text[self.range.clone()].to_owned();
        let expression = self.undefined.clone().unwrap_or(typed);
        if let Some((owner, attribute)) = expression.rsplit_once('.').filter(|(owner, _)| !owner.is_empty()) {
            let owner = if owner == "(...)" { "the value".to_owned() } else { format!("`{owner}`") };
            let range = self.word(attribute);
            return Diagnostic::error(Code::UndefinedName, format!("{owner} has no `{attribute}`")).at(&self.source, range, "");
        }
        if expression.ends_with(']') {
            return Diagnostic::error(Code::UndefinedName, "the value has no such key or position").at(&self.source, self.range, "");
        }
        let range = self.word(&expression);
        self.not_defined(&expression, names, range)
    }

    fn unknown(self, kind: &str, detail: &str, names: &[&str]) -> Diagnostic {
        // The engine says `filter foo is unknown` and `foo is unknown`.
        let name = detail.strip_suffix(" is unknown").and_then(|name| name.split(' ').next_back()).unwrap_or_default().to_owned();
        let range = self.word(&name);
        if kind == "function" {
            return self.not_defined(&name, names, range);
        }
        let diagnostic = Diagnostic::error(Code::UndefinedName, format!("there is no {kind} `{name}`")).at(&self.source, range, "");
        match nearest(&name, names.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("use a {kind} of Jinja")),
        }
    }

    fn not_defined(&self, name: &str, names: &[&str], range: Range<usize>) -> Diagnostic {
        let diagnostic = Diagnostic::error(Code::UndefinedName, format!("`{name}` is not defined")).at(&self.source, range, "");
        let here = scan(&self.source.text);
        let own = here.words.iter().filter_map(|word| self.source.text.get(word.clone())).filter(|word| *word != name);
        match nearest(name, names.iter().copied().chain(own)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        }
    }

    /// A name in the range that nothing else in the file mentions: of the operands of an operation, the one that is undefined.
    fn only_here(&self, names: &[&str]) -> Option<String> {
        let here = scan(&self.source.text);
        let word = |at: &Range<usize>| self.source.text[at.clone()].to_owned();
        let inside = here.words.iter().filter(|at| self.range.start <= at.start && at.end <= self.range.end).map(word);
        inside.into_iter().find(|name| !names.contains(&name.as_str()) && here.words.iter().filter(|at| word(at) == *name).count() == 1)
    }

    fn missing_file(self, macros: &Macros) -> Diagnostic {
        let range = self.text_in_range();
        let name = self.source.text[range.clone()].trim_matches(['\'', '"']).to_owned();
        let diagnostic = Diagnostic::error(Code::TemplateForbidden, format!("`{name}` is not a file of macros"));
        let diagnostic = diagnostic.at(&self.source, range, "");
        match nearest(&name, macros.paths()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("import a file of `macros/`, such as `macros/dates.sql`"),
        }
    }

    /// The first time a word stands in the range, or the range.
    fn word(&self, word: &str) -> Range<usize> {
        let text = &self.source.text[self.range.clone()];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let stands_alone = |at: usize| {
            !text[..at].chars().next_back().is_some_and(is_word) && !text[at + word.len()..].chars().next().is_some_and(is_word)
        };
        let found = text.match_indices(word).map(|(at, _)| at).find(|at| !word.is_empty() && stands_alone(*at));
        match found {
            Some(at) => self.range.start + at..self.range.start + at + word.len(),
            // Of a method the engine marks the part after the value.
            None if self.source.text[..self.range.start].ends_with(word) => self.range.start - word.len()..self.range.start,
            None => self.range.clone(),
        }
    }

    /// The text given to a call that is the whole range: what the user would change.
    fn argument(&self) -> Option<Range<usize>> {
        let text = &self.source.text[self.range.clone()];
        text.ends_with(')').then(|| self.text_in_range()).filter(|range| *range != self.range)
    }

    /// The first text written in the range, or the range.
    fn text_in_range(&self) -> Range<usize> {
        let text = &self.source.text[self.range.clone()];
        let written = text.find(['\'', '"']).and_then(|start| {
            let quote = text[start..].chars().next()?;
            let end = text[start + 1..].find(quote)? + start + 2;
            Some(self.range.start + start..self.range.start + end)
        });
        written.unwrap_or_else(|| self.range.clone())
    }
}

/// The engine's words, as one sentence.
fn sentence(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// The expression the engine found undefined: it says so between backticks.
fn undefined_expression(error: &Error) -> Option<String> {
    let detail = error.detail()?;
    let (before, _) = detail.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, expression)| expression.to_owned())
}

/// The innermost statement that is opened and never closed.
fn unclosed(source: &Source) -> Option<(String, Range<usize>)> {
    let mut open: Vec<(&str, &Range<usize>)> = Vec::new();
    let here = scan(&source.text);
    for part in &here.parts {
        if let PartKind::Statement { keyword, assigns, .. } = &part.kind {
            match keyword.as_str() {
                "set" if *assigns => {}
                "if" | "for" | "macro" | "call" | "filter" | "with" | "set" | "block" | "autoescape" => open.push((keyword, &part.range)),
                keyword if keyword.starts_with("end") => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    open.pop().map(|(keyword, range)| (keyword.to_owned(), range.clone()))
}
