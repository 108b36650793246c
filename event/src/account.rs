//! Rows of the account that is kept of every event: `deliveries` and `ledger`, and of what vendors were sent: `requests`.
//!
//! A shard writes them as JSON arrays, in the order of the columns, and a warehouse reads them so.

use crate::outcome::Change;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// The run of what comes from senders. Others are `replay:<id>` and `backfill:<id>`.
pub const LIVE: &str = "live";

/// How the run of a backfill begins.
pub const BACKFILL: &str = "backfill:";

/// Stands for the event of a payload that Trace has not opened yet, and for each event of a backfill until Trace has named it.
pub const UNOPENED: &str = "(unopened)";

/// Stands for the tracker of what is not opened yet.
pub const ALL_TRACKERS: &str = "(all)";

/// Stands for the tracker of an event while no tracker is configured.
pub const NO_TRACKER: &str = "(none)";

/// The outcomes that end an event's way to a tracker, as `deliveries.outcome` has them.
pub const FINAL_OUTCOMES: [&str; 4] = ["delivered", "filtered", "rejected", "dead"];

/// One final outcome: a row of `deliveries`. (shard, seq) is its key in every warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "DeliveryRow", from = "DeliveryRow")]
pub struct Delivery {
    /// The payload's id.
    pub payload_id: String,
    /// The event's place in it; with the payload's id, what an event is accounted for by.
    pub idx: u32,
    /// The event's own id, else `{payload id}.{idx}`.
    pub event_id: String,
    /// Its name where the allowlist has it, else a name in parentheses.
    pub event: String,
    /// The tracker, [`ALL_TRACKERS`] or [`NO_TRACKER`].
    pub tracker: String,
    /// One of [`FINAL_OUTCOMES`].
    pub outcome: String,
    /// Why, where there is something to explain: a stable token.
    pub reason: Option<String>,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Attempts made, this one included; 0 where none was needed.
    pub attempts: u32,
    /// What was dropped or altered.
    pub changes: Vec<Change>,
    /// Version of the policy that decided; absent where Trace was never reached.
    pub policy: Option<String>,
    /// Release of the Outbox.
    pub release: String,
    /// [`LIVE`], `replay:<id>` or `backfill:<id>`.
    pub run: String,
    /// The shard that wrote it.
    pub shard: u32,
    /// Counts up within the shard, over deliveries, ledger lines and requests together.
    pub seq: i64,
    /// When the payload was received.
    pub received_at: Millis,
    /// When the outcome was known.
    pub timestamp: Millis,
}

/// The columns of `deliveries`, in the order in which a row has them.
pub const DELIVERY_COLUMNS: [&str; 17] = [
    "payloadId",
    "idx",
    "eventId",
    "event",
    "tracker",
    "outcome",
    "reason",
    "status",
    "attempts",
    "changes",
    "policy",
    "release",
    "run",
    "shard",
    "seq",
    "receivedAt",
    "timestamp",
];

/// A counter as it stood: a row of `ledger`. All deliveries of the shard with a lower seq are counted in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "LedgerRow", from = "LedgerRow")]
pub struct LedgerLine {
    /// The shard that counts.
    pub shard: u32,
    /// See [`Delivery::seq`].
    pub seq: i64,
    /// See [`Delivery::run`].
    pub run: String,
    /// UTC day of receipt, such as `2026-11-01`.
    pub day: String,
    /// The event's name, as [`Delivery::event`].
    pub event: String,
    /// As [`Delivery::tracker`].
    pub tracker: String,
    /// Events that came.
    pub received: i64,
    /// Those without a final outcome.
    pub pending: i64,
    /// When it was taken.
    pub timestamp: Millis,
}

/// The columns of `ledger`, in the order in which a row has them.
pub const LEDGER_COLUMNS: [&str; 9] =
    ["shard", "seq", "run", "day", "event", "tracker", "received", "pending", "timestamp"];

/// One call to a vendor: a row of `requests`. (shard, seq) is its key in every warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "RequestRow", from = "RequestRow")]
pub struct SentRequest {
    /// The shard that wrote it.
    pub shard: u32,
    /// See [`Delivery::seq`].
    pub seq: i64,
    /// See [`Delivery::run`].
    pub run: String,
    /// The tracker.
    pub tracker: String,
    /// HTTP method.
    pub method: String,
    /// The address, with `[secret]` for each secret of the tracker.
    pub url: String,
    /// The body, with `[secret]` likewise. One that was cut ends with [`crate::wire::CUT`].
    pub body: String,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The events that it carried: the payload's id, the event's place in it, and which attempt of the event it was.
    pub events: Vec<(String, u32, u32)>,
    /// When the first of their payloads was received.
    pub received_at: Millis,
    /// When it was sent.
    pub timestamp: Millis,
}

/// The columns of `requests`, in the order in which a row has them.
pub const REQUEST_COLUMNS: [&str; 11] = [
    "shard",
    "seq",
    "run",
    "tracker",
    "method",
    "url",
    "body",
    "status",
    "events",
    "receivedAt",
    "timestamp",
];

