//! The little that compiling must see of SQL: where its comments are.

/// Whether a byte of the SQL is inside a comment.
pub(super) fn in_comment(sql: &str, at: usize) -> bool {
    let bytes = sql.as_bytes();
    let mut i = 0;
    while i < bytes.len() && i <= at {
        let rest = &sql[i..];
        let end = if rest.starts_with("--") {
            Some((rest.find('\n').unwrap_or(rest.len()), true))
        } else if rest.starts_with("/*") {
            Some((block_comment(rest), true))
        } else if rest.starts_with(['\'', '"']) {
            let quote = char::from(bytes[i]);
            Some((rest[1..].find(quote).map_or(rest.len(), |end| end + 2), false))
        } else {
            None
        };
        match end {
            Some((length, is_comment)) => {
                if at < i + length {
                    return is_comment;
                }
                i += length.max(1);
            }
            None => i += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    false
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut i = 0;
    while i < text.len() {
        let rest = &text.as_bytes()[i..];
        if rest.starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}
