//! Erasing events.

use super::*;
use crate::d1::erase::*;
use event::id::erased_id;

/// Three events at two trackers, the second of which was tried again, and their counters.
fn told(db: &Connection) {
    let change = Change { field: "properties.note".to_owned(), rule: Rule::NotAllowed };
    let of = |seq: i64, idx: u32, tracker: &str, outcome: &str, run: &str| Delivery {
        payload_id: "p".to_owned(),
        idx,
        event_id: if idx == 0 { "own".to_owned() } else { format!("p.{idx}") },
        tracker: tracker.to_owned(),
        outcome: outcome.to_owned(),
        reason: (outcome != "delivered").then(|| "timeout".to_owned()),
        run: run.to_owned(),
        changes: vec![change.clone()],
        ..delivery(0, seq)
    };
    let mut deliveries = Vec::new();
    for idx in 0..3 {
        let seq = i64::from(idx) * 10;
        deliveries.push(of(seq, idx, "ga4", "delivered", LIVE));
        deliveries.push(of(seq + 1, idx, "heap", "dead", LIVE));
        deliveries.push(of(seq + 2, idx, "heap", "delivered", "replay:1"));
    }
    deliver(db, &deliveries);
    let counter = |seq, tracker: &str, run: &str| LedgerLine {
        tracker: tracker.to_owned(),
        run: run.to_owned(),
        ..line(0, seq, 3, 0)
    };
    count(db, &[counter(50, "ga4", LIVE), counter(51, "heap", LIVE), counter(52, "heap", "replay:1")]);
}

const VIEWS: [&str; 5] = [
    "SELECT * FROM accounts ORDER BY run, tracker",
    "SELECT * FROM reasons ORDER BY run, tracker",
    "SELECT * FROM changes_by_rule ORDER BY event, field",
    "SELECT payloadId, idx, tracker, outcome, run FROM latest_outcomes ORDER BY idx, tracker",
    "SELECT payloadId, idx, step, tracker, outcome FROM stories ORDER BY idx, at, tracker, step",
];

const IDS: &str = r#"["own", "p.0", "p.1"]"#;

#[test]
fn outcomes_lose_their_events_ids_and_every_view_shows_what_it_showed() {
    let db = warehouse(&[]);
    told(&db);
    let before = VIEWS.map(|view| rows(&db, view));
    assert!(before.iter().all(|rows| !rows.is_empty()));
    // Ids may be others' too; an event is its place in what was received then.
    let places =
        r#"["p.0@2026-11-01T12:00:00.000Z", "p.1@2026-11-01T12:00:00.001Z", "q.1@2026-11-01T12:00:00.000Z"]"#;
    assert_eq!(db.query_row(COUNT_DELIVERIES, [IDS, places], |row| row.get::<_, i64>(0)).unwrap(), 3);
    assert_eq!(db.execute(ERASE_DELIVERIES, [IDS, places]).unwrap(), 3);
    assert_eq!(VIEWS.map(|view| rows(&db, view)), before);
    let ids = rows(&db, "SELECT DISTINCT eventId FROM deliveries ORDER BY idx");
    assert_eq!(ids, [[text(&erased_id("p", 0))], [text("p.1")], [text("p.2")]]);
    assert_eq!(db.execute(ERASE_DELIVERIES, [IDS, places]).unwrap(), 0, "a second time");
}

#[test]
fn outcomes_of_a_day_are_found_without_their_events_own_ids() {
    let db = warehouse(&[]);
    told(&db);
    let places = r#"["p.0@2026-11-01T12:00:00.000Z", "p.1@2026-11-01T12:00:00.001Z"]"#;
    assert_eq!(db.execute(ERASE_DELIVERIES_OF_DAY, [places, "2026-11-02"]).unwrap(), 0);
    assert_eq!(db.execute(ERASE_DELIVERIES_OF_DAY, [places, "2026-11-01"]).unwrap(), 3);
    let ids = rows(&db, "SELECT DISTINCT eventId FROM deliveries ORDER BY idx");
    assert_eq!(ids, [[text(&erased_id("p", 0))], [text("p.1")], [text("p.2")]]);
    assert_eq!(db.execute(ERASE_DELIVERIES_OF_DAY, [places, "2026-11-01"]).unwrap(), 0, "a second time");
    let sql = ERASE_DELIVERIES_OF_DAY.replace("?1", "'[]'").replace("?2", "'2026-11-01'");
    assert!(plan(&db, &sql).contains("deliveries_by_day"));
}

