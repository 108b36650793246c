//! What a shard promises, case by case, on real SQLite.

use crate::world::{Mode, NOON, World, payload};
use event::Millis;
use outbox::Appended;
use outbox::admin::{DeadFilter, DeadRequest, OPEN_LANE};

#[test]
fn a_payload_goes_all_the_way_and_leaves_nothing_behind() {
    let mut world = World::new(&[]);
    assert_eq!(world.send("p", "3"), Appended::Stored);
    assert_eq!(world.unopened(), 1);
    world.run_for(5000);
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
    assert_eq!(world.stores["d1"].raw["p"], ["3"]);
    // Three events for a and b, two for c, which does not take the odd one.
    assert_eq!(world.received.len(), 8);
    assert_eq!(world.duplicates(), 0);
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((status.payloads, status.bytes), (0, 0));
    let outcomes: Vec<_> = world.stores["d1"].deliveries.values().map(|row| row.outcome.as_str()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "filtered").count(), 1);
    assert_eq!(outcomes.len(), 9);
}

#[test]
fn the_same_bytes_under_one_id_are_one_payload_and_other_bytes_another() {
    let mut world = World::new(&[]);
    assert_eq!(world.send("p", "1"), Appended::Stored);
    assert_eq!(world.send("p", "1"), Appended::Duplicate);
    assert_eq!(world.send("p", "2"), Appended::Stored);
    assert_eq!(world.send("p", "2"), Appended::Duplicate, "its own retry meets it");
    let group = vec![payload("q", NOON, "1"), payload("q", NOON, "1"), payload("q", NOON, "2")];
    let answers = world.shard.append(group, Millis(NOON)).unwrap();
    assert_eq!(answers, [Appended::Stored, Appended::Duplicate, Appended::Stored]);
    world.run_for(5000);
    assert_eq!(world.send("p", "1"), Appended::Duplicate, "also when it is long gone");
    world.crash();
    assert_eq!(world.send("p", "2"), Appended::Duplicate, "and after a crash");
    assert_eq!(world.stores["d1"].raw.len(), 4);
    assert_eq!(world.stores["d1"].raw["p"], ["1"]);
    world.now += 3 * world.settings.dedupe_window;
    assert_eq!(world.send("p", "1"), Appended::Stored, "ids are not kept for ever");
}

#[test]
fn payloads_that_nobody_opened_are_known_after_a_crash() {
    let mut world = World::new(&[]);
    world.trace = Mode::Down;
    for i in 0..2500 {
        world.send(&format!("p{i}"), "1");
    }
    world.crash();
    for i in [0, 999, 1000, 1499, 1500, 2499] {
        assert_eq!(world.send(&format!("p{i}"), "1"), Appended::Duplicate, "p{i}");
    }
    assert_eq!(world.send("p2499", "2"), Appended::Stored);
    world.crash();
    assert_eq!(world.send("p2499", "2"), Appended::Duplicate, "under the id derived from its bytes");
    world.trace = Mode::Ok;
    world.run_for(600_000);
    // The second event of two is nothing for c.
    assert_eq!((world.received.len(), world.duplicates(), world.pending()), (7505, 0, 0));
}

#[test]
fn an_event_that_comes_again_in_another_payload_is_delivered_once() {
    let mut world = World::new(&[]);
    world.send("p", "own:order-1");
    world.send("q", "own:order-1");
    world.run_for(2000);
    world.send("r", "own:order-1");
    world.run_for(2000);
    assert_eq!(world.received.get(&("a".into(), "order-1".into())), Some(&1));
    let duplicates =
        world.stores["d1"].deliveries.values().filter(|row| row.reason.as_deref() == Some("duplicate"));
    assert_eq!(duplicates.count(), 6, "two of three, at each tracker");
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
}

#[test]
fn a_full_shard_refuses_and_takes_again_when_it_has_room() {
    let mut world = World::new(&[("OUTBOX_MAX_BYTES", "100000")]);
    world.store("d1").mode = Mode::Down;
    let big = "9".to_owned() + &" ".repeat(40_000);
    assert_eq!(world.send("a", &big), Appended::Stored);
    assert_eq!(world.send("b", &big), Appended::Stored);
    assert_eq!(world.send("c", &big), Appended::Full);
    assert_eq!(world.send("a", &big), Appended::Duplicate, "what is there is there");
    let group = vec![payload("c", NOON, &big), payload("c", NOON, &big)];
    let answers = world.shard.append(group, Millis(NOON)).unwrap();
    assert_eq!(answers, [Appended::Full, Appended::Full], "no copy of what was refused is a duplicate");
    world.run_for(10_000);
    world.store("d1").mode = Mode::Ok;
    world.run_for(600_000);
    assert_eq!(world.send("c", &big), Appended::Stored);
}

