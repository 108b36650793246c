//! The metric families of Sparrow, made of what shards answered.
//!
//! Every sample of a shard says which one it is of, so that a shard without an answer is a gap and not a step.
//! Labels are names alone, all from bounded sets: lanes, trackers, the shards' own tokens, and events of the policy.

use crate::exposition::{Exposition, Family, Format, Kind, Seconds};
use outbox::admin::{ACCEPT_BOUNDS_MS, DELIVERY_BOUNDS_MS, LaneStatus, ReportCounts, ShardMetrics};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Reasons to refuse and Workers that report errors: their counters are there from the beginning, so that the first one
/// is an increase, too.
const REFUSALS: [&str; 3] = ["database", "full", "unreadable"];
const REPORTERS: [&str; 2] = ["dispatcher", "trace"];

/// What was answered.
pub struct Scrape {
    known: usize,
    shards: BTreeMap<u32, Shard>,
}

struct Shard {
    /// Its number, as labels have it.
    label: String,
    metrics: ShardMetrics,
}

type Label<'a> = (&'a str, &'a str);

impl Scrape {
    /// Of so many shards.
    pub fn of(known: usize) -> Self {
        Self { known, shards: BTreeMap::new() }
    }

    /// A shard has answered.
    pub fn add(&mut self, shard: u32, metrics: ShardMetrics) {
        self.shards.insert(shard, Shard { label: shard.to_string(), metrics });
    }

    /// The text.
    pub fn write(&self, format: Format) -> String {
        let mut out = Exposition::new(format);
        self.shards(&mut out);
        self.ingest(&mut out);
        self.vendors(&mut out);
        self.events(&mut out);
        self.lanes(&mut out);
        out.finish()
    }

    fn shards(&self, out: &mut Exposition) {
        let failed = self.known.saturating_sub(self.shards.len());
        out.family(Kind::Gauge, "sparrow_shards", "Shards of the Outbox that were ever used.")
            .sample(&[], self.known);
        out.family(
            Kind::Gauge,
            "sparrow_shards_failed",
            "Shards without an answer; their series are missing.",
        )
        .sample(&[], failed);
        let help = "Payloads with something still to be done.";
        self.per_shard(out.family(Kind::Gauge, "sparrow_outbox_payloads", help), |of| of.payloads);
        let help = "What waits in the Outbox, payloads and rows.";
        self.per_shard(out.family(Kind::Gauge, "sparrow_outbox_bytes", help), |of| of.bytes);
        let help = "Whether so much waits that payloads are refused.";
        self.per_shard(out.family(Kind::Gauge, "sparrow_outbox_full", help), |of| of.full.into());
        let help = "Events that the ledger does not account for; anything but 0 is an error of Sparrow's.";
        self.per_shard(out.family(Kind::Gauge, "sparrow_ledger_difference", help), |of| of.ledger_difference);
        let help = "The policy that Trace named last.";
        self.each(out.family(Kind::Info, "sparrow_policy", help), |family, shard, of| {
            if let Some(version) = &of.policy {
                family.sample(&[shard, ("version", version)], 1);
            }
        });
        let help = "Error reports of Dispatcher and Trace, where they go to Sentry: sent, or suppressed since they were alike or too many.";
        self.each(out.family(Kind::Counter, "sparrow_error_reports", help), |family, shard, of| {
            let mut reports = BTreeMap::from(REPORTERS.map(|worker| (worker, ReportCounts::default())));
            reports.extend(of.counters.reports.iter().map(|(worker, counts)| (worker.as_str(), *counts)));
            for (worker, counts) in reports {
                family.sample(&[shard, ("worker", worker), ("state", "sent")], counts.sent);
                family.sample(&[shard, ("worker", worker), ("state", "suppressed")], counts.suppressed);
            }
        });
    }

    fn ingest(&self, out: &mut Exposition) {
        let help = "Payloads that were stored for the first time.";
        let family = out.family(Kind::Counter, "sparrow_payloads_accepted", help);
        self.per_shard(family, |of| of.counters.accepted);
        let help = "Bodies and contexts of accepted payloads.";
        self.per_shard(out.family(Kind::Counter, "sparrow_payload_bytes", help), |of| {
            of.counters.accepted_bytes
        });
        let help = "Payloads that were stored already.";
        let family = out.family(Kind::Counter, "sparrow_payloads_duplicate", help);
        self.per_shard(family, |of| of.counters.duplicates);
        let help = "Payloads that a shard did not store, by reason.";
        self.each(out.family(Kind::Counter, "sparrow_payloads_refused", help), |family, shard, of| {
            let mut refused = BTreeMap::from(REFUSALS.map(|reason| (reason, 0)));
            refused.extend(of.counters.refused.iter().map(|(reason, count)| (reason.as_str(), *count)));
            for (reason, count) in refused {
                family.sample(&[shard, ("reason", reason)], count);
            }
        });
        let help = "From receipt to stored durably.";
        let family = out.family(Kind::Histogram, "sparrow_accept_latency_seconds", help);
        self.each(family, |family, shard, of| {
            let histogram = &of.counters.accept_latency;
            family.histogram(&[shard], &ACCEPT_BOUNDS_MS, &histogram.counts, histogram.sum_ms);
        });
    }

