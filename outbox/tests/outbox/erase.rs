//! A person's events leave a shard wherever they are, nobody is named afterwards, and every sum holds.

use crate::world::{Mode, TRACKERS, World};
use event::id::erased_id;
use event::{Context, Millis, Payload};
use outbox::admin::{
    BEFORE_ALL, BackfillPayload, BackfillReply, BackfillRequest, DeadFilter, DeadRequest, EraseFindRequest,
    EraseReply, EraseRequest, ErasedEvents, KeptPayload, RewrittenPayload,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const KEY: [u8; 32] = [7; 32];

/// What the world's Trace finds in the rest: as many events, none with an id of its own.
fn rest(data: &str) -> String {
    let events: u32 = data.trim().parse().unwrap_or(1);
    format!("{events} ")
}

/// As `sparrow forget` does: finds payloads by their data, and erases these events of the payload wherever it is.
fn erase(world: &mut World, id: &str, data: &str, idx: &[u32]) -> EraseReply {
    let own = data.strip_prefix("own:").map(str::to_owned);
    let mut request = EraseRequest::default();
    // Of the last payload under this id.
    let mut times = world.sent.get(id).copied().into_iter().collect::<BTreeSet<_>>();
    let mut after = Some(BEFORE_ALL);
    while let Some(from) = after {
        let question = EraseFindRequest { ids: vec![data.to_owned()], after: from };
        let found = world.shard.find_to_erase(&question).unwrap();
        for kept in
            found.payloads.into_iter().filter(|kept| kept.payload.id == id && kept.payload.data == data)
        {
            let is_all = idx.len() as u32 == data.trim().parse().unwrap_or(1);
            let context = Context { erased: Some(idx.len() as u32), ..Context::default() };
            times.insert(kept.payload.received_at);
            let was = RewrittenPayload::print(&kept.payload.data);
            let payload = Payload { data: rest(data), context, ..kept.payload };
            request.payloads.push(RewrittenPayload { seq: kept.seq, was, payload, is_all });
        }
        after = found.after;
    }
    let events = |received_at| ErasedEvents {
        payload: id.to_owned(),
        received_at,
        idx: idx.to_vec(),
        ids: own.iter().cloned().collect(),
    };
    request.events = times.into_iter().map(events).collect();
    world.shard.erase(&request, KEY, Millis(world.now)).unwrap()
}

/// Every text of the shard's database.
fn everything(world: &World) -> String {
    use outbox::sql::Database;
    let text = |sql: &str| format!("{:?}", world.db.query(sql, &[]).unwrap());
    let tables = world.db.query("SELECT name FROM sqlite_master WHERE type = 'table'", &[]).unwrap();
    let names = tables.iter().map(|row| match &row[0] {
        outbox::sql::Value::Text(name) => name.clone(),
        other => panic!("{other:?}"),
    });
    names.map(|name| text(&format!("SELECT * FROM {name}"))).collect()
}

/// What the warehouse is told of an event at a tracker: its id there, and outcome with reason.
fn told(world: &World, id: &str, idx: u32, tracker: &str) -> Vec<(String, String)> {
    let rows = world.stores["d1"].deliveries.values();
    rows.filter(|row| (row.payload_id.as_str(), row.idx, row.tracker.as_str()) == (id, idx, tracker))
        .map(|row| {
            let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!("({reason})"));
            (row.event_id.clone(), row.outcome.clone() + &reason)
        })
        .collect()
}

fn assert_sums(world: &World) {
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
}

fn assert_done(world: &World) {
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((world.pending(), status.payloads, status.bytes), (0, 0, 0));
    assert_sums(world);
    world.assert_told();
}

