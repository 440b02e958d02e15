//! The type of a column of text, guessed from its values: every value strikes out the types it does not fit.

use arrow::datatypes::DataType;

use super::moments::{self, Format, Zone};
use super::numbers::{self, Notation};
use super::types::{HUGEINT, TIME, TIMESTAMP, timestamptz};

const BOOLEAN: u8 = 1;
const BIGINT: u8 = 1 << 1;
const HUGE: u8 = 1 << 2;
const DOUBLE: u8 = 1 << 3;
const CLOCK: u8 = 1 << 4;
const DATE: u8 = 1 << 5;
const PLAIN: u8 = 1 << 6;
const ZONED: u8 = 1 << 7;

/// DuckDB's formats for dates and timestamps that are not ISO, in the order it tries them; `-` stands for any separator.
const DATES: [&str; 5] = ["%y-%m-%d", "%d-%m-%y", "%d-%m-%Y", "%m-%d-%y", "%m-%d-%Y"];
const TIMESTAMPS: [&str; 5] =
    ["%y-%m-%d %H:%M:%S", "%d-%m-%y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%m-%d-%y %I:%M:%S %p", "%m-%d-%Y %I:%M:%S %p"];

/// How the dates of a column may be written.
#[derive(Debug, Clone, PartialEq)]
enum Written {
    /// No value seen yet.
    Open,
    Iso,
    /// Any of these; the first is taken.
    As(Vec<Format>),
}

impl Written {
    fn given(format: Option<&Format>) -> Self {
        format.map_or(Written::Open, |format| Written::As(vec![format.clone()]))
    }

    /// Keeps the ways in which this value can be read.
    fn keep(&mut self, text: &[u8], iso: bool, formats: &[&str]) -> bool {
        if *self == Written::Open {
            *self = if iso { Written::Iso } else { Written::As(candidates(text, formats)) };
        }
        match self {
            Written::Open => false,
            Written::Iso => iso,
            Written::As(formats) => {
                formats.retain(|format| format.timestamp(text).is_some());
                !formats.is_empty()
            }
        }
    }

    fn format(&self) -> Option<Format> {
        match self {
            Written::As(formats) => formats.first().cloned(),
            Written::Open | Written::Iso => None,
        }
    }
}

/// The formats with the separator that this value has behind its first number.
fn candidates(text: &[u8], formats: &[&str]) -> Vec<Format> {
    let text = text.trim_ascii();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    match text.get(digits) {
        Some(separator @ (b'-' | b'/' | b'.' | b' ')) if (1..=2).contains(&digits) => {
            let separator = char::from(*separator).to_string();
            formats.iter().filter_map(|format| Format::new(&format.replace('-', &separator))).collect()
        }
        _ => Vec::new(),
    }
}

/// What is known of one column.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    open: u8,
    seen: bool,
    dates: Written,
    timestamps: Written,
}

/// The formats a call sets for the whole file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Formats {
    pub date: Option<Format>,
    pub timestamp: Option<Format>,
}

impl Guess {
    /// Nothing seen: any type is possible.
    pub fn new(formats: &Formats) -> Self {
        Self {
            open: u8::MAX,
            seen: false,
            dates: Written::given(formats.date.as_ref()),
            timestamps: Written::given(formats.timestamp.as_ref()),
        }
    }

    /// Only dates, times and timestamps are possible, written as ISO has them or as the call says: text in JSON.
    pub fn moments(formats: &Formats) -> Self {
        let iso_or = |format: &Option<Format>| format.as_ref().map_or(Written::Iso, |format| Written::given(Some(format)));
        Self { open: CLOCK | DATE | PLAIN | ZONED, seen: false, dates: iso_or(&formats.date), timestamps: iso_or(&formats.timestamp) }
    }