#[test]
fn a_warehouse_outage_does_not_hold_back_vendors_and_loses_nothing() {
    let mut world = World::new(&[]);
    world.store("d1").mode = Mode::DownAfter;
    for i in 0..50 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(3000);
    assert_eq!(world.received.len(), 150);
    world.store("d1").mode = Mode::Ok;
    world.run_for(600_000);
    assert!(world.stores["d1"].raw.values().all(|copies| copies.len() == 1));
    assert_eq!(world.stores["d1"].raw.len(), 50);
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 0);
    world.assert_balanced_in_warehouse();
}

#[test]
fn a_row_that_the_warehouse_refuses_is_a_dead_letter_and_the_rest_goes_on() {
    let mut world = World::new(&[]);
    for i in 0..100 {
        world.send(&format!("p{i}"), if i == 37 { "poison-raw" } else { "1" });
    }
    world.run_for(60_000);
    assert_eq!(world.stores["d1"].raw.len(), 99);
    let request = DeadRequest { filter: DeadFilter::default(), after: 0, limit: 10 };
    let letters = world.shard.dead(&request).unwrap().letters;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].tracker.as_str(), letters[0].payload_id.as_str()), ("(raw d1)", "p37"));
    assert_eq!(world.received.len(), 300, "its event went to the vendors all the same");
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 1, "it is kept for a replay");
}

#[test]
fn a_vendor_outage_holds_back_nothing_else_and_ends_with_one_probe() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(None));
    for i in 0..200 {
        world.send(&format!("p{i}"), "1");
        world.run_for(20);
    }
    world.run_for(2000);
    assert_eq!(world.received.len(), 400, "b and c have everything");
    assert_eq!(world.lane("a").breaker, "open");
    world.calls.clear();
    world.run_for(120_000);
    let probes: Vec<_> = world.calls.iter().filter(|(lane, _)| lane == "a").collect();
    assert!(!probes.is_empty() && probes.len() < 60, "{} probes", probes.len());
    assert!(probes.iter().all(|(_, events)| *events == 1), "one event at a time");
    world.vendors.insert("a", Mode::Ok);
    world.run_for(1_200_000);
    assert_eq!(world.received.len(), 600);
    assert_eq!((world.duplicates(), world.pending(), world.lane("a").breaker.as_str()), (0, 0, "closed"));
    world.assert_balanced_in_warehouse();
}

#[test]
fn a_backlog_drains_at_a_bounded_rate() {
    let mut world = World::new(&[("OUTBOX_DRAIN_RATE", "100")]);
    world.vendors.insert("a", Mode::Misconfigured);
    for i in 0..100 {
        world.send(&format!("p{i}"), "10");
    }
    world.run_for(10_000);
    world.vendors.insert("a", Mode::Ok);
    while world.lane("a").breaker != "closed" {
        world.run_for(1000);
    }
    let before = world.received.keys().filter(|(tracker, _)| tracker == "a").count();
    world.run_for(2000);
    let after = world.received.keys().filter(|(tracker, _)| tracker == "a").count();
    assert!(after - before <= 200 + 500, "one call beyond the rate at most: {}", after - before);
    world.run_for(600_000);
    assert_eq!(world.pending(), 0);
}

#[test]
fn a_call_has_no_more_payloads_and_events_than_it_may() {
    for is_owed in [false, true] {
        let mut world = World::new(&[("OUTBOX_DRAIN_RATE", "100000")]);
        if is_owed {
            world.vendors.insert("a", Mode::Misconfigured);
        }
        for i in 0..1000 {
            world.send(&format!("p{i}"), if i < 700 { "1" } else { "10" });
        }
        world.run_for(60_000);
        world.calls.clear();
        world.vendors.insert("a", Mode::Ok);
        for i in 1000..2000 {
            world.send(&format!("p{i}"), if i < 1700 { "1" } else { "10" });
        }
        world.run_for(600_000);
        let sizes = || world.calls.iter().filter(|(lane, _)| lane == "a").map(|(_, size)| *size);
        assert!(sizes().any(|size| size == 500), "payloads of one event");
        assert_eq!(sizes().max(), Some(2000), "payloads of ten");
        assert_eq!(world.pending(), 0);
    }
}

