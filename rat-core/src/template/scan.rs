//! One pass over a template's tokens: its texts, expressions and statements, and the names they use.
//!
//! The engine tells where an error is and which expression printed what. Everything that must be known before rendering, or about text that
//! is not reached, is found here.

use std::ops::Range;

use minijinja::machinery::{Span, Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

use super::functions::WATERMARK;

/// What a template is made of. All ranges are bytes of the scanned text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Texts, expressions and statements, in order.
    pub parts: Vec<Part>,
    /// Every name that is looked up or bound: not attributes, not keywords of statements.
    pub words: Vec<Range<usize>>,
    /// Calls of a plain name with a text as first argument, such as `ref('bronze.orders')`.
    pub calls: Vec<TextCall>,
    /// The names among `words` that an ordering (`<`, `<=`, `>`, `>=`) compares as they are.
    pub ordered: Vec<Range<usize>>,
    /// Attributes with two leading underscores, Python's own insides.
    pub dunders: Vec<Range<usize>>,
    /// The longest chain of operators in an expression, and of branches in the text: how much deeper than its brackets and blocks the tree is.
    pub links: usize,
}

impl Scan {
    /// Whether the scanned text uses a name.
    pub fn has_word(&self, text: &str, word: &str) -> bool {
        self.words.iter().any(|at| &text[at.clone()] == word)
    }

    /// Whether the scanned text compares the watermark by order.
    pub fn compares_watermark(&self, text: &str) -> bool {
        self.ordered.iter().any(|at| &text[at.clone()] == WATERMARK)
    }
}

#[derive(Debug)]
pub(super) struct Part {
    pub kind: PartKind,
    /// Text: what is printed. Expression: the expression. Statement: from `{%` to `%}`.
    pub range: Range<usize>,
    /// Between the delimiters and their `-`.
    pub inner: Range<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    Text,
    Expression,
    Statement {
        keyword: String,
        /// The name or text right after the keyword: a macro's name, an imported file.
        subject: Option<Subject>,
        /// Whether the statement has a body: `set` does when it assigns nothing itself.
        assigns: bool,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Name(String),
    Text(String),
}

#[derive(Debug)]
pub(super) struct TextCall {
    pub function: Range<usize>,
    pub text: String,
    pub argument: Range<usize>,
}

/// Scans a template. A text that is not a template is scanned up to the first error, which the engine reports.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut tokens = Tokenizer::new(text, "", false, SyntaxConfig::default());
    let mut open: Option<Open> = None;
    let mut branches = 0;
    while let Ok(Some((token, span))) = tokens.next_token() {
        let range = bytes(span);
        match token {
            Token::TemplateData(data) => {
                let start = data.as_ptr() as usize - text.as_ptr() as usize;
                let range = start..start + data.len();
                scan.parts.push(Part { kind: PartKind::Text, range: range.clone(), inner: range });
            }
            Token::VariableStart | Token::BlockStart => open = Some(Open::new(range)),
            Token::VariableEnd => {
                if let Some(mut open) = open.take() {
                    scan.ordered.extend(open.operand.end());
                    let written = open.first..open.last.max(open.first);
                    scan.parts.push(Part { kind: PartKind::Expression, range: written, inner: open.start.end..range.start });
                }
            }
            Token::BlockEnd => {
                if let Some(mut open) = open.take() {
                    scan.ordered.extend(open.operand.end());
                    branches += usize::from(open.keyword.as_deref() == Some("elif"));
                    scan.parts.push(Part {
                        kind: PartKind::Statement {
                            keyword: open.keyword.unwrap_or_default(),
                            subject: open.subject,
                            assigns: open.assigns,
                        },
                        range: open.start.start..range.end,
                        inner: open.start.end..range.start,
                    });
                }
            }
            token => {
                if let Some(open) = &mut open {
                    open.token(&token, range, text, &mut scan);
                    scan.links = scan.links.max(open.links.count(&token));
                }
            }
        }
    }
    scan.links += branches;
    scan
}

/// An expression or statement that is being read.
struct Open {
    start: Range<usize>,
    first: usize,
    last: usize,
    statement: bool,
    /// Tokens seen.
    count: usize,
    keyword: Option<String>,
    subject: Option<Subject>,
    assigns: bool,
    depth: usize,
    after_dot: bool,
    called: Option<(Range<usize>, bool)>,
    links: Links,
    operand: Operand,
}

/// The name before a token, and whether it is compared.
#[derive(Debug, Default)]
struct Operand {
    after_ordering: bool,
    name: Option<(Range<usize>, bool)>,
}

