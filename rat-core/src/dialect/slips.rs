//! Slips of the keyboard: a statement that does not parse, and would get further with one word spelt as a keyword.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Problem, byte_range};
use crate::error::nearest;

/// Words of three letters and more; a shorter one is near to every short name.
const KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "QUALIFY",
    "LIMIT",
    "OFFSET",
    "WITH",
    "RECURSIVE",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ALL",
    "DISTINCT",
    "VALUES",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "OUTER",
    "CROSS",
    "NATURAL",
    "SEMI",
    "ANTI",
    "ASOF",
    "USING",
    "AND",
    "NOT",
    "NULL",
    "LIKE",
    "ILIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "EXISTS",
    "INTERVAL",
    "OVER",
    "PARTITION",
    "WINDOW",
    "ROWS",
    "RANGE",
    "PRECEDING",
    "FOLLOWING",
    "UNBOUNDED",
    "FILTER",
    "EXCLUDE",
    "REPLACE",
    "ASC",
    "DESC",
    "NULLS",
    "FIRST",
    "LAST",
    "DESCRIBE",
    "EXPLAIN",
    "SHOW",
    "SUMMARIZE",
];

/// How many words are tried: each costs a parse.
const TRIES: usize = 32;

/// The problem at the misspelt word, with the keyword, where a word is near to a keyword and the statement gets further with it;
/// otherwise the problem as it is.
///
/// The parser's place is the word itself, or the next one where it took the word for an alias: `FROM t gruop BY a`. Of a slip inside
/// brackets it may say a place before them, so any other word will do with which the statement is whole.
pub(super) fn explained(
    sql: &str,
    tokens: &[TokenWithSpan],
    problem: Problem,
    parse: &dyn Fn(Vec<TokenWithSpan>) -> Result<(), Problem>,
) -> Problem {
    let place = |i: usize| byte_range(sql, tokens[i].span);
    let at = (0..tokens.len()).find(|i| place(*i).end > problem.range.start).unwrap_or(tokens.len());
    let is_near = |i: &usize| *i == at || i + 1 == at;
    let (near, others): (Vec<usize>, Vec<usize>) = (0..tokens.len()).partition(is_near);
    // The word at the place itself is the likelier one.
    let words = near.into_iter().rev().chain(others).filter_map(|i| Some((i, meant(&tokens[i].token)?)));
    for (i, (written, keyword)) in words.take(TRIES) {
        let mut spelt = tokens.to_vec();
        spelt[i].token = Token::make_keyword(keyword);
        let mends = match parse(spelt) {
            Ok(()) => true,
            Err(next) => is_near(&i) && next.range.start > problem.range.start,
        };
        if mends {
            let (message, help) = (format!("unexpected `{written}`"), Some(format!("did you mean `{keyword}`?")));
            return Problem { message, help, range: place(i), ..problem };
        }
    }
    problem
}

/// A word that is near to a keyword and is none, and that keyword.
fn meant(token: &Token) -> Option<(&str, &'static str)> {
    let Token::Word(word) = token else { return None };
    if word.quote_style.is_some() || word.value.chars().count() < 3 {
        return None;
    }
    let keyword = nearest(&word.value, KEYWORDS.iter().copied())?;
    (!keyword.eq_ignore_ascii_case(&word.value)).then_some((word.value.as_str(), keyword))
}
