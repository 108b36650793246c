//! `GET /metrics` of a shard: how it is doing, and counters that never step back.

use super::LaneStatus;
use event::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Upper bounds of [`Counters::accept_latency`], in ms.
pub const ACCEPT_BOUNDS_MS: [i64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

/// Upper bounds of [`Counters::delivery_latency`], in ms: up to three days, the default of how long is retried.
pub const DELIVERY_BOUNDS_MS: [i64; 16] = [
    50,
    100,
    250,
    500,
    1000,
    2500,
    5000,
    10_000,
    30_000,
    60_000,
    300_000,
    1_800_000,
    3_600_000,
    21_600_000,
    86_400_000,
    259_200_000,
];

/// At most so many event names, lines of outcomes and lines of retries; what comes later counts under [`OTHERS`].
const MAX_EVENTS: usize = 500;
/// See [`MAX_EVENTS`].
const MAX_LINES: usize = 200;

/// The event name or reason under which everything counts for which there is no line.
pub const OTHERS: &str = "(others)";

/// The answer to `GET /metrics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardMetrics {
    /// Its number.
    pub shard: u32,
    /// Its clock.
    pub now: Millis,
    /// Payloads that are kept because something is still to be done with them.
    pub payloads: i64,
    /// Their bodies and contexts, in bytes, and those of the rows that wait for a warehouse.
    pub bytes: i64,
    /// Whether it refuses payloads because too much is waiting.
    pub full: bool,
    /// The lanes, as in [`super::ShardStatus`].
    pub lanes: Vec<LaneStatus>,
    /// The policy that Trace named last.
    #[serde(default)]
    pub policy: Option<String>,
    /// Over the lines of the ledger, the sum of `|received - delivered - filtered - rejected - dead - pending|`: 0.
    #[serde(default)]
    pub ledger_difference: i64,
    /// What it has counted.
    #[serde(default)]
    pub counters: Counters,
}

/// What a shard has counted since it exists, or since it was given these counters by an update. Live runs and replays
/// both count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    /// Payloads that were acknowledged; duplicates are none of them.
    pub accepted: i64,
    /// Their bodies and contexts as they are kept, in bytes.
    pub accepted_bytes: i64,
    /// Payloads that came again.
    pub duplicates: i64,
    /// Payloads that were not stored, by reason: `full`, `unreadable`, `database`.
    pub refused: BTreeMap<String, i64>,
    /// Final outcomes: one per event and tracker.
    pub outcomes: Vec<OutcomeCount>,
    /// Events by name.
    pub events: BTreeMap<String, EventCounts>,
    /// What came to nothing and is tried again.
    pub retries: Vec<RetryCount>,
    /// From receipt to durable, by [`ACCEPT_BOUNDS_MS`].
    pub accept_latency: Histogram,
    /// From receipt to the vendor's yes, by tracker and [`DELIVERY_BOUNDS_MS`].
    pub delivery_latency: BTreeMap<String, Histogram>,
    /// Error reports by Worker: `dispatcher`, `trace`.
    pub reports: BTreeMap<String, ReportCounts>,
}

/// How many events came to this with a tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutcomeCount {
    /// The tracker.
    pub tracker: String,
    /// `delivered`, `filtered`, `rejected` or `dead`.
    pub outcome: String,
    /// Why: a stable token.
    pub reason: Option<String>,
    /// How many.
    pub count: i64,
}

/// Events of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventCounts {
    /// Those that came, counted when they were opened.
    pub received: i64,
    /// Those of them that are owed to one tracker or more.
    pub allowed: i64,
    /// Those that a vendor took, by tracker.
    pub delivered: BTreeMap<String, i64>,
}

/// How often something came to nothing and is tried again: an event that a tracker is to get later, or a call that
/// failed as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryCount {
    /// A tracker's name, or a lane as in [`LaneStatus`].
    pub lane: String,
    /// Why: a stable token.
    pub reason: String,
    /// How often.
    pub count: i64,
}

