//! A second rendering, of a template that tells what it prints and where it is.
//!
//! The engine says which expression of the template printed what, and where an error happened, but not what a macro printed inside an
//! expression, nor which calls led into it. For that the texts are instrumented: each text and expression prints a mark before and after
//! itself, each statement says that it begins, and each macro that it is entered and left. Only when a diagnostic asks.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::functions::WATERMARK;
use super::scan::{Part, PartKind, Scan, scan};

/// Marks are private-use characters; SQL that holds one of them is not traced.
const OPEN: char = '\u{10ff10}';
const CLOSE: char = '\u{10ff11}';
const DIGITS: u32 = 0x10_ff00;

/// What an instrumented text calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A statement begins.
    At,
    /// An expression begins, and prints its mark.
    Open,
    /// A macro is entered.
    Enter,
    /// A macro is left.
    Leave,
    /// The watermark is compared.
    Compare,
}

impl Step {
    const ALL: [Step; 5] = [Step::At, Step::Open, Step::Enter, Step::Leave, Step::Compare];

    fn name(self) -> &'static str {
        match self {
            Step::At => "__rat_at",
            Step::Open => "__rat_open",
            Step::Enter => "__rat_enter",
            Step::Leave => "__rat_leave",
            Step::Compare => "__rat_compare",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// Where an instrumented rendering is: the part it is in, for each macro it is in.
#[derive(Debug)]
pub(super) struct Trace {
    frames: Vec<Option<usize>>,
    /// Where the watermark was compared, each with the parts it was in.
    pub compared: Vec<(usize, Vec<usize>)>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { frames: vec![None], compared: Vec::new() }
    }
}

impl Trace {
    /// What the step prints.
    pub fn take(&mut self, step: Step, part: Option<usize>) -> String {
        match step {
            Step::Enter => self.frames.push(None),
            Step::Leave => {
                self.frames.pop();
            }
            Step::At | Step::Open => {
                if let Some(frame) = self.frames.last_mut() {
                    *frame = part;
                }
            }
            Step::Compare => self.compared.extend(part.map(|part| (part, self.stack()))),
        }
        match (step, part) {
            (Step::Open, Some(part)) => mark(part),
            _ => String::new(),
        }
    }

    /// The parts it is in, outermost first.
    pub fn stack(&self) -> Vec<usize> {
        self.frames.iter().copied().flatten().collect()
    }
}

/// A text, expression or statement of an instrumented text.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Which of the instrumented texts.
    pub unit: usize,
    /// Bytes of it, before instrumenting.
    pub range: Range<usize>,
    pub is_text: bool,
}

/// Instruments a text, adding its pieces.
pub(super) fn instrument(text: &str, unit: usize, pieces: &mut Vec<Piece>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let scan = scan(text);
    for Part { kind, range, inner } in &scan.parts {
        let id = pieces.len();
        pieces.push(Piece { unit, range: range.clone(), is_text: *kind == PartKind::Text });
        let inner = match kind {
            PartKind::Text => Cow::Borrowed(&text[inner.clone()]),
            _ => with_compared(text, inner.clone(), &scan, unit, pieces),
        };
        match kind {
            PartKind::Text if ["{{", "{%", "{#"].iter().any(|tag| inner.contains(tag)) => {
                write!(out, "{}{{% raw %}}{inner}{{% endraw %}}{CLOSE}", mark(id))
            }
            PartKind::Text => write!(out, "{}{inner}{CLOSE}", mark(id)),
            PartKind::Expression => write!(out, "{{{{ {}({id}) }}}}{{{{ {inner} }}}}{CLOSE}", Step::Open.name()),
            PartKind::Statement { keyword, .. } => match keyword.as_str() {
                "macro" => write!(out, "{{% {inner} %}}{{{{ {}() }}}}", Step::Enter.name()),
                "endmacro" => write!(out, "{{{{ {}() }}}}{{% {inner} %}}", Step::Leave.name()),
                // Both print what they captured, as an expression does.
                "call" => write!(out, "{{{{ {}({id}) }}}}{{% {inner} %}}{{{{ {}() }}}}", Step::Open.name(), Step::Enter.name()),
                "endcall" => write!(out, "{{{{ {}() }}}}{{% {inner} %}}{CLOSE}", Step::Leave.name()),
                "filter" => write!(out, "{{{{ {}({id}) }}}}{{% {inner} %}}", Step::Open.name()),
                "endfilter" => write!(out, "{{% {inner} %}}{CLOSE}"),
                "if" | "for" | "set" | "with" | "do" | "import" | "from" => {
                    write!(out, "{{{{ {}({id}) }}}}{{% {inner} %}}", Step::At.name())
                }
                _ => write!(out, "{{% {inner} %}}"),
            },
        }
        .expect("writing to a String does not fail");
    }
    out
}

