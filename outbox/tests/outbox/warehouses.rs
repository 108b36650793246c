//! Several warehouses, and one that refuses row by row: case by case, on real SQLite.

use crate::world::{Mode, World};
use event::Millis;
use outbox::Appended;
use outbox::admin::{DeadFilter, DeadLetter, DeadRequest};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn dead(world: &World) -> Vec<DeadLetter> {
    let request = DeadRequest { filter: DeadFilter::default(), after: 0, limit: 10 };
    world.shard.dead(&request).unwrap().letters
}

fn replay(world: &mut World, lane: &str) -> i64 {
    let filter = DeadFilter { tracker: Some(lane.into()), ..DeadFilter::default() };
    world.shard.replay("replay:1", &filter, Millis(world.now)).unwrap().letters
}

fn rows_of(world: &World, lane: &str) -> usize {
    world.calls.iter().filter(|(name, _)| name == lane).map(|(_, rows)| rows).sum()
}

#[test]
fn a_warehouse_that_is_away_holds_up_neither_the_other_nor_vendors_and_misses_nothing() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery,d1")]);
    world.store("bigquery").mode = Mode::Down;
    for i in 0..300 {
        world.send(&format!("p{i}"), "1");
        world.run_for(100);
    }
    world.run_for(4 * DAY);
    assert_eq!((world.store("d1").raw.len(), world.received.len()), (300, 900));
    assert_eq!(world.lane("(raw bigquery)").breaker, "open");
    assert_eq!(world.lane("(raw bigquery)").backlog, 300);
    assert!(dead(&world).is_empty(), "no payload is to blame, however long it takes");
    world.crash();
    world.calls.clear();
    world.store("bigquery").mode = Mode::Ok;
    world.run_for(600_000);
    assert_eq!(world.store("bigquery").raw.len(), 300);
    assert_eq!(rows_of(&world, "(raw d1)"), 0, "what a warehouse has is not written again");
    assert_eq!(rows_of(&world, "(accounts d1)"), 0);
    world.assert_balanced_in_warehouse();
    world.assert_told();
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((status.payloads, status.bytes), (0, 0));
    assert_eq!(world.shard.next_due(), None);
}

#[test]
fn a_warehouse_that_is_away_is_asked_later_and_later() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery")]);
    world.store("bigquery").mode = Mode::Down;
    for i in 0..50 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(600_000);
    let calls = world.calls.iter().filter(|(lane, _)| lane == "(raw bigquery)").count();
    assert!((5..40).contains(&calls), "{calls} calls in ten minutes");
}

#[test]
fn a_row_that_is_refused_among_others_is_a_dead_letter_with_its_reason() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery")]);
    for i in 0..100 {
        world.send(&format!("p{i}"), if i % 50 == 37 { "poison-raw" } else { "1" });
    }
    world.run_for(10_000);
    assert_eq!(world.store("bigquery").raw.len(), 98);
    assert_eq!(rows_of(&world, "(raw bigquery)"), 100, "nothing is sent twice for it");
    let letters = dead(&world);
    let told: Vec<_> = letters.iter().map(|one| (one.tracker.as_str(), one.payload_id.as_str())).collect();
    assert_eq!(told, [("(raw bigquery)", "p37"), ("(raw bigquery)", "p87")]);
    assert!(letters.iter().all(|one| one.reason == "invalid:data"));
    assert_eq!(world.lane("(raw bigquery)").breaker, "closed");
    world.calls.clear();
    assert_eq!(replay(&mut world, "(raw bigquery)"), 2);
    world.run_for(10_000);
    assert_eq!(rows_of(&world, "(raw bigquery)"), 2, "each once");
    assert_eq!(dead(&world).len(), 2);
}

#[test]
fn another_warehouse_gets_what_the_first_one_lacks() {
    let mut world = World::new(&[]);
    world.send("before", "1");
    world.run_for(10_000);
    world.store("d1").mode = Mode::Down;
    for i in 0..20 {
        world.send(&format!("p{i}"), "2");
    }
    world.send("poison", "poison-raw");
    world.run_for(20_000);
    world.use_warehouses("bigquery");
    world.send("after", "1");
    world.run_for(600_000);
    let bigquery = &world.store("bigquery").raw;
    assert!((0..20).all(|i| bigquery.contains_key(&format!("p{i}"))));
    assert!(bigquery.contains_key("after") && !bigquery.contains_key("before"));
    let letters = dead(&world);
    let told: Vec<_> = letters.iter().map(|one| (one.tracker.as_str(), one.payload_id.as_str())).collect();
    assert_eq!(told, [("(raw bigquery)", "poison")], "nothing is owed to a warehouse that is gone");
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 1);
    assert_eq!(world.send("p3", "2"), Appended::Duplicate);
}