#[test]
fn what_is_pending_is_filtered_and_the_others_of_the_batch_are_delivered() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "3");
    world.run_for(3000);
    let reply = erase(&mut world, "p", "3", &[1]);
    assert_eq!((reply.payloads, reply.pending), (1, 1));
    assert_sums(&world);
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    assert_eq!(told(&world, "p", 1, "a"), [(erased_id("p", 1), "filtered(erased)".to_owned())]);
    assert_eq!(told(&world, "p", 0, "a"), [("p.0".to_owned(), "delivered".to_owned())]);
    assert!(!world.received.contains_key(&("a".into(), "p.1".into())));
    assert_done(&world);
    let again = erase(&mut world, "p", "3", &[1]);
    assert_eq!(again, EraseReply { busy_for: again.busy_for, ..EraseReply::default() }, "it does nothing");
}

#[test]
fn what_nobody_opened_or_logged_yet_reaches_trace_and_warehouse_in_its_new_form() {
    for crashes in [false, true] {
        let mut world = World::new(&[]);
        (world.trace, world.store("d1").mode) = (Mode::Down, Mode::Down);
        world.send("p", "own:ada-1");
        world.send("q", "2");
        world.run_for(3000);
        erase(&mut world, "p", "own:ada-1", &[0]);
        if crashes {
            world.crash();
        }
        assert_sums(&world);
        assert!(!everything(&world).contains("own:ada-1"));
        (world.trace, world.store("d1").mode) = (Mode::Ok, Mode::Ok);
        world.run_for(600_000);
        assert_eq!(world.stores["d1"].raw["p"], ["1 "]);
        assert_eq!(world.stores["d1"].raw["q"], ["2"]);
        for tracker in TRACKERS {
            assert_eq!(told(&world, "p", 0, tracker), [(erased_id("p", 0), "filtered(erased)".to_owned())]);
        }
        assert!(world.received.keys().all(|(_, event)| event.starts_with("q.")));
        assert_done(&world);
    }
}

#[test]
fn payloads_in_memory_are_forgotten_too() {
    let mut world = World::new(&[]);
    world.send("p", "own:ada-1");
    erase(&mut world, "p", "own:ada-1", &[0]);
    world.run_for(5000);
    assert_eq!(world.stores["d1"].raw["p"], ["1 "]);
    assert!(world.received.is_empty());
    assert_done(&world);
}

#[test]
fn a_letter_goes_and_its_event_stays_dead() {
    let mut world = World::new(&[("RETRY_WINDOW", "10s")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "3");
    world.run_for(600_000);
    let dead = |world: &World| {
        let request = DeadRequest { filter: DeadFilter::default(), after: 0, limit: 10 };
        let letters = world.shard.dead(&request).unwrap().letters;
        letters.iter().flat_map(|letter| letter.events.iter().map(|event| event.idx)).collect::<BTreeSet<_>>()
    };
    assert_eq!(dead(&world), BTreeSet::from([0, 1, 2]));
    let before = world.shard.status(Millis(world.now)).unwrap().ledger;
    assert_eq!(erase(&mut world, "p", "3", &[0, 2]).dead, 2);
    assert_eq!(dead(&world), BTreeSet::from([1]));
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().ledger, before);
    world.vendors.insert("a", Mode::Ok);
    world.shard.replay("replay:1", &DeadFilter::default(), Millis(world.now)).unwrap();
    world.run_for(60_000);
    assert!(world.received.contains_key(&("a".into(), "p.1".into())));
    assert!(!world.received.contains_key(&("a".into(), "p.0".into())));
    assert_done(&world);
}

#[test]
fn a_payload_whose_last_letter_goes_goes_with_it() {
    let mut world = World::new(&[("RETRY_WINDOW", "10s")]);
    world.trace = Mode::Down;
    world.send("p", "own:ada-1");
    world.run_for(60_000);
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 1);
    erase(&mut world, "p", "own:ada-1", &[0]);
    assert_done(&world);
}

