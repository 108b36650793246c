//! What Console asks a shard, and the answers: JSON over the Durable Object's `fetch`.
//!
//! `GET /status`, `GET /metrics`, `POST /dead`, `POST /replay`, `POST /backfill`, `POST /pause`; of shard 0 alone `GET /shards` and `POST /register`.

mod backfill;
mod erase;
mod metrics;

pub use backfill::{BackfillPayload, BackfillReply, BackfillRequest};
pub use erase::{
    BEFORE_ALL, EraseFindReply, EraseFindRequest, EraseReply, EraseRequest, ErasedEvents, KeptPayload,
    RewrittenPayload,
};
pub use metrics::{
    ACCEPT_BOUNDS_MS, Counters, DELIVERY_BOUNDS_MS, EventCounts, Histogram, OTHERS, OutcomeCount,
    ReportCounts, RetryCount, ShardMetrics,
};

use event::Millis;
use serde::{Deserialize, Serialize};

/// The lane that asks Trace which events a payload holds.
pub const OPEN_LANE: &str = "(open)";

/// The answer to `GET /status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardStatus {
    /// Its number.
    pub shard: u32,
    /// Its clock.
    pub now: Millis,
    /// Whether it refuses payloads because too much is waiting.
    pub full: bool,
    /// Payloads that are kept because something is still to be done with them.
    pub payloads: i64,
    /// Their bodies and contexts, in bytes, and those of the rows that wait for the warehouse.
    pub bytes: i64,
    /// Rows written since the object was started, indexes included: what Cloudflare bills.
    #[serde(default)]
    pub rows_written: i64,
    /// The lanes: warehouse, opening, then the trackers by name.
    pub lanes: Vec<LaneStatus>,
    /// The ledger as it stands, past and present.
    pub ledger: Vec<Counter>,
}

/// How a lane is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneStatus {
    /// A tracker's name, [`OPEN_LANE`], or, with a warehouse's name, `(raw d1)` and `(accounts d1)`, which write there.
    pub lane: String,
    /// `closed` (healthy), `open` (waiting before the next probe), `half_open` (probing or catching up).
    pub breaker: String,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Failures in a row.
    pub failures: u32,
    /// What the last failure was: a stable token.
    pub reason: Option<String>,
    /// When the next attempt is due, where the lane waits.
    pub next_attempt_at: Option<Millis>,
    /// What waits: for trackers payloads with an event owed, a row for each number of attempts; for the warehouse those
    /// not written yet.
    pub backlog: i64,
    /// When the oldest of them was received.
    pub oldest_pending: Option<Millis>,
    /// Dead letters; of `(accounts d1)` rows that the warehouse refused.
    pub dead: i64,
}

/// One line of the ledger: `received = delivered + filtered + rejected + dead + pending`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// `live`, `replay:<id>` or `backfill:<id>`.
    pub run: String,
    /// UTC day of receipt.
    pub day: String,
    /// The event's name.
    pub event: String,
    /// The tracker.
    pub tracker: String,
    /// Events that came.
    pub received: i64,
    /// Those that the vendor took.
    pub delivered: i64,
    /// Those that our policy kept back.
    pub filtered: i64,
    /// Those that the vendor refused for good.
    pub rejected: i64,
    /// Those that were given up on and can be replayed.
    pub dead: i64,
    /// Those without a final outcome.
    pub pending: i64,
}

/// Which dead letters are meant. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeadFilter {
    /// A tracker or lane. `(accounts d1)` means rows that the warehouse refused, which nothing else restricts.
    pub tracker: Option<String>,
    /// Letters that hold an event of this name.
    pub event: Option<String>,
    /// Received at this time or later.
    pub from: Option<Millis>,
    /// Received before this time.
    pub to: Option<Millis>,
}

/// `POST /dead`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadRequest {
    /// Which.
    #[serde(flatten)]
    pub filter: DeadFilter,
    /// Only letters with a higher number than this.
    #[serde(default)]
    pub after: i64,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

/// A payload of which some events are given up for one tracker. It names ids and names, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its number within the shard.
    pub number: i64,
    /// The tracker or lane.
    pub tracker: String,
    /// The payload.
    pub payload_id: String,
    /// When it was received.
    pub received_at: Millis,
    /// When it was given up.
    pub dead_at: Millis,
    /// Why the last attempt failed.
    pub reason: String,
    /// Attempts made.
    pub attempts: u32,
    /// The run in which it died.
    pub run: String,
    /// Its events; none where the payload was not opened or not logged.
    pub events: Vec<DeadEvent>,
}

/// An event of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadEvent {
    /// Its place in the payload.
    pub idx: u32,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The answer to [`DeadRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadReply {
    /// In the order of their numbers.
    pub letters: Vec<DeadLetter>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// `POST /replay`: dead letters become pending again, under a run of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayRequest {
    /// `replay:<id>`, chosen by whoever asks, the same for every shard.
    pub run: String,
    /// Which.
    #[serde(flatten)]
    pub filter: DeadFilter,
}

/// The answer to [`ReplayRequest`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReply {
    /// Letters put back.
    pub letters: i64,
    /// Events in them.
    pub events: i64,
}

/// `POST /pause`: stops a lane, or lets it go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRequest {
    /// A tracker.
    pub tracker: String,
    /// Whether it is to rest.
    pub paused: bool,
}

/// `POST /register` of shard 0: another shard has been used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRequest {
    /// Which.
    pub shard: u32,
}

/// The answers to `GET /shards` and `POST /register`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Every shard that was ever used, in order.
    pub shards: Vec<u32>,
    /// Trackers that are paused.
    pub paused: Vec<String>,
}
