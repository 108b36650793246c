//! What a tracker is asked to take in one call.

use crate::traced::{CallSpan, Traced};
use event::Millis;

/// Events for one tracker.
#[derive(Debug)]
pub struct DeliverBatch {
    /// Its name.
    pub tracker: String,
    /// An [`event::wire::DeliverRequest`] as JSON.
    pub body: String,
    /// `live`, `replay:<id>` or `backfill:<id>`.
    pub run: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub seq: i64,
    pub payload: String,
    pub at: Millis,
    pub events: Vec<u32>,
    /// Attempts that were made before.
    pub attempts: u32,
    /// The wave and the place in it, where the events were not written down yet when the call was made.
    pub wave: Option<(u64, usize)>,
    pub span: Option<CallSpan>,
}

impl DeliverBatch {
    /// The payloads whose events are to be delivered.
    pub fn payload_ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.items.iter().map(|item| item.payload.as_str())
    }

    /// Events in the call.
    pub fn events(&self) -> usize {
        self.items.iter().map(|item| item.events.len()).sum()
    }

    /// Those of its payloads that are traced, and which attempt on them this is.
    pub fn traced(&self) -> impl Iterator<Item = (u32, Traced<'_>)> {
        self.items
            .iter()
            .filter_map(|item| Some((item.attempts + 1, Traced { payload: &item.payload, span: item.span? })))
    }
}
