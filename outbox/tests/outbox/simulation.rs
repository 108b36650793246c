//! Random histories: whatever fails and whenever it crashes, nothing is lost and everything is accounted for.

use crate::metrics::{assert_never_back, told};
use crate::store::Store;
use crate::world::{Mode, TRACKERS, World};
use event::Millis;
use event::account::{LIVE, UNOPENED};
use outbox::Appended;
use outbox::admin::{BackfillPayload, BackfillRequest, Counters};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Histories of one run. `PROPTEST_CASES` would be read for all properties alike.
const CASES: u32 = 300;

const WAREHOUSES: [&str; 2] = ["bigquery", "d1"];

#[derive(Debug, Clone)]
enum Step {
    Send {
        events: u32,
        own: Option<u8>,
    },
    Again,
    Wait(i64),
    Crash,
    Warehouse(usize, Mode),
    Trace(Mode),
    Vendor(usize, Mode),
    EndHanging,
    DatabaseFails(usize),
    Pause(usize, bool),
    NewPolicy,
    Tell,
    /// Under a run of so few that the same one comes again.
    Backfill {
        back: usize,
        run: u8,
    },
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        3 => Just(Mode::Ok),
        1 => Just(Mode::Down),
        1 => Just(Mode::DownAfter),
        1 => Just(Mode::Hang),
        1 => Just(Mode::Retry(None)),
        1 => Just(Mode::Retry(Some(3))),
        1 => Just(Mode::Misconfigured),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..5u32, prop::option::of(0..5u8)).prop_map(|(events, own)| Step::Send { events, own }),
        1 => Just(Step::Again),
        6 => (0..3000i64).prop_map(Step::Wait),
        1 => Just(Step::Crash),
        1 => (0..WAREHOUSES.len(), mode()).prop_map(|(warehouse, mode)| Step::Warehouse(warehouse, mode)),
        1 => mode().prop_map(Step::Trace),
        2 => (0..TRACKERS.len(), mode()).prop_map(|(tracker, mode)| Step::Vendor(tracker, mode)),
        1 => Just(Step::EndHanging),
        1 => (1..30usize).prop_map(Step::DatabaseFails),
        1 => (0..TRACKERS.len(), any::<bool>()).prop_map(|(tracker, paused)| Step::Pause(tracker, paused)),
        1 => Just(Step::NewPolicy),
        2 => Just(Step::Tell),
        2 => (0..9usize, 0..2u8).prop_map(|(back, run)| Step::Backfill { back, run }),
    ]
}

