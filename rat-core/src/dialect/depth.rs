//! How deep and how long a statement may be, told from its words alone, before a tree is built that nobody can walk.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan};

/// What [`NESTING`] levels need in an unoptimised build, with room to spare. The pages that are not used are never committed.
const STACK_BYTES: usize = 64 << 20;

/// Runs what walks a statement by recursion on a stack that is deep enough for every statement that [`parse`](super::parse) lets through.
pub fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, work)
}

/// How deep brackets and `CASE` may nest.
pub(super) const NESTING: usize = 128;

/// How many operators may follow each other without a comma between: each one is a level of the tree.
pub(super) const OPERATORS: usize = 512;

/// What is too much, and where it becomes so.
pub(super) enum TooDeep {
    Nesting(Span),
    Operators(Span),
}

pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), TooDeep> {
    // The operators seen at each level of brackets since its last comma.
    let mut levels: Vec<usize> = vec![0];
    for token in tokens {
        let mut operator = false;
        match &token.token {
            Token::LParen | Token::LBrace => levels.push(0),
            Token::LBracket => {
                operator = true;
                levels.push(0);
            }
            Token::RParen | Token::RBracket | Token::RBrace => pop(&mut levels),
            Token::Comma | Token::SemiColon => {
                if let Some(level) = levels.last_mut() {
                    *level = 0;
                }
            }
            Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::EOF => {}
            Token::Word(word) => match word.keyword {
                Keyword::CASE => levels.push(0),
                Keyword::END => pop(&mut levels),
                Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT => operator = true,
                _ => {}
            },
            Token::Period => {}
            _ => operator = true,
        }
        if levels.len() > NESTING {
            return Err(TooDeep::Nesting(token.span));
        }
        if operator {
            // A `[` belongs to the level that it is written in.
            let at = if token.token == Token::LBracket { levels.len().saturating_sub(2) } else { levels.len() - 1 };
            levels[at] += 1;
            if levels.iter().sum::<usize>() > OPERATORS {
                return Err(TooDeep::Operators(token.span));
            }
        }
    }
    Ok(())
}

/// A bracket too many is the parser's to report.
fn pop(levels: &mut Vec<usize>) {
    if levels.len() > 1 {
        levels.pop();
    }
}