#[test]
fn a_vendor_that_asks_for_time_gets_it() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(Some(30)));
    world.send("p", "1");
    world.run_for(100);
    world.vendors.insert("a", Mode::Ok);
    world.run_for(29_800);
    assert!(!world.received.contains_key(&("a".into(), "p.0".into())));
    world.run_for(10_000);
    assert!(world.received.contains_key(&("a".into(), "p.0".into())));
}

#[test]
fn a_vendor_that_hangs_holds_back_nobody() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Hang);
    for i in 0..50 {
        world.send(&format!("p{i}"), "1");
        world.run_for(100);
    }
    assert!(world.received.len() >= 98, "{}", world.received.len());
    world.run_for(2000);
    assert_eq!(world.unopened(), 0, "what is known of the others is written down");
    world.end_hanging();
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    assert_eq!((world.received.len(), world.duplicates(), world.pending()), (150, 0, 0));
}

#[test]
fn one_payload_that_cannot_be_opened_stands_alone_and_dies_alone() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    for i in 0..1000 {
        world.send(&format!("p{i}"), if i == 500 { "poison-open" } else { "1" });
    }
    world.run_for(60_000);
    assert_eq!(world.received.len(), 2997);
    assert_eq!((world.unopened(), world.pending()), (1, 1));
    world.run_for(2 * 3_600_000);
    assert_eq!((world.unopened(), world.pending()), (0, 0));
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
    let dead: Vec<_> = world.stores["d1"].deliveries.values().filter(|row| row.outcome == "dead").collect();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].event.as_str(), dead[0].tracker.as_str()), ("(unopened)", "(all)"));

    let filter = DeadFilter { tracker: Some(OPEN_LANE.into()), ..DeadFilter::default() };
    let reply = world.shard.replay("replay:1", &filter, Millis(world.now)).unwrap();
    assert_eq!((reply.letters, world.unopened()), (1, 1));
    assert_eq!(world.shard.replay("replay:1", &filter, Millis(world.now)).unwrap().letters, 0);
}

#[test]
fn one_event_that_always_fails_in_a_lane_stands_alone_and_dies_alone() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    for i in 0..1000 {
        world.send(&format!("p{i}"), if i == 500 { "poison-deliver" } else { "1" });
    }
    world.run_for(300_000);
    assert_eq!(world.received.len(), 2997);
    assert_eq!((world.pending(), world.duplicates()), (3, 0));
    world.run_for(2 * 3_600_000);
    assert_eq!(world.pending(), 0);
    world.assert_balanced_in_warehouse();
    let dead: Vec<_> = world.stores["d1"].deliveries.values().filter(|row| row.outcome == "dead").collect();
    assert_eq!(dead.len(), 3);
    assert!(dead.iter().all(|row| row.payload_id == "p500" && row.attempts > 1));
}

#[test]
fn dead_letters_are_replayed_under_a_run_of_their_own() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "4");
    world.send("q", "1");
    world.run_for(3 * 3_600_000);
    assert_eq!(world.pending(), 0);
    world.vendors.insert("a", Mode::Ok);
    let filter = DeadFilter { tracker: Some("a".into()), event: Some("odd".into()), ..DeadFilter::default() };
    let reply = world.shard.replay("replay:1", &filter, Millis(world.now)).unwrap();
    assert_eq!(reply.events, 2, "the two odd events of the first payload");
    world.run_for(600_000);
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
    let received = |world: &World| world.received.keys().filter(|(tracker, _)| tracker == "a").count();
    assert_eq!(received(&world), 2);
    let replayed = world.stores["d1"]
        .deliveries
        .values()
        .filter(|row| row.run == "replay:1" && row.outcome == "delivered");
    assert_eq!(replayed.count(), 2);
    let rest = DeadFilter { tracker: Some("a".into()), ..DeadFilter::default() };
    assert_eq!(world.shard.replay("replay:2", &rest, Millis(world.now)).unwrap().events, 3);
    world.run_for(600_000);
    assert_eq!(received(&world), 5);
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 0);
}

#[test]
fn another_policy_asks_for_the_payload_as_it_came() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Hang);
    world.send("p", "1");
    world.run_for(50);
    world.policy = "2-b".into();
    world.end_hanging();
    world.vendors.insert("a", Mode::Ok);
    world.run_for(60_000);
    assert_eq!(world.received.len(), 3);
    let row = world.stores["d1"].deliveries.values().find(|row| row.tracker == "a").unwrap();
    assert_eq!(row.policy.as_deref(), Some("2-b"));
}

