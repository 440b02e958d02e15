//! Values for the placeholders of a query: `$1`, `?`, `$name`.
//!
//! A value takes the placeholder's place in the syntax tree, as a literal: it can never become SQL.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, Spanned, Statement, TimezoneInfo, Value, ValueWithSpan, VisitorMut};

use crate::dialect::{self, Problem, byte_range};
use crate::error::{Code, Error, Result, nearest};

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
    /// From plain data: a list for `$1`, `$2`, …, an object for `$name`. Values are null, booleans, numbers and texts.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else, and for a whole number beyond 64 bits.
    pub fn from_json(values: &serde_json::Value) -> Result<Self> {
        let wrong = |name: &str, what: &str| {
            Error::new(Code::InvalidArgument, format!("the parameter `${name}` is {what}, which is no value of a query"))
                .with_help("give null, a boolean, a number or a text; a list in SQL is written `IN ($1, $2)`")
        };
        let param = |name: &str, value: &serde_json::Value| match value {
            serde_json::Value::Null => Ok(Param::Null),
            serde_json::Value::Bool(value) => Ok(Param::Bool(*value)),
            serde_json::Value::String(value) => Ok(Param::Text(value.clone())),
            serde_json::Value::Number(number) => match (number.as_i64(), number.is_u64(), number.as_f64()) {
                (Some(value), ..) => Ok(Param::Integer(value)),
                (None, false, Some(value)) => Ok(Param::Number(value)),
                _ => Err(wrong(name, "a number beyond 64 bits")),
            },
            serde_json::Value::Array(_) => Err(wrong(name, "a list")),
            serde_json::Value::Object(_) => Err(wrong(name, "an object")),
        };
        match values {
            serde_json::Value::Null => Ok(Self::default()),
            serde_json::Value::Array(values) => {
                let values = (1..).zip(values).map(|(i, value): (usize, _)| param(&i.to_string(), value)).collect::<Result<Vec<_>>>()?;
                Ok(Self::positional(values))
            }
            serde_json::Value::Object(values) => {
                let values = values.iter().map(|(name, value)| Ok((name.clone(), param(name, value)?))).collect::<Result<Vec<_>>>()?;
                Ok(Self::named(values))
            }
            _ => Err(Error::new(Code::InvalidArgument, "parameters are a list or an object of values")),
        }
    }

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
    dialect::walk_mut(statement, &mut walk);
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