/// Hands all events of a payload back for the first tracker. Returns how many were taken.
fn backfill(world: &mut World, run: &str, id: &str, data: &str, at: i64) -> Option<i64> {
    let payload = BackfillPayload {
        id: id.to_owned(),
        received_at: Millis(at),
        data: data.to_owned(),
        context: "{}".to_owned(),
        events: (0..data.parse().unwrap_or(1)).collect(),
    };
    let request = BackfillRequest {
        run: run.to_owned(),
        tracker: TRACKERS[0].to_owned(),
        as_of: Millis(world.now),
        payloads: vec![payload],
    };
    world.shard.backfill(&request, Millis(world.now)).ok().map(|reply| reply.taken)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_everything_is_accounted_for(
        steps in prop::collection::vec(step(), 1..60),
        warehouses in prop::sample::select(vec!["d1", "bigquery", "bigquery,d1"]),
    ) {
        let mut world =
            World::new(&[("OUTBOX_BATCH_EVENTS", "7"), ("RETRY_MAX", "10s"), ("WAREHOUSE", warehouses)]);
        let mut sent: Vec<(String, String)> = vec![];
        let mut last_told = Counters::default();
        let (mut at, mut handed) = (BTreeMap::new(), 0);
        for (i, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send { events, own } => {
                    let data = own.map_or(events.to_string(), |own| format!("own:e{own}"));
                    let id = format!("p{i}");
                    let new = vec![crate::world::payload(&id, world.now, &data)];
                    // Only what was acknowledged counts.
                    if world.shard.append(new, event::Millis(world.now)).is_ok() {
                        at.insert(id.clone(), world.now);
                        sent.push((id, data));
                    }
                }
                Step::Again => {
                    if let Some((id, data)) = sent.last().cloned() {
                        let new = vec![crate::world::payload(&id, world.now, &data)];
                        if let Ok(answers) = world.shard.append(new, event::Millis(world.now)) {
                            prop_assert_eq!(answers, [Appended::Duplicate]);
                        }
                    }
                }
                Step::Wait(millis) => world.run_for(millis),
                Step::Crash => {
                    world.db.fail_after(0);
                    world.crash();
                }
                Step::Warehouse(warehouse, mode) => {
                    if let Some(store) = world.stores.get_mut(WAREHOUSES[warehouse]) {
                        store.mode = mode;
                    }
                }
                Step::Trace(mode) => world.trace = if matches!(mode, Mode::Retry(_)) { Mode::Ok } else { mode },
                Step::Vendor(tracker, mode) => {
                    world.vendors.insert(TRACKERS[tracker], mode);
                }
                Step::EndHanging => world.end_hanging(),
                Step::DatabaseFails(statements) => {
                    world.db.fail_after(statements);
                }
                Step::Pause(tracker, paused) => {
                    let _ = world.shard.pause(TRACKERS[tracker], paused);
                }
                Step::Backfill { back, run } => {
                    if let Some((id, data)) = sent.iter().rev().nth(back) {
                        let run = format!("backfill:{run}");
                        handed += backfill(&mut world, &run, id, data, at[id]).unwrap_or_default();
                    }
                }
                Step::NewPolicy => world.policy = format!("{i}-x"),
                Step::Tell => {
                    if let Some(counters) = told(&mut world, sent.len() as i64) {
                        assert_never_back(&last_told, &counters);
                        last_told = counters;
                    }
                }
            }
            let armed = world.db.fail_after(0);
            world.assert_balanced();
            world.assert_balanced_in_warehouse();
            world.db.fail_after(armed);
        }
        // Everything is well again.
        world.db.fail_after(0);
        world.stores.values_mut().for_each(|store| store.mode = Mode::Ok);
        world.trace = Mode::Ok;
        for tracker in TRACKERS {
            world.vendors.insert(tracker, Mode::Ok);
            world.shard.pause(tracker, false).unwrap();
        }
        world.end_hanging();
        world.run_for(600_000);
        prop_assert_eq!(world.pending(), 0);
        prop_assert_eq!(world.shard.status(event::Millis(world.now)).unwrap().payloads, 0);
        prop_assert_eq!(world.shard.status(event::Millis(world.now)).unwrap().bytes, 0);
        world.assert_balanced();
        world.assert_balanced_in_warehouse();
        world.assert_told();
        let counters = told(&mut world, sent.len() as i64).unwrap();
        assert_never_back(&last_told, &counters);
        prop_assert_eq!(world.shard.next_due(), None, "nothing keeps it awake");
        for store in world.stores.values() {
            let raw: Vec<_> = sent.iter().map(|(id, _)| store.raw.get(id).map(Vec::as_slice)).collect();
            prop_assert!(raw.iter().all(|copies| copies.is_some_and(|copies| copies.len() == 1)));
            let again = store.deliveries.values().filter(|row| row.run != LIVE);
            prop_assert_eq!(again.clone().count() as i64, handed, "what was handed back has its outcome, once");
            prop_assert!(again.clone().all(|row| row.tracker == "a" && row.event != UNOPENED));
        }
        for (id, data) in &sent {
            let events = data.parse().unwrap_or(1);
            for idx in 0..events {
                for tracker in TRACKERS {
                    for store in world.stores.values() {
                        let told = store.deliveries.values().filter(|row| {
                            row.run == LIVE
                                && (row.payload_id.as_str(), row.idx, row.tracker.as_str()) == (id, idx, tracker)
                        });
                        prop_assert_eq!(told.count(), 1, "{} {} {}", id, idx, tracker);
                    }
                    let event = event::id::event_id(data.strip_prefix("own:"), id, idx);
                    let owed = tracker != "c" || idx % 2 == 0;
                    let taken = world.received.contains_key(&(tracker.to_owned(), event));
                    prop_assert_eq!(taken, owed, "{} {} {}", id, idx, tracker);
                }
            }
        }
    }

    /// Each has only what came while it was there; what none has is lost.
    #[test]
    fn switching_warehouses_loses_nothing(steps in prop::collection::vec(step(), 1..40), sets in prop::collection::vec(0..3usize, 40)) {
        let mut world = World::new(&[("OUTBOX_BATCH_EVENTS", "7"), ("OUTBOX_BATCH_BYTES", "1000"), ("RETRY_MAX", "10s")]);
        world.told_calls = Some(200);
        let mut sent: Vec<String> = vec![];
        for (i, (step, set)) in steps.into_iter().zip(sets).enumerate() {
            match step {
                Step::Send { events, .. } => {
                    let id = format!("p{i}");
                    let large = if events == 4 { 3000 } else { 0 };
                    world.send(&id, &(events.to_string() + &" ".repeat(large)));
                    sent.push(id);
                }
                Step::Wait(millis) => world.run_for(millis),
                Step::Warehouse(warehouse, mode) => {
                    world.use_warehouses(["d1", "bigquery", "bigquery,d1"][set]);
                    if let Some(store) = world.stores.get_mut(WAREHOUSES[warehouse]) {
                        store.mode = mode;
                    }
                }
                Step::Vendor(tracker, mode) => {
                    world.vendors.insert(TRACKERS[tracker], mode);
                }
                Step::Crash => world.crash(),
                _ => {}
            }
            world.assert_balanced();
        }
        world.stores.values_mut().for_each(|store| store.mode = Mode::Ok);
        for tracker in TRACKERS {
            world.vendors.insert(tracker, Mode::Ok);
        }
        world.end_hanging();
        world.run_for(600_000);
        let status = world.shard.status(event::Millis(world.now)).unwrap();
        prop_assert_eq!((world.pending(), status.payloads, status.bytes), (0, 0, 0));
        prop_assert_eq!(world.shard.next_due(), None);
        for id in &sent {
            prop_assert!(world.stores.values().any(|store| store.raw.contains_key(id)), "{} is nowhere", id);
            for tracker in TRACKERS {
                let is_told = |store: &Store| {
                    store.deliveries.values().any(|row| (&row.payload_id, row.tracker.as_str()) == (id, tracker))
                };
                prop_assert!(world.stores.values().any(is_told), "{} {}", id, tracker);
            }
        }
    }
}
