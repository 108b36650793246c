//! Every way in which something can be missing, against a warehouse that is right but for one thing.

use super::*;
use crate::load::testing::load;
use crate::testing::{Server, reply, run};
use rusqlite::params;
use sha2::{Digest, Sha256};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tokio::time::timeout;
use uuid::Uuid;

/// What takes longer than this does not end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The columns that are read, of the tables and views that a migration makes.
const TABLES: &str = "
  CREATE TABLE raw (eventId, timestamp, data, context);
  CREATE TABLE raw_normalized (day, payloadId, idx, eventId);
  CREATE TABLE deliveries (payloadId, idx, eventId, tracker, outcome, run, receivedAt);
  CREATE TABLE accounts (run, day, event, tracker, received, pending, unaccounted);
";

const TRACKERS: [&str; 2] = ["ga4", "heap"];

/// Three payloads of two events; the last one was not acknowledged and is nowhere.
fn sent() -> Vec<Sent> {
    (0..3_u8)
        .map(|number| Sent {
            id: format!("load-{number}"),
            sha256: hex::encode(Sha256::digest(body(number))),
            events: [0, 1].map(|idx| Uuid::from_bytes([number * 2 + idx + 1; 16])).to_vec(),
            acked: number < 2,
            attempts: 1,
            first_at: clock::now().0,
            last_at: clock::now().0,
            latency_us: Some(1000),
            refused: std::collections::BTreeMap::new(),
        })
        .collect()
}

fn body(number: u8) -> String {
    format!("body of {number}, ä")
}

fn store(db: &Connection, sent: &[Sent], number: u8) {
    let payload = &sent[usize::from(number)];
    db.execute("INSERT INTO raw VALUES (?1, '', ?2, '{}')", [&payload.id, &body(number)]).unwrap();
    for (idx, id) in (0_u32..).zip(&payload.events) {
        let day = Millis(payload.first_at).day();
        db.execute(
            "INSERT INTO raw_normalized VALUES (?1, ?2, ?3, ?4)",
            params![day, payload.id, idx, id.to_string()],
        )
        .unwrap();
        for tracker in TRACKERS {
            deliver(db, payload, idx, tracker);
        }
    }
}

fn deliver(db: &Connection, payload: &Sent, idx: u32, tracker: &str) {
    db.execute(
        "INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4, 'delivered', 'live', ?5)",
        params![
            payload.id,
            idx,
            payload.events[idx as usize].to_string(),
            tracker,
            Millis(payload.last_at).to_string()
        ],
    )
    .unwrap();
}

/// A warehouse in which everything is as it should be.
fn warehouse(sent: &[Sent]) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    fill(&db, sent);
    db
}

fn fill(db: &Connection, sent: &[Sent]) {
    db.execute_batch(TABLES).unwrap();
    for number in [0, 1] {
        store(db, sent, number);
    }
    for tracker in TRACKERS {
        let day = Millis(sent[0].first_at).day();
        let sql = "INSERT INTO accounts VALUES ('live', ?1, 'sign up', ?2, 100, 0, 0)";
        db.execute(sql, [day.as_str(), tracker]).unwrap();
    }
}

/// The problems after a change, without the ids that each names; and how many acknowledged payloads are lost.
fn after(change: impl Fn(&Connection, &[Sent])) -> (Vec<String>, usize) {
    let sent = sent();
    let db = warehouse(&sent);
    change(&db, &sent);
    let findings = look(&db, &Run::new(&sent)).unwrap();
    let texts = findings.problems.iter().map(|problem| problem.text.split(':').next().unwrap().to_owned());
    (texts.collect(), findings.lost.iter().filter(|is_lost| **is_lost).count())
}

/// The one problem after a change by SQL; and how many acknowledged payloads are lost.
fn after_sql(sql: &str) -> (String, usize) {
    let (problems, lost) = after(|db, _| db.execute_batch(sql).unwrap());
    assert_eq!(problems.len(), 1, "{sql}: {problems:?}");
    (problems.into_iter().next().unwrap(), lost)
}

#[test]
fn nothing_is_wrong_where_all_is_right() {
    assert_eq!(after(|_, _| {}), (vec![], 0));
    let sent = sent();
    let findings = look(&warehouse(&sent), &Run::new(&sent)).unwrap();
    let expected = raw::Raw { payloads: 2, events: 4, ..raw::Raw::default() };
    assert_eq!(findings.raw, expected);
    let delivered = deliveries::Tracker { delivered: 4, ..deliveries::Tracker::default() };
    assert_eq!(findings.trackers["ga4"].sum, delivered);
}

