//! Values for the placeholders of a query: `$1`, `?`, `$name`.
//!
//! A value takes the placeholder's place in the syntax tree, as a literal: it can never become SQL.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Spanned, Statement, TimezoneInfo, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use crate::dialect::{Problem, byte_range};
use crate::error::{Code, nearest};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
    /// A day, `2024-02-01`.
    Date(String),
    /// A time without zone, `2024-02-01 10:00:00`.
    Timestamp(String),
    /// A time in UTC.
    TimestampTz(chrono::DateTime<chrono::Utc>),
}

/// The values of a query's placeholders: by number from 1, or by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(pub BTreeMap<String, Param>);

impl Params {
    /// Values for `$1`, `$2`, … or `?` in order.
    pub fn positional(values: impl IntoIterator<Item = Param>) -> Self {
        Self((1..).zip(values).map(|(i, value): (usize, Param)| (i.to_string(), value)).collect())
    }

    /// Values for `$name`.
    pub fn named(values: impl IntoIterator<Item = (String, Param)>) -> Self {
        Self(values.into_iter().collect())
    }
}

pub(super) fn bind(statement: &mut Statement, sql: &str, params: &Params) -> Result<(), Vec<Problem>> {
    struct Bind<'a> {
        sql: &'a str,
        params: &'a Params,
        asked: usize,
        problems: Vec<Problem>,
    }
    impl VisitorMut for Bind<'_> {
        type Break = ();

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            let Expr::Value(ValueWithSpan { value: Value::Placeholder(written), span }) = expr else { return ControlFlow::Continue(()) };
            let name = match written.trim_start_matches(['$', ':', '?']) {
                "" => {
                    self.asked += 1;
                    self.asked.to_string()
                }
                name => name.to_owned(),
            };
            match self.params.0.get(&name) {
                Some(value) => *expr = literal(value, *span),
                None => self.problems.push(Problem {
                    code: Code::InvalidQuery,
                    message: format!("the parameter `{written}` has no value"),
                    help: nearest(&name, self.params.0.keys().map(String::as_str)).map(|near| format!("did you mean `${near}`?")),
                    range: byte_range(self.sql, expr.span()),
                }),
            }
            ControlFlow::Continue(())
        }
    }
    let mut walk = Bind { sql, params, asked: 0, problems: Vec::new() };
    let _ = VisitMut::visit(statement, &mut walk);
    if walk.problems.is_empty() { Ok(()) } else { Err(walk.problems) }
}

fn literal(value: &Param, span: datafusion::sql::sqlparser::tokenizer::Span) -> Expr {
    let plain = |value: Value| Expr::Value(ValueWithSpan { value, span });
    let cast = |text: String, data_type: DataType| Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(plain(Value::SingleQuotedString(text))),
        data_type,
        array: false,
        format: None,
    };
    match value {
        Param::Null => plain(Value::Null),
        Param::Bool(value) => plain(Value::Boolean(*value)),
        // A negative number is an operator and a number in SQL; as text with a type it is one value.
        Param::Integer(value) => cast(value.to_string(), DataType::BigInt(None)),
        Param::Number(value) => cast(value.to_string(), DataType::DoublePrecision),
        Param::Text(value) => plain(Value::SingleQuotedString(value.clone())),
        Param::Date(value) => cast(value.clone(), DataType::Date),
        Param::Timestamp(value) => cast(value.clone(), DataType::Timestamp(None, TimezoneInfo::None)),
        Param::TimestampTz(value) => cast(value.to_rfc3339(), DataType::Timestamp(None, TimezoneInfo::WithTimeZone)),
    }
}
