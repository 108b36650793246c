//! Console's answers (`console/src/{dead,command,ledger,lanes}.rs`), as far as they are read.

use outbox::admin::{Counter, DeadEvent};
use serde::Deserialize;

/// `GET /api/dead`.
#[derive(Debug, Deserialize)]
pub struct DeadPage {
    pub letters: Vec<Letter>,
    /// Of the next page.
    pub cursor: Option<String>,
    pub failed: Vec<Failed>,
}

/// A dead letter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    pub shard: u32,
    /// RFC 3339.
    pub received_at: String,
    pub reason: String,
    pub events: Vec<DeadEvent>,
}

/// A shard that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Failed {
    pub shard: u32,
    pub error: String,
}

/// `POST /api/dead/replay`.
#[derive(Debug, Deserialize)]
pub struct Replayed {
    pub run: String,
    pub letters: u64,
    pub events: u64,
    pub failed: Vec<Failed>,
}

/// `GET /api/ledger`.
#[derive(Debug, Deserialize)]
pub struct Ledger {
    pub ledger: Vec<Counter>,
    pub failed: Vec<Failed>,
}

/// `GET /api/trackers`.
#[derive(Debug, Deserialize)]
pub struct Trackers {
    /// The shards' clock, in ms.
    pub now: Option<i64>,
    pub trackers: Vec<Tracker>,
    pub failed: Vec<Failed>,
}

/// A lane over all shards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracker {
    pub tracker: String,
    pub paused: bool,
    /// How long ago the oldest payload that waits was received.
    pub oldest_pending_seconds: Option<i64>,
    pub shards: Vec<OnShard>,
}

/// A lane of one shard.
#[derive(Debug, Deserialize)]
pub struct OnShard {
    pub shard: u32,
    pub backlog: i64,
    #[serde(default)]
    pub dead: i64,
    pub breaker: String,
    pub reason: Option<String>,
}