#[test]
fn a_lost_row_is_found() {
    let sql = "DELETE FROM raw WHERE eventId = 'load-1'";
    assert_eq!(after_sql(sql), ("1 acknowledged payloads are not in raw".to_owned(), 1));
}

#[test]
fn a_duplicate_row_is_found() {
    let sql = "INSERT INTO raw SELECT * FROM raw WHERE eventId = 'load-1'";
    assert_eq!(after_sql(sql), ("1 payloads are in raw more than once".to_owned(), 0));
}

#[test]
fn an_altered_byte_is_found() {
    let sql = "UPDATE raw SET data = replace(data, 'ä', 'a') WHERE eventId = 'load-0'";
    assert_eq!(after_sql(sql), ("1 payloads are in raw with other bytes".to_owned(), 1));
}

#[test]
fn an_event_that_the_view_lacks_or_repeats_is_found() {
    let sql = "DELETE FROM raw_normalized WHERE payloadId = 'load-0' AND idx = 1";
    assert_eq!(after_sql(sql).0, "1 events of payloads in raw are not in raw_normalized");
    let sql = "UPDATE raw_normalized SET eventId = 'other' WHERE payloadId = 'load-0' AND idx = 1";
    assert_eq!(after_sql(sql).0, "1 events of payloads in raw are not in raw_normalized");
    let sql = "INSERT INTO raw_normalized SELECT * FROM raw_normalized WHERE payloadId = 'load-0'";
    assert_eq!(after_sql(sql).0, "2 events are in raw_normalized more than once");
}

#[test]
fn a_missing_delivery_is_found() {
    let sql = "DELETE FROM deliveries WHERE payloadId = 'load-1' AND idx = 0 AND tracker = 'heap'";
    assert_eq!(after_sql(sql), ("1 events have no row in deliveries for heap".to_owned(), 1));
    let sql = "UPDATE deliveries SET run = 'replay:1' WHERE payloadId = 'load-1' AND tracker = 'heap'";
    assert_eq!(after_sql(sql), ("2 events have no row in deliveries for heap".to_owned(), 1));
    let sql = "DELETE FROM deliveries";
    assert_eq!(after_sql(sql), ("4 events have no row in deliveries".to_owned(), 2));
}

#[test]
fn a_delivery_too_many_is_found() {
    let sql =
        "INSERT INTO deliveries SELECT * FROM deliveries WHERE payloadId = 'load-1' AND tracker = 'heap'";
    assert_eq!(after_sql(sql), ("2 events have more than one row in deliveries for heap".to_owned(), 0));
    let sql = "INSERT INTO deliveries SELECT payloadId, 7, eventId, tracker, outcome, run, receivedAt FROM deliveries LIMIT 1";
    assert_eq!(after_sql(sql), ("1 rows of deliveries name an event that was not sent".to_owned(), 0));
}

#[test]
fn a_payload_that_was_not_acknowledged_may_be_there_whole_and_once() {
    assert_eq!(after(|db, sent| store(db, sent, 2)), (vec![], 0));
    let (problems, lost) = after(|db, sent| {
        store(db, sent, 2);
        db.execute_batch("DELETE FROM raw WHERE eventId = 'load-2'").unwrap();
    });
    assert_eq!((problems, lost), (vec!["1 payloads are in deliveries and not in raw".to_owned()], 0));
    let (problems, lost) = after(|db, sent| {
        store(db, sent, 2);
        db.execute_batch("DELETE FROM deliveries WHERE payloadId = 'load-2' AND tracker = 'ga4'").unwrap();
    });
    assert_eq!((problems, lost), (vec!["2 events have no row in deliveries for ga4".to_owned()], 0));
    let (problems, _) = after(|db, sent| {
        store(db, sent, 2);
        store(db, sent, 2);
    });
    assert_eq!(problems.len(), 4, "raw, raw_normalized and two trackers: {problems:?}");
}

