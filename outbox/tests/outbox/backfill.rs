//! Handing back what a tracker lacks: once, to that tracker alone, and accounted for under a run of its own.

use crate::world::{Mode, NOON, World};
use event::Millis;
use outbox::admin::{
    BackfillPayload, BackfillReply, BackfillRequest, Counter, DeadFilter, DeadRequest, EraseRequest,
    ErasedEvents,
};

const RUN: &str = "backfill:x";

fn payload(id: &str, at: i64, data: &str, events: &[u32]) -> BackfillPayload {
    BackfillPayload {
        id: id.to_owned(),
        received_at: Millis(at),
        data: data.to_owned(),
        context: r#"{"origin":"https://shop.example"}"#.to_owned(),
        events: events.to_vec(),
    }
}

fn hand(world: &mut World, run: &str, payloads: Vec<BackfillPayload>) -> BackfillReply {
    let request =
        BackfillRequest { run: run.to_owned(), tracker: "a".to_owned(), as_of: Millis(world.now), payloads };
    let reply = world.shard.backfill(&request, Millis(world.now)).unwrap();
    world.assert_balanced();
    reply
}

fn lines(world: &World, run: &str) -> Vec<Counter> {
    let ledger = world.shard.status(Millis(world.now)).unwrap().ledger;
    ledger.into_iter().filter(|line| line.run == run && line.received > 0).collect()
}

#[test]
fn events_go_to_the_tracker_alone_by_their_names_and_leave_nothing_behind() {
    let mut world = World::new(&[]);
    let earlier = NOON - 40 * 24 * 3_600_000;
    let reply = hand(&mut world, RUN, vec![payload("p", earlier, "4", &[0, 1, 3])]);
    assert_eq!((reply.taken, reply.known, reply.pending, reply.full), (3, 0, 0, false));
    let waiting = lines(&world, RUN);
    assert_eq!((waiting.len(), waiting[0].event.as_str(), waiting[0].pending), (1, "(unopened)", 3));
    world.run_for(10_000);
    let received: Vec<_> = world.received.keys().cloned().collect();
    assert_eq!(
        received,
        [("a".into(), "p.0".into()), ("a".into(), "p.1".into()), ("a".into(), "p.3".into())]
    );
    let told: Vec<_> =
        lines(&world, RUN).into_iter().map(|line| (line.event, line.tracker, line.delivered)).collect();
    assert_eq!(told, [("even".into(), "a".into(), 1), ("odd".into(), "a".into(), 2)]);
    assert!(world.stores["d1"].raw.is_empty(), "raw is what was received");
    assert!(lines(&world, "live").is_empty());
    world.assert_balanced_in_warehouse();
    world.assert_told();
    let row = world.stores["d1"].deliveries.values().next().unwrap().clone();
    assert_eq!((row.run.as_str(), row.event_id.as_str(), row.received_at.0), (RUN, "p.0", earlier));
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((status.payloads, status.bytes), (0, 0));
}

#[test]
fn the_same_again_does_nothing_whenever_it_comes() {
    let mut world = World::new(&[]);
    let again = |world: &mut World| {
        let reply = hand(world, RUN, vec![payload("p", NOON, "2", &[0, 1])]);
        assert_eq!((reply.taken, reply.known), (0, 2));
    };
    assert_eq!(hand(&mut world, RUN, vec![payload("p", NOON, "2", &[0])]).taken, 1);
    let reply = hand(&mut world, RUN, vec![payload("p", NOON, "2", &[0, 1])]);
    assert_eq!((reply.taken, reply.known), (1, 1), "what is new in it is taken");
    again(&mut world);
    world.run_for(10_000);
    again(&mut world);
    world.crash();
    again(&mut world);
    assert_eq!((world.received.len(), world.duplicates()), (2, 0));
    assert_eq!(hand(&mut world, "backfill:y", vec![payload("p", NOON, "2", &[0])]).taken, 1, "another run");
    assert_eq!(hand(&mut world, RUN, vec![payload("p", NOON + 1, "2", &[0])]).taken, 1, "another payload");
    world.run_for(10_000);
    world.now += world.settings.dead_retention + world.settings.retry_window + 2 * 24 * 3_600_000;
    world.shard.upkeep(Millis(world.now)).unwrap();
    assert_eq!(hand(&mut world, RUN, vec![payload("p", NOON, "2", &[0])]).taken, 1, "not kept for ever");
}

#[test]
fn what_is_on_its_way_to_the_tracker_is_left_out() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.trace = Mode::Down;
    world.send("unopened", "1");
    world.run_for(1000);
    let asked = |id: &str| vec![payload(id, NOON, "1", &[0])];
    assert_eq!(hand(&mut world, RUN, asked("unopened")).pending, 1);
    world.trace = Mode::Ok;
    world.vendors.insert("a", Mode::Retry(None));
    world.run_for(20_000);
    assert_eq!(hand(&mut world, RUN, asked("unopened")).pending, 1, "it is owed by now");
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    assert_eq!((world.received.len(), world.duplicates()), (3, 0));
}

