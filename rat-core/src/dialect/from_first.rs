//! `FROM t` is `SELECT * FROM t`, wherever a query can stand. The parser knows it without any further clause, and not in brackets that are an
//! expression.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// What a statement may begin with before its query.
const BEFORE: &[&str] = &["EXPLAIN", "ANALYZE", "VERBOSE", "DESCRIBE", "DESC", "SUMMARIZE"];

/// The words with a `SELECT *` before each `FROM` that a query begins with and no `SELECT` follows.
pub(super) fn selected(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let words = Words(&tokens);
    // Of the brackets that are open, whether they hold a WITH whose query is still to come.
    let mut awaited = vec![false];
    let mut begin = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match &token.token {
            open if is_open(open) => awaited.push(false),
            close if is_close(close) => drop(awaited.pop()),
            _ => {}
        }
        // What closes more than was opened is the parser's to refuse.
        let Some(after_with) = awaited.last_mut() else { break };
        let ends_with = *after_with && i > 0 && tokens[i - 1].token == Token::RParen;
        match words.keyword(i) {
            Keyword::WITH if words.is_first(i) => *after_with = true,
            Keyword::SELECT | Keyword::VALUES | Keyword::TABLE => *after_with = false,
            Keyword::FROM if ends_with || words.is_first(i) || words.joins_queries(i) => {
                *after_with = false;
                if !words.is_followed_by_select(i) {
                    begin.push(i);
                }
            }
            _ => {}
        }
    }
    let mut begin = begin.into_iter().peekable();
    let mut all = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.into_iter().enumerate() {
        if begin.next_if_eq(&i).is_some() {
            all.extend([Token::make_keyword("SELECT"), Token::Mul].map(|word| TokenWithSpan::new(word, token.span)));
        }
        all.push(token);
    }
    all
}

struct Words<'a>(&'a [TokenWithSpan]);

impl Words<'_> {
    fn keyword(&self, i: usize) -> Keyword {
        match self.0.get(i).map(|t| &t.token) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    /// Whether a statement or a bracket begins with it.
    fn is_first(&self, i: usize) -> bool {
        let before =
            |t: &TokenWithSpan| matches!(&t.token, Token::Word(word) if BEFORE.iter().any(|b| b.eq_ignore_ascii_case(&word.value)));
        match i.checked_sub(1).map(|last| &self.0[last].token) {
            None | Some(Token::LParen | Token::SemiColon) => true,
            _ => self.0[..i].iter().all(before),
        }
    }

    /// Whether what stands before it makes one query of two.
    fn joins_queries(&self, i: usize) -> bool {
        let joins = |back: usize| i >= back && matches!(self.keyword(i - back), Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT);
        let is = |back: usize, word: Keyword| i >= back && self.keyword(i - back) == word;
        let by_name = if is(1, Keyword::NAME) && is(2, Keyword::BY) { 2 } else { 0 };
        let quantified = is(by_name + 1, Keyword::ALL) || is(by_name + 1, Keyword::DISTINCT);
        joins(by_name + 1) || (quantified && joins(by_name + 2))
    }

    /// Whether a `SELECT` stands further on in the same query.
    fn is_followed_by_select(&self, from: usize) -> bool {
        let mut depth = 0_usize;
        for (i, token) in self.0.iter().enumerate().skip(from + 1) {
            match &token.token {
                open if is_open(open) => depth += 1,
                close if is_close(close) && depth == 0 => return false,
                close if is_close(close) => depth -= 1,
                Token::SemiColon => return false,
                _ if depth > 0 => {}
                _ => match self.keyword(i) {
                    Keyword::SELECT => return true,
                    Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => return false,
                    _ => {}
                },
            }
        }
        false
    }
}

fn is_open(token: &Token) -> bool {
    matches!(token, Token::LParen | Token::LBracket | Token::LBrace)
}

fn is_close(token: &Token) -> bool {
    matches!(token, Token::RParen | Token::RBracket | Token::RBrace)
}
