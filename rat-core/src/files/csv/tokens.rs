//! Records and fields in the bytes of a CSV file.
//!
//! Written for what a reader of other people's files must know and a general tokeniser does not tell: whether a value was quoted, where in
//! the file it stands, and what exactly is wrong with a record.

/// What separates and quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::files) struct Dialect {
    pub delim: Vec<u8>,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    pub comment: Option<u8>,
    /// Text after a closing quote belongs to the value.
    pub lenient: bool,
}

/// A field: bytes of the buffer, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::files) struct Field {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
    /// There are escapes to be resolved.
    pub escaped: bool,
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::files) enum Step {
    /// A record; the next one begins at that offset.
    Record(usize),
    /// An empty line.
    Blank(usize),
    /// A line that is only a comment.
    Comment(usize),
    /// The record is not complete yet.
    More,
    /// The record is broken at the first offset; the next line begins at the second.
    Broken { at: usize, next: usize, what: &'static str },
}

const AFTER_QUOTE: &str = "there is text after a closing quote";
const UNCLOSED: &str = "a quote is not closed";

impl Dialect {
    /// Reads the record at `start`. `ended` says that no bytes follow the buffer's.
    pub fn step(&self, buffer: &[u8], start: usize, ended: bool, fields: &mut Vec<Field>) -> Step {
        fields.clear();
        match buffer.get(start) {
            None => return Step::More,
            Some(b'\n' | b'\r') => return line_end(buffer, start, ended).map_or(Step::More, Step::Blank),
            Some(byte) if Some(*byte) == self.comment => {
                let Some(end) = end_of_line(buffer, start, ended) else { return Step::More };
                return line_end(buffer, end, ended).map_or(Step::More, Step::Comment);
            }
            Some(_) => {}
        }
        let mut at = start;
        loop {
            let mut open = at;
            if self.quote.is_some() {
                while buffer.get(open) == Some(&b' ') {
                    open += 1;
                }
            }
            let outcome = match (buffer.get(open), self.quote) {
                (Some(byte), Some(quote)) if *byte == quote => self.quoted(buffer, start, open, ended, fields),
                _ => self.plain(buffer, at, ended, fields),
            };
            match outcome {
                Ok(Some(Next::Field(next))) => at = next,
                Ok(Some(Next::Record(next))) => return Step::Record(next),
                Ok(None) => return Step::More,
                Err(broken) => return broken,
            }
        }
    }

    fn plain(&self, buffer: &[u8], start: usize, ended: bool, fields: &mut Vec<Field>) -> Result<Option<Next>, Step> {
        let first = self.delim[0];
        let mut at = start;
        loop {
            let rest = &buffer[at..];
            let found = match self.comment {
                None => rest.iter().position(|b| *b == first || *b == b'\n' || *b == b'\r'),
                Some(comment) => rest.iter().position(|b| *b == first || *b == b'\n' || *b == b'\r' || *b == comment),
            };
            at = match found {
                Some(n) => at + n,
                None if ended => buffer.len(),
                None => return Ok(None),
            };
            match self.after(buffer, at, ended) {
                Some(Some(next)) => {
                    fields.push(Field { start, end: at, quoted: false, escaped: false });
                    return Ok(Some(next));
                }
                Some(None) => at += 1,
                None => return Ok(None),
            }
        }
    }

    /// What follows a value that ends at `at`: `None` when that is not known yet, `Some(None)` when the value does not end there.
    fn after(&self, buffer: &[u8], at: usize, ended: bool) -> Option<Option<Next>> {
        let rest = &buffer[at..];
        match rest.first() {
            None => ended.then_some(Some(Next::Record(at))),
            Some(b'\n' | b'\r') => line_end(buffer, at, ended).map(|next| Some(Next::Record(next))),
            Some(byte) if Some(*byte) == self.comment => {
                let end = end_of_line(buffer, at, ended)?;
                line_end(buffer, end, ended).map(|next| Some(Next::Record(next)))
            }
            Some(_) if rest.starts_with(&self.delim) => Some(Some(Next::Field(at + self.delim.len()))),
            // The first bytes of a longer delimiter at the end of the buffer.
            Some(_) if !ended && rest.len() < self.delim.len() && self.delim.starts_with(rest) => None,
            Some(_) => Some(None),
        }
    }

    fn quoted(&self, buffer: &[u8], record: usize, open: usize, ended: bool, fields: &mut Vec<Field>) -> Result<Option<Next>, Step> {
        let quote = self.quote.unwrap_or_default();
        let escape = self.escape.unwrap_or(quote);
        let (mut at, mut escaped) = (open + 1, false);
        let close = loop {
            let found = buffer[at.min(buffer.len())..].iter().position(|b| *b == quote || *b == escape);
            let Some(n) = found else {
                return if ended { Err(broken(buffer, record, open, UNCLOSED)) } else { Ok(None) };
            };
            at += n;
            match buffer.get(at + 1) {
                // A quote, or another escape, behind an escape is a character of the value.
                Some(next) if buffer[at] == escape && self.escape.is_some() && (*next == quote || *next == escape) => {
                    escaped = true;
                    at += 2;
                }
                None if !ended => return Ok(None),
                _ if buffer[at] == quote => break at,
                _ => at += 1,
            }
        };
        let mut end = close + 1;
        while buffer.get(end) == Some(&b' ') && !self.delim.starts_with(b" ") {
            end += 1;
        }
        match self.after(buffer, end, ended) {
            Some(Some(next)) => {
                fields.push(Field { start: open + 1, end: close, quoted: true, escaped });
                Ok(Some(next))
            }
            Some(None) if self.lenient => self.plain(buffer, open, ended, fields),
            Some(None) => match end_of_line(buffer, record, ended) {
                Some(_) => Err(broken(buffer, record, end, AFTER_QUOTE)),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// The text of a field, with escapes resolved into `scratch` when there are any.
    pub fn text<'a>(&self, buffer: &'a [u8], field: Field, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let raw = &buffer[field.start..field.end];
        let (true, Some(escape), Some(quote)) = (field.escaped, self.escape, self.quote) else { return raw };
        scratch.clear();
        let mut bytes = raw.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match bytes.peek() {
                Some(next) if byte == escape && (*next == quote || *next == escape) => scratch.extend(bytes.next()),
                _ => scratch.push(byte),
            }
        }
        scratch
    }
}

/// What follows a field.
enum Next {
    Field(usize),
    Record(usize),
}

fn broken(buffer: &[u8], record: usize, at: usize, what: &'static str) -> Step {
    let next = end_of_line(buffer, record, true).and_then(|end| line_end(buffer, end, true)).unwrap_or(buffer.len());
    Step::Broken { at, next, what }
}

/// Where the line ends that `from` is in.
pub(in crate::files) fn end_of_line(buffer: &[u8], from: usize, ended: bool) -> Option<usize> {
    match buffer[from..].iter().position(|b| matches!(b, b'\n' | b'\r')) {
        Some(n) => Some(from + n),
        None => ended.then_some(buffer.len()),
    }
}

/// Where the next line begins, after a line that ends at `at`; `None` when a `\r` is the last byte we have.
pub(in crate::files) fn line_end(buffer: &[u8], at: usize, ended: bool) -> Option<usize> {
    match (buffer.get(at), buffer.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Some(at + 2),
        (Some(b'\r'), None) if !ended => None,
        (Some(_), _) => Some(at + 1),
        (None, _) => Some(at),
    }
}

/// How many line ends there are.
pub(in crate::files) fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    for (i, byte) in bytes.iter().enumerate() {
        lines += u64::from(*byte == b'\n' || *byte == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
    }
    lines
}
