//! Values for the placeholders of a query: `$1`, `?`, `$name`.
//!
//! A value takes the placeholder's place in the syntax tree, as a literal: it can never become SQL.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Array, CastKind, DataType, ExactNumberInfo, Expr, Interval, Spanned, Statement, TimezoneInfo, Value, ValueWithSpan, VisitorMut,
};

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
    /// A number with a binary fraction.
    Number(f64),
    /// An exact number: its digits, and how many of them stand after the point. [`Param::decimal`] reads one.
    Decimal(i128, u8),
    /// Text.
    Text(String),
    /// A day, `2024-02-01`.
    Date(String),
    /// A time without zone, `2024-02-01 10:00:00`.
    Timestamp(String),
    /// A time in UTC.
    TimestampTz(chrono::DateTime<chrono::Utc>),
    /// A time of day, `10:00:00.5`.
    Time(String),
    /// A length of time, in microseconds.
    Interval(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values of one type, in their order: `x = ANY($1)`, `unnest($1)`.
    List(Vec<Param>),
}

/// The most digits of an exact number.
const DIGITS: usize = 38;

impl Param {
    /// An exact number from its digits, `-12.50` or `1E+3`; `None` for what is no number, and for one of more than 38 digits.
    pub fn decimal(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let unsigned = whole.trim_start_matches(['-', '+']);
        if whole.len() - unsigned.len() > 1 || format!("{unsigned}{fraction}").is_empty() {
            return None;
        }
        let after = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let zeros = usize::try_from(-after.min(0)).ok().filter(|zeros| *zeros <= DIGITS)?;
        let digits: i128 = format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()?;
        let after = u8::try_from(after.max(0)).ok().filter(|after| usize::from(*after) <= DIGITS)?;
        (digits.unsigned_abs().to_string().len() <= DIGITS).then_some(Self::Decimal(digits, after))
    }
}

/// `Decimal(-1250, 2)` as `-12.50`.
pub(crate) fn written(digits: i128, after: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", digits.unsigned_abs(), width = usize::from(after) + 1);
    let (whole, fraction) = all.split_at(all.len() - usize::from(after));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The values of a query's placeholders: by number from 1, or by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(pub BTreeMap<String, Param>);

impl Params {
    /// From plain data: a list for `$1`, `$2`, …, an object for `$name`. Values are null, booleans, numbers, texts and lists of these.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else, and for a whole number beyond 64 bits.
    pub fn from_json(values: &serde_json::Value) -> Result<Self> {
        fn param(name: &str, value: &serde_json::Value) -> Result<Param> {
            let wrong = |what: &str| {
                Error::new(Code::InvalidArgument, format!("the parameter `${name}` is {what}, which is no value of a query"))
                    .with_help("give null, a boolean, a number, a text or a list of these")
            };
            match value {
                serde_json::Value::Null => Ok(Param::Null),
                serde_json::Value::Bool(value) => Ok(Param::Bool(*value)),
                serde_json::Value::String(value) => Ok(Param::Text(value.clone())),
                serde_json::Value::Number(number) => match (number.as_i64(), number.is_u64(), number.as_f64()) {
                    (Some(value), ..) => Ok(Param::Integer(value)),
                    (None, false, Some(value)) => Ok(Param::Number(value)),
                    _ => Err(wrong("a number beyond 64 bits")),
                },
                serde_json::Value::Array(items) => items.iter().map(|item| param(name, item)).collect::<Result<_>>().map(Param::List),
                serde_json::Value::Object(_) => Err(wrong("an object")),
            }
        }
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
        // Microseconds reach as far as a time in a table does.
        Param::Timestamp(value) => cast(value.clone(), DataType::Timestamp(Some(6), TimezoneInfo::None)),
        Param::TimestampTz(value) => cast(value.to_rfc3339(), DataType::Timestamp(Some(6), TimezoneInfo::WithTimeZone)),
        Param::Decimal(digits, after) => {
            let text = written(*digits, *after);
            let precision = text.bytes().filter(u8::is_ascii_digit).count().min(DIGITS) as u64;
            cast(text, DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, i64::from(*after))))
        }
        Param::Time(value) => cast(value.clone(), DataType::Time(None, TimezoneInfo::None)),
        Param::Interval(micros) => Expr::Interval(Interval {
            value: Box::new(plain(Value::SingleQuotedString(format!("{micros} microseconds")))),
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        }),
        Param::Bytes(bytes) => plain(Value::HexStringLiteral(bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
        Param::List(items) => Expr::Array(Array { elem: items.iter().map(|item| literal(item, span)).collect(), named: false }),
    }
}