#[test]
fn dead_letters_are_taken_over_and_nobody_can_replay_them_as_well() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "2");
    world.run_for(2 * 3_600_000);
    world.vendors.insert("a", Mode::Ok);
    // As an earlier release left them.
    world.db.execute("DROP INDEX dead_by_payload; ALTER TABLE dead DROP COLUMN payload");
    world.crash();
    let reply = hand(&mut world, RUN, vec![payload("p", NOON, "2", &[0])]);
    assert_eq!((reply.taken, reply.letters), (1, 1));
    let dead = world.shard.dead(&DeadRequest { filter: Default::default(), after: 0, limit: 10 }).unwrap();
    let places: Vec<_> =
        dead.letters.iter().flat_map(|letter| &letter.events).map(|event| event.idx).collect();
    assert_eq!(places, [1], "the other event stays dead");
    assert_eq!(hand(&mut world, RUN, vec![payload("p", NOON, "2", &[0, 1])]).letters, 1);
    world.run_for(400_000);
    assert_eq!(world.lane("a").dead, 0);
    assert_eq!(world.duplicates(), 0);
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((status.payloads, status.bytes), (0, 0), "nothing keeps the payload any more");
    let dead: i64 = lines(&world, "live").iter().map(|line| line.dead).sum();
    assert_eq!(dead, 2, "in the live run they died");
}

#[test]
fn nothing_is_taken_while_much_waits_for_the_tracker() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Misconfigured);
    world.send("p", "1");
    world.run_for(1000);
    let many = |from: i64| (from..from + 1000).map(|i| payload(&format!("q{i}"), NOON, "1", &[0])).collect();
    assert_eq!(hand(&mut world, RUN, many(0)).taken, 1000);
    assert_eq!(hand(&mut world, RUN, many(1000)).taken, 1000);
    let reply = hand(&mut world, RUN, many(2000));
    assert_eq!((reply.taken, reply.full, reply.backlog), (0, true, 2001));
    assert_eq!((reply.breaker.as_str(), reply.reason.as_deref()), ("open", Some("misconfigured")));
    let reply = hand(&mut world, RUN, many(1000));
    assert_eq!((reply.known, reply.full), (1000, false), "it needs no room");
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    assert_eq!(hand(&mut world, RUN, many(2000)).taken, 1000);
    world.run_for(600_000);
    assert_eq!(
        (world.received.iter().filter(|((tracker, _), _)| tracker == "a").count(), world.duplicates()),
        (3001, 0)
    );
}

#[test]
fn a_database_that_fails_takes_nothing_and_the_next_time_all() {
    for statement in 1..30 {
        let mut world = World::new(&[]);
        world.db.fail_after(statement);
        let request = BackfillRequest {
            run: RUN.to_owned(),
            tracker: "a".to_owned(),
            as_of: Millis(NOON),
            payloads: vec![payload("p", NOON, "2", &[0, 1]), payload("q", NOON, "1", &[0])],
        };
        let done = world.shard.backfill(&request, Millis(world.now));
        world.db.fail_after(0);
        if done.is_err() {
            world.assert_balanced();
            assert_eq!(world.shard.status(Millis(world.now)).unwrap().bytes, 0);
            assert_eq!(world.shard.backfill(&request, Millis(world.now)).unwrap().taken, 3);
        }
        world.run_for(10_000);
        assert_eq!((world.received.len(), world.duplicates()), (3, 0), "statement {statement}");
        world.crash();
        assert_eq!(world.shard.status(Millis(world.now)).unwrap().bytes, 0);
    }
}

#[test]
fn what_dies_again_is_a_dead_letter_of_its_run() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.trace = Mode::Down;
    hand(&mut world, RUN, vec![payload("p", NOON, "1", &[0])]);
    world.run_for(2 * 3_600_000);
    let dead = world.shard.dead(&DeadRequest { filter: Default::default(), after: 0, limit: 10 }).unwrap();
    let letter = &dead.letters[0];
    assert_eq!((letter.run.as_str(), letter.events[0].name.as_str()), (RUN, "(unopened)"));
    assert_eq!(lines(&world, RUN)[0].dead, 1);
    world.assert_balanced_in_warehouse();
    world.crash();
    assert_eq!(
        world.send("live", "1"),
        outbox::Appended::Stored,
        "and payloads count up from where they were"
    );
    world.trace = Mode::Ok;
    world.run_for(600_000);
    assert_eq!((world.received.len(), world.duplicates()), (3, 0));
}

