//! What went wrong, where, and the way out.
//!
//! Rooms speak in [`Code`]s. Language rooms return [`Diagnostic`]s, which carry the place in the user's file; everything else returns
//! [`Error`], which is opaque, one word wide, and answers [`kind`](Error::kind), [`code`](Error::code), [`diagnostics`](Error::diagnostics),
//! [`context`](Error::context) and [`is_retryable`](Error::is_retryable). `{}` is one line without the source's text; `{:#}` draws the snippet.
//!
//! Knows nothing above it: no pipeline, table or engine type.

mod code;
mod counted;
mod diagnostic;
mod nearest;
mod snippet;
mod wire;

use std::fmt;

pub use code::Code;
pub(crate) use counted::counted;
pub use diagnostic::{Diagnostic, Label, Severity, Source};
pub use nearest::nearest;
pub(crate) use wire::{ok_or_diagnostics, ok_or_error};

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do about an error. Coarse on purpose: a new kind needs a new next move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// The project, a setting or an argument is wrong: change it.
    Invalid,
    /// What was named does not exist: name something else, or make it.
    NotFound,
    /// Somebody else changed the same thing: run again.
    Conflict,
    /// The data did not pass: look at the rows.
    Rejected,
    /// Not allowed here.
    Denied,
    /// The caller stopped it.
    Cancelled,
    /// It took longer than allowed.
    Timeout,
    /// A disk, a store, a catalog or a budget did not give what was needed: try again later, or give more.
    Unavailable,
    /// What is stored is not what was written: restore it.
    Corrupt,
    /// A defect in rat: report it.
    Internal,
}

impl Kind {
    /// The kind as a lower-case word, `"not_found"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Rejected => "rejected",
            Kind::Denied => "denied",
            Kind::Cancelled => "cancelled",
            Kind::Timeout => "timeout",
            Kind::Unavailable => "unavailable",
            Kind::Corrupt => "corrupt",
            Kind::Internal => "internal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The one error of rat.
#[derive(Clone)]
pub struct Error(std::sync::Arc<Repr>);

#[derive(Clone)]
struct Repr {
    code: Code,
    message: String,
    help: Option<String>,
    diagnostics: Vec<Diagnostic>,
    context: Vec<(&'static str, String)>,
    retryable: bool,
    source: Option<std::sync::Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with the code's own help.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(std::sync::Arc::new(Repr {
            code,
            message: message.into(),
            help: None,
            diagnostics: Vec::new(),
            context: Vec::new(),
            retryable: matches!(code.kind(), Kind::Conflict | Kind::Unavailable),
            source: None,
        }))
    }

    /// The error for a list of diagnostics: its code and message are the first error's, and it carries them all. `None` when no
    /// diagnostic is an error.
    pub fn from_diagnostics(diagnostics: Vec<Diagnostic>) -> Option<Self> {
        let first = diagnostics.iter().find(|d| d.severity == Severity::Error)?;
        let mut error = Self::new(first.code, first.message.clone());
        let repr = error.repr_mut();
        repr.help = first.help.clone();
        repr.diagnostics = diagnostics;
        Some(error)
    }

    /// One error of several, none of which is there because of another: the first one's code and message, and what all of them have to say.
    /// `None` of none.
    pub(crate) fn together(errors: Vec<Self>) -> Option<Self> {
        let mut first = errors.first()?.clone();
        if errors.len() > 1 {
            first.repr_mut().diagnostics = errors.iter().flat_map(Self::told).collect();
        }
        Some(first)
    }

    /// What it says as diagnostics: those that it carries, or itself without a place.
    pub(crate) fn told(&self) -> Vec<Diagnostic> {
        match self.0.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            true => self.0.diagnostics.clone(),
            false => vec![Diagnostic::error(self.code(), self.message()).help(self.help())],
        }
    }

    fn repr_mut(&mut self) -> &mut Repr {
        std::sync::Arc::make_mut(&mut self.0)
    }

    /// The way out, one imperative sentence; without it the code's own help stands.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.repr_mut().help = Some(help.into());
        self
    }

    /// The places that it is about, where it has none yet.
    #[must_use]
    pub fn with_labels(mut self, labels: impl IntoIterator<Item = Label>) -> Self {
        let labels: Vec<Label> = labels.into_iter().collect();
        if self.0.diagnostics.is_empty() && !labels.is_empty() {
            let mut diagnostic = Diagnostic::error(self.code(), self.message()).help(self.help());
            diagnostic.labels = labels;
            self.repr_mut().diagnostics.push(diagnostic);
        }
        self
    }

    /// A fact for the reader: the table, the file, the run. Never a credential, never a row of data.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.repr_mut().context.push((key, value.to_string()));
        self
    }

    /// The error below this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.repr_mut().source = Some(source.into().into());
        self
    }

    /// Says whether trying the same again may succeed, where the kind alone does not tell.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.repr_mut().retryable = retryable;
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.0.code.kind()
    }

    /// The word for exactly this error.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// One sentence, without place or help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The way out.
    pub fn help(&self) -> &str {
        self.0.help.as_deref().unwrap_or_else(|| self.0.code.help())
    }

    /// The places in the project this error is about; empty when it is about none.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// Facts added on the way up, in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }

    /// Whether the same call may succeed when tried again.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return match self.0.diagnostics.iter().find(|d| d.severity == Severity::Error) {
                Some(first) => first.fmt(f),
                None => f.write_str(&self.0.message),
            };
        }
        if self.0.diagnostics.is_empty() {
            write!(f, "error[{}]: {}", self.0.code, self.0.message)?;
            for (key, value) in &self.0.context {
                write!(f, "\n  {key}: {value}")?;
            }
            return write!(f, "\n  help: {}", self.help());
        }
        for (i, diagnostic) in self.0.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic:#}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")?;
        let mut below = std::error::Error::source(self);
        while let Some(source) = below {
            write!(f, "\n  caused by: {source}")?;
            below = source.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn std::error::Error + 'static))
    }
}