#[test]
fn what_comes_of_calls_under_way_names_nobody_and_is_not_tried_again() {
    for fails in [false, true] {
        let mut world = World::new(&[]);
        world.vendors.insert("a", Mode::Hang);
        world.told_calls = Some(10);
        world.send("p", "own:ada-1");
        world.send("q", "1");
        world.run_for(500);
        let hanging = erase(&mut world, "p", "own:ada-1", &[0]);
        assert!(hanging.busy_for > 0, "its call is under way");
        world.vendors.insert("a", Mode::Ok);
        if fails {
            world.end_hanging()
        } else {
            world.answer_hanging()
        }
        world.run_for(600_000);
        let expected = if fails { "filtered(erased)" } else { "delivered" };
        assert_eq!(told(&world, "p", 0, "a"), [(erased_id("p", 0), expected.to_owned())]);
        assert_eq!(world.received.contains_key(&("a".into(), "ada-1".into())), !fails);
        assert_eq!(told(&world, "q", 0, "a")[0].1, "delivered");
        let to_a =
            |row: &&event::SentRequest| row.tracker == "a" && row.events.iter().any(|event| event.0 == "p");
        assert!(!world.stores["d1"].requests.values().any(|row| to_a(&row)), "its body is not logged");
        assert!(!everything(&world).contains("ada-1"));
        assert_done(&world);
    }
}

#[test]
fn rows_on_their_way_to_a_warehouse_name_nobody() {
    let mut world = World::new(&[]);
    world.store("d1").mode = Mode::Down;
    world.told_calls = Some(10);
    world.send("p", "own:ada-1");
    world.run_for(2000);
    world.send("q", "1");
    world.run_for(2000);
    let reply = erase(&mut world, "p", "own:ada-1", &[0]);
    assert_eq!((reply.deliveries, reply.requests), (3, 3));
    assert!(!everything(&world).contains("ada-1"), "{}", everything(&world));
    world.store("d1").mode = Mode::Ok;
    world.run_for(600_000);
    for tracker in TRACKERS {
        assert_eq!(told(&world, "p", 0, tracker), [(erased_id("p", 0), "delivered".to_owned())]);
        assert_eq!(told(&world, "q", 0, tracker), [("q.0".to_owned(), "delivered".to_owned())]);
    }
    assert_eq!(world.stores["d1"].requests.len(), 3, "those of the other");
    assert_done(&world);
}

#[test]
fn rows_that_a_warehouse_refuses_later_are_not_kept_as_they_were() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery")]);
    world.store("bigquery").refused_events = vec!["even".into()];
    world.send("p", "own:ada-1");
    world.run_for(5000);
    assert!(everything(&world).contains("ada-1"));
    erase(&mut world, "p", "own:ada-1", &[0]);
    assert!(!everything(&world).contains("ada-1"), "{}", everything(&world));
    world.store("bigquery").refused_events.clear();
    let refused = DeadFilter { tracker: Some("(accounts bigquery)".into()), ..DeadFilter::default() };
    world.shard.replay("replay:1", &refused, Millis(world.now)).unwrap();
    world.run_for(60_000);
    assert!(world.stores["bigquery"].deliveries.values().all(|row| row.event_id == erased_id("p", 0)));
    assert_done(&world);
}

#[test]
fn a_batch_under_way_is_not_kept_as_it_was_when_its_time_is_over() {
    let mut world = World::new(&[("RETRY_WINDOW", "1s")]);
    world.store("d1").mode = Mode::Hang;
    world.send("p", "own:ada-1");
    world.run_for(5000);
    erase(&mut world, "p", "own:ada-1", &[0]);
    world.now += 60_000;
    // All its rows would be put aside as refused.
    world.end_hanging();
    assert!(!everything(&world).contains("ada-1"), "{}", everything(&world));
    world.store("d1").mode = Mode::Ok;
    world.run_for(600_000);
    assert_done(&world);
}

#[test]
fn a_copy_that_comes_later_goes_nowhere_and_is_not_named() {
    let mut world = World::new(&[]);
    world.send("p", "own:ada-1");
    world.run_for(5000);
    // Gone from the shard: it hears of the id alone.
    erase(&mut world, "p", "own:ada-1", &[0]);
    world.crash();
    world.now += 3 * world.settings.dedupe_window;
    world.send("copy", "own:ada-1");
    world.send("other", "own:you");
    world.run_for(5000);
    for tracker in TRACKERS {
        assert_eq!(told(&world, "copy", 0, tracker), [(erased_id("copy", 0), "filtered(erased)".to_owned())]);
        assert_eq!(told(&world, "other", 0, tracker), [("you".to_owned(), "delivered".to_owned())]);
    }
    assert_eq!(world.duplicates(), 0);
    assert!(!everything(&world).contains("ada-1"));
    assert_done(&world);
}