#[test]
fn a_paused_tracker_rests_and_goes_on_where_it_was() {
    let mut world = World::new(&[]);
    world.shard.pause("a", true).unwrap();
    world.send("p", "1");
    world.run_for(5000);
    world.crash();
    world.run_for(5000);
    assert_eq!(world.received.len(), 2);
    assert!(world.lane("a").paused);
    world.shard.pause("a", false).unwrap();
    world.run_for(5000);
    assert_eq!(world.received.len(), 3);
}

#[test]
fn batches_grow_with_the_load_and_a_lone_payload_does_not_wait() {
    let mut world = World::new(&[]);
    world.send("p", "1");
    world.run_for(0);
    assert_eq!(world.received.len(), 3, "at once");
    world.calls.clear();
    for i in 0..600 {
        world.send(&format!("p{i}"), "1");
        world.run_for(2);
    }
    world.run_for(1000);
    let opened: Vec<_> = world.calls.iter().filter(|(lane, _)| lane == "(open)").map(|(_, n)| *n).collect();
    assert!(opened.len() <= 14, "{opened:?}");
}

#[test]
fn dead_letters_go_after_their_retention() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h"), ("DEAD_RETENTION", "2d")]);
    world.send("p", "poison-open");
    world.run_for(2 * 3_600_000);
    let request = DeadRequest { filter: DeadFilter::default(), after: 0, limit: 10 };
    assert_eq!(world.shard.dead(&request).unwrap().letters.len(), 1);
    world.now += 3 * 24 * 3_600_000;
    world.shard.upkeep(Millis(world.now)).unwrap();
    assert!(world.shard.dead(&request).unwrap().letters.is_empty());
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 0);
}

#[test]
fn a_batch_holds_no_more_bytes_than_it_may_and_a_large_payload_goes_alone() {
    let mut world = World::new(&[("OUTBOX_BATCH_BYTES", "1000")]);
    for i in 0..10 {
        world.send(&format!("p{i}"), &format!("1{}", " ".repeat(if i == 4 { 5000 } else { 300 })));
    }
    world.run_for(10_000);
    assert_eq!(world.stores["d1"].raw.len(), 10);
    let sizes: Vec<_> = world.calls.iter().filter(|(lane, _)| lane == "(raw d1)").map(|(_, n)| *n).collect();
    assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
    assert_eq!(world.pending(), 0);
}

#[test]
fn what_waits_behind_a_breaker_dies_of_age_and_can_be_replayed() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.vendors.insert("a", Mode::Misconfigured);
    world.trace = Mode::Ok;
    for i in 0..700 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(3_600_000 / 2);
    assert_eq!(world.pending(), 700);
    world.run_for(3_600_000);
    assert_eq!(world.pending(), 0);
    world.assert_balanced();
    world.assert_balanced_in_warehouse();
    world.vendors.insert("a", Mode::Ok);
    let all = DeadFilter::default();
    assert_eq!(world.shard.replay("replay:1", &all, Millis(world.now)).unwrap().events, 700);
    world.run_for(3_600_000);
    assert_eq!((world.received.len(), world.pending()), (2100, 0));
}

#[test]
fn what_trace_never_opened_dies_of_age_and_can_be_replayed() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h")]);
    world.trace = Mode::Down;
    for i in 0..700 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(2 * 3_600_000);
    assert_eq!((world.unopened(), world.pending()), (0, 0));
    world.assert_balanced_in_warehouse();
    world.trace = Mode::Ok;
    let all = DeadFilter::default();
    assert_eq!(world.shard.replay("replay:1", &all, Millis(world.now)).unwrap().letters, 700);
    world.run_for(3_600_000);
    assert_eq!((world.received.len(), world.pending()), (2100, 0));
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 0);
}

/// As JSON it is six times as long, which is more than SQLite takes in a Durable Object.
#[test]
fn a_body_of_control_characters_goes_its_way_like_any_other() {
    let mut world = World::new(&[]);
    let hostile = "\u{1}".repeat(1 << 20);
    world.send("a", "1");
    world.send("hostile", &hostile);
    world.send("b", "1");
    world.run_for(60_000);
    assert_eq!((world.stores["d1"].raw.len(), world.pending(), world.received.len()), (3, 0, 9));
    assert_eq!(world.stores["d1"].raw["hostile"], [hostile]);
}

