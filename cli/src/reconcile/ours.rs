//! Our side: what the account has of a tracker, by the events' own days.

use super::ReconcileError;
use crate::source::{Param, Source};
use crate::span;
use event::Millis;
use serde_json::Value;
use warehouse::{bigquery, d1};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Which days are asked for.
#[derive(Debug)]
pub struct Days {
    /// The first, in the vendor's zone.
    pub first: String,
    /// The last.
    pub last: String,
    /// How far the vendor's zone is from UTC.
    pub offset_minutes: i64,
    /// Days after its own on which an event may be received.
    pub within: u8,
}

/// Events of one name and day with one outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub event: String,
    pub day: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub events: u64,
    /// How often they were delivered beyond the first time.
    pub again: u64,
    /// Delivered, after an attempt that failed.
    pub retried: u64,
    /// Received on a later day than they happened.
    pub later: u64,
    /// Delivered a day or more after they happened.
    pub slow: u64,
    /// Counted when they were received, since their own time is not known.
    pub untimed: u64,
}

/// Our side.
#[derive(Debug)]
pub struct Ours {
    pub lines: Vec<Line>,
    /// What is still owed: name, day of receipt, and how many.
    pub pending: Vec<(String, String, u64)>,
    /// The days of receipt that were read, in UTC.
    pub received: (String, String),
}

impl Days {
    /// When the first day begins.
    pub fn start(&self) -> Millis {
        Millis(midnight(&self.first).0 - self.offset_minutes * MINUTE_MS)
    }

    /// When a day ends.
    pub fn end(&self, day: &str) -> Millis {
        Millis(midnight(day).0 + DAY_MS - self.offset_minutes * MINUTE_MS)
    }

    /// The UTC days of receipt among which the events are.
    pub fn received(&self, now: Millis) -> (String, String) {
        let latest = Millis(self.end(&self.last).0 - 1 + i64::from(self.within) * DAY_MS);
        (self.start().day(), latest.min(now).day())
    }
}

fn midnight(day: &str) -> Millis {
    span::since(day, Millis(0)).unwrap_or(Millis(0))
}

impl Ours {
    /// Asks the warehouse.
    ///
    /// # Errors
    /// [`ReconcileError`]
    pub async fn ask(
        source: &mut Source,
        tracker: &str,
        days: &Days,
        now: Millis,
    ) -> Result<Self, ReconcileError> {
        let received = days.received(now);
        let shift = format!("{:+} minutes", days.offset_minutes);
        let (outcomes, pending, shift) = match source {
            Source::BigQuery(bigquery) => {
                let dataset = &bigquery.dataset;
                let asked = (bigquery::reconcile::outcomes(dataset), bigquery::reconcile::pending(dataset));
                (asked.0, asked.1, Param::Int(days.offset_minutes))
            }
            _ => (d1::reconcile::OUTCOMES.into(), d1::reconcile::PENDING.into(), Param::Text(&shift)),
        };
        let of_receipt = [Param::Text(tracker), Param::Day(&received.0), Param::Day(&received.1)];
        let own = [shift, Param::Day(&days.first), Param::Day(&days.last)];
        let lines = source.rows(&outcomes, &[&of_receipt[..], &own].concat()).await?.rows;
        let lines = lines.into_iter().map(line).collect::<Option<_>>().ok_or(ReconcileError::Row)?;
        // Their own time is not known before they are opened: those that were received on the days.
        let last = days.end(&days.last);
        let of_days = [of_receipt[0], of_receipt[1], Param::Day(&Millis(last.0 - 1).day())];
        let pending = source.rows(&pending, &of_days).await?.rows;
        let owed = |row: Vec<Value>| {
            let text = |place: usize| row.get(place)?.as_str().map(str::to_owned);
            Some((text(0)?, text(1)?, row.get(2)?.as_u64()?))
        };
        let pending = pending.into_iter().map(owed).collect::<Option<_>>().ok_or(ReconcileError::Row)?;
        Ok(Self { lines, pending, received })
    }
}

fn line(row: Vec<Value>) -> Option<Line> {
    let text = |place: usize| row.get(place)?.as_str().map(str::to_owned);
    let count = |place: usize| row.get(place)?.as_u64();
    Some(Line {
        event: text(0)?,
        day: text(1)?,
        outcome: text(2)?,
        reason: text(3),
        events: count(4)?,
        again: count(5)?,
        retried: count(6)?,
        later: count(7)?,
        slow: count(8)?,
        untimed: count(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_receipt_begin_with_the_vendors_day_and_end_with_today_at_the_latest() {
        let now = Millis(1_793_534_400_000);
        let days = |offset_minutes, within| Days {
            first: "2026-10-20".to_owned(),
            last: "2026-10-21".to_owned(),
            offset_minutes,
            within,
        };
        let received = |offset_minutes, within| {
            let (from, to) = days(offset_minutes, within).received(now);
            format!("{from} {to}")
        };
        assert_eq!(received(0, 3), "2026-10-20 2026-10-24");
        assert_eq!(received(60, 3), "2026-10-19 2026-10-24");
        assert_eq!(received(-480, 3), "2026-10-20 2026-10-25");
        assert_eq!(received(0, 30), "2026-10-20 2026-11-01");
    }
}
