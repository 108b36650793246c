//! What a shard counts is what happened, and what it has told never steps back.

use crate::world::{Mode, NOON, TRACKERS, World};
use event::Millis;
use outbox::admin::{Counters, DELIVERY_BOUNDS_MS, DeadFilter, Histogram};
use outbox::sql::{Database, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What the shard tells: the counters of outcomes are the ledger's terms, and each payload that was acknowledged is counted once.
/// Nothing where the database fails.
pub fn told(world: &mut World, acknowledged: i64) -> Option<Counters> {
    let metrics = world.shard.metrics(Millis(world.now)).ok()?;
    let counters = metrics.counters;
    assert_eq!(metrics.ledger_difference, 0);
    assert_eq!(counters.accepted, acknowledged);
    let mut expected: BTreeMap<(String, &str), i64> = BTreeMap::new();
    let mut received: BTreeMap<String, i64> = BTreeMap::new();
    let mut delivered: BTreeMap<(String, String), i64> = BTreeMap::new();
    let armed = world.db.fail_after(0);
    for line in world.shard.status(Millis(world.now)).unwrap().ledger {
        for (outcome, count) in [
            ("delivered", line.delivered),
            ("filtered", line.filtered),
            ("rejected", line.rejected),
            ("dead", line.dead),
        ] {
            *expected.entry((line.tracker.clone(), outcome)).or_default() += count;
        }
        // Every event has a line for each tracker, and in a run of its own for each that it is replayed for.
        if line.tracker == TRACKERS[0] && line.run == event::account::LIVE {
            *received.entry(line.event.clone()).or_default() += line.received;
        }
        *delivered.entry((line.event, line.tracker)).or_default() += line.delivered;
    }
    world.db.fail_after(armed);
    expected.retain(|_, count| *count > 0);
    delivered.retain(|_, count| *count > 0);
    let mut counted: BTreeMap<(String, &str), i64> = BTreeMap::new();
    for line in &counters.outcomes {
        *counted.entry((line.tracker.clone(), line.outcome.as_str())).or_default() += line.count;
    }
    assert_eq!(counted, expected);
    let names = counters.events.iter();
    assert_eq!(
        names.map(|(name, counts)| (name.clone(), counts.received)).collect::<BTreeMap<_, _>>(),
        received
    );
    let by_name = counters.events.iter().flat_map(|(name, counts)| {
        counts.delivered.iter().map(|(tracker, count)| ((name.clone(), tracker.clone()), *count))
    });
    assert_eq!(by_name.collect::<BTreeMap<_, _>>(), delivered);
    for tracker in TRACKERS {
        let observed = counters.delivery_latency.get(tracker).map_or(0, observations);
        let delivered = counted.get(&(tracker.to_owned(), "delivered")).copied().unwrap_or_default();
        assert_eq!(observed, delivered, "{tracker}: an observation for each");
    }
    Some(counters)
}

fn observations(histogram: &Histogram) -> i64 {
    histogram.counts.iter().sum()
}

/// No number is less than it was.
pub fn assert_never_back(before: &Counters, after: &Counters) {
    let (before, after) = (serde_json::to_value(before).unwrap(), serde_json::to_value(after).unwrap());
    assert_at_least("", &before, &after);
}

fn assert_at_least(place: &str, before: &Json, after: &Json) {
    match before {
        Json::Number(number) => {
            assert!(after.as_i64() >= number.as_i64(), "{place}: {after} after {number}");
        }
        Json::Object(members) => members
            .iter()
            .for_each(|(name, member)| assert_at_least(&format!("{place}.{name}"), member, &after[name])),
        Json::Array(items) => {
            (0..items.len()).for_each(|at| assert_at_least(&format!("{place}.{at}"), &items[at], &after[at]))
        }
        other => assert_eq!(other, after, "{place}"),
    }
}

fn rows_changed(world: &World) -> i64 {
    match world.db.query("SELECT total_changes()", &[]).unwrap()[0][0] {
        Value::Int(rows) => rows,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn counting_writes_no_row_with_an_append_and_one_before_it_is_told() {
    let mut world = World::new(&[]);
    world.send("first", "1");
    world.run_for(60_000);
    let before = rows_changed(&world);
    world.send("p", "1");
    assert_eq!(rows_changed(&world) - before, 2, "the payload and its line of the ledger");
    told(&mut world, 2);
    assert_eq!(rows_changed(&world) - before, 3);
    told(&mut world, 2);
    assert_eq!(rows_changed(&world) - before, 3, "nothing is new");
}

#[test]
fn what_is_appended_is_counted_after_a_crash_and_what_was_told_is_not_lost() {
    let mut world = World::new(&[("OUTBOX_MAX_BYTES", "100000")]);
    world.trace = Mode::Down;
    world.send("p", "1");
    world.send("p", "1");
    world.shard.durable(&[Millis(NOON - 7), Millis(NOON + 3)], Millis(NOON));
    world.shard.refused("unreadable", 2);
    world.shard.reported("trace", 1, 400);
    let before = told(&mut world, 1).unwrap();
    assert_eq!((before.duplicates, before.refused["unreadable"]), (1, 2));
    assert_eq!((before.reports["trace"].sent, before.reports["trace"].suppressed), (1, 400));
    // One up to 10 ms, and one of a clock that is ahead.
    assert_eq!((&before.accept_latency.counts[..4], before.accept_latency.sum_ms), (&[1, 0, 0, 1][..], 7));
    world.send("q", "2");
    world.send("large", &" ".repeat(200_000));
    world.crash();
    let after = told(&mut world, 2).unwrap();
    assert_never_back(&before, &after);
    assert!(after.accepted_bytes > before.accepted_bytes);
    assert_eq!(after.refused.get("full"), None, "it was in memory alone, and not told");
}

#[test]
fn calls_that_fail_and_events_that_are_tried_again_are_counted_with_their_reason() {
    let mut world = World::new(&[]);
    world.trace = Mode::Down;
    world.store("d1").mode = Mode::Down;
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "2");
    world.run_for(1000);
    world.trace = Mode::Ok;
    world.store("d1").mode = Mode::Ok;
    world.run_for(60_000);
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    let counters = told(&mut world, 1).unwrap();
    let lines: Vec<_> = counters
        .retries
        .iter()
        .map(|line| (line.lane.as_str(), line.reason.as_str(), line.count > 0))
        .collect();
    for line in [("(open)", "trace_500", true), ("(raw d1)", "down", true), ("a", "http_503", true)] {
        assert!(lines.contains(&line), "{line:?} of {lines:?}");
    }
    assert_eq!(counters.events["even"].allowed, 1);
    assert_eq!(counters.events["odd"].delivered["b"], 1);
}

/// At each statement in turn: of a first attempt, which is written with the opening, and of a retry.
#[test]
fn a_transaction_that_fails_counts_nothing() {
    for statement in 1..60 {
        let mut world = World::new(&[]);
        world.vendors.insert("a", Mode::Retry(None));
        world.send("p", "2");
        world.db.fail_after(statement);
        world.run_for(2000);
        world.vendors.insert("a", Mode::Ok);
        world.db.fail_after(statement);
        world.run_for(20_000);
        world.db.fail_after(0);
        world.run_for(600_000);
        let counters = told(&mut world, 1).unwrap();
        assert_eq!(observations(&counters.delivery_latency["a"]), 2, "statement {statement}");
    }
}

#[test]
fn an_event_that_is_owed_to_nobody_is_received_and_not_allowed() {
    let mut world = World::new(&[]);
    world.send("p", "own:order-1");
    world.send("q", "own:order-1");
    world.run_for(10_000);
    let counters = told(&mut world, 2).unwrap();
    assert_eq!((counters.events["even"].received, counters.events["even"].allowed), (2, 1));
}

#[test]
fn replays_count_as_the_ledger_counts_them() {
    let mut world = World::new(&[]);
    world.vendors.insert("b", Mode::Down);
    world.send("p", "2");
    world.run_for(world.settings.retry_window + 600_000);
    world.trace = Mode::Down;
    world.send("q", "1");
    world.run_for(world.settings.retry_window + 600_000);
    let dead = told(&mut world, 2).unwrap();
    assert!(dead.outcomes.iter().any(|line| line.tracker == "(all)" && line.outcome == "dead"));
    world.trace = Mode::Ok;
    world.vendors.insert("b", Mode::Ok);
    world.shard.replay("replay:1", &DeadFilter::default(), Millis(world.now)).unwrap();
    world.run_for(600_000);
    let metrics = world.shard.metrics(Millis(world.now)).unwrap();
    assert_never_back(&dead, &metrics.counters);
    assert_eq!(metrics.policy.as_deref(), Some("1-a"));
    let delivered: i64 = metrics.counters.events.values().map(|counts| counts.delivered["b"]).sum();
    assert_eq!(delivered, 3, "two of p, one of q");
    assert_eq!(metrics.ledger_difference, 0);
}

/// A wave is written when all have answered; a vendor that takes its time is no other's latency.
#[test]
fn the_latency_of_a_delivery_ends_with_the_answer() {
    let mut world = World::new(&[]);
    world.vendors.insert("b", Mode::Hang);
    world.send("p", "1");
    world.run_for(700);
    world.now += 200;
    world.answer_hanging();
    world.run_for(10_000);
    let counters = told(&mut world, 1).unwrap();
    let of = |tracker: &str| counters.delivery_latency[tracker].sum_ms;
    assert!(of("a") <= 150, "{} ms", of("a"));
    assert_eq!(of("b"), 900);
    assert_eq!(counters.delivery_latency["a"].counts.len(), DELIVERY_BOUNDS_MS.len() + 1);
}

#[test]
fn a_shard_of_the_release_before_goes_on_and_counts_from_now() {
    let mut world = World::new(&[]);
    world.send("p", "1");
    world.run_for(10_000);
    world.db.execute("ALTER TABLE state DROP COLUMN metrics");
    world.crash();
    world.send("q", "1");
    world.run_for(10_000);
    let counters = world.shard.metrics(Millis(world.now)).unwrap().counters;
    assert_eq!((counters.accepted, counters.events["even"].received), (1, 1));
    assert_eq!(world.received.len(), 6, "both payloads are with all trackers");
}

#[test]
fn a_counter_that_cannot_be_read_stops_no_shard() {
    let mut world = World::new(&[]);
    world.db.execute("UPDATE state SET metrics = '{\"counters\":{\"accepted\":\"many\"}}'");
    world.crash();
    world.send("p", "1");
    world.run_for(10_000);
    assert_eq!(told(&mut world, 1).unwrap().events["even"].received, 1);
}

#[test]
fn outcomes_are_handed_over_once_and_by_kind() {
    let mut world = World::new(&[]);
    world.shard.keep_outcomes();
    world.send("p", "3");
    world.run_for(10_000);
    let first = world.shard.take_outcomes(2);
    assert_eq!(first.len(), 2);
    let all: Vec<_> = first.into_iter().chain(world.shard.take_outcomes(100)).collect();
    let count = |outcome: &str| -> i64 {
        all.iter().filter(|kind| kind.outcome == outcome).map(|kind| kind.count).sum()
    };
    assert_eq!((count("delivered"), count("filtered")), (8, 1));
    let filtered = all.iter().find(|kind| kind.outcome == "filtered").unwrap();
    assert_eq!(
        (filtered.event.as_str(), filtered.tracker.as_str(), filtered.reason.as_deref()),
        ("odd", "c", Some("not_for_tracker"))
    );
    assert_eq!(world.shard.take_outcomes(100), []);
}
