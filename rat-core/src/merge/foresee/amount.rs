//! A number that is known before a run, as far as it is.

use std::fmt;

use serde::Serialize;

/// How many, as far as that can be told beforehand. What is said holds whatever the rows turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Amount {
    /// Exactly so many.
    Exact(u64),
    /// So many or fewer.
    AtMost(u64),
    /// Only running tells.
    Unknown,
}

impl Amount {
    /// From the least and the most that it can be.
    pub(super) fn between(least: u64, most: Option<u64>) -> Self {
        match most {
            Some(most) if most <= least => Amount::Exact(most),
            Some(most) => Amount::AtMost(most),
            None => Amount::Unknown,
        }
    }

    /// The most that it can be; `None` when there is no telling.
    pub fn most(self) -> Option<u64> {
        match self {
            Amount::Exact(number) | Amount::AtMost(number) => Some(number),
            Amount::Unknown => None,
        }
    }

    /// Whether it may turn out to be this.
    pub fn allows(self, number: u64) -> bool {
        match self {
            Amount::Exact(exact) => number == exact,
            Amount::AtMost(most) => number <= most,
            Amount::Unknown => true,
        }
    }

    /// Whether it is none, for sure.
    pub fn is_none(self) -> bool {
        self.most() == Some(0)
    }

    /// This and that together.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Amount::Exact(a), Amount::Exact(b)) => Amount::Exact(a.saturating_add(b)),
            (a, b) => a.most().zip(b.most()).map_or(Amount::Unknown, |(a, b)| Amount::AtMost(a.saturating_add(b))),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Exact(number) => write!(f, "{number}"),
            Amount::AtMost(number) => write!(f, "at most {number}"),
            Amount::Unknown => f.write_str("unknown"),
        }
    }
}
