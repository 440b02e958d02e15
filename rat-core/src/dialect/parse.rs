//! Text to one statement.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::depth::{self, TooDeep};
use super::syntax::Syntax;
use super::{Problem, ReadCall, byte_range, from_first, rewrite, slips, words};
use crate::error::Code;

/// Whether `read_csv` and its kin exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reads {
    /// They do, for landing zones: in pipelines.
    Allowed,
    /// They are unknown functions: in queries.
    Unknown,
}

/// One statement, and what it reads besides tables.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The statement.
    pub statement: Statement,
    /// The calls of read functions; in the statement a table stands for each.
    pub reads: Vec<ReadCall>,
}

/// The parser's own limit, a backstop: [`depth`](super::depth) refuses earlier, and says what is too much.
const RECURSION: usize = 2_000;

/// Reads one statement, with the meaning DuckDB gives it.
///
/// # Errors
/// `SQL_SYNTAX` where the text is not SQL, is empty, or has more than one statement; `QUERY_TOO_DEEP`; `UNSUPPORTED_SQL` for what is not
/// there yet; `UNKNOWN_FUNCTION` and `NOT_A_LANDING_ZONE` for the calls of read functions.
pub fn parse(sql: &str, reads: Reads) -> Result<Parsed, Vec<Problem>> {
    depth::with_stack(|| parse_one(sql, reads))
}

fn parse_one(sql: &str, reads: Reads) -> Result<Parsed, Vec<Problem>> {
    let dialect = Syntax::default();
    let failed = |error: ParserError| vec![problem(sql, error)];
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|e| failed(e.into()))?;
    depth::check(&tokens).map_err(|too| vec![too_deep(sql, &too)])?;
    let tokens = from_first::selected(words::prepared(sql, tokens).map_err(|problem| vec![problem])?);
    let mut statement = match statement(sql, &dialect, tokens.clone()) {
        Ok(statement) => statement,
        Err(problem) if problem.code != Code::SqlSyntax => return Err(vec![problem]),
        Err(problem) => {
            let parses = |tokens| self::statement(sql, &dialect, tokens).map(drop);
            return Err(vec![slips::explained(sql, &tokens, problem, &parses)]);
        }
    };
    let calls = rewrite::apply(sql, &mut statement, reads)?;
    Ok(Parsed { statement, reads: calls })
}

/// The one statement that the words are.
fn statement(sql: &str, dialect: &Syntax, tokens: Vec<TokenWithSpan>) -> Result<Statement, Problem> {
    let mut parser = Parser::new(dialect).with_recursion_limit(RECURSION).with_tokens_with_locations(tokens);
    while parser.consume_token(&Token::SemiColon) {}
    if parser.peek_token().token == Token::EOF {
        let (message, help) = ("there is no SQL statement".to_owned(), Some("write a SELECT".to_owned()));
        return Err(Problem { code: Code::SqlSyntax, message, help, range: 0..0 });
    }
    let statement = parser.parse_statement().map_err(|error| problem(sql, error))?;
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let message = format!("expected the end of the statement, found `{}`", next.token);
        return Err(Problem { code: Code::SqlSyntax, message, help: None, range: byte_range(sql, next.span) });
    }
    Ok(statement)
}

fn too_deep(sql: &str, too: &TooDeep) -> Problem {
    let (message, help, span) = match too {
        TooDeep::Nesting(span) => {
            (format!("the query is nested deeper than {} levels", depth::NESTING), "name the inner parts in a `WITH` clause", span)
        }
        TooDeep::Operators(span) => (
            format!("an expression has more than {} operators in a row", depth::OPERATORS),
            "write `IN (...)`, or join with a table of the values",
            span,
        ),
    };
    Problem { code: Code::QueryTooDeep, message, help: Some(help.to_owned()), range: byte_range(sql, *span) }
}

fn problem(sql: &str, error: ParserError) -> Problem {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            let message = format!("the query is nested deeper than {} levels", depth::NESTING);
            return Problem { code: Code::QueryTooDeep, message, help: None, range: 0..sql.trim_end().len() };
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
    };
    let (message, range) = placed(sql, &text);
    Problem { code: Code::SqlSyntax, message, help: None, range }
}

/// The parser writes the place into its message: `…, found: x at Line: 1, Column: 8`.
fn placed(sql: &str, text: &str) -> (String, Range<usize>) {
    let message = |text: &str| {
        let text = text.replace("found: ", "found ").replace("Expected: ", "expected ");
        let mut chars = text.chars();
        chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
    };
    let whole = 0..sql.trim_end().len();
    let Some((said, place)) = text.rsplit_once(" at Line: ") else { return (message(text), whole) };
    let numbers: Option<(u64, u64)> =
        place.split_once(", Column: ").and_then(|(line, column)| Some((line.parse().ok()?, column.trim().parse().ok()?)));
    let Some((line, column)) = numbers else { return (message(said), whole) };
    let start = byte_range(sql, Span::new(Location { line, column }, Location { line, column })).start;
    let word = sql[start..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(sql.len() - start);
    let one = sql[start..].chars().next().map_or(0, char::len_utf8);
    (message(said), start..start + word.max(one))
}