#[test]
fn what_was_erased_is_not_taken_whatever_copy_of_it_there_is() {
    let mut world = World::new(&[]);
    let events =
        vec![ErasedEvents { payload: "p".to_owned(), received_at: Millis(NOON), idx: vec![1], ids: vec![] }];
    let request = EraseRequest { events, ..EraseRequest::default() };
    world.shard.erase(&request, [7; 32], Millis(world.now)).unwrap();
    let context = r#"{"erased":1}"#.to_owned();
    let rest = BackfillPayload { context, ..payload("p", NOON, "3", &[0, 1]) };
    let reply = hand(&mut world, RUN, vec![rest]);
    assert_eq!((reply.taken, reply.erased), (1, 1));
    world.run_for(10_000);
    let received: Vec<_> = world.received.keys().map(|(_, event)| event.as_str()).collect();
    assert_eq!(received, ["p.0"]);
    let places: Vec<u32> = (0..1000).collect();
    let many = (0..40).map(|i| payload(&format!("q{i}"), NOON, "1000", &places)).collect();
    assert_eq!(hand(&mut world, RUN, many).taken, 40_000, "however many there are");
}

/// Whoever asks has looked into the warehouse some time ago.
#[test]
fn what_another_run_sent_since_one_looked_is_left_out() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "2");
    world.run_for(2 * 3_600_000);
    world.vendors.insert("a", Mode::Ok);
    let looked = world.now;
    world.now += 1;
    let filter =
        DeadFilter { tracker: Some("a".into()), event: Some("even".into()), ..DeadFilter::default() };
    world.shard.replay("replay:r", &filter, Millis(world.now)).unwrap();
    hand(&mut world, "backfill:other", vec![payload("p", NOON, "2", &[1])]);
    world.run_for(600_000);
    let mut request = BackfillRequest {
        run: RUN.to_owned(),
        tracker: "a".to_owned(),
        as_of: Millis(looked),
        payloads: vec![payload("p", NOON, "2", &[0, 1])],
    };
    let reply = world.shard.backfill(&request, Millis(world.now)).unwrap();
    assert_eq!((reply.taken, reply.pending), (0, 2));
    request.tracker = "b".to_owned();
    let reply = world.shard.backfill(&request, Millis(world.now)).unwrap();
    assert_eq!((reply.taken, reply.known), (2, 0), "another tracker is another matter, under one name, too");
    world.run_for(600_000);
    let twice: Vec<_> =
        world.received.iter().filter(|(_, count)| **count > 1).map(|((tracker, _), _)| tracker).collect();
    assert_eq!(twice, ["b", "b"], "which was told to have them");
}

#[test]
fn a_run_counts_on_under_days_that_are_long_past() {
    let mut world = World::new(&[]);
    let earlier = NOON - 40 * 24 * 3_600_000;
    hand(&mut world, RUN, vec![payload("p", earlier, "4", &[0, 1, 3])]);
    world.run_for(60_000);
    world.now += 24 * 3_600_000;
    world.shard.upkeep(Millis(world.now)).unwrap();
    hand(&mut world, RUN, vec![payload("q", earlier, "4", &[0, 1, 3])]);
    world.run_for(60_000);
    world.assert_balanced_in_warehouse();
    world.assert_told();
    assert_eq!(lines(&world, RUN).iter().map(|line| line.delivered).sum::<i64>(), 6);
}

#[test]
fn another_warehouse_gets_no_payload_that_was_handed_back() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Misconfigured);
    hand(&mut world, RUN, vec![payload("p", NOON, "1", &[0])]);
    world.send("live", "1");
    world.run_for(1000);
    world.use_warehouses("bigquery");
    world.run_for(60_000);
    let written: Vec<_> = world.stores["bigquery"].raw.keys().collect();
    assert_eq!(written, ["live"]);
}

#[test]
fn half_of_the_room_is_kept_for_what_comes() {
    let mut world = World::new(&[("OUTBOX_MAX_BYTES", "100000")]);
    world.vendors.insert("a", Mode::Misconfigured);
    let large = "x".repeat(20_000);
    let taken = |world: &mut World, id: &str| hand(world, RUN, vec![payload(id, NOON, &large, &[0])]);
    assert_eq!(taken(&mut world, "p1").taken, 1);
    assert_eq!(taken(&mut world, "p2").taken, 1);
    assert!(taken(&mut world, "p3").full);
    assert_eq!(world.send("live", &large), outbox::Appended::Stored);
}

#[test]
fn what_died_without_a_name_has_one_when_it_is_replayed() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.trace = Mode::Down;
    hand(&mut world, RUN, vec![payload("p", NOON, "1", &[0])]);
    world.run_for(2 * 3_600_000);
    world.trace = Mode::Ok;
    let filter = DeadFilter { tracker: Some("a".into()), ..DeadFilter::default() };
    world.shard.replay("replay:r", &filter, Millis(world.now)).unwrap();
    world.run_for(3_600_000);
    let replayed = lines(&world, "replay:r");
    assert_eq!((replayed.len(), replayed[0].event.as_str(), replayed[0].delivered), (1, "even", 1));
    world.assert_balanced_in_warehouse();
}