#[derive(Serialize, Deserialize)]
struct DeliveryRow(
    String,
    u32,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<u16>,
    u32,
    Option<Vec<Change>>,
    Option<String>,
    String,
    String,
    u32,
    i64,
    Millis,
    Millis,
);

impl From<Delivery> for DeliveryRow {
    fn from(row: Delivery) -> Self {
        Self(
            row.payload_id,
            row.idx,
            row.event_id,
            row.event,
            row.tracker,
            row.outcome,
            row.reason,
            row.status,
            row.attempts,
            (!row.changes.is_empty()).then_some(row.changes),
            row.policy,
            row.release,
            row.run,
            row.shard,
            row.seq,
            row.received_at,
            row.timestamp,
        )
    }
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            payload_id: row.0,
            idx: row.1,
            event_id: row.2,
            event: row.3,
            tracker: row.4,
            outcome: row.5,
            reason: row.6,
            status: row.7,
            attempts: row.8,
            changes: row.9.unwrap_or_default(),
            policy: row.10,
            release: row.11,
            run: row.12,
            shard: row.13,
            seq: row.14,
            received_at: row.15,
            timestamp: row.16,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct LedgerRow(u32, i64, String, String, String, String, i64, i64, Millis);

impl From<LedgerLine> for LedgerRow {
    fn from(line: LedgerLine) -> Self {
        Self(
            line.shard,
            line.seq,
            line.run,
            line.day,
            line.event,
            line.tracker,
            line.received,
            line.pending,
            line.timestamp,
        )
    }
}

impl From<LedgerRow> for LedgerLine {
    fn from(row: LedgerRow) -> Self {
        Self {
            shard: row.0,
            seq: row.1,
            run: row.2,
            day: row.3,
            event: row.4,
            tracker: row.5,
            received: row.6,
            pending: row.7,
            timestamp: row.8,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RequestRow(
    u32,
    i64,
    String,
    String,
    String,
    String,
    String,
    Option<u16>,
    Vec<(String, u32, u32)>,
    Millis,
    Millis,
);

impl From<SentRequest> for RequestRow {
    fn from(row: SentRequest) -> Self {
        Self(
            row.shard,
            row.seq,
            row.run,
            row.tracker,
            row.method,
            row.url,
            row.body,
            row.status,
            row.events,
            row.received_at,
            row.timestamp,
        )
    }
}

impl From<RequestRow> for SentRequest {
    fn from(row: RequestRow) -> Self {
        Self {
            shard: row.0,
            seq: row.1,
            run: row.2,
            tracker: row.3,
            method: row.4,
            url: row.5,
            body: row.6,
            status: row.7,
            events: row.8,
            received_at: row.9,
            timestamp: row.10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Rule;

    /// Shards keep these until the warehouse has them, across releases: a change needs a migration.
    #[test]
    fn rows_are_pinned() {
        let delivery = Delivery {
            payload_id: "p".into(),
            idx: 1,
            event_id: "p.1".into(),
            event: "sign up".into(),
            tracker: "ga4".into(),
            outcome: "delivered".into(),
            reason: None,
            status: Some(204),
            attempts: 1,
            changes: vec![Change { field: "userId".into(), rule: Rule::Drop }],
            policy: Some("1-a".into()),
            release: "0.1.0".into(),
            run: LIVE.into(),
            shard: 3,
            seq: 7,
            received_at: Millis(1_793_534_400_000),
            timestamp: Millis(1_793_534_400_250),
        };
        let pinned = r#"["p",1,"p.1","sign up","ga4","delivered",null,204,1,[{"field":"userId","rule":"drop"}],"1-a","0.1.0","live",3,7,1793534400000,1793534400250]"#;
        assert_eq!(serde_json::to_string(&delivery).unwrap(), pinned);
        assert_eq!(serde_json::from_str::<Delivery>(pinned).unwrap(), delivery);

        let line = LedgerLine {
            shard: 3,
            seq: 8,
            run: LIVE.into(),
            day: "2026-11-01".into(),
            event: "sign up".into(),
            tracker: "ga4".into(),
            received: 5,
            pending: 4,
            timestamp: Millis(1_793_534_400_250),
        };
        let pinned = r#"[3,8,"live","2026-11-01","sign up","ga4",5,4,1793534400250]"#;
        assert_eq!(serde_json::to_string(&line).unwrap(), pinned);
        assert_eq!(serde_json::from_str::<LedgerLine>(pinned).unwrap(), line);

        let request = SentRequest {
            shard: 3,
            seq: 9,
            run: LIVE.into(),
            tracker: "ga4".into(),
            method: "POST".into(),
            url: "https://vendor.example/?key=[secret]".into(),
            body: "{\"a\":1}".into(),
            status: None,
            events: vec![("p".into(), 1, 2), ("q".into(), 0, 1)],
            received_at: Millis(1_793_534_400_000),
            timestamp: Millis(1_793_534_400_250),
        };
        let pinned = r#"[3,9,"live","ga4","POST","https://vendor.example/?key=[secret]","{\"a\":1}",null,[["p",1,2],["q",0,1]],1793534400000,1793534400250]"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), pinned);
        assert_eq!(serde_json::from_str::<SentRequest>(pinned).unwrap(), request);
    }
}