#[test]
fn a_row_may_stand_for_all_trackers_or_none() {
    let unopened = "DELETE FROM deliveries WHERE payloadId = 'load-1';
      INSERT INTO deliveries
        SELECT 'load-1', 0, 'load-1.0', '(all)', 'dead', 'live', receivedAt FROM deliveries LIMIT 1";
    assert_eq!(after(|db, _| db.execute_batch(unopened).unwrap()), (vec![], 0));
    let filtered = "UPDATE deliveries SET tracker = '(none)', outcome = 'filtered' WHERE payloadId = 'load-1';
      DELETE FROM deliveries WHERE rowid IN (SELECT max(rowid) FROM deliveries GROUP BY payloadId, idx, tracker HAVING count(*) > 1)";
    assert_eq!(after(|db, _| db.execute_batch(filtered).unwrap()), (vec![], 0));
    let twice =
        format!("{unopened}; INSERT INTO deliveries SELECT * FROM deliveries WHERE tracker = '(all)'");
    assert_eq!(after_sql(&twice).0, "1 events have more than one row in deliveries for (all)");
}

#[test]
fn pending_and_unaccounted_events_are_found() {
    let sql = "UPDATE accounts SET pending = 3 WHERE tracker = 'ga4'";
    assert_eq!(after_sql(sql).0, "3 events are pending");
    let sql = "INSERT INTO accounts SELECT 'replay:1', day, event, tracker, received, 3, 0 FROM accounts";
    assert_eq!(after(|db, _| db.execute_batch(sql).unwrap()).0, Vec::<String>::new());
    let sql = "UPDATE accounts SET unaccounted = CASE tracker WHEN 'ga4' THEN 2 ELSE -2 END";
    assert!(after_sql(sql).0.starts_with("4 events are unaccounted for"));
    let sql = "UPDATE accounts SET received = 3 WHERE tracker = 'ga4'";
    assert_eq!(after_sql(sql).0, "the account of ga4 counts 3 events, deliveries has 4");
}

#[test]
fn a_warehouse_without_its_tables_says_so() {
    let (problem, _) = after_sql("DROP TABLE deliveries");
    assert_eq!(problem, "the warehouse has no deliveries");
    let (problems, _) =
        after(|db, _| db.execute_batch("DROP TABLE accounts; DROP TABLE raw_normalized").unwrap());
    assert_eq!(problems.len(), 2);
}

/// The tables above are made up: the real ones have the same columns, and rows of a shard mean the same in them.
#[test]
fn the_tables_of_the_migration_are_read() {
    let workload = crate::load::workload::Workload { seed: 1, visitors: 2, events: 3, body_bytes: 0 };
    let now = clock::now();
    let db = Connection::open_in_memory().unwrap();
    for statement in warehouse::d1::migration(&[]) {
        db.execute_batch(&statement).unwrap();
    }
    let (mut sent, mut deliveries) = (sent(), Vec::new());
    for (payload, number) in sent.iter_mut().zip(0..) {
        let made = workload.payload(number);
        let row = [&made.id, &now.to_string(), &made.body, "{}"];
        db.execute(warehouse::d1::INSERT_RAW_ONE, row).unwrap();
        for (idx, id) in (0..).zip(&made.events) {
            deliveries.push(delivery(&made.id, idx, *id, now));
        }
        payload.sha256 = hex::encode(Sha256::digest(&made.body));
        (payload.id, payload.events) = (made.id, made.events);
    }
    for (delivery, seq) in deliveries.iter_mut().zip(1..) {
        delivery.seq = seq;
    }
    let rows = serde_json::to_string(&deliveries).unwrap();
    db.execute(warehouse::d1::INSERT_DELIVERIES, [rows]).unwrap();
    let line = event::account::LedgerLine {
        shard: 0,
        seq: 100,
        run: "live".into(),
        day: now.day(),
        event: "sign up".into(),
        tracker: "ga4".into(),
        received: 9,
        pending: 0,
        timestamp: now,
    };
    let ledger = |line: &event::account::LedgerLine| serde_json::to_string(&[line]).unwrap();
    db.execute(warehouse::d1::INSERT_LEDGER, [ledger(&line)]).unwrap();
    let findings = look(&db, &Run::new(&sent)).unwrap();
    assert_eq!(findings.problems, []);
    assert_eq!((findings.raw.payloads, findings.raw.events), (3, 9));
    assert_eq!(findings.trackers["ga4"].sum.delivered, 9);

    let later = event::account::LedgerLine { seq: 101, received: 12, pending: 2, ..line };
    db.execute(warehouse::d1::INSERT_LEDGER, [ledger(&later)]).unwrap();
    let findings = look(&db, &Run::new(&sent)).unwrap();
    assert_eq!(findings.accounts, Some(Accounts { pending: 2, unaccounted: 1 }));
}