#[test]
fn a_large_payload_behind_a_gap_is_not_missed_by_another_warehouse() {
    let mut world = World::new(&[("OUTBOX_BATCH_BYTES", "1000")]);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("waits", "1");
    world.run_for(2000);
    world.vendors.insert("a", Mode::Ok);
    world.shard.pause("a", true).unwrap();
    for i in 0..5 {
        world.send(&format!("done{i}"), "own:one");
        world.run_for(2000);
    }
    world.store("d1").mode = Mode::Down;
    world.send("large", &("1".to_owned() + &" ".repeat(5000)));
    world.send("small", "1");
    world.run_for(2000);
    world.use_warehouses("bigquery");
    world.run_for(60_000);
    let bigquery = &world.store("bigquery").raw;
    assert!(["waits", "large", "small"].iter().all(|id| bigquery.contains_key(*id)), "{:?}", bigquery.keys());
}

#[test]
fn a_payload_that_ends_every_call_leaves_room_for_others_and_never_dies() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery")]);
    for i in 0..10 {
        world.send(&format!("p{i}"), if i == 3 { "poison-call" } else { "1" });
    }
    world.run_for(4 * DAY);
    assert_eq!(world.store("bigquery").raw.len(), 9);
    assert_eq!(world.lane("(raw bigquery)").backlog, 1);
    assert!(dead(&world).is_empty());
    world.send("after", "1");
    world.run_for(600_000);
    assert_eq!(world.store("bigquery").raw.len(), 10);
}

#[test]
fn dead_letters_are_judged_anew_by_other_warehouses() {
    let mut world = World::new(&[]);
    world.send("dead", "poison-raw");
    world.store("d1").refused_events = vec!["odd".into()];
    world.send("p", "2");
    world.run_for(20_000);
    assert!(world.lane("(accounts d1)").dead > 0);
    world.use_warehouses("d1,bigquery");
    world.run_for(60_000);
    let mut told: Vec<_> = dead(&world).into_iter().map(|one| one.tracker).collect();
    told.sort();
    assert_eq!(told, ["(raw bigquery)", "(raw d1)"], "one each");
    assert!(world.store("bigquery").deliveries.values().any(|row| row.event == "odd"), "it took them");
    world.store("bigquery").refused_events = vec!["odd".into()];
    world.use_warehouses("bigquery");
    assert_eq!(world.lane("(accounts bigquery)").dead, 0);
}

#[test]
fn rows_that_two_warehouses_refuse_are_put_back_once() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery,d1")]);
    for name in ["bigquery", "d1"] {
        world.store(name).refused_events = vec!["odd".into()];
    }
    world.send("p", "2");
    world.run_for(60_000);
    let refused = world.lane("(accounts d1)").dead;
    assert_eq!(world.lane("(accounts bigquery)").dead, refused);
    for _ in 0..3 {
        assert_eq!(replay(&mut world, "(accounts d1)"), refused);
        world.run_for(60_000);
        assert_eq!(
            (world.lane("(accounts d1)").dead, world.lane("(accounts bigquery)").dead),
            (refused, refused)
        );
    }
}

#[test]
fn while_a_warehouse_is_away_few_counters_are_kept_for_it() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery,d1")]);
    world.store("bigquery").mode = Mode::Down;
    for i in 0..3000 {
        world.send(&format!("p{i}"), "1");
        world.run_for(200);
    }
    let lines = world.store("d1").ledger.len();
    assert!(lines < 700, "{lines} lines in ten minutes");
    world.run_for(120_000);
    world.assert_balanced_in_warehouse();
    let (behind, d1) = (world.stores.remove("bigquery").unwrap(), &world.stores["d1"]);
    assert_eq!(behind.ledger.len(), 0);
    assert!(d1.ledger.values().any(|line| line.received == 3000), "D1 knows them all in the end");
    world.assert_told();
}

#[test]
fn what_was_done_before_a_warehouse_came_is_not_waited_for() {
    let mut world = World::new(&[]);
    world.send("dead", "poison-raw");
    world.send("done", "1");
    world.run_for(10_000);
    world.use_warehouses("d1,bigquery");
    world.run_for(10_000);
    assert_eq!(world.store("bigquery").raw.len(), 0);
    for lane in ["(raw d1)", "(raw bigquery)"] {
        assert_eq!(world.lane(lane).backlog, 0, "{lane}");
    }
    assert_eq!(world.shard.next_due(), None);
}

#[test]
fn one_warehouse_less_frees_what_waited_for_it_alone() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery,d1")]);
    world.store("bigquery").mode = Mode::Down;
    for i in 0..20 {
        world.send(&format!("p{i}"), "1");
    }
    world.run_for(20_000);
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().payloads, 20);
    world.use_warehouses("d1");
    world.run_for(20_000);
    let status = world.shard.status(Millis(world.now)).unwrap();
    assert_eq!((status.payloads, status.bytes), (0, 0));
    assert!(world.store("d1").raw.values().all(|copies| copies.len() == 1));
    assert!(status.lanes.iter().all(|lane| !lane.lane.contains("bigquery")), "{:?}", status.lanes);
}

