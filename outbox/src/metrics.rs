//! What a shard counts for `GET /metrics`. A row is written for none of it: the counters are a column of `state`, which every
//! transaction that changes an outcome writes anyway.
//!
//! What has no such transaction (duplicates, refusals, latencies of appending, calls that failed) is counted in memory, saved
//! with the next one, and before it is told. Payloads that were appended since the last one are counted again after a crash.

use crate::admin::{ACCEPT_BOUNDS_MS, Counters, DELIVERY_BOUNDS_MS, Histogram, OTHERS, ShardMetrics};
use crate::row::only;
use crate::seen::json;
use crate::shard::Shard;
use crate::sql::{Database, SqlError};
use event::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;

/// So many kinds of outcomes wait to be told one by one. All others of a tracker are told together.
const MAX_WAITING: usize = 1000;

/// The counters, as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    counters: Counters,
    policy: Option<String>,
}

/// The counters of a state. A copy costs nothing until one of the two is changed.
#[derive(Debug, Clone)]
pub struct Metrics {
    kept: Rc<Kept>,
    is_saved: bool,
}

impl Metrics {
    /// Reads what was kept, which must not keep a shard from working: what cannot be read begins anew.
    pub fn read(kept: &str) -> Self {
        Self { kept: Rc::new(serde_json::from_str(kept).unwrap_or_default()), is_saved: true }
    }

    /// What is to be saved, if anything.
    pub fn unsaved(&self) -> Result<Option<String>, SqlError> {
        if self.is_saved { Ok(None) } else { json(&*self.kept).map(Some) }
    }

    pub fn saved(&mut self) {
        self.is_saved = true;
    }

    /// The counters, to change them.
    pub fn count(&mut self) -> &mut Counters {
        &mut self.kept_mut().counters
    }

    fn kept_mut(&mut self) -> &mut Kept {
        self.is_saved = false;
        Rc::make_mut(&mut self.kept)
    }

    /// Trace has named its policy.
    pub fn name_policy(&mut self, policy: &str) {
        if self.kept.policy.as_deref() != Some(policy) {
            self.kept_mut().policy = Some(policy.to_owned());
        }
    }

    /// A call of a lane failed as a whole.
    pub fn call_failed(&mut self, lane: &str, reason: &str) {
        self.count().add_retries(lane, reason, 1);
    }

    /// What a transaction counted.
    pub fn add(&mut self, tally: &Tally) {
        let counters = self.count();
        for (name, counted) in &tally.events {
            if counted.received > 0 {
                let event = counters.event(name);
                event.received += counted.received;
                event.allowed += counted.allowed;
            }
            for line in &counted.lines {
                counters.add_outcome(&line.tracker, line.outcome, line.reason.as_deref(), line.count);
                if line.outcome == "delivered" {
                    *counters.event(name).delivered.entry(line.tracker.clone()).or_default() += line.count;
                }
            }
        }
        for (lane, reason, count) in &tally.retries {
            counters.add_retries(lane, reason, *count);
        }
        for (tracker, histogram) in &tally.latency {
            counters.delivery_latency.entry(tracker.clone()).or_default().add(histogram);
        }
    }
}

/// What one transaction counts. Trackers and reasons are few, so that lists do for them.
#[derive(Debug, Default)]
pub struct Tally {
    /// By name.
    events: BTreeMap<String, Counted>,
    retries: Vec<(String, String, i64)>,
    latency: Vec<(String, Histogram)>,
}

/// Events of a name.
#[derive(Debug, Default)]
struct Counted {
    received: i64,
    allowed: i64,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    tracker: String,
    outcome: &'static str,
    reason: Option<String>,
    count: i64,
}

impl Tally {
    /// An event has its final outcome.
    pub fn outcome(&mut self, event: &str, tracker: &str, outcome: &'static str, reason: Option<&str>) {
        of(&mut self.events, event).add(tracker, outcome, reason, 1);
    }

    /// A vendor took an event so many ms after its receipt.
    pub fn delivered_after(&mut self, tracker: &str, ms: i64) {
        let place = self.latency.iter().position(|(name, _)| name == tracker).unwrap_or_else(|| {
            self.latency.push((tracker.to_owned(), Histogram::default()));
            self.latency.len() - 1
        });
        self.latency[place].1.observe(&DELIVERY_BOUNDS_MS, ms.max(0));
    }

    /// An event was opened.
    pub fn opened(&mut self, event: &str, is_allowed: bool) {
        let counted = of(&mut self.events, event);
        counted.received += 1;
        counted.allowed += i64::from(is_allowed);
    }

    /// An event is tried again.
    pub fn retried(&mut self, tracker: &str, reason: &str) {
        match self.retries.iter_mut().find(|line| line.0 == tracker && line.1 == reason) {
            Some(line) => line.2 += 1,
            None => self.retries.push((tracker.to_owned(), reason.to_owned(), 1)),
        }
    }
}

/// What is counted of an event's name.
fn of<'a>(events: &'a mut BTreeMap<String, Counted>, name: &str) -> &'a mut Counted {
    // Without a copy of the name where it is there.
    if !events.contains_key(name) {
        events.insert(name.to_owned(), Counted::default());
    }
    events.get_mut(name).expect("it was just put there")
}

