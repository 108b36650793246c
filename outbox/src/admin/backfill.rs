//! What a shard is handed back, so that one tracker gets it.

use event::Millis;
use serde::{Deserialize, Serialize};

/// `POST /backfill`: payloads as the warehouse has them, of which a tracker is to get some events under today's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackfillRequest {
    /// `backfill:<id>`, chosen by whoever asks. Within a run an event is handed over once.
    pub run: String,
    /// Who is to get them.
    pub tracker: String,
    /// When it was found out what the tracker lacks, by the shard's clock: what was handed over or put back since then, in
    /// whichever run, is left out.
    pub as_of: Millis,
    /// Each once, with all of its events.
    pub payloads: Vec<BackfillPayload>,
}

/// A payload that was received before, as it is stored in `raw`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackfillPayload {
    /// Its id.
    pub id: String,
    /// When it was received.
    pub received_at: Millis,
    /// [`event::Payload::data`].
    pub data: String,
    /// [`event::Context`] as JSON.
    pub context: String,
    /// The places of the events that are meant.
    pub events: Vec<u32>,
}

/// The answer to [`BackfillRequest`]; of nothing that it says it is taken where it is `full`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackfillReply {
    /// Nothing was taken, since too much is waiting: for the tracker, to be opened, or in the shard. To be asked again later.
    pub full: bool,
    /// Events that the tracker will get.
    pub taken: i64,
    /// Those that were handed over in this run before.
    pub known: i64,
    /// Those that are on their way to the tracker as it is, or can be replayed as `(open)`.
    pub pending: i64,
    /// Those of people who were forgotten.
    #[serde(default)]
    pub erased: i64,
    /// Those of the taken ones that were dead letters, and are none any more.
    pub letters: i64,
    /// Payloads that wait for the tracker.
    pub backlog: i64,
    /// The tracker's breaker: `closed`, `open` or `half_open`.
    pub breaker: String,
    /// Why the last call to it failed.
    pub reason: Option<String>,
    /// Whether somebody paused it.
    pub paused: bool,
}
