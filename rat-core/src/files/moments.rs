//! Dates, times and timestamps in text: ISO 8601 as DuckDB reads it, and formats in the letters of `strptime`.
//!
//! Civil days are counted by Howard Hinnant's algorithm (<https://howardhinnant.github.io/date_algorithms.html>).

use arrow::array::timezone::Tz;
use chrono::{DateTime, NaiveDateTime, TimeZone};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// What a timestamp says about its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Nothing.
    Absent,
    /// `UTC` in words: the same point in time either way, so it is still a plain timestamp.
    Utc,
    /// `Z`, an offset or the name of a zone: applied already.
    Given,
}

fn days(year: i64, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(month.checked_sub(1)? as usize)? + u32::from(leap);
    if day == 0 || day > length || !(1..=9999).contains(&year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// Reads from the front of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn spaces(&mut self) {
        while self.eat(b' ') {}
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let number = self.0[..digits].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        self.0 = &self.0[digits..];
        Some(number)
    }

    /// Decimals of a second as microseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let micros = (0..6).fold(0i64, |n, i| n * 10 + self.0[..digits].get(i).map_or(0, |b| i64::from(b - b'0')));
        self.0 = &self.0[digits..];
        Some(micros)
    }

    fn date(&mut self) -> Option<i32> {
        let year = self.number(4, 4)?;
        let separator = self.peek().filter(|b| matches!(b, b'-' | b'/' | b'.' | b' '))?;
        self.eat(separator);
        let month = self.number(1, 2)?;
        if !self.eat(separator) {
            return None;
        }
        days(i64::from(year), month, self.number(1, 2)?)
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.number(1, 2)?;
        if !self.eat(b':') {
            return None;
        }
        let minute = self.number(1, 2)?;
        let second = if self.eat(b':') { self.number(1, 2)? } else { 0 };
        let micros = if self.eat(b'.') { self.fraction()? } else { 0 };
        clock(hour, minute, second, micros)
    }

    /// `+02`, `-0230`, `+02:30`, in seconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.peek()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2, 2)?;
        let minutes = if self.eat(b':') { self.number(2, 2)? } else { self.number(2, 2).unwrap_or(0) };
        (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
    }
}

fn clock(hour: u32, minute: u32, second: u32, micros: i64) -> Option<i64> {
    let whole_day = hour == 24 && minute == 0 && second == 0 && micros == 0;
    let inside = hour < 24 && minute < 60 && second < 60;
    (inside || whole_day).then(|| i64::from(hour * 3600 + minute * 60 + second) * SECOND + micros)
}

/// Days since 1970 of `2013-01-02`, also with `/`, `.` or a space between, and with a time of midnight behind it.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    let mut cursor = Cursor(text.trim_ascii());
    let date = cursor.date()?;
    if cursor.0.is_empty() {
        return Some(date);
    }
    let (micros, zone) = timestamp(text)?;
    (micros == i64::from(date) * DAY && zone == Zone::Absent).then_some(date)
}

/// Microseconds since midnight of `10:11`, `10:11:12`, `10:11:12.5`.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor(text.trim_ascii());
    cursor.time().filter(|_| cursor.0.is_empty())
}

/// Microseconds since 1970 of a date, or a date and a time, with or without a zone; UTC when there is one.
pub(super) fn timestamp(text: &[u8]) -> Option<(i64, Zone)> {
    let mut cursor = Cursor(text.trim_ascii());
    let midnight = i64::from(cursor.date()?) * DAY;
    if cursor.0.is_empty() {
        return Some((midnight, Zone::Absent));
    }
    if !cursor.eat(b'T') {
        if cursor.peek() != Some(b' ') {
            return None;
        }
        cursor.spaces();
    }
    zoned(midnight + cursor.time()?, cursor.0)
}

/// Applies what follows a local time.
fn zoned(local: i64, rest: &[u8]) -> Option<(i64, Zone)> {
    match rest {
        [] => Some((local, Zone::Absent)),
        b"Z" => Some((local, Zone::Given)),
        [b'+' | b'-', ..] => {
            let mut cursor = Cursor(rest);
            let seconds = cursor.offset().filter(|_| cursor.0.is_empty())?;
            Some((local - seconds * SECOND, Zone::Given))
        }
        [b' ', name @ ..] => {
            let name = std::str::from_utf8(name).ok()?.trim();
            if name.eq_ignore_ascii_case("UTC") || name == "Z" {
                return Some((local, Zone::Utc));
            }
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return None;
            }
            named(local, name.parse().ok()?)
        }
        _ => None,
    }
}

fn named(local: i64, zone: Tz) -> Option<(i64, Zone)> {
    let naive: NaiveDateTime = DateTime::from_timestamp_micros(local)?.naive_utc();
    // A local time that happens twice is its first; one that a clock skips does not exist.
    let point = zone.from_local_datetime(&naive).earliest()?;
    Some((point.timestamp_micros(), Zone::Given))
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether every `%` letter of a format is one we read.
pub(super) fn is_format(format: &str) -> bool {
    Format::new(format).is_some()
}

/// A format, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    /// As it was written.
    pub text: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Literal(u8),
    Field(u8),
}