impl Counted {
    fn add(&mut self, tracker: &str, outcome: &'static str, reason: Option<&str>, count: i64) {
        let is_line = |line: &&mut Line| {
            line.tracker == tracker && line.outcome == outcome && line.reason.as_deref() == reason
        };
        match self.lines.iter_mut().find(is_line) {
            Some(line) => line.count += count,
            None => self.lines.push(Line {
                tracker: tracker.to_owned(),
                outcome,
                reason: reason.map(str::to_owned),
                count,
            }),
        }
    }
}

/// So many events of a name came to this with a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// The event's name.
    pub event: String,
    /// The tracker.
    pub tracker: String,
    /// `delivered`, `filtered`, `rejected` or `dead`.
    pub outcome: &'static str,
    /// Why: a stable token.
    pub reason: Option<String>,
    /// How many.
    pub count: i64,
}

/// Outcomes that are to be told one by one to somebody besides Console. They are in memory alone.
#[derive(Debug, Default)]
pub struct Waiting(BTreeMap<String, Counted>);

impl Waiting {
    /// Adds what a transaction counted, which is written.
    pub fn add(&mut self, tally: Tally) {
        let mut kinds: usize = self.0.values().map(|counted| counted.lines.len()).sum();
        for (event, counted) in tally.events {
            for Line { tracker, outcome, reason, count } in counted.lines {
                let is_full = kinds >= MAX_WAITING;
                let (event, reason) = if is_full { (OTHERS, None) } else { (event.as_str(), reason) };
                of(&mut self.0, event).add(&tracker, outcome, reason.as_deref(), count);
                kinds += 1;
            }
        }
    }
}

impl<D: Database> Shard<D> {
    /// How the shard is doing, and what it has counted. What is not written yet is written first.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn metrics(&mut self, now: Millis) -> Result<ShardMetrics, SqlError> {
        if self.state.metrics.unsaved()?.is_some() {
            let mut next = self.state.clone();
            next.save(&self.db)?;
            self.state = next;
        }
        let backlog = match self.backlog.take().filter(|backlog| backlog.is_recent(now)) {
            Some(backlog) => backlog,
            None => self.count_backlog(now)?,
        };
        let lanes = self.lanes_status(&backlog, now)?;
        let payloads = self.kept_payloads(&backlog);
        self.backlog = Some(backlog);
        let difference = "SELECT
            sum(abs(received - delivered - filtered - rejected - dead - pending)) FROM ledger";
        Ok(ShardMetrics {
            shard: self.number,
            now,
            payloads,
            bytes: self.waiting_bytes(),
            full: self.is_full(),
            lanes,
            policy: self.state.metrics.kept.policy.clone(),
            ledger_difference: only(self.db.query(difference, &[])?)?.int()?,
            counters: self.state.metrics.kept.counters.clone(),
        })
    }

    /// Payloads that were stored are durable now, which were received at these times, by another clock.
    pub fn durable(&mut self, received: &[Millis], now: Millis) {
        if !received.is_empty() {
            let latency = &mut self.state.metrics.count().accept_latency;
            received.iter().for_each(|at| latency.observe(&ACCEPT_BOUNDS_MS, (now.0 - at.0).max(0)));
        }
    }

    /// So many payloads were not stored, and why: a stable token.
    pub fn refused(&mut self, reason: &str, payloads: usize) {
        if payloads > 0 {
            let refused = &mut self.state.metrics.count().refused;
            *refused.entry(reason.to_owned()).or_default() += payloads as i64;
        }
    }

    /// A Worker has sent so many error reports, and suppressed so many, since it told before.
    pub fn reported(&mut self, worker: &str, sent: i64, suppressed: i64) {
        if sent > 0 || suppressed > 0 {
            let reports = self.state.metrics.count().reports.entry(worker.to_owned()).or_default();
            reports.sent += sent;
            reports.suppressed += suppressed;
        }
    }

    /// From now on outcomes are kept, in memory, until somebody [takes](Self::take_outcomes) them.
    pub fn keep_outcomes(&mut self) {
        self.outcomes = Some(Waiting::default());
    }

    /// Takes at most so many kinds of outcomes that were not taken before.
    pub fn take_outcomes(&mut self, most: usize) -> Vec<Outcomes> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(mut entry) = self.outcomes.as_mut().and_then(|waiting| waiting.0.first_entry()) else {
                break;
            };
            match entry.get_mut().lines.pop() {
                Some(Line { tracker, outcome, reason, count }) => {
                    taken.push(Outcomes { event: entry.key().clone(), tracker, outcome, reason, count });
                }
                None => {
                    entry.remove();
                }
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_its_sum_holds() {
        let mut waiting = Waiting::default();
        for i in 0..3 * MAX_WAITING {
            let mut tally = Tally::default();
            tally.outcome(&format!("e{i}"), "ga4", "rejected", Some("invalid"));
            waiting.add(tally);
        }
        let lines = || waiting.0.values().flat_map(|counted| &counted.lines);
        assert_eq!(lines().count(), MAX_WAITING + 1);
        assert_eq!(lines().map(|line| line.count).sum::<i64>(), 3 * MAX_WAITING as i64);
    }
}