#[test]
fn a_subject_has_one_name_under_a_key_and_no_event_can_have_it() {
    let mut world = World::new(&[]);
    let request =
        EraseRequest { subjects: vec!["user:a".into(), "user:b".into()], ..EraseRequest::default() };
    let first = world.shard.erase(&request, KEY, Millis(world.now)).unwrap().subjects;
    world.crash();
    let again = world.shard.erase(&request, [1; 32], Millis(world.now)).unwrap().subjects;
    assert_eq!(first, again, "the first key stays");
    assert!(first[0] != first[1] && first.iter().all(|hash| hash.len() == 64));
}

#[test]
fn where_the_database_fails_nothing_is_erased() {
    let mut failed = 0;
    for statement in 1..30 {
        let mut world = World::new(&[]);
        world.vendors.insert("a", Mode::Retry(None));
        world.send("p", "3");
        world.run_for(3000);
        erase(&mut world, "none", "none", &[0]);
        let before = everything(&world);
        let question = EraseFindRequest { ids: vec!["3".into()], after: BEFORE_ALL };
        let found = world.shard.find_to_erase(&question).unwrap().payloads.remove(0);
        let received_at = found.payload.received_at;
        let events = vec![ErasedEvents { payload: "p".into(), received_at, idx: vec![1], ids: vec![] }];
        let was = RewrittenPayload::print(&found.payload.data);
        let payloads = vec![RewrittenPayload { seq: found.seq, was, payload: found.payload, is_all: false }];
        let request = EraseRequest { subjects: vec![], events, payloads };
        world.db.fail_after(statement);
        let done = world.shard.erase(&request, KEY, Millis(world.now));
        world.db.fail_after(0);
        if done.is_err() {
            failed += 1;
            assert_eq!(everything(&world), before, "{statement}");
        }
        world.vendors.insert("a", Mode::Ok);
        world.run_for(600_000);
        assert_done(&world);
    }
    assert!((10..25).contains(&failed), "{failed}");
}

