//! DuckDB's type names, as `columns`, `types` and contracts write them, and the Arrow types they stand for.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::error::nearest;

/// Names of one word, each with its type.
const WORDS: &[(&str, DataType)] = &[
    ("boolean", DataType::Boolean),
    ("bool", DataType::Boolean),
    ("logical", DataType::Boolean),
    ("tinyint", DataType::Int8),
    ("int1", DataType::Int8),
    ("smallint", DataType::Int16),
    ("int2", DataType::Int16),
    ("short", DataType::Int16),
    ("integer", DataType::Int32),
    ("int", DataType::Int32),
    ("int4", DataType::Int32),
    ("signed", DataType::Int32),
    ("bigint", DataType::Int64),
    ("int8", DataType::Int64),
    ("long", DataType::Int64),
    ("hugeint", HUGEINT),
    ("utinyint", DataType::UInt8),
    ("usmallint", DataType::UInt16),
    ("uinteger", DataType::UInt32),
    ("ubigint", DataType::UInt64),
    ("float", DataType::Float32),
    ("float4", DataType::Float32),
    ("real", DataType::Float32),
    ("double", DataType::Float64),
    ("float8", DataType::Float64),
    ("varchar", DataType::Utf8),
    ("text", DataType::Utf8),
    ("string", DataType::Utf8),
    ("char", DataType::Utf8),
    ("bpchar", DataType::Utf8),
    ("json", DataType::Utf8),
    ("uuid", DataType::Utf8),
    ("date", DataType::Date32),
    ("time", TIME),
    ("timestamp", TIMESTAMP),
    ("datetime", TIMESTAMP),
];

/// DuckDB's 128-bit integer. Arrow has none; a decimal of 38 digits holds all but the last two hundredths of its range.
pub(super) const HUGEINT: DataType = DataType::Decimal128(38, 0);
/// A time of day.
pub(super) const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);
/// A timestamp without a time zone.
pub(super) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// A point in time: microseconds, UTC.
pub(super) fn timestamptz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

/// Reads a type name. The error is what to say after "the type of `column` ", and the near name.
pub(super) fn parse(text: &str) -> Result<DataType, (String, Option<String>)> {
    let mut parser = Parser { rest: text.trim() };
    let parsed = parser.parse(0)?;
    if parser.rest.is_empty() { Ok(parsed) } else { Err((format!("`{text}` is not a type"), None)) }
}

struct Parser<'a> {
    rest: &'a str,
}

type Refusal = (String, Option<String>);

impl<'a> Parser<'a> {
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn eat_words(&mut self, words: &[&str]) -> bool {
        let before = self.rest;
        if words.iter().all(|expected| self.word().eq_ignore_ascii_case(expected)) {
            return true;
        }
        self.rest = before;
        false
    }

    fn expect(&mut self, token: &str, what: &str) -> Result<(), Refusal> {
        if self.eat(token) { Ok(()) } else { Err((format!("{what} needs `{token}`"), None)) }
    }

    fn parse(&mut self, depth: usize) -> Result<DataType, Refusal> {
        if depth > 32 {
            return Err(("a type is nested deeper than 32".to_owned(), None));
        }
        let word = self.word().to_ascii_lowercase();
        let mut parsed = match word.as_str() {
            "decimal" | "numeric" | "dec" => self.decimal()?,
            "timestamptz" => timestamptz(),
            "timestamp" if self.eat_words(&["with", "time", "zone"]) => timestamptz(),
            "timestamp" if self.eat_words(&["without", "time", "zone"]) => TIMESTAMP,
            "double" if self.eat_words(&["precision"]) => DataType::Float64,
            "varchar" | "char" | "text" if self.eat("(") => {
                self.word();
                self.expect(")", "a length")?;
                DataType::Utf8
            }
            "struct" | "row" => self.structure(depth)?,
            "map" => self.map(depth)?,
            "blob" | "bytea" | "binary" | "varbinary" => {
                return Err((format!("`{word}` cannot be read from text"), Some("read it as VARCHAR".to_owned())));
            }
            word => match WORDS.iter().find(|(name, _)| *name == word) {
                Some((_, found)) => found.clone(),
                None => {
                    let known = WORDS.iter().map(|(name, _)| *name).chain(["decimal", "timestamptz", "struct", "map"]);
                    let help = nearest(word, known).map(|near| format!("did you mean `{}`?", near.to_uppercase()));
                    return Err((format!("`{}` is not a type", if word.is_empty() { self.rest } else { word }), help));
                }
            },
        };
        while self.eat("[") {
            self.expect("]", "a list")?;
            parsed = list_of(parsed);
        }
        Ok(parsed)
    }

    fn decimal(&mut self) -> Result<DataType, Refusal> {
        if !self.eat("(") {
            return Ok(DataType::Decimal128(18, 3));
        }
        let refusal = || ("a decimal is DECIMAL(precision, scale) with 1 to 38 digits".to_owned(), None);
        let precision: u8 = self.word().parse().map_err(|_| refusal())?;
        let scale: i8 = if self.eat(",") { self.word().parse().map_err(|_| refusal())? } else { 0 };
        self.expect(")", "a decimal")?;
        if !(1..=38).contains(&precision) || scale < 0 || scale.unsigned_abs() > precision {
            return Err(refusal());
        }
        Ok(DataType::Decimal128(precision, scale))
    }

    fn structure(&mut self, depth: usize) -> Result<DataType, Refusal> {
        self.expect("(", "a struct")?;
        let mut fields = Vec::new();
        loop {
            let name = if self.eat("\"") {
                let end = self.rest.find('"').ok_or_else(|| ("a quoted name is not closed".to_owned(), None))?;
                let name = self.rest[..end].to_owned();
                self.rest = self.rest[end + 1..].trim_start();
                name
            } else {
                self.word().to_owned()
            };
            fields.push(Field::new(name, self.parse(depth + 1)?, true));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")", "a struct")?;
        Ok(DataType::Struct(Fields::from(fields)))
    }

    fn map(&mut self, depth: usize) -> Result<DataType, Refusal> {
        self.expect("(", "a map")?;
        if self.parse(depth + 1)? != DataType::Utf8 {
            return Err(("the keys of a map are VARCHAR".to_owned(), None));
        }
        self.expect(",", "a map")?;
        let value = self.parse(depth + 1)?;
        self.expect(")", "a map")?;
        Ok(map_of(value))
    }
}

/// A list whose items may be NULL.
pub(super) fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// A map from text.
pub(super) fn map_of(value: DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}