/// An expression that tells when it compares the watermark.
fn with_compared<'a>(text: &'a str, inner: Range<usize>, scan: &Scan, unit: usize, pieces: &mut Vec<Piece>) -> Cow<'a, str> {
    let mut out = String::new();
    let mut at = inner.start;
    let inside = |range: &&Range<usize>| inner.start <= range.start && range.end <= inner.end;
    for range in scan.ordered.iter().filter(inside).filter(|range| &text[(*range).clone()] == WATERMARK) {
        write!(out, "{}{}({})", &text[at..range.start], Step::Compare.name(), pieces.len()).expect("writing to a String does not fail");
        pieces.push(Piece { unit, range: range.clone(), is_text: false });
        at = range.end;
    }
    if out.is_empty() {
        return Cow::Borrowed(&text[inner]);
    }
    out.push_str(&text[at..inner.end]);
    Cow::Owned(out)
}

fn mark(id: usize) -> String {
    let mut mark = String::from(OPEN);
    for digit in format!("{id:x}").chars() {
        let digit = digit.to_digit(16).unwrap_or_default();
        mark.extend(char::from_u32(DIGITS + digit));
    }
    mark
}

/// A text with marks around it, as piece 0.
pub(super) fn marked(text: &str) -> String {
    format!("{}{text}{CLOSE}", mark(0))
}

fn digit(c: char) -> Option<usize> {
    (DIGITS..DIGITS + 16).contains(&u32::from(c)).then(|| (u32::from(c) - DIGITS) as usize)
}

/// Whether a text holds a character that marks are made of.
pub(super) fn has_marks(text: &str) -> bool {
    text.chars().any(|c| c == OPEN || c == CLOSE || digit(c).is_some())
}

/// What an instrumented rendering printed, and which pieces printed it.
#[derive(Debug, Default)]
pub(super) struct Traced {
    /// The text without marks.
    pub text: String,
    /// Runs of the text in order, without gaps.
    pub runs: Vec<Run>,
    /// A piece that printed, and the one around it.
    nodes: Vec<(usize, Option<usize>)>,
}

#[derive(Debug)]
pub(super) struct Run {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// How much of the piece was printed before.
    pub skipped: usize,
    node: Option<usize>,
}

impl Traced {
    /// Reads what an instrumented rendering printed.
    pub fn read(printed: &str) -> Self {
        let mut traced = Self::default();
        let mut open: Option<usize> = None;
        let mut done: Vec<usize> = Vec::new();
        let mut chars = printed.chars().peekable();
        let mut start = 0;
        let mut close_run = |traced: &mut Self, open: Option<usize>, done: &mut Vec<usize>| {
            let range = start..traced.text.len();
            if !range.is_empty() {
                let skipped = open.map_or(0, |node| {
                    done[node] += range.len();
                    done[node] - range.len()
                });
                start = range.end;
                traced.runs.push(Run { range, skipped, node: open });
            }
        };
        while let Some(c) = chars.next() {
            match c {
                OPEN => {
                    close_run(&mut traced, open, &mut done);
                    let mut id = 0usize;
                    while let Some(digit) = chars.peek().copied().and_then(digit) {
                        id = id.wrapping_mul(16).wrapping_add(digit);
                        chars.next();
                    }
                    traced.nodes.push((id, open));
                    done.push(0);
                    open = Some(traced.nodes.len() - 1);
                }
                CLOSE => {
                    close_run(&mut traced, open, &mut done);
                    open = open.and_then(|node| traced.nodes[node].1);
                }
                c => traced.text.push(c),
            }
        }
        close_run(&mut traced, open, &mut done);
        traced
    }

    /// The run a byte is in.
    pub fn run(&self, byte: usize) -> Option<&Run> {
        let index = self.runs.partition_point(|run| run.range.end <= byte);
        self.runs.get(index)
    }

    /// The pieces that printed a run, innermost first.
    pub fn pieces(&self, run: &Run) -> Vec<usize> {
        let mut pieces = Vec::new();
        let mut next = run.node;
        while let Some(node) = next {
            let (piece, outer) = self.nodes[node];
            pieces.push(piece);
            next = outer;
        }
        pieces
    }
}
