//! What Console is asked: the JSON is that of `outbox::admin` and `console/src/erase.rs`.

use crate::console::{Console, ConsoleError};
use outbox::admin::{ErasedEvents, KeptPayload, RewrittenPayload};
use serde::{Deserialize, Serialize};

/// A page of payloads in which an id may stand.
#[derive(Deserialize)]
pub struct Page {
    /// The shard that keeps them.
    pub shard: u32,
    /// Some of its payloads.
    pub payloads: Vec<KeptPayload>,
    /// The ids of others, which cannot be read.
    pub unreadable: Vec<String>,
    /// Where the next page begins.
    pub cursor: Option<Cursor>,
}

/// A shard, and a payload in it.
pub type Cursor = (u32, i64);

/// The page that begins there, or the first.
pub async fn find(console: &Console, ids: &[&str], cursor: Option<Cursor>) -> Result<Page, ConsoleError> {
    #[derive(Serialize)]
    struct Question<'a> {
        ids: &'a [&'a str],
        cursor: Option<Cursor>,
    }
    console.post("/api/erase/find", &Question { ids, cursor }).await
}

/// What every shard is to erase.
#[derive(Default, Serialize)]
pub struct Command {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    pub events: Vec<ErasedEvents>,
    pub payloads: Vec<Placed>,
}

/// A payload, and the shard that keeps it.
#[derive(Serialize)]
pub struct Placed {
    pub shard: u32,
    #[serde(flatten)]
    pub payload: RewrittenPayload,
}

/// What was done in all shards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Hashes of the subjects.
    pub subjects: Vec<String>,
    /// How long the oldest call has been under way, in ms.
    pub busy_for: u64,
    /// The payloads that were left, since they changed after they were read.
    pub changed: Vec<i64>,
}

/// Erases events in every shard. Where one fails nothing is known to be done, and the same can be said again.
pub async fn erase(console: &Console, command: &Command) -> Result<Done, ConsoleError> {
    console.post("/api/erase", command).await
}
