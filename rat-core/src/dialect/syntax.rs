//! DuckDB's grammar, where it is not the parser's idea of it.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, SelectFlavor, SetExpr, UnaryOperator,
};
use datafusion::sql::sqlparser::dialect::{Dialect, DuckDbDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// The parser asks for some things by the type of the dialect, so this one says it is DuckDB's and then differs from it.
#[derive(Debug, Default)]
pub(super) struct Syntax(DuckDbDialect);

/// `j -> 'a'` binds weakest of all: its right side may be `'a' = 'b'`.
const ARROW: u8 = 3;

/// `||`, `->>`, `&`, `|`, `<<`, `>>` and `^@` bind alike in DuckDB: weaker than `+`, stronger than comparisons.
const OTHER_OPERATOR: u8 = 25;

/// `**` and `^` bind stronger than `*`, and group from the left.
const POWER: u8 = 42;

/// A sign binds stronger than `**`: `-2 ** 2` is 4.
const SIGN: u8 = 45;

macro_rules! as_duckdb {
    ($($name:ident)+) => { $(fn $name(&self) -> bool { self.0.$name() })+ };
}

macro_rules! allowed {
    ($($name:ident)+) => { $(fn $name(&self) -> bool { true })+ };
}

impl Dialect for Syntax {
    fn dialect(&self) -> TypeId {
        TypeId::of::<DuckDbDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    as_duckdb! {
        supports_trailing_commas supports_filter_during_aggregation supports_group_by_expr supports_bitwise_shift_operators
        supports_named_fn_args_with_eq_operator supports_named_fn_args_with_assignment_operator supports_dictionary_syntax
        support_map_literal_syntax allow_extract_single_quotes supports_explain_with_utility_options
        supports_load_extension supports_array_typedef_with_brackets supports_from_first_select supports_order_by_all
        supports_select_wildcard_exclude supports_notnull_operator supports_install supports_detach supports_select_wildcard_replace
        supports_comma_separated_trim
    }

    allowed! {
        supports_numeric_literal_underscores supports_window_function_null_treatment_arg supports_window_clause_named_window_reference
        supports_select_wildcard_rename supports_string_escape_constant supports_nested_comments
        supports_left_associative_joins_without_parens supports_in_empty_list
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Mul if parser.peek_nth_token_ref(1).token == Token::Mul => Some(Ok(POWER)),
            Token::Caret => Some(Ok(POWER)),
            Token::Arrow => Some(Ok(ARROW)),
            Token::StringConcat
            | Token::LongArrow
            | Token::Ampersand
            | Token::Pipe
            | Token::ShiftLeft
            | Token::ShiftRight
            | Token::CaretAt => Some(Ok(OTHER_OPERATOR)),
            _ => None,
        }
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if is_lambda(parser) {
            return Some(lambda(parser));
        }
        if is_from_first(parser) {
            return Some(from_first(parser));
        }
        let op = match parser.peek_token_ref().token {
            Token::Minus => UnaryOperator::Minus,
            Token::Plus => UnaryOperator::Plus,
            _ => return None,
        };
        parser.advance_token();
        Some(parser.parse_subexpr(SIGN).map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }))
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if precedence == self.prec_value(Precedence::Is) {
            return distinct_from(parser, left, precedence).transpose();
        }
        if precedence != POWER {
            return None;
        }
        // `**` is two words to the tokenizer, `^` is one.
        let _ = parser.consume_token(&Token::Mul);
        parser.advance_token();
        Some(parser.parse_subexpr(POWER).map(|right| Expr::BinaryOp {
            left: Box::new(left.clone()),
            op: BinaryOperator::PGExp,
            right: Box::new(right),
        }))
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.0.prec_value(precedence)
    }

    fn is_table_factor_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.0.is_table_factor_alias(explicit, keyword, parser)
    }
}

/// `(FROM t SELECT max(a))` as an expression, where the parser knows a query by its first word.
fn is_from_first(parser: &Parser) -> bool {
    let is_from = |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::FROM && word.quote_style.is_none());
    parser.peek_token_ref().token == Token::LParen && is_from(&parser.peek_nth_token_ref(1).token)
}

fn from_first(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.advance_token();
    let mut query = parser.parse_query()?;
    parser.expect_token(&Token::RParen)?;
    // A column that has no name is called as if it began with SELECT.
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.flavor = SelectFlavor::Standard;
    }
    Ok(Expr::Subquery(query))
}

/// `lambda x, y:`. The parser's own lambdas have an arrow too, which is an operator here.
fn is_lambda(parser: &Parser) -> bool {
    let is_word = |n: usize| matches!(parser.peek_nth_token_ref(n).token, Token::Word(_));
    if !matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::LAMBDA) || !is_word(1) {
        return false;
    }
    let mut next = 2;
    while parser.peek_nth_token_ref(next).token == Token::Comma && is_word(next + 1) {
        next += 2;
    }
    parser.peek_nth_token_ref(next).token == Token::Colon
}

fn lambda(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.advance_token();
    let param = |parser: &mut Parser| -> Result<_, ParserError> {
        Ok(LambdaFunctionParameter { name: parser.parse_identifier()?, data_type: None })
    };
    let mut params = vec![param(parser)?];
    while parser.consume_token(&Token::Comma) {
        params.push(param(parser)?);
    }
    parser.expect_token(&Token::Colon)?;
    let body = Box::new(parser.parse_expr()?);
    let params = OneOrManyWithParens::Many(params);
    Ok(Expr::Lambda(LambdaFunction { params, body, syntax: LambdaSyntax::LambdaKeyword }))
}

/// `a IS NOT DISTINCT FROM b AND c` ends before the AND; the parser would read all of `b AND c` as the right side.
fn distinct_from(parser: &mut Parser, left: &Expr, precedence: u8) -> Result<Option<Expr>, ParserError> {
    let is_distinct = parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]);
    if !is_distinct && !parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
        return Ok(None);
    }
    let (left, right) = (Box::new(left.clone()), Box::new(parser.parse_subexpr(precedence)?));
    Ok(Some(if is_distinct { Expr::IsDistinctFrom(left, right) } else { Expr::IsNotDistinctFrom(left, right) }))
}
