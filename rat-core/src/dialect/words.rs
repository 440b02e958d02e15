//! What is settled on the words of a statement, because the parser has no place for it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Problem, byte_range};
use crate::error::Code;

/// Words the parser takes, without the hints that change no result.
///
/// # Errors
/// `UNSUPPORTED_SQL` for clauses the parser would report as a slip of the keyboard.
pub(super) fn prepared(sql: &str, mut tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, Problem> {
    tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
    let keyword = |i: usize| match tokens.get(i).map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    // Elsewhere they are names.
    let is_clause = |i: usize| i == 0 || tokens.get(i + 1).is_some_and(|t| t.token == Token::LParen);
    let mut dropped = Vec::new();
    let mut conditions = Vec::new();
    for i in 0..tokens.len() {
        let next = keyword(i + 1);
        let refused = match keyword(i) {
            Keyword::ASOF if matches!(next, Keyword::JOIN | Keyword::LEFT | Keyword::INNER) => Some((
                "`ASOF JOIN` is not supported",
                "join on the inequality, and keep the nearest row with `QUALIFY row_number() OVER (PARTITION BY ... ORDER BY ... DESC) = 1`",
            )),
            Keyword::USING if next == Keyword::SAMPLE => {
                Some(("`USING SAMPLE` is not supported", "filter on a hash of the key, or use `LIMIT`"))
            }
            Keyword::FOR
                if matches!(next, Keyword::VERSION | Keyword::TIMESTAMP | Keyword::SYSTEM_TIME) && keyword(i + 2) == Keyword::AS =>
            {
                Some(("a moment of one table is not supported", "ask for a moment of the whole query: `as_of`"))
            }
            Keyword::TABLESAMPLE => Some(("`TABLESAMPLE` is not supported", "filter on a hash of the key, or use `LIMIT`")),
            Keyword::PIVOT if is_clause(i) => {
                Some(("`PIVOT` is not supported", "write one aggregate a column: `sum(x) FILTER (WHERE kind = 'a') AS a`"))
            }
            Keyword::UNPIVOT if is_clause(i) => Some(("`UNPIVOT` is not supported", "write one `SELECT` a column, joined by `UNION ALL`")),
            _ => None,
        };
        if let Some((message, help)) = refused {
            let span = tokens[i].span;
            return Err(Problem {
                code: Code::UnsupportedSql,
                message: message.to_owned(),
                help: Some(help.to_owned()),
                range: byte_range(sql, span),
            });
        }
        // `sum(x) FILTER (x > 1)`: the parser wants the `WHERE`.
        let is_filter = keyword(i) == Keyword::FILTER && i > 0 && tokens[i - 1].token == Token::RParen;
        if is_filter && tokens.get(i + 1).is_some_and(|t| t.token == Token::LParen) && keyword(i + 2) != Keyword::WHERE {
            conditions.push(i + 2);
        }
        // `WITH a AS [NOT] MATERIALIZED (...)` says how to run it, not what it is.
        if keyword(i) == Keyword::AS {
            if next == Keyword::MATERIALIZED && tokens.get(i + 2).is_some_and(|t| t.token == Token::LParen) {
                dropped.push(i + 1);
            } else if next == Keyword::NOT && keyword(i + 2) == Keyword::MATERIALIZED {
                dropped.extend([i + 1, i + 2]);
            }
        }
    }
    let wheres = conditions.into_iter().map(|i| (i, true));
    let mut changes: Vec<(usize, bool)> = dropped.into_iter().map(|i| (i, false)).chain(wheres).collect();
    changes.sort_unstable();
    for (i, is_where) in changes.into_iter().rev() {
        if is_where {
            tokens.insert(i, TokenWithSpan::new(Token::make_keyword("WHERE"), tokens[i - 1].span));
        } else {
            tokens.remove(i);
        }
    }
    Ok(tokens)
}
