//! Which moment of its tables a query sees.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::error::{Code, Error, Result};
use crate::tables::Table;

/// A moment of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// What readers saw then.
    Time(DateTime<Utc>),
    /// A snapshot.
    Snapshot(i64),
    /// A branch or a tag.
    Reference(String),
}

impl AsOf {
    /// Reads `2024-02-01`, `2024-02-01 10:00:00`, an ISO time with its zone (without one it is UTC), a snapshot's number, or the name of a
    /// branch or tag.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(id) = text.parse::<i64>() {
            return Ok(AsOf::Snapshot(id));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(AsOf::Time(time.with_timezone(&Utc)));
        }
        let plain = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
        if let Some(time) = plain.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
            return Ok(AsOf::Time(time.and_utc()));
        }
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(AsOf::Time(day.and_time(chrono::NaiveTime::MIN).and_utc()));
        }
        if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Error::new(Code::InvalidArgument, format!("`{text}` is not a moment of a table"))
                .with_help("give a time such as `2024-02-01 10:00:00`, the number of a snapshot, or a branch or tag"));
        }
        Ok(AsOf::Reference(text.to_owned()))
    }

    /// The table as it was at this moment.
    pub(super) fn of(&self, table: &Table) -> Result<Table> {
        match self {
            AsOf::Time(time) => table.at_time(*time),
            AsOf::Snapshot(id) => table.at_snapshot(*id),
            AsOf::Reference(name) => table.at_ref(name),
        }
    }
}