#[test]
fn outcomes_are_found_by_their_index() {
    let db = warehouse(&[]);
    for sql in [ERASE_DELIVERIES, COUNT_DELIVERIES] {
        let sql = sql.replace("?1", "'[]'").replace("?2", "'[]'");
        let plan = plan(&db, &sql);
        assert!(plan.contains("deliveries_by_event"), "{plan}");
    }
}

#[test]
fn a_call_goes_that_carried_one_of_the_events_and_was_not_made_before_them() {
    let db = warehouse(&[]);
    let carried = |seq, day: i64, events: &[(&str, u32)]| SentRequest {
        events: events.iter().map(|(payload, idx)| ((*payload).to_owned(), *idx, 1)).collect(),
        received_at: Millis(NOON + day * DAY_MS),
        ..request(0, seq)
    };
    let odd = SentRequest { events: vec![], ..request(0, 9) };
    send(
        &db,
        &[
            carried(1, 0, &[("p", 0)]),
            carried(2, 0, &[("q", 0), ("p", 1)]),
            carried(3, 0, &[("p", 10), ("q", 1)]),
            carried(4, -1, &[("x", 0), ("p", 0)]),
            carried(5, 1, &[("p", 0)]),
            // Another payload under the id, received and delivered long before, and one that was tried for days.
            carried(6, -30, &[("p", 0)]),
            SentRequest { timestamp: Millis(NOON + DAY_MS), ..carried(7, -3, &[("x", 0), ("p", 0)]) },
            odd,
        ],
    );
    db.execute_batch("UPDATE requests SET timestamp = receivedAt WHERE seq = 6").unwrap();
    db.execute_batch("UPDATE requests SET events = 'p.0' WHERE seq = 9").unwrap();
    let of_day = [r#"["p.0", "p.1"]"#, "2026-11-01"];
    assert_eq!(db.query_row(COUNT_REQUESTS, of_day, |row| row.get::<_, i64>(0)).unwrap(), 4);
    assert_eq!(db.execute(ERASE_REQUESTS, of_day).unwrap(), 4);
    let left = rows(&db, "SELECT seq FROM requests ORDER BY seq");
    assert_eq!(left, [3, 5, 6, 9].map(|seq| [Value::Integer(seq)]));
}

#[test]
fn payloads_are_found_deleted_and_kept_in_another_form() {
    let db = warehouse(&[]);
    for (id, body) in [
        ("has", &br#"{"userId":"a'\"%"}"#[..]),
        ("plain", br#"{"userId":"a'b"}"#),
        ("escaped", br#"{"x":"\u0061"}"#),
        ("encoded", b"\xff"),
        ("other", br#"{"userId":"b"}"#),
    ] {
        log(&db, &payload(id, body));
    }
    assert_eq!(rows(&db, &RAW_DAYS.replace("?1", "'2026-11-01'")), [[text("2026-11-01")]]);
    assert!(rows(&db, &RAW_DAYS.replace("?1", "'2026-11-02'")).is_empty());
    let candidates =
        RAW_CANDIDATES.replace("?1", "'2026-11-01'").replace("?2", r#"'["a''b", "zz"]'"#).replace("?3", "0");
    let found: Vec<_> = rows(&db, &candidates).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(found, ["has", "plain", "escaped", "encoded"].map(text));
    assert!(plan(&db, &candidates).contains("raw_by_day"));
    // The same id at another time is another payload.
    let later = Payload { received_at: Millis(NOON + 1), ..payload("has", b"{}") };
    log(&db, &later);
    let keys = r#"["has 2026-11-01T12:00:00.000Z", "x 2026-11-01T12:00:00.000Z"]"#;
    assert_eq!(db.execute(DELETE_RAW, [r#"["has", "x"]"#, keys]).unwrap(), 1);
    let rewritten = ["plain", "2026-11-01T12:00:00.000Z", r#"{"event":"(erased)"}"#, r#"{"erased":1}"#];
    let [id, time, data, context] = rewritten;
    let read = r#"{"userId":"a'b"}"#;
    assert_eq!(db.execute(REWRITE_RAW, [id, time, data, context, read]).unwrap(), 1);
    let blindly = [id, time, r#"{"event":"of another"}"#, context, read];
    assert_eq!(db.execute(REWRITE_RAW, blindly).unwrap(), 0, "somebody else was taken out of it meanwhile");
    let event = rows(&db, "SELECT event, userId FROM raw_normalized WHERE payloadId = 'plain'");
    assert_eq!(event, [[text("(erased)"), Value::Null]]);
    assert_eq!(
        rows(&db, "SELECT timestamp FROM raw WHERE eventId = 'has'"),
        [[text("2026-11-01T12:00:00.001Z")]]
    );
}

#[test]
fn a_page_of_payloads_is_no_larger_than_one_answer_may_be() {
    let db = warehouse(&[]);
    let large = format!(r#"{{"userId":"ada","x":"{}"}}"#, "x".repeat(1_500_000));
    for (id, body) in [("a", large.as_str()), ("b", r#"{"userId":"bob"}"#), ("c", &large), ("d", &large)] {
        log(&db, &payload(id, body.as_bytes()));
    }
    for id in 0..600 {
        log(&db, &payload(&format!("small-{id}"), br#"{"userId":"ada"}"#));
    }
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let sql = RAW_CANDIDATES.replace("?1", "'2026-11-01'").replace("?2", r#"'["ada"]'"#);
        let page = rows(&db, &sql.replace("?3", &after.to_string()));
        let Some([.., Value::Integer(last)]) = page.last().map(Vec::as_slice) else { break };
        after = *last;
        pages.push(page.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>());
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 500, 101]);
    assert_eq!(pages[0], ["a", "c"].map(text));
    assert_eq!(pages[1][0], text("d"));
    // One that is larger than a page alone is a page of its own.
    log(&db, &payload("huge", format!(r#"{{"userId":"ada"{}}}"#, " ".repeat(1_900_000)).as_bytes()));
    let narrow = RAW_CANDIDATES.replace("4000000", "1000").replace("?1", "'2026-11-01'");
    let narrow = narrow.replace("?2", r#"'["ada"]'"#).replace("?3", &after.to_string());
    assert_eq!(rows(&db, &narrow).len(), 1);
}

#[test]
fn a_receipt_is_open_until_it_is_finished() {
    let db = warehouse(&[]);
    let open = || rows(&db, &UNFINISHED_ERASURE.replace("?1", "'s'"));
    assert!(open().is_empty());
    db.execute(BEGIN_ERASURE, ["1", "2026-11-01T12:00:00.000Z", "s"]).unwrap();
    db.execute(BEGIN_ERASURE, ["2", "2026-11-01T12:00:00.000Z", "of another"]).unwrap();
    assert_eq!(open(), [[text("1"), text("{}"), text("[]")]]);
    db.execute(NOTE_ERASURE, ["1", "c", "w"]).unwrap();
    assert_eq!(open(), [[text("1"), text("c"), text("w")]]);
    db.execute(FINISH_ERASURE, ["1", "2026-11-01T13:00:00.000Z"]).unwrap();
    assert!(open().is_empty());
    assert_eq!(rows(&db, ERASURES).len(), 2);
}