    /// Takes one value that is not NULL into account.
    pub fn add(&mut self, text: &[u8], notation: Notation) {
        self.seen = true;
        if self.open & BOOLEAN != 0 && !is_boolean(text) {
            self.open &= !BOOLEAN;
        }
        if self.open & (BIGINT | HUGE | DOUBLE) != 0 {
            self.open &= !(BIGINT | HUGE | DOUBLE) | numbers_like(text, notation);
        }
        if self.open & CLOCK != 0 && !(is_clock(text) && moments::time(text).is_some()) {
            self.open &= !CLOCK;
        }
        if self.open & DATE != 0 && !self.dates.keep(text, is_date(text), &DATES) {
            self.open &= !DATE;
        }
        if self.open & (PLAIN | ZONED) != 0 {
            let found = moments::timestamp(text);
            if !self.timestamps.keep(text, found.is_some(), &TIMESTAMPS) {
                self.open &= !(PLAIN | ZONED);
            } else {
                let zone = match self.timestamps.format() {
                    Some(format) => format.timestamp(text).map(|(_, zone)| zone),
                    None => found.map(|(_, zone)| zone),
                };
                if zone == Some(Zone::Given) {
                    self.open &= !PLAIN;
                }
            }
        }
    }

    /// Whether a value would leave the type as it is.
    pub fn fits(&self, text: &[u8], notation: Notation) -> bool {
        let mut with = self.clone();
        with.add(text, notation);
        with.data_type() == self.data_type()
    }

    /// The type: the first that no value struck out. A column without a value is text.
    pub fn data_type(&self) -> DataType {
        match self.open {
            _ if !self.seen => DataType::Utf8,
            open if open & BOOLEAN != 0 => DataType::Boolean,
            open if open & BIGINT != 0 => DataType::Int64,
            open if open & HUGE != 0 => HUGEINT,
            open if open & DOUBLE != 0 => DataType::Float64,
            open if open & CLOCK != 0 => TIME,
            open if open & DATE != 0 => DataType::Date32,
            open if open & PLAIN != 0 => TIMESTAMP,
            open if open & ZONED != 0 => timestamptz(),
            _ => DataType::Utf8,
        }
    }

    /// How the values are written, for a column that is read as a date or timestamp.
    pub fn format(&self, data_type: &DataType) -> Option<Format> {
        match data_type {
            DataType::Date32 => self.dates.format(),
            DataType::Timestamp(..) => self.timestamps.format(),
            _ => None,
        }
    }
}

/// `1` and `0` are numbers, and single letters but `t` and `f` are text: they are booleans only where a call says so.
fn is_boolean(text: &[u8]) -> bool {
    text.len() <= 5 && !matches!(text, b"0" | b"1" | b"y" | b"Y" | b"n" | b"N") && numbers::boolean(text).is_some()
}

/// `1:2` is more often a score or a ratio than a time: minutes without seconds have two digits.
fn is_clock(text: &[u8]) -> bool {
    let mut parts = text.trim_ascii().split(|b| *b == b':').skip(1);
    match (parts.next(), parts.next()) {
        (Some(minutes), None) => minutes.len() == 2,
        (Some(_), Some(_)) => true,
        (None, _) => false,
    }
}

/// A date alone: a timestamp at midnight is none.
fn is_date(text: &[u8]) -> bool {
    text.trim_ascii().len() <= 10 && moments::date(text).is_some()
}

/// The kinds of number a text may be. Digits that a number would lose make a text: a leading zero, a plus, grouping.
fn numbers_like(text: &[u8], notation: Notation) -> u8 {
    let text = text.trim_ascii();
    let loses = match text {
        [b'0', b'0'..=b'9', ..] | [b'+', ..] | [] => true,
        text => text.contains(&b'_') || text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"-inf"),
    } || matches!(text, [b'i' | b'I', ..] | [b'-', b'i' | b'I', ..]);
    if loses {
        return 0;
    }
    let whole = !text.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) || text.starts_with(b"0x") || text.starts_with(b"0X");
    let comma = notation.decimal_comma && text.contains(&b',');
    if whole && !comma {
        if let Some(number) = numbers::integer(text, notation) {
            if i64::try_from(number).is_ok() {
                return BIGINT | HUGE | DOUBLE;
            }
            return if number.unsigned_abs() < 10u128.pow(38) { HUGE | DOUBLE } else { 0 };
        }
        // Digits beyond 128 bits stay text: a double would not keep them.
        if text.iter().all(u8::is_ascii_digit) {
            return 0;
        }
    }
    if numbers::double(text, notation).is_some() { DOUBLE } else { 0 }
}