#[test]
fn payloads_that_trace_cannot_open_leave_room_for_all_others() {
    let mut world = World::new(&[]);
    for i in 0..10 {
        world.send(&format!("poison{i}"), "poison-open");
    }
    for i in 0..120 {
        world.send(&format!("p{i}"), "1");
        world.run_for(60_000);
    }
    assert_eq!(world.received.len(), 360);
    assert_eq!(world.unopened(), 10);
}

#[test]
fn rows_that_the_warehouse_cannot_take_leave_room_for_all_others() {
    let mut world = World::new(&[]);
    for i in 0..10 {
        world.send(&format!("poison{i}"), "poison-raw-for-now");
    }
    for i in 0..120 {
        world.send(&format!("p{i}"), "1");
        world.run_for(60_000);
    }
    assert_eq!(world.stores["d1"].raw.len(), 120);
}

#[test]
fn what_is_owed_has_its_turn_under_steady_traffic() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("first", "1");
    world.run_for(100);
    // It takes each call 300 ms to be answered, and there is always something new by then.
    world.vendors.insert("a", Mode::Hang);
    for i in 0..2000 {
        world.send(&format!("p{i}"), "1");
        world.run_for(50);
        if i % 6 == 0 {
            world.answer_hanging();
        }
    }
    assert!(world.received.contains_key(&("a".into(), "first.0".into())));
}

#[test]
fn a_vendor_that_asks_for_years_is_asked_again_within_the_hour() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(Some(u32::MAX)));
    world.send("p", "1");
    world.run_for(1000);
    world.vendors.insert("a", Mode::Ok);
    world.run_for(2 * 3_600_000);
    assert_eq!((world.received.len(), world.pending()), (3, 0));
}

#[test]
fn all_dead_letters_go_when_they_are_too_old() {
    let mut world = World::new(&[("RETRY_WINDOW", "1h"), ("DEAD_RETENTION", "2d")]);
    world.trace = Mode::Down;
    for i in 0..3000 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(2 * 3_600_000);
    world.now += 3 * 24 * 3_600_000;
    world.shard.upkeep(Millis(world.now)).unwrap();
    assert!(!world.shard.needs_upkeep(Millis(world.now)));
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 0);
}

#[test]
fn a_lane_whose_rows_cannot_be_read_stops_no_other() {
    let mut world = World::new(&[]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "1");
    world.run_for(100);
    world.db.execute("UPDATE owed SET events = 'broken' WHERE lane = 'a'");
    for i in 0..10 {
        world.send(&format!("p{i}"), "1");
        world.run_for(1000);
    }
    let received = |tracker: &str| world.received.keys().filter(|(name, _)| name == tracker).count();
    assert_eq!((received("b"), world.stores["d1"].raw.len()), (11, 11));
}

#[test]
fn payloads_of_many_events_are_opened_a_few_at_a_time() {
    let mut world = World::new(&[]);
    for i in 0..20 {
        world.send(&format!("p{i}"), "1000");
    }
    world.vendors.insert("a", Mode::Down);
    world.run_for(600_000);
    assert_eq!(world.unopened(), 0);
    assert_eq!(world.received.keys().filter(|(tracker, _)| tracker == "b").count(), 20_000);
    world.vendors.insert("a", Mode::Ok);
    world.run_for(600_000);
    assert_eq!(world.pending(), 0);
    world.assert_balanced_in_warehouse();
}

#[test]
fn what_a_shard_of_the_first_release_holds_is_not_lost() {
    let mut world = World::new(&[]);
    world.trace = Mode::Down;
    world.send("p", "own:order-1");
    let window = NOON / world.settings.dedupe_window;
    world.db.execute(&format!(
        "ALTER TABLE payload DROP COLUMN print;
         DROP TABLE seen_{window};
         CREATE TABLE seen_{window} (id TEXT PRIMARY KEY, print TEXT) WITHOUT ROWID;
         INSERT INTO seen_{window} VALUES ('pgone', '25a83aa474067130'), ('egone', ''), ('eorder-2', '')"
    ));
    world.crash();
    assert_eq!(world.send("gone", "{}"), Appended::Duplicate, "by the print of these bytes");
    assert_eq!(world.send("q", "own:order-2"), Appended::Stored);
    assert_eq!(world.send("r", "own:gone"), Appended::Stored, "an event's id is no payload's");
    world.trace = Mode::Ok;
    world.run_for(600_000);
    let events: Vec<_> = world.received.keys().map(|(_, event)| event.as_str()).collect();
    assert_eq!(events, ["order-1"; 3], "the others were delivered before");
    assert_eq!(world.pending(), 0);
}