    fn vendors(&self, out: &mut Exposition) {
        let help = "What finally became of events, by tracker, outcome and reason.";
        self.each(out.family(Kind::Counter, "sparrow_outcomes", help), |family, shard, of| {
            for line in &of.counters.outcomes {
                let reason = ("reason", line.reason.as_deref().unwrap_or_default());
                let labels = [shard, ("tracker", &line.tracker), ("outcome", &line.outcome), reason];
                family.sample(&labels, line.count);
            }
        });
        let help = "What came to nothing and is tried again, by lane and reason.";
        self.each(out.family(Kind::Counter, "sparrow_retries", help), |family, shard, of| {
            for line in &of.counters.retries {
                family.sample(&[shard, ("lane", &line.lane), ("reason", &line.reason)], line.count);
            }
        });
        let help = "From receipt of an event to the vendor's yes.";
        let family = out.family(Kind::Histogram, "sparrow_delivery_latency_seconds", help);
        self.each(family, |family, shard, of| {
            for (tracker, histogram) in &of.counters.delivery_latency {
                let labels = [shard, ("tracker", tracker)];
                family.histogram(&labels, &DELIVERY_BOUNDS_MS, &histogram.counts, histogram.sum_ms);
            }
        });
    }

    fn events(&self, out: &mut Exposition) {
        let help = "Events that came, by name.";
        self.each(out.family(Kind::Counter, "sparrow_events_received", help), |family, shard, of| {
            for (event, counts) in &of.counters.events {
                family.sample(&[shard, ("event", event)], counts.received);
            }
        });
        let help = "Events that a tracker is to get, by name.";
        self.each(out.family(Kind::Counter, "sparrow_events_allowed", help), |family, shard, of| {
            for (event, counts) in &of.counters.events {
                family.sample(&[shard, ("event", event)], counts.allowed);
            }
        });
        let help = "Events that a vendor took, by name and tracker.";
        self.each(out.family(Kind::Counter, "sparrow_events_delivered", help), |family, shard, of| {
            for (event, counts) in &of.counters.events {
                for (tracker, delivered) in &counts.delivered {
                    family.sample(&[shard, ("event", event), ("tracker", tracker)], delivered);
                }
            }
        });
    }

    fn lanes(&self, out: &mut Exposition) {
        let help = "0 closed, 1 half-open, 2 open.";
        let family = out.family(Kind::Gauge, "sparrow_lane_breaker_state", help);
        self.each_lane(family, |lane, _| breaker_state(&lane.breaker));
        let help = "Whether somebody paused the lane.";
        let family = out.family(Kind::Gauge, "sparrow_lane_paused", help);
        self.each_lane(family, |lane, _| Some(i64::from(lane.paused)));
        let help = "What waits in the lane.";
        let family = out.family(Kind::Gauge, "sparrow_lane_backlog", help);
        self.each_lane(family, |lane, _| Some(lane.backlog));
        let help = "How long ago the oldest payload that waits in the lane was received; 0 where none does.";
        let family = out.family(Kind::Gauge, "sparrow_lane_oldest_pending_age_seconds", help);
        self.each_lane(family, age_seconds);
        let help = "What the lane has given up and still keeps.";
        let family = out.family(Kind::Gauge, "sparrow_dead_letters", help);
        self.each_lane(family, |lane, _| Some(lane.dead));
        let help =
            "How long ago the oldest payload that the warehouse lacks was received; 0 where it has all.";
        let family = out.family(Kind::Gauge, "sparrow_warehouse_lag_seconds", help);
        self.each(family, |family, shard, of| {
            for lane in &of.lanes {
                let warehouse = lane.lane.strip_prefix("(raw ").and_then(|rest| rest.strip_suffix(')'));
                if let (Some(warehouse), Some(lag)) = (warehouse, age_seconds(lane, of)) {
                    family.sample(&[shard, ("warehouse", warehouse)], lag);
                }
            }
        });
    }

    /// Writes one sample per shard.
    fn per_shard(&self, family: Family<'_>, value: impl Fn(&ShardMetrics) -> i64) {
        self.each(family, |family, shard, of| family.sample(&[shard], value(of)));
    }

    /// Writes one sample per lane of each shard.
    fn each_lane<T: Display>(
        &self,
        family: Family<'_>,
        value: impl Fn(&LaneStatus, &ShardMetrics) -> Option<T>,
    ) {
        self.each(family, |family, shard, of| {
            for lane in &of.lanes {
                if let Some(value) = value(lane, of) {
                    family.sample(&[shard, ("lane", &lane.lane)], value);
                }
            }
        });
    }

    fn each(&self, mut family: Family<'_>, write: impl Fn(&mut Family<'_>, Label<'_>, &ShardMetrics)) {
        for shard in self.shards.values() {
            write(&mut family, ("shard", &shard.label), &shard.metrics);
        }
    }
}

fn breaker_state(breaker: &str) -> Option<i64> {
    match breaker {
        "closed" => Some(0),
        "half_open" => Some(1),
        "open" => Some(2),
        _ => None,
    }
}

/// By the shard's clock. None where something waits and nobody knows since when.
fn age_seconds(lane: &LaneStatus, of: &ShardMetrics) -> Option<Seconds> {
    match lane.oldest_pending {
        Some(oldest) => Some(Seconds((of.now.0 - oldest.0).max(0))),
        None => (lane.backlog == 0).then_some(Seconds(0)),
    }
}

#[cfg(test)]
mod tests;