#[test]
fn accounts_that_are_refused_hold_up_no_others_and_can_be_put_back() {
    for name in ["d1", "bigquery"] {
        let mut world = World::new(&[("WAREHOUSE", name)]);
        world.store(name).refused_events = vec!["odd".into()];
        world.send("p", "2");
        world.run_for(60_000);
        let accounts = format!("(accounts {name})");
        let refused = world.lane(&accounts).dead;
        assert!(refused > 0 && world.shard.status(Millis(world.now)).unwrap().bytes > 0);
        let told = |event: &str| world.stores[name].deliveries.values().any(|row| row.event == event);
        assert!(told("even") && !told("odd"), "{name}: the culprits alone");
        let counted = world.shard.status(Millis(world.now)).unwrap().bytes;
        world.crash();
        assert_eq!(world.shard.status(Millis(world.now)).unwrap().bytes, counted, "{name}: no byte too many");
        let filter = DeadFilter { tracker: Some(accounts.clone()), ..DeadFilter::default() };
        let letters = world.shard.dead(&DeadRequest { filter, after: 0, limit: 100 }).unwrap().letters;
        assert_eq!(letters.len() as i64, refused);
        assert!(letters.iter().all(|letter| letter.events[0].name == "odd" && !letter.reason.is_empty()));
        assert!(letters.iter().any(|letter| letter.payload_id == "p"));
        world.store(name).refused_events.clear();
        world.send("q", "1");
        world.run_for(60_000);
        assert!(world.store(name).deliveries.values().any(|row| row.payload_id == "q"), "{name}");
        world.crash();
        assert_eq!(replay(&mut world, &accounts), refused);
        world.run_for(60_000);
        world.assert_balanced_in_warehouse();
        world.assert_told();
        let status = world.shard.status(Millis(world.now)).unwrap();
        assert_eq!((world.lane(&accounts).dead, status.bytes), (0, 0));
    }
}

#[test]
fn refused_accounts_go_after_their_retention() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery"), ("DEAD_RETENTION", "1d")]);
    world.store("bigquery").refused_events = vec!["even".into(), "odd".into()];
    world.send("p", "2");
    world.run_for(60_000);
    world.now += 2 * DAY;
    world.shard.upkeep(Millis(world.now)).unwrap();
    assert_eq!(world.lane("(accounts bigquery)").dead, 0);
    world.crash();
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().bytes, 0);
}

#[test]
fn calls_to_vendors_are_told_to_every_warehouse_with_their_attempts() {
    let mut world = World::new(&[("WAREHOUSE", "bigquery,d1")]);
    world.told_calls = Some(10);
    world.vendors.insert("a", Mode::Retry(None));
    world.send("p", "2");
    world.run_for(20);
    world.vendors.insert("a", Mode::Ok);
    world.send("q", "1");
    world.run_for(60_000);
    for name in ["bigquery", "d1"] {
        let calls = world.stores[name].requests.values().filter(|call| call.tracker == "a");
        let told: Vec<_> =
            calls.flat_map(|call| call.events.iter().map(|one| (one.0.as_str(), one.2))).collect();
        assert!(told.contains(&("p", 1)) && told.contains(&("p", 2)) && told.contains(&("q", 1)), "{told:?}");
        assert!(world.stores[name].requests.values().all(|call| call.shard == 3 && call.run == "live"));
    }
    world.assert_balanced_in_warehouse();
    world.assert_told();
    assert_eq!(world.shard.status(Millis(world.now)).unwrap().bytes, 0);
}

#[test]
fn bodies_as_long_as_they_may_be_fit_a_batch() {
    let mut world = World::new(&[("OUTBOX_BATCH_BYTES", "1500000")]);
    world.told_calls = Some(event::wire::MAX_BODY_BYTES);
    for i in 0..5 {
        world.send(&format!("p{i}"), "1");
        world.run_for(2000);
    }
    world.run_for(60_000);
    assert_eq!(world.store("d1").requests.len(), 15);
    assert_eq!(world.lane("(accounts d1)").backlog, 0);
}

#[test]
fn what_a_shard_of_the_time_of_one_warehouse_holds_is_not_lost() {
    let mut world = World::new(&[]);
    world.send("p", "poison-raw-for-now");
    world.send("q", "1");
    world.run_for(60_000);
    world.store("d1").mode = Mode::Down;
    world.send("r", "1");
    world.run_for(10_000);
    world.db.execute(
        "ALTER TABLE state ADD COLUMN raw_to INTEGER NOT NULL DEFAULT 0;
         UPDATE state SET raw_to = warehouses ->> '$.d1[0]';
         ALTER TABLE state DROP COLUMN warehouses;
         ALTER TABLE pack RENAME COLUMN kind TO is_ledger;
         DROP TABLE refused;
         UPDATE owed SET lane = '(raw)' WHERE lane = '(raw d1)';
         INSERT INTO paused VALUES ('(accounts)')",
    );
    world.store("d1").mode = Mode::Ok;
    world.crash();
    assert!(world.lane("(accounts d1)").paused);
    world.shard.pause("(accounts d1)", false).unwrap();
    world.send("s", "1");
    world.run_for(600_000);
    assert_eq!(world.store("d1").raw.keys().collect::<Vec<_>>(), ["q", "r", "s"]);
    assert_eq!(world.lane("(raw d1)").backlog, 1, "the row that cannot be written waits on");
    world.assert_balanced_in_warehouse();
    world.assert_told();
}