#[test]
fn a_body_that_changed_since_it_was_read_is_left_and_nobody_is_back() {
    let mut world = World::new(&[("RETRY_WINDOW", "10s")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "3");
    world.run_for(600_000);
    let kept = |world: &World| {
        let question = EraseFindRequest { ids: vec!["3".into(), "d".into()], after: BEFORE_ALL };
        world.shard.find_to_erase(&question).unwrap().payloads.remove(0)
    };
    // Two people of one batch, each looked for before the other is erased.
    let read = kept(&world);
    let take = |world: &mut World, read: &KeptPayload, idx: u32, data: &str| {
        let received_at = read.payload.received_at;
        let events = vec![ErasedEvents { payload: "p".into(), received_at, idx: vec![idx], ids: vec![] }];
        let was = RewrittenPayload::print(&read.payload.data);
        let payload = Payload { data: data.into(), ..read.payload.clone() };
        let payloads = vec![RewrittenPayload { seq: read.seq, was, payload, is_all: false }];
        let request = EraseRequest { subjects: vec![], events, payloads };
        world.shard.erase(&request, KEY, Millis(world.now)).unwrap()
    };
    let first = take(&mut world, &read, 0, "(erased) bob dan");
    assert_eq!((first.payloads, first.changed, first.dead), (1, vec![], 1));
    let second = take(&mut world, &read, 1, "ada (erased) dan");
    assert_eq!((second.payloads, second.changed, second.dead), (0, vec![read.seq], 0));
    let again = kept(&world);
    assert_eq!((again.payload.data.as_str(), &again.dead), ("(erased) bob dan", &vec![1, 2]));
    let second = take(&mut world, &again, 1, "(erased) (erased) dan");
    assert_eq!((second.payloads, second.dead), (1, 1));
    assert_eq!(kept(&world).payload.data, "(erased) (erased) dan");
}

#[test]
fn another_payload_under_the_same_id_is_not_meant() {
    let mut world = World::new(&[]);
    world.told_calls = Some(10);
    world.send("nightly", "2");
    world.run_for(5000);
    let first = world.sent["nightly"];
    world.now += 3 * world.settings.dedupe_window;
    // Another night, other people: opened, on its way to the warehouse, and under way to a vendor.
    world.store("d1").mode = Mode::Down;
    world.vendors.insert("b", Mode::Hang);
    world.send("nightly", "2");
    world.run_for(1000);
    let events =
        vec![ErasedEvents { payload: "nightly".into(), received_at: first, idx: vec![0], ids: vec![] }];
    let request = EraseRequest { events, ..EraseRequest::default() };
    let reply = world.shard.erase(&request, KEY, Millis(world.now)).unwrap();
    assert_eq!((reply.deliveries, reply.requests), (0, 0));
    world.vendors.insert("b", Mode::Ok);
    world.answer_hanging();
    world.run_for(5000);
    world.store("d1").mode = Mode::Ok;
    world.now += 3 * world.settings.dedupe_window;
    world.send("nightly", "2");
    world.run_for(600_000);
    for tracker in TRACKERS {
        let outcome = ("nightly.0".to_owned(), "delivered".to_owned());
        assert_eq!(told(&world, "nightly", 0, tracker), [outcome.clone(), outcome.clone(), outcome]);
    }
    let calls = world.stores["d1"].requests.values().filter(|row| row.tracker == "b");
    assert_eq!(calls.count(), 3, "each is logged");
    assert_done(&world);
}

#[test]
fn a_payload_of_which_something_was_erased_is_not_taken_as_it_was() {
    let mut world = World::new(&[]);
    world.send("p", "2");
    world.run_for(5000);
    let at = world.sent["p"];
    erase(&mut world, "p", "2", &[0]);
    let back = |world: &mut World, received_at: Millis, data: &str, context: &str| -> BackfillReply {
        let (data, context) = (data.to_owned(), context.to_owned());
        let payload = BackfillPayload { id: "p".into(), received_at, data, context, events: vec![1] };
        let request = BackfillRequest {
            run: "backfill:x".into(),
            tracker: "a".into(),
            as_of: Millis(world.now),
            payloads: vec![payload],
        };
        world.shard.backfill(&request, Millis(world.now)).unwrap()
    };
    let whole = back(&mut world, at, "2", "{}");
    assert_eq!((whole.taken, whole.erased), (0, 1), "the other's body is in it");
    let rest = back(&mut world, at, "2 ", r#"{"erased":1}"#);
    assert_eq!((rest.taken, rest.erased), (1, 0));
    let other = back(&mut world, Millis(at.0 + 1), "2", "{}");
    assert_eq!((other.taken, other.erased), (1, 0), "another payload under the same id");
}

#[test]
fn a_payload_that_nobody_can_look_into_is_told() {
    use outbox::sql::Database;
    let mut world = World::new(&[]);
    world.trace = Mode::Down;
    world.send("p", "own:ada-1");
    world.send("q", "own:ada-1");
    world.db.query("UPDATE payload SET context = '{' WHERE id = 'p'", &[]).unwrap();
    let question = EraseFindRequest { ids: vec!["ada-1".into()], after: BEFORE_ALL };
    let found = world.shard.find_to_erase(&question).unwrap();
    assert_eq!((found.unreadable, found.payloads.len()), (vec!["p".to_owned()], 1));
}

#[derive(Debug, Clone)]
enum Step {
    Send(u32, bool),
    Erase(prop::sample::Index, u32),
    Wait(i64),
    Crash,
    Warehouse(Mode),
    Trace(Mode),
    Vendor(usize, Mode),
    EndHanging,
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Ok, Mode::Down, Mode::DownAfter, Mode::Hang, Mode::Retry(None)])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..5u32, any::<bool>()).prop_map(|(events, own)| Step::Send(events, own)),
        4 => (any::<prop::sample::Index>(), any::<u32>()).prop_map(|(which, places)| Step::Erase(which, places)),
        6 => (0..3000i64).prop_map(Step::Wait),
        1 => Just(Step::Crash),
        1 => mode().prop_map(Step::Warehouse),
        1 => mode().prop_map(Step::Trace),
        3 => (0..TRACKERS.len(), mode()).prop_map(|(tracker, mode)| Step::Vendor(tracker, mode)),
        1 => Just(Step::EndHanging),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whenever_it_is_erased_every_event_is_accounted_for_once(
        steps in prop::collection::vec(step(), 1..50),
        warehouse in prop::sample::select(vec!["d1", "bigquery"]),
    ) {
        let mut world =
            World::new(&[("OUTBOX_BATCH_EVENTS", "7"), ("RETRY_MAX", "10s"), ("RETRY_WINDOW", "1h"), ("WAREHOUSE", warehouse)]);
        world.told_calls = Some(10);
        let mut sent: Vec<(String, String, u32, Vec<u32>)> = vec![];
        for (i, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send(events, own) => {
                    let (id, data) = (format!("p{i}"), if own { format!("own:e{i}x") } else { events.to_string() });
                    world.send(&id, &data);
                    sent.push((id, data, if own { 1 } else { events }, vec![]));
                }
                Step::Erase(which, places) if !sent.is_empty() => {
                    let place = which.index(sent.len());
                    let (id, data, events, erased) = sent[place].clone();
                    let idx: Vec<u32> = (0..events).filter(|idx| places >> idx & 1 == 1).collect();
                    if !idx.is_empty() && erased.is_empty() {
                        erase(&mut world, &id, &data, &idx);
                        sent[place].3 = idx;
                        if data.starts_with("own:") {
                            let own = data.trim_start_matches("own:").to_owned();
                            prop_assert!(!everything(&world).contains(&own), "{} {}", own, everything(&world));
                        }
                    }
                }
                Step::Erase(..) => {}
                Step::Wait(millis) => world.run_for(millis),
                Step::Crash => world.crash(),
                Step::Warehouse(mode) => world.store(warehouse).mode = mode,
                Step::Trace(mode) => world.trace = if matches!(mode, Mode::Retry(_)) { Mode::Ok } else { mode },
                Step::Vendor(tracker, mode) => {
                    world.vendors.insert(TRACKERS[tracker], mode);
                }
                Step::EndHanging => world.end_hanging(),
            }
            world.assert_balanced();
            world.assert_balanced_in_warehouse();
        }
        world.store(warehouse).mode = Mode::Ok;
        world.trace = Mode::Ok;
        for tracker in TRACKERS {
            world.vendors.insert(tracker, Mode::Ok);
        }
        world.end_hanging();
        world.run_for(600_000);
        assert_done(&world);
        prop_assert_eq!(world.shard.next_due(), None, "nothing keeps it awake");
        let shard = everything(&world);
        for (id, data, events, erased) in &sent {
            for idx in 0..*events {
                for tracker in TRACKERS {
                    let rows: Vec<_> = world.stores[warehouse].deliveries.values()
                        .filter(|row| (row.payload_id.as_str(), row.idx, row.tracker.as_str()) == (id, idx, tracker))
                        .collect();
                    prop_assert_eq!(rows.len(), 1, "{} {} {}", id, idx, tracker);
                    let owed = tracker != "c" || idx % 2 == 0;
                    let event = event::id::event_id(data.strip_prefix("own:"), id, idx);
                    let taken = world.received.contains_key(&(tracker.to_owned(), event));
                    prop_assert!(!erased.is_empty() && erased.contains(&idx) || taken == owed, "{} {} {}", id, idx, tracker);
                }
            }
            if let (Some(own), false) = (data.strip_prefix("own:"), erased.is_empty()) {
                prop_assert!(!shard.contains(own), "{}", own);
            }
        }
    }
}
