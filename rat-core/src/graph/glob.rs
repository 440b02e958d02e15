//! Patterns of names: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`.

/// Whether a text has anything a pattern gives a meaning to.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether the whole text matches the pattern. Names are ASCII, so bytes are characters.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has taken: on a mismatch it takes one more.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => class(&pattern[p..], text[t]),
            Some(byte) => (*byte == text[t]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                t += 1;
            }
            (None, Some((at, taken))) => {
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The length of the class at the start of `pattern`, if it takes the byte. A `[` without its `]` is a `[`.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let Some(end) = pattern.iter().skip(2).position(|b| *b == b']').map(|at| at + 2) else { return (byte == b'[').then_some(1) };
    let (negated, members) = match &pattern[1..end] {
        [b'!', rest @ ..] if !rest.is_empty() => (true, rest),
        members => (false, members),
    };
    let mut found = false;
    let mut at = 0;
    while at < members.len() {
        if let (Some(b'-'), Some(last)) = (members.get(at + 1), members.get(at + 2)) {
            found |= (members[at]..=*last).contains(&byte);
            at += 3;
        } else {
            found |= members[at] == byte;
            at += 1;
        }
    }
    (found != negated).then_some(end + 1)
}