/// A histogram.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Histogram {
    /// Observations up to each bound and above the one before, then those above all. Empty where there are none.
    pub counts: Vec<i64>,
    /// Sum of all, in ms.
    pub sum_ms: i64,
}

/// Error reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReportCounts {
    /// Those that were sent.
    pub sent: i64,
    /// Those that were not, because they were too many or alike.
    pub suppressed: i64,
}

impl Counters {
    /// Adds another shard's.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.accepted_bytes += other.accepted_bytes;
        self.duplicates += other.duplicates;
        for (reason, count) in &other.refused {
            *self.refused.entry(reason.clone()).or_default() += count;
        }
        for line in &other.outcomes {
            self.add_outcome(&line.tracker, &line.outcome, line.reason.as_deref(), line.count);
        }
        for (name, counts) in &other.events {
            let mine = self.event(name);
            mine.received += counts.received;
            mine.allowed += counts.allowed;
            for (tracker, count) in &counts.delivered {
                *mine.delivered.entry(tracker.clone()).or_default() += count;
            }
        }
        for line in &other.retries {
            self.add_retries(&line.lane, &line.reason, line.count);
        }
        self.accept_latency.add(&other.accept_latency);
        for (tracker, histogram) in &other.delivery_latency {
            self.delivery_latency.entry(tracker.clone()).or_default().add(histogram);
        }
        for (worker, counts) in &other.reports {
            let mine = self.reports.entry(worker.clone()).or_default();
            mine.sent += counts.sent;
            mine.suppressed += counts.suppressed;
        }
    }

    /// Counts final outcomes.
    pub fn add_outcome(&mut self, tracker: &str, outcome: &str, reason: Option<&str>, count: i64) {
        let is_line = |line: &OutcomeCount, reason: Option<&str>| {
            line.tracker == tracker && line.outcome == outcome && line.reason.as_deref() == reason
        };
        let is_full = self.outcomes.len() >= MAX_LINES;
        let known = self.outcomes.iter().position(|line| is_line(line, reason));
        let (known, reason) = match known {
            None if is_full && reason.is_some() => {
                (self.outcomes.iter().position(|line| is_line(line, Some(OTHERS))), Some(OTHERS))
            }
            known => (known, reason),
        };
        match known {
            Some(known) => self.outcomes[known].count += count,
            None => self.outcomes.push(OutcomeCount {
                tracker: tracker.to_owned(),
                outcome: outcome.to_owned(),
                reason: reason.map(str::to_owned),
                count,
            }),
        }
    }

    /// Counts what is tried again.
    pub fn add_retries(&mut self, lane: &str, reason: &str, count: i64) {
        let place =
            |reason: &str| self.retries.iter().position(|line| line.lane == lane && line.reason == reason);
        let (known, reason) = match place(reason) {
            None if self.retries.len() >= MAX_LINES => (place(OTHERS), OTHERS),
            known => (known, reason),
        };
        match known {
            Some(known) => self.retries[known].count += count,
            None => self.retries.push(RetryCount { lane: lane.to_owned(), reason: reason.to_owned(), count }),
        }
    }

    /// The counts of an event's name.
    pub fn event(&mut self, name: &str) -> &mut EventCounts {
        let is_full = self.events.len() >= MAX_EVENTS && !self.events.contains_key(name);
        let name = if is_full { OTHERS } else { name };
        if !self.events.contains_key(name) {
            self.events.insert(name.to_owned(), EventCounts::default());
        }
        self.events.get_mut(name).expect("it was just put there")
    }
}

impl Histogram {
    /// Counts an observation, in ms.
    pub fn observe(&mut self, bounds: &[i64], ms: i64) {
        self.counts.resize(bounds.len() + 1, 0);
        self.counts[bounds.partition_point(|bound| *bound < ms)] += 1;
        self.sum_ms += ms;
    }