fn delivery(payload_id: &str, idx: u32, id: Uuid, now: Millis) -> event::account::Delivery {
    event::account::Delivery {
        payload_id: payload_id.to_owned(),
        idx,
        event_id: id.to_string(),
        event: "sign up".into(),
        tracker: "ga4".into(),
        outcome: "delivered".into(),
        reason: None,
        status: Some(204),
        attempts: 1,
        changes: Vec::new(),
        policy: None,
        release: "0.1.0".into(),
        run: "live".into(),
        shard: 0,
        seq: 0,
        received_at: now,
        timestamp: now,
    }
}

#[test]
fn what_is_on_its_way_is_waited_for_and_no_longer_than_asked() {
    let path = std::env::temp_dir().join(format!("sparrow-verify-{}.sqlite", std::process::id()));
    let sent = sent();
    let db = Connection::open(&path).unwrap();
    fill(&db, &sent);
    db.execute_batch("CREATE TABLE late AS SELECT * FROM deliveries; DELETE FROM deliveries").unwrap();
    let mut places = Places { database: path.clone(), sandbox: None, settle: Duration::ZERO };
    let client = reqwest_client();
    db.execute_batch("UPDATE accounts SET pending = 1").unwrap();
    let findings = run(async { timeout(PATIENCE, verify(&sent, &places, &client)).await });
    assert_eq!(findings.unwrap().unwrap().problems.len(), 2);
    db.execute_batch("UPDATE accounts SET pending = 0").unwrap();

    places.settle = PATIENCE;
    run(async {
        let mut waiting = pin!(verify(&sent, &places, &client));
        let is_waiting = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
        assert!(is_waiting, "something is missing");
        db.execute_batch("INSERT INTO deliveries SELECT * FROM late").unwrap();
        assert_eq!(waiting.await.unwrap().problems, []);
    });
    drop(db);
    std::fs::remove_file(&path).unwrap();
}

fn reqwest_client() -> reqwest::Client {
    crate::load::client(&load(&[]).unwrap()).unwrap()
}

#[test]
fn the_vendors_are_asked_for_every_event_page_by_page() {
    let sent = sent();
    let first_at = sent[0].last_at + 50;
    // Of four events one is missing at GA4, and one came three times.
    let pages = [
        format!(
            r#"{{"key":"device 1 e https://shop.example/load/{}","count":3,"firstAt":{first_at}}}"#,
            sent[0].events[0]
        ),
        format!(
            r#"{{"key":"device 1 e https://shop.example/load/{}","count":1,"firstAt":{first_at}}}"#,
            sent[0].events[1]
        ),
        format!(
            r#"{{"key":"device 1 e https://shop.example/load/{}","count":1,"firstAt":{first_at}}}"#,
            sent[1].events[0]
        ),
    ];
    let server = Server::start(move |request, _| {
        assert_eq!(request.path(), "/api/received");
        let query = request.query();
        let Some(vendor) = query.get("vendor") else {
            return Some(reply(200, r#"{"ga4":{"unknown":0},"webhook":{"unknown":0}}"#));
        };
        assert_eq!(vendor, "ga4");
        let after: usize = query["after"].parse().unwrap();
        let next = if after < 2 { (after + 1).to_string() } else { "null".to_owned() };
        Some((200, "", format!(r#"{{"received":[{}],"next":{next}}}"#, pages[after]).into()))
    });
    let index = Run::new(&sent);
    let mut findings = look(&warehouse(&sent), &index).unwrap();
    run(vendors::check(&reqwest_client(), &server.url, &index, &mut findings)).unwrap();
    let texts: Vec<_> = findings.problems.iter().map(|problem| problem.text.as_str()).collect();
    assert_eq!(texts, ["1 events were delivered to ga4, which never accepted them: load-1"]);
    assert_eq!(findings.lost, [false, true, false]);
    let ga4 = findings.trackers["ga4"].sum.vendor.as_ref().unwrap();
    assert_eq!((ga4.vendor_missing, ga4.vendor_duplicates), (1, 2));
    assert!((49.0..=51.0).contains(&ga4.vendor_latency_ms.p50));
    assert_eq!(findings.trackers["heap"].sum.vendor, None);
}

#[test]
fn a_sandbox_that_is_none_is_named() {
    let sent = sent();
    let server = Server::start(|_, _| Some(reply(404, "not found")));
    let index = Run::new(&sent);
    let mut findings = look(&warehouse(&sent), &index).unwrap();
    let error = run(vendors::check(&reqwest_client(), &server.url, &index, &mut findings)).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
}