impl Operand {
    /// Says that the name before this token is compared, if it is.
    fn next(&mut self, token: &Token<'_>, name: Option<Range<usize>>) -> Option<Range<usize>> {
        let ordering = matches!(token, Token::Lt | Token::Lte | Token::Gt | Token::Gte);
        // What binds more tightly makes another value of the name.
        let binds = matches!(
            token,
            Token::Dot
                | Token::Pipe
                | Token::ParenOpen
                | Token::BracketOpen
                | Token::Plus
                | Token::Minus
                | Token::Mul
                | Token::Div
                | Token::FloorDiv
                | Token::Mod
                | Token::Pow
                | Token::Tilde
                | Token::Ident("is")
        );
        let before = self.name.take();
        let after_ordering = std::mem::replace(&mut self.after_ordering, ordering);
        self.name = name.map(|name| (name, after_ordering));
        before.filter(|(_, compared)| ordering || *compared && !binds).map(|(name, _)| name)
    }

    /// As [`next`](Self::next), where the expression ends.
    fn end(&mut self) -> Option<Range<usize>> {
        self.name.take().filter(|(_, compared)| *compared).map(|(name, _)| name)
    }
}

/// Counts how long the chains of an expression are. A comma ends a chain, and what is in brackets is part of the chain they are in.
#[derive(Debug, Default)]
struct Links {
    /// Of the open brackets, outermost first: the chain so far, and the longest one before it.
    outer: Vec<(usize, usize)>,
    chain: usize,
    longest: usize,
}

impl Links {
    /// The longest chain so far.
    fn count(&mut self, token: &Token<'_>) -> usize {
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.outer.push((self.chain + 1, self.longest));
                (self.chain, self.longest) = (0, 0);
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                let inside = self.longest.max(self.chain);
                let (chain, longest) = self.outer.pop().unwrap_or_default();
                (self.chain, self.longest) = (chain + inside, longest);
            }
            Token::Comma => (self.chain, self.longest) = (0, self.longest.max(self.chain)),
            Token::Ident("and" | "or" | "not" | "if" | "else" | "is" | "in") => self.chain += 1,
            Token::Ident(_) | Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) | Token::Float(_) | Token::Colon => {}
            _ => self.chain += 1,
        }
        self.longest.max(self.chain)
    }
}

impl Open {
    fn new(start: Range<usize>) -> Self {
        Self {
            first: start.end,
            last: start.end,
            statement: false,
            count: 0,
            keyword: None,
            subject: None,
            assigns: false,
            depth: 0,
            after_dot: false,
            called: None,
            links: Links::default(),
            operand: Operand::default(),
            start,
        }
    }

    fn token(&mut self, token: &Token<'_>, range: Range<usize>, text: &str, scan: &mut Scan) {
        if self.count == 0 {
            self.first = range.start;
            self.statement = text[self.start.clone()].starts_with("{%");
        }
        self.last = range.end;
        let first_word = self.statement && self.count == 0;
        let second = self.statement && self.count == 1;
        self.count += 1;
        let after_dot = std::mem::replace(&mut self.after_dot, matches!(token, Token::Dot));
        let called = self.called.take();
        let name = (matches!(token, Token::Ident(_)) && !first_word && !after_dot).then(|| range.clone());
        scan.ordered.extend(self.operand.next(token, name));
        match token {
            Token::Ident(name) if first_word => self.keyword = Some((*name).to_owned()),
            Token::Ident(name) => {
                if second {
                    self.subject = Some(Subject::Name((*name).to_owned()));
                }
                if after_dot {
                    if name.starts_with("__") {
                        scan.dunders.push(range);
                    }
                } else {
                    scan.words.push(range.clone());
                    self.called = Some((range, false));
                }
            }
            Token::Str(_) | Token::String(_) => {
                let value = match token {
                    Token::Str(value) => (*value).to_owned(),
                    Token::String(value) => value.to_string(),
                    _ => String::new(),
                };
                if second {
                    self.subject = Some(Subject::Text(value.clone()));
                }
                if let Some((function, true)) = called {
                    scan.calls.push(TextCall { function, text: value, argument: range });
                }
            }
            Token::ParenOpen => {
                self.depth += 1;
                self.called = called.map(|(function, _)| (function, true));
            }
            Token::BracketOpen | Token::BraceOpen => self.depth += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => self.depth = self.depth.saturating_sub(1),
            Token::Assign if self.depth == 0 => self.assigns = true,
            _ => {}
        }
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}