impl Format {
    /// Takes a format apart; `None` when it has a letter we do not read.
    pub fn new(format: &str) -> Option<Self> {
        let mut items = Vec::new();
        let mut bytes = format.bytes();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                items.push(Item::Literal(byte));
                continue;
            }
            let mut letter = bytes.next()?;
            if letter == b'-' {
                letter = bytes.next()?;
            }
            match letter {
                b'%' => items.push(Item::Literal(b'%')),
                b'F' => items.extend(Self::new("%Y-%m-%d")?.items),
                b'T' => items.extend(Self::new("%H:%M:%S")?.items),
                b'Y' | b'y' | b'm' | b'd' | b'H' | b'I' | b'M' | b'S' | b'f' | b'g' | b'n' | b'p' | b'b' | b'h' | b'B' | b'a' | b'A'
                | b'j' | b'z' | b'Z' => {
                    items.push(Item::Field(letter));
                }
                _ => return None,
            }
        }
        Some(Self { text: format.to_owned(), items })
    }

    /// Days since 1970.
    pub fn date(&self, text: &[u8]) -> Option<i32> {
        let (micros, _) = self.timestamp(text)?;
        i32::try_from(micros.div_euclid(DAY)).ok()
    }

    /// Microseconds since 1970; UTC when the text has a zone.
    pub fn timestamp(&self, text: &[u8]) -> Option<(i64, Zone)> {
        let mut at = Cursor(text.trim_ascii());
        let (mut year, mut month, mut day) = (1900i64, 1u32, 1u32);
        let (mut hour, mut minute, mut second, mut micros) = (0u32, 0u32, 0u32, 0i64);
        let (mut afternoon, mut day_of_year, mut offset, mut zone) = (None, None, None, None);
        for item in &self.items {
            match item {
                Item::Literal(b' ') => at.eat(b' ').then(|| at.spaces())?,
                Item::Literal(byte) => at.eat(*byte).then_some(())?,
                Item::Field(letter) => match letter {
                    b'Y' => year = i64::from(at.number(4, 4)?),
                    b'y' => {
                        let short = i64::from(at.number(2, 2)?);
                        year = if short < 69 { 2000 + short } else { 1900 + short };
                    }
                    b'm' => month = at.number(1, 2)?,
                    b'd' => day = at.number(1, 2)?,
                    b'j' => day_of_year = Some(at.number(1, 3)?),
                    b'H' => hour = at.number(1, 2)?,
                    b'I' => hour = at.number(1, 2).filter(|h| (1..=12).contains(h))?,
                    b'M' => minute = at.number(1, 2)?,
                    b'S' => second = at.number(1, 2)?,
                    b'f' | b'n' => micros = at.fraction()?,
                    b'g' => micros = i64::from(at.number(1, 3)?) * 1000,
                    b'p' => afternoon = Some(word(&mut at, &["am", "pm"], 2)? == 1),
                    b'b' | b'h' => month = u32::try_from(word(&mut at, &MONTHS, 3)?).ok()? + 1,
                    b'B' => month = u32::try_from(word(&mut at, &MONTHS, usize::MAX)?).ok()? + 1,
                    b'a' => drop(word(&mut at, &WEEKDAYS, 3)?),
                    b'A' => drop(word(&mut at, &WEEKDAYS, usize::MAX)?),
                    b'z' => offset = Some(if at.eat(b'Z') { 0 } else { at.offset()? }),
                    _ => {
                        let end = at.0.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(at.0.len());
                        let (name, rest) = at.0.split_at(end);
                        zone = Some(std::str::from_utf8(name).ok()?.parse::<Tz>().ok()?);
                        at = Cursor(rest);
                    }
                },
            }
        }
        if !at.0.is_empty() {
            return None;
        }
        if let Some(afternoon) = afternoon {
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        let date = match day_of_year {
            Some(n @ 1..=366) => days(year, 1, 1)? + i32::try_from(n).ok()? - 1,
            Some(_) => return None,
            None => days(year, month, day)?,
        };
        let local = i64::from(date) * DAY + clock(hour, minute, second, micros)?;
        match (offset, zone) {
            (Some(seconds), _) => Some((local - seconds * SECOND, Zone::Given)),
            (None, Some(zone)) => named(local, zone),
            (None, None) => Some((local, Zone::Absent)),
        }
    }
}

/// Which of some words the text begins with, by their first `letters` letters, without regard to case.
fn word(at: &mut Cursor<'_>, words: &[&str], letters: usize) -> Option<usize> {
    let found = words.iter().position(|word| {
        let word = &word.as_bytes()[..word.len().min(letters)];
        at.0.len() >= word.len() && at.0[..word.len()].eq_ignore_ascii_case(word)
    })?;
    at.0 = &at.0[words[found].len().min(letters)..];
    Some(found)
}
