//! Asking again and again for what is new.

use super::super::EventsError;
use super::super::outcome::{Outcome, Row};
use crate::source::{Param, Source};
use event::Millis;
use serde_json::json;
use std::collections::BTreeMap;
use warehouse::{bigquery, d1};

/// Most outcomes that are asked for at once, and are in memory.
const PAGE: usize = 1000;

/// How long after its receipt an outcome of an event is still told from BigQuery, whose partitions are by receipt: as long as calls
/// are tried again (`RETRY_WINDOW`).
const LATE_MS: i64 = 3 * 86_400_000;

/// The columns that both warehouses answer with.
const COLUMNS: [&str; 14] = [
    "payloadId",
    "idx",
    "eventId",
    "event",
    "tracker",
    "outcome",
    "reason",
    "status",
    "attempts",
    "run",
    "shard",
    "seq",
    "receivedAt",
    "timestamp",
];

/// Where a tail is.
pub struct Poll {
    source: Source,
    /// From when on outcomes are told.
    since: Millis,
    /// Of each shard the last `seq` that was told; nothing before the first question to D1.
    seen: Option<BTreeMap<i64, i64>>,
    /// Whether it begins with what comes.
    is_live: bool,
}

/// What was new.
pub struct Page {
    /// In the order of each shard.
    pub rows: Vec<Told>,
    /// Whether there was no more.
    pub is_last: bool,
}

/// An outcome, and of which event.
pub struct Told {
    pub payload_id: String,
    pub idx: i64,
    pub event_id: String,
    pub event: String,
    pub shard: i64,
    pub received_at: String,
    pub outcome: Outcome,
}

impl Poll {
    /// Begins at `since`, or `now`.
    pub fn new(source: Source, since: Option<Millis>, now: Millis) -> Self {
        Self { source, since: since.unwrap_or(now), seen: None, is_live: since.is_none() }
    }

    /// The next page.
    ///
    /// # Errors
    /// [`EventsError`]
    pub async fn next(&mut self) -> Result<Page, EventsError> {
        let mut seen = match self.seen.take() {
            Some(seen) => seen,
            None => self.heads().await?,
        };
        let values = match &self.source {
            Source::BigQuery(bigquery) => {
                let sql = bigquery::tail::newer(&bigquery.dataset, PAGE);
                // No shard has this number, and not every server takes an array without items.
                let none = [(&-1, &-1)];
                let cursors: Vec<String> =
                    none.into_iter().chain(&seen).map(|(shard, seq)| format!("{shard}:{seq}")).collect();
                let received_since = Millis(self.since.0 - LATE_MS);
                let params = [Param::Time(received_since), Param::Time(self.since), Param::Texts(&cursors)];
                self.source.rows(&sql, &params).await?.rows
            }
            _ => {
                let cursors = json!(seen.iter().collect::<Vec<_>>()).to_string();
                self.source.rows(&d1::tail::newer(PAGE), &[Param::Text(&cursors)]).await?.rows
            }
        };
        let is_last = values.len() < PAGE;
        let mut rows = Vec::with_capacity(values.len());
        for values in values {
            let mut row = Row { columns: &COLUMNS, values };
            let shard = row.int("shard")?;
            seen.insert(shard, row.int("seq")?);
            rows.push(Told {
                payload_id: row.text("payloadId")?,
                idx: row.int("idx")?,
                event_id: row.text("eventId")?,
                event: row.text("event")?,
                shard,
                received_at: row.text("receivedAt")?,
                outcome: row.outcome()?,
            });
        }
        self.seen = Some(seen);
        Ok(Page { rows, is_last })
    }

    /// Where each shard of D1 was. BigQuery's rows have no order but that of time, from which on they are asked for.
    async fn heads(&mut self) -> Result<BTreeMap<i64, i64>, EventsError> {
        if matches!(self.source, Source::BigQuery(_)) {
            return Ok(BTreeMap::new());
        }
        // What is there counts as seen, whatever this machine's clock says.
        let since = if self.is_live { Millis(i64::MAX) } else { self.since };
        let rows = self.source.rows(&d1::tail::heads(), &[Param::Time(since)]).await?.rows;
        let head = |values| {
            let mut row = Row { columns: &["shard", "seq"], values };
            Ok((row.int("shard")?, row.int("seq")?))
        };
        rows.into_iter().map(head).collect()
    }
}
