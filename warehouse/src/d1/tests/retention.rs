//! Retention.

use super::*;
use crate::d1::retention;

fn logged(db: &Connection, days_ago: i64, id: &str) {
    let received_at = Millis(NOON - days_ago * DAY_MS);
    log(db, &Payload::new(id.to_owned(), received_at, b"1".to_vec(), event::Context::default()));
}

fn accounted(db: &Connection, days_ago: i64, shard: u32) {
    let received_at = Millis(NOON - days_ago * DAY_MS);
    let deliveries: Vec<_> = (1..=4).map(|seq| Delivery { received_at, ..delivery(shard, seq) }).collect();
    deliver(db, &deliveries);
    let lines = [(3, 2)].into_iter().chain((5..12).map(|seq| (seq, 4)));
    let lines =
        lines.map(|(seq, received)| LedgerLine { day: received_at.day(), ..line(shard, seq, received, 0) });
    count(db, &lines.collect::<Vec<_>>());
}

fn sent(db: &Connection, days_ago: i64) {
    let received_at = Millis(NOON - days_ago * DAY_MS);
    send(db, &[SentRequest { received_at, ..request(0, days_ago) }]);
}

fn column(db: &Connection, sql: &str) -> Vec<Value> {
    rows(db, sql).into_iter().flatten().collect()
}

/// Runs the statements until none deletes anything.
fn sweep(db: &Connection, raw_days: u32, deliveries_days: u32, requests_days: u32) {
    let statements = retention(raw_days, deliveries_days, requests_days, Millis(NOON));
    while statements.iter().map(|statement| run(db, statement)).sum::<usize>() > 0 {}
}

#[test]
fn whole_days_go_that_ended_so_many_days_ago() {
    let db = warehouse(&[]);
    for days_ago in 0..5 {
        logged(&db, days_ago, &days_ago.to_string());
        accounted(&db, days_ago, u32::try_from(days_ago).unwrap());
        sent(&db, days_ago);
    }
    sweep(&db, 2, 3, 0);
    assert_eq!(column(&db, "SELECT count(*) FROM requests"), [Value::Integer(5)], "for ever");
    sweep(&db, 2, 3, 1);
    assert_eq!(column(&db, "SELECT seq FROM requests ORDER BY seq"), [0, 1].map(Value::Integer));
    assert_eq!(column(&db, "SELECT eventId FROM raw ORDER BY eventId"), ["0", "1", "2"].map(text));
    for table in ["deliveries", "ledger"] {
        let shards = column(&db, &format!("SELECT DISTINCT shard FROM {table} ORDER BY shard"));
        assert_eq!(shards, [0, 1, 2, 3].map(Value::Integer), "{table}");
    }
    sweep(&db, 1, 1, 1);
    assert_eq!(column(&db, "SELECT eventId FROM raw ORDER BY eventId"), ["0", "1"].map(text));
}

#[test]
fn none_or_more_days_than_there_are_keep_everything() {
    let db = warehouse(&[]);
    logged(&db, 300, "old");
    accounted(&db, 300, 0);
    sent(&db, 300);
    assert!(retention(0, 0, 0, Millis(NOON)).is_empty());
    sweep(&db, u32::MAX, u32::MAX, u32::MAX);
    for table in ["raw", "deliveries", "ledger", "requests"] {
        assert_ne!(column(&db, &format!("SELECT count(*) FROM {table}")), [Value::Integer(0)], "{table}");
    }
}

/// Statements stop at a bound, and anybody may look in between.
#[test]
fn what_is_left_of_a_day_adds_up_at_every_step() {
    let db = warehouse(&[]);
    for shard in 0..1_500 {
        accounted(&db, 2, shard);
    }
    let statements = retention(1, 1, 1, Millis(NOON));
    let (mut steps, mut deleted) = (0, 1);
    while deleted > 0 {
        deleted = 0;
        for statement in &statements {
            let now = run(&db, statement);
            assert!(now <= 5_000, "{}", statement.sql);
            deleted += now;
            steps += 1;
            assert_eq!(column(&db, "SELECT total(abs(unaccounted)) FROM accounts"), [Value::Real(0.0)]);
        }
    }
    assert!(steps > 9);
    assert_eq!(column(&db, "SELECT count(*) FROM deliveries"), [Value::Integer(0)]);
}

#[test]
fn old_rows_are_found_by_an_index() {
    let db = warehouse(&[]);
    let indexes = [
        "raw_by_day (<expr><?)",
        "ledger_by_day (day<?)",
        "deliveries_by_day (<expr><?)",
        "requests_by_day (<expr><?)",
    ];
    let statements = retention(1, 1, 1, Millis(NOON));
    assert_eq!(statements.len(), indexes.len());
    for (statement, index) in statements.iter().zip(indexes) {
        let plan = plan(&db, statement.sql);
        assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
    }
}
