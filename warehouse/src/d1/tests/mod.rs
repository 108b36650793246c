//! The SQL on real SQLite, with D1's limits.

mod account;
mod account_views;
mod changes_view;
mod erase;
mod model;
mod normalized;
mod payloads;
mod raw;
mod reconcile;
mod requests;
mod retention;
mod story;
mod tail;

use super::*;
use event::account::LIVE;
use event::{Change, Delivery, LedgerLine, Millis, Payload, Rule, SentRequest};
use proptest::prelude::*;
use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

const NOON: i64 = 1_793_534_400_000;
const DAY_MS: i64 = 86_400_000;

/// <https://developers.cloudflare.com/d1/platform/limits/>; five parts of a compound SELECT were measured.
const D1_LIMITS: [(Limit, i32); 6] = [
    (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
];

fn warehouse(columns: &[(&str, &str)]) -> Connection {
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, property)| Column { name: (*name).to_owned(), property: (*property).to_owned() })
        .collect();
    let db = Connection::open_in_memory().unwrap();
    for (limit, value) in D1_LIMITS {
        db.set_limit(limit, value).unwrap();
    }
    migrate(&db, &columns);
    db
}

fn migrate(db: &Connection, columns: &[Column]) {
    for statement in migration(columns) {
        db.execute_batch(&statement).unwrap();
    }
}

/// Runs a statement and tells how many rows it changed.
fn run(db: &Connection, statement: &Statement) -> usize {
    db.execute(statement.sql, params_from_iter(&statement.parameters)).unwrap()
}

fn payload(id: &str, body: &[u8]) -> Payload {
    Payload::new(id.to_owned(), Millis(NOON), body.to_vec(), event::Context::default())
}

fn log(db: &Connection, payload: &Payload) {
    let context = serde_json::to_string(&payload.context).unwrap();
    let rows = serde_json::to_string(&[(&payload.id, payload.received_at, &payload.data, context)]).unwrap();
    assert_eq!(run(db, &insert_raw(&rows).unwrap()), 1);
}

fn rows(db: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = db.prepare(sql).unwrap();
    let width = statement.column_count();
    let unknown = vec![Value::Null; statement.parameter_count()];
    let rows = statement
        .query_map(params_from_iter(unknown), |row| (0..width).map(|i| row.get_ref(i).map(value)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// SQLite turns the escape of a lone surrogate into bytes that are no UTF-8; D1 shows U+FFFD there.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        other => Value::try_from(other).unwrap(),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn plan(db: &Connection, sql: &str) -> String {
    let rows = rows(db, &format!("EXPLAIN QUERY PLAN {sql}"));
    let steps = rows.iter().filter_map(|row| match &row[3] {
        Value::Text(step) => Some(step.as_str()),
        _ => None,
    });
    steps.collect::<Vec<_>>().join("\n")
}

/// An event that a vendor took.
fn delivery(shard: u32, seq: i64) -> Delivery {
    Delivery {
        payload_id: format!("p{shard}-{seq}"),
        idx: 0,
        event_id: format!("e{shard}-{seq}"),
        event: "sign up".to_owned(),
        tracker: "ga4".to_owned(),
        outcome: "delivered".to_owned(),
        reason: None,
        status: Some(204),
        attempts: 1,
        changes: Vec::new(),
        policy: Some("1-a".to_owned()),
        release: "0.1.0".to_owned(),
        run: LIVE.to_owned(),
        shard,
        seq,
        received_at: Millis(NOON),
        timestamp: Millis(NOON + seq),
    }
}

/// The counter of what [`delivery`] makes.
fn line(shard: u32, seq: i64, received: i64, pending: i64) -> LedgerLine {
    LedgerLine {
        shard,
        seq,
        run: LIVE.to_owned(),
        day: Millis(NOON).day(),
        event: "sign up".to_owned(),
        tracker: "ga4".to_owned(),
        received,
        pending,
        timestamp: Millis(NOON + seq),
    }
}

fn deliver(db: &Connection, deliveries: &[Delivery]) -> usize {
    db.execute(INSERT_DELIVERIES, [serde_json::to_string(deliveries).unwrap()]).unwrap()
}

fn count(db: &Connection, lines: &[LedgerLine]) -> usize {
    db.execute(INSERT_LEDGER, [serde_json::to_string(lines).unwrap()]).unwrap()
}

/// A call that carried two events.
fn request(shard: u32, seq: i64) -> SentRequest {
    SentRequest {
        shard,
        seq,
        run: LIVE.to_owned(),
        tracker: "ga4".to_owned(),
        method: "POST".to_owned(),
        url: "https://vendor.example/?key=[secret]".to_owned(),
        body: r#"{"events":[1,2]}"#.to_owned(),
        status: Some(204),
        events: vec![("p".to_owned(), 0, 1), ("q".to_owned(), 3, 2)],
        received_at: Millis(NOON),
        timestamp: Millis(NOON + seq),
    }
}

fn send(db: &Connection, requests: &[SentRequest]) -> usize {
    db.execute(INSERT_REQUESTS, [serde_json::to_string(requests).unwrap()]).unwrap()
}
