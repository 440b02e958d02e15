//! Places: the parser counts lines and characters, everybody else counts bytes.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::{Location, Span};

/// The bytes of the SQL that a span of the parser covers; an empty span is `0..0`.
pub fn byte_range(sql: &str, span: Span) -> Range<usize> {
    let start = offset(sql, span.start);
    start..offset(sql, span.end).max(start)
}

fn offset(sql: &str, location: Location) -> usize {
    let (Some(line), Some(column)) = (location.line.checked_sub(1), location.column.checked_sub(1)) else { return 0 };
    let mut start = 0;
    for _ in 0..line {
        match sql[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return sql.len(),
        }
    }
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    sql[start..].char_indices().nth(column).map_or(sql.len(), |(i, _)| start + i)
}