    /// Adds another one of the same bounds.
    pub fn add(&mut self, other: &Self) {
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        for (mine, others) in self.counts.iter_mut().zip(&other.counts) {
            *mine += others;
        }
        self.sum_ms += other.sum_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Console reads what shards of another release say.
    #[test]
    fn the_json_is_pinned() {
        let mut counters = Counters::default();
        counters.add_outcome("ga4", "rejected", Some("invalid"), 2);
        counters.event("sign up").delivered.insert("ga4".into(), 1);
        counters.add_retries("(open)", "trace_500", 3);
        counters.accept_latency.observe(&[1, 2], 2);
        let json = r#"{"accepted":0,"acceptedBytes":0,"duplicates":0,"refused":{},"outcomes":[{"tracker":"ga4","outcome":"rejected","reason":"invalid","count":2}],"events":{"sign up":{"received":0,"allowed":0,"delivered":{"ga4":1}}},"retries":[{"lane":"(open)","reason":"trace_500","count":3}],"acceptLatency":{"counts":[0,1,0],"sumMs":2},"deliveryLatency":{},"reports":{}}"#;
        assert_eq!(serde_json::to_string(&counters).unwrap(), json);
        assert_eq!(serde_json::from_str::<Counters>(json).unwrap(), counters);
        assert_eq!(serde_json::from_str::<Counters>("{}").unwrap(), Counters::default());
    }

    #[test]
    fn names_and_reasons_are_bounded_and_sums_hold() {
        let mut counters = Counters::default();
        for i in 0..2000 {
            counters.add_outcome(if i % 2 == 0 { "a" } else { "b" }, "rejected", Some(&format!("r{i}")), 1);
            counters.add_outcome("c", "delivered", None, 1);
            counters.add_retries("(open)", &format!("r{i}"), 1);
            counters.event(&format!("e{i}")).received += 1;
        }
        let of = |tracker| {
            let lines = counters.outcomes.iter().filter(|line| line.tracker == tracker);
            lines.map(|line| line.count).sum::<i64>()
        };
        assert_eq!((of("a"), of("b"), of("c")), (1000, 1000, 2000));
        assert_eq!(counters.outcomes.len(), MAX_LINES + 2, "and the others of each tracker");
        assert_eq!(counters.retries.len(), MAX_LINES + 1);
        assert_eq!(counters.retries.iter().map(|line| line.count).sum::<i64>(), 2000);
        assert_eq!((counters.events.len(), counters.events[OTHERS].received), (MAX_EVENTS + 1, 1500));
    }

    #[test]
    fn an_observation_counts_at_the_first_bound_that_is_not_below_it() {
        let mut histogram = Histogram::default();
        for ms in [0, 1, 2, 3, 5000, 5001] {
            histogram.observe(&ACCEPT_BOUNDS_MS, ms);
        }
        assert_eq!(histogram.counts, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        let mut sum = Histogram::default();
        sum.add(&histogram);
        sum.add(&histogram);
        sum.add(&Histogram::default());
        assert_eq!((sum.counts[0], sum.sum_ms), (4, 2 * histogram.sum_ms));
    }

    #[test]
    fn the_sum_of_shards_has_every_count() {
        let mut one = Counters { accepted: 1, accepted_bytes: 2, duplicates: 3, ..Counters::default() };
        one.refused.insert("full".into(), 4);
        one.add_outcome("a", "delivered", None, 5);
        *one.event("e") = EventCounts { received: 6, allowed: 7, delivered: [("a".into(), 8)].into() };
        one.add_retries("a", "r", 9);
        one.accept_latency.observe(&ACCEPT_BOUNDS_MS, 10);
        one.delivery_latency.entry("a".into()).or_default().observe(&DELIVERY_BOUNDS_MS, 11);
        one.reports.insert("trace".into(), ReportCounts { sent: 12, suppressed: 13 });
        let mut sum = Counters::default();
        sum.add(&one);
        assert_eq!(sum, one);
        sum.add(&one);
        let numbers = |counters: &Counters| -> Vec<i64> {
            let json = serde_json::to_string(counters).unwrap();
            json.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
        };
        let twice: Vec<i64> =
            numbers(&one).into_iter().zip(numbers(&sum)).map(|(one, sum)| sum - one * 2).collect();
        assert!(twice.iter().all(|rest| *rest == 0), "{sum:?}");
    }
}
