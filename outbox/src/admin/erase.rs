//! `POST /erase/find` and `POST /erase`: a person's events are taken out of what a shard keeps.

use event::{Millis, Payload};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Before every payload: those that are handed back have numbers below 0. The smallest integer that a double holds.
pub const BEFORE_ALL: i64 = 1 - (1 << 53);

fn before_all() -> i64 {
    BEFORE_ALL
}

/// `POST /erase/find`: payloads in which an id may stand. A shard does not parse bodies, so that whoever asks looks into them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EraseFindRequest {
    /// The ids, as text.
    pub ids: Vec<String>,
    /// Only payloads after this one.
    #[serde(default = "before_all")]
    pub after: i64,
}

/// The answer to [`EraseFindRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseFindReply {
    /// Those that may hold one: all that have it as it is, and all that have escapes or are encoded.
    pub payloads: Vec<KeptPayload>,
    /// The ids of those of them that nobody can look into, since what is known beside their bodies cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// After which one to go on, where there are more to be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
}

/// A payload that a shard keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptPayload {
    /// Its number within the shard.
    pub seq: i64,
    /// As it was received.
    pub payload: Payload,
    /// Which of its events are in dead letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<u32>,
}

/// `POST /erase`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EraseRequest {
    /// What the shard is to make hashes of under its key, so that a receipt can name a person without telling who it is.
    pub subjects: Vec<String>,
    /// The events, wherever they were found. They are to be known when they come again.
    pub events: Vec<ErasedEvents>,
    /// Payloads of this shard that hold some of them.
    pub payloads: Vec<RewrittenPayload>,
}

/// Events of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasedEvents {
    /// The payload's id.
    pub payload: String,
    /// When it was received: the id may come again after the dedupe window, with other people's events.
    pub received_at: Millis,
    /// Their places.
    pub idx: Vec<u32>,
    /// Their own ids, of those that have one.
    #[serde(default)]
    pub ids: Vec<String>,
}

/// A payload without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RewrittenPayload {
    /// [`KeptPayload::seq`]
    pub seq: i64,
    /// The [print](Self::print) of the data that it was made of. Where the shard has other data by now, it is left as it is: somebody
    /// else was forgotten meanwhile, who would be back.
    pub was: String,
    /// As it is to be kept from now on.
    pub payload: Payload,
    /// Whether nobody else's event is in it.
    pub is_all: bool,
}

impl RewrittenPayload {
    /// What tells one body from another: SHA-256 of [`Payload::data`], in lower-case hex.
    pub fn print(data: &str) -> String {
        hex::encode(Sha256::digest(data))
    }
}

/// The answer to [`EraseRequest`]: what was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseReply {
    /// The hashes, in lower-case hex.
    pub subjects: Vec<String>,
    /// How long the call has been under way that was started first, in ms begun; 0 where none is. What it carries is not changed.
    pub busy_for: i64,
    /// Payloads rewritten.
    pub payloads: i64,
    /// Those that were left, since they are not what they were read as. They are to be looked at anew.
    pub changed: Vec<i64>,
    /// Outcomes that were pending and are `filtered(erased)` now.
    pub pending: i64,
    /// Events taken out of dead letters.
    pub dead: i64,
    /// Rows of `deliveries` on their way that name them no longer.
    pub deliveries: i64,
    /// Rows of `requests` on their way that were dropped.
    pub requests: i64,
}

impl EraseReply {
    /// Adds what another shard did.
    pub fn add(&mut self, other: Self) {
        self.subjects.extend(other.subjects);
        self.busy_for = self.busy_for.max(other.busy_for);
        self.payloads += other.payloads;
        self.changed.extend(other.changed);
        self.pending += other.pending;
        self.dead += other.dead;
        self.deliveries += other.deliveries;
        self.requests += other.requests;
    }
}
