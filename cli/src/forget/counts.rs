//! What is found, by UTC day of receipt and place.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is counted of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Day {
    /// Rows of `raw` that go.
    pub raw_deleted: u64,
    /// Rows of `raw` that stay, for others.
    pub raw_rewritten: u64,
    /// Events in both.
    pub raw_events: u64,
    /// Rows of `deliveries` that lose an event's id.
    pub deliveries: u64,
    /// Rows of `requests` that go.
    pub requests: u64,
    /// Payloads in the Outbox, which may be in `raw`, too.
    pub outbox_payloads: u64,
    /// Events in them.
    pub outbox_events: u64,
    /// Those of them that are in dead letters.
    pub dead_events: u64,
}

impl Day {
    /// Every figure with its name.
    pub fn figures(&self) -> [(&'static str, u64); 8] {
        [
            ("raw: deleted", self.raw_deleted),
            ("raw: rewritten", self.raw_rewritten),
            ("raw: events", self.raw_events),
            ("deliveries", self.deliveries),
            ("requests", self.requests),
            ("Outbox: payloads", self.outbox_payloads),
            ("Outbox: events", self.outbox_events),
            ("dead letters: events", self.dead_events),
        ]
    }
}

/// By day, such as `2026-11-01`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(pub BTreeMap<String, Day>);

impl Counts {
    /// Those of a day.
    pub fn day(&mut self, day: &str) -> &mut Day {
        self.0.entry(day.to_owned()).or_default()
    }
}

/// Payloads that were looked into and left.
#[derive(Debug, Default, Serialize)]
pub struct Left {
    /// How many.
    pub payloads: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl Left {
    /// One more.
    pub fn add(&mut self, payload: &str) {
        const NAMED: usize = 20;
        self.payloads += 1;
        if self.first.len() < NAMED {
            self.first.push(payload.to_owned());
        }
    }
}
