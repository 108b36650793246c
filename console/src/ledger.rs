//! `GET /api/ledger`: the counters of all shards, summed.

use crate::failure::Failure;
use crate::params::{self, Params};
use crate::shards::{Failed, Outbox, each};
use outbox::admin::{Counter, ShardStatus};
use serde::Serialize;
use worker::Response;

/// Which lines are asked for. What is absent does not restrict.
#[derive(Debug, Default)]
struct Filter {
    day: Option<String>,
    run: Option<String>,
    tracker: Option<String>,
}

impl Filter {
    fn read(mut params: Params) -> Result<Self, Vec<String>> {
        let filter = Self {
            day: params.take("day", "a day such as 2026-11-01", params::day),
            run: params.take("run", "live, replay:<id> or backfill:<id>", params::run),
            tracker: params.tracker(),
        };
        params.finish().map(|()| filter)
    }

    fn admits(&self, counter: &Counter) -> bool {
        let is = |wanted: &Option<String>, it: &str| wanted.as_deref().is_none_or(|wanted| wanted == it);
        is(&self.day, &counter.day) && is(&self.run, &counter.run) && is(&self.tracker, &counter.tracker)
    }
}

/// A counter over all shards.
#[derive(Debug, PartialEq, Serialize)]
struct Line {
    #[serde(flatten)]
    counter: Counter,
    /// Events of which nobody knows what became: anything but 0 is an error of Sparrow's.
    unaccounted: i64,
}

impl From<Counter> for Line {
    fn from(counter: Counter) -> Self {
        let Counter { received, delivered, filtered, rejected, dead, pending, .. } = counter;
        Self { counter, unaccounted: received - (delivered + filtered + rejected + dead + pending) }
    }
}

/// Sums counters of the same day, event, tracker and run; in this order.
fn sum(counters: &mut Vec<Counter>) {
    fn key(counter: &Counter) -> (&str, &str, &str, &str) {
        (&counter.day, &counter.event, &counter.tracker, &counter.run)
    }
    counters.sort_by(|a, b| key(a).cmp(&key(b)));
    counters.dedup_by(|next, sum| {
        let is_same = key(next) == key(sum);
        if is_same {
            sum.received += next.received;
            sum.delivered += next.delivered;
            sum.filtered += next.filtered;
            sum.rejected += next.rejected;
            sum.dead += next.dead;
            sum.pending += next.pending;
        }
        is_same
    });
}

/// Answers; what is summed lacks the shards that failed.
pub async fn ledger(outbox: Outbox<'_>, params: Params) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        ledger: Vec<Line>,
        failed: Vec<Failed>,
    }
    let filter = Filter::read(params)?;
    let known = outbox.list().await?.shards;
    let mut counters = Vec::new();
    let failed = each(
        &known,
        |shard| outbox.get::<ShardStatus>(shard, "/status"),
        |_, status| {
            counters.extend(status.ledger.into_iter().filter(|counter| filter.admits(counter)));
            // Now and not once at the end: what is kept does not grow with the number of shards.
            sum(&mut counters);
        },
    )
    .await;
    let ledger = counters.into_iter().map(Line::from).collect();
    Ok(Response::from_json(&Answer { ledger, failed })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(run: &str, day: &str, event: &str, tracker: &str) -> Counter {
        Counter {
            run: run.into(),
            day: day.into(),
            event: event.into(),
            tracker: tracker.into(),
            received: 100,
            delivered: 1,
            filtered: 2,
            rejected: 4,
            dead: 8,
            pending: 85,
        }
    }

    #[test]
    fn counters_of_the_same_name_are_summed_and_no_others() {
        let one = || counter("live", "2026-11-01", "look", "ga4");
        let others = [
            counter("replay:1", "2026-11-01", "look", "ga4"),
            counter("live", "2026-11-02", "look", "ga4"),
            counter("live", "2026-11-01", "buy", "ga4"),
            counter("live", "2026-11-01", "look", "heap"),
        ];
        let mut counters = vec![one()];
        counters.extend(others.clone());
        counters.push(one());
        sum(&mut counters);
        assert_eq!(counters.len(), 5);
        let doubled = Counter {
            received: 200,
            delivered: 2,
            filtered: 4,
            rejected: 8,
            dead: 16,
            pending: 170,
            ..one()
        };
        assert!(counters.contains(&doubled), "{counters:?}");
        assert!(others.iter().all(|other| counters.contains(other)), "{counters:?}");
    }

    #[test]
    fn an_event_in_none_of_the_five_is_unaccounted() {
        let whole = counter("live", "2026-11-01", "look", "ga4");
        assert_eq!(Line::from(whole.clone()).unaccounted, 0);
        for short in [
            Counter { received: 101, ..whole.clone() },
            Counter { delivered: 0, ..whole.clone() },
            Counter { filtered: 1, ..whole.clone() },
            Counter { rejected: 3, ..whole.clone() },
            Counter { dead: 7, ..whole.clone() },
            Counter { pending: 84, ..whole.clone() },
        ] {
            assert_eq!(Line::from(short).unaccounted, 1);
        }
    }

    #[test]
    fn day_run_and_tracker_restrict() {
        let admits = |query: &str| {
            let filter = Filter::read(Params::of_url(&format!("?{query}"))).unwrap();
            filter.admits(&counter("live", "2026-11-01", "look", "(none)"))
        };
        for query in ["", "day=2026-11-01", "run=live", "tracker=(none)", "run=live&tracker=(none)"] {
            assert!(admits(query), "{query}");
        }
        for query in ["day=2026-11-02", "run=replay:1", "tracker=ga4", "run=live&tracker=ga4"] {
            assert!(!admits(query), "{query}");
        }
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let faults = Filter::read(Params::of_url("?day=today&run=all&tracker=*&event=look")).unwrap_err();
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(faults[3].contains("there are day, run, tracker"), "{faults:?}");
    }
}
