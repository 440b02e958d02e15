//! Where one JSON value ends and the next begins.

use serde_json::Value;

use super::Layout;

/// The next thing in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A value, from the first offset to the second.
    Value(usize, usize),
    /// More bytes are needed from that offset on.
    More(usize),
    /// Nothing but white space is left.
    End,
    /// The layout is broken at that offset.
    Broken(usize, &'static str),
}

/// Where in an array one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Before,
    First,
    AfterValue,
    AfterComma,
    Behind,
}

/// Finds the next value at or behind `at`.
pub(super) fn next(layout: Layout, place: &mut Place, buffer: &[u8], at: usize, ended: bool) -> Piece {
    let mut at = skip_space(buffer, at);
    if layout == Layout::Array {
        loop {
            let Some(byte) = buffer.get(at) else {
                let whole = matches!(place, Place::Before | Place::Behind);
                return match (ended, whole) {
                    (false, _) => Piece::More(at),
                    (true, true) => Piece::End,
                    (true, false) => Piece::Broken(at, "the array is not closed"),
                };
            };
            *place = match (*place, byte) {
                (Place::Before, b'[') => Place::First,
                (Place::Before, _) => return Piece::Broken(at, "an array is expected"),
                (Place::First | Place::AfterValue, b']') => Place::Behind,
                (Place::AfterValue, b',') => Place::AfterComma,
                (Place::AfterValue, _) => return Piece::Broken(at, "`,` or `]` is expected"),
                (Place::Behind, _) => return Piece::Broken(at, "there is text after the array"),
                (Place::First | Place::AfterComma, _) => break,
            };
            at = skip_space(buffer, at + 1);
        }
    }
    if at == buffer.len() {
        return if ended { Piece::End } else { Piece::More(at) };
    }
    let end = match layout {
        Layout::Lines => match buffer[at..].iter().position(|b| *b == b'\n') {
            Some(n) => Some(at + n),
            None => ended.then_some(buffer.len()),
        },
        Layout::Array | Layout::Values => value_end(buffer, at).or(ended.then_some(buffer.len())),
    };
    match end {
        Some(end) if layout != Layout::Lines && end == buffer.len() && !ended => Piece::More(at),
        Some(end) => Piece::Value(at, end.max(at + 1)),
        None => Piece::More(at),
    }
}

pub(super) fn skip_space(buffer: &[u8], at: usize) -> usize {
    at + buffer[at..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// The end of the value that begins at `at`; a number or word may go on behind the end of the buffer. What is no value ends where a value
/// could.
pub(super) fn value_end(buffer: &[u8], at: usize) -> Option<usize> {
    match buffer.get(at)? {
        b'"' => string_end(buffer, at),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0usize, at);
            loop {
                match buffer.get(at)? {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    b'"' => {
                        at = string_end(buffer, at)?;
                        continue;
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        _ => {
            let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b']' | b'}' | b'{' | b'[' | b'"');
            Some(buffer[at..].iter().position(ends).map_or(buffer.len(), |n| at + n))
        }
    }
}

fn string_end(buffer: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        match buffer.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The layout of a file, from its head.
pub(super) fn layout(head: &[u8]) -> Layout {
    let start = skip_space(head, 0);
    let rest = &head[start..];
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let one_a_line = serde_json::from_slice::<Value>(line).is_ok();
    if rest.first() != Some(&b'[') {
        return if one_a_line { Layout::Lines } else { Layout::Values };
    }
    let second = rest.get(line.len()..).map(|behind| &behind[skip_space(behind, 0)..]).unwrap_or_default();
    if one_a_line && second.first() == Some(&b'[') { Layout::Lines } else { Layout::Array }
}

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Into {
    Key(String),
    Item(usize),
}

/// Where in the text of a value something inside it begins; where the way ends, if the text has no such thing.
pub(super) fn locate(text: &[u8], path: &[Into]) -> usize {
    let mut at = skip_space(text, 0);
    for step in path {
        match inside(text, at, step) {
            Some(found) => at = found,
            None => break,
        }
    }
    at
}

fn inside(text: &[u8], open: usize, step: &Into) -> Option<usize> {
    let mut at = open + 1;
    let (mut found, mut index) = (None, 0);
    loop {
        at = skip_space(text, at);
        if matches!(text.get(at)?, b']' | b'}') {
            return found;
        }
        let hit = match step {
            Into::Item(wanted) => index == *wanted,
            Into::Key(wanted) => {
                let end = string_end(text, at)?;
                let key: String = serde_json::from_slice(text.get(at..end)?).ok()?;
                at = skip_space(text, skip_space(text, end) + 1);
                key == *wanted
            }
        };
        if hit {
            // Of a key that is there twice the last one counts.
            found = Some(at);
        }
        at = skip_space(text, value_end(text, at)?);
        if text.get(at) == Some(&b',') {
            at += 1;
        }
        index += 1;
    }
}

/// serde_json ends its messages with a place of its own, which counts from the record.
pub(super) fn without_place(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |end| &message[..end])
}
