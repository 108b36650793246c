//! How long a table keeps what it has.

use super::failure::{Failure, succeeded};
use serde_json::Value;
use std::fmt;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How long a table keeps a partition after the end of its day, in ms; nothing for ever
/// (<https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention(Option<u64>);

impl Retention {
    /// So many days, 0 for ever.
    pub fn days(days: u32) -> Self {
        Self((days > 0).then(|| u64::from(days) * DAY_MS))
    }

    /// A table's, by the reply to a request for it or for its creation.
    ///
    /// # Errors
    /// [`Failure`], also where the reply is none about a table: that is not "for ever".
    pub fn read(status: u16, body: &str) -> Result<Self, Failure> {
        succeeded(status, body)?;
        let table: Value = serde_json::from_str(body).map_err(|_| Failure::unreadable())?;
        match &table["timePartitioning"]["expirationMs"] {
            Value::Null => Ok(Self(None)),
            Value::String(text) => text.parse().map(|ms| Self(Some(ms))).map_err(|_| Failure::unreadable()),
            _ => Err(Failure::unreadable()),
        }
    }

    /// Whether rows would be deleted where this takes the place of `other`.
    pub fn is_shorter_than(self, other: Self) -> bool {
        self.0.unwrap_or(u64::MAX) < other.0.unwrap_or(u64::MAX)
    }

    /// As the API has it.
    pub(super) fn expiration(self) -> Option<String> {
        self.0.map(|ms| ms.to_string())
    }
}

/// Such as `for 30 days`. Somebody else may have set it to something that is no whole number of them.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("for ever"),
            Some(ms) if ms % DAY_MS == 0 => write!(f, "for {} days", ms / DAY_MS),
            Some(ms) => write!(f, "for {ms} ms"),
        }
    }
}
