//! Data points for Workers Analytics Engine, where the binding METRICS is there. Their columns stand in
//! `docs/analytics-engine.md`, which a change here must change, too.

use outbox::Outcomes;
use std::time::Duration;
use worker::{AnalyticsEngineDataPointBuilder, AnalyticsEngineDataset, Env};

/// Most data points of one event of the platform. Its documentation has said 25
/// (<https://developers.cloudflare.com/analytics/analytics-engine/limits/>); the request that woke the object has one of its own.
pub const POINTS_PER_EVENT: usize = 24;

/// Most bytes of an event's name, of 5120 for all blobs of a data point; the others are tokens (the same page).
const MAX_NAME: usize = 1024;

/// The dataset.
pub struct Dataset(AnalyticsEngineDataset);

impl Dataset {
    /// The dataset, where one is bound.
    pub fn of(env: &Env) -> Option<Self> {
        env.analytics_engine("METRICS").ok().map(Self)
    }

    /// A payload was taken, that long after it was received.
    pub fn accepted(&self, bytes: usize, latency: Duration) {
        let latency = latency.as_millis() as f64;
        self.write("accepted", ["request", "accepted", "", "", ""], [1.0, bytes as f64, latency]);
    }

    /// A request was refused, and why: a stable token.
    pub fn refused(&self, reason: &str) {
        self.write("refused", ["request", "refused", reason, "", ""], [1.0, 0.0, 0.0]);
    }

    /// Events came to something with a tracker.
    pub fn outcomes(&self, outcomes: &Outcomes) {
        let Outcomes { event, tracker, outcome, reason, count } = outcomes;
        let reason = reason.as_deref().unwrap_or_default();
        let name = &event[..event.floor_char_boundary(MAX_NAME)];
        self.write(outcome, ["outcome", outcome, reason, tracker, name], [*count as f64, 0.0, 0.0]);
    }

    fn write(&self, index: &str, blobs: [&str; 5], doubles: [f64; 3]) {
        let point = AnalyticsEngineDataPointBuilder::new().indexes([index]).blobs(blobs).doubles(doubles);
        // It does not wait and does not say whether it came to anything. What is counted exactly is in the shards.
        let _ = point.write_to(&self.0);
    }
}
