//! What is asked to compare the account of a tracker with the vendor's.

use super::*;
use crate::d1::reconcile as asked;

const HOUR_MS: i64 = 3_600_000;

/// A payload of one event that happened `ago` before it was received.
fn log_event(db: &Connection, id: &str, received_at: i64, ago: i64) {
    let body = format!(r#"{{"event": "sign up", "timestamp": {}}}"#, received_at - ago);
    log(db, &Payload { received_at: Millis(received_at), ..payload(id, body.as_bytes()) });
}

fn outcome(id: &str, seq: i64, received_at: i64, outcome: &str, reason: Option<&str>) -> Delivery {
    Delivery {
        payload_id: id.to_owned(),
        outcome: outcome.to_owned(),
        reason: reason.map(str::to_owned),
        received_at: Millis(received_at),
        timestamp: Millis(received_at + 1000),
        ..delivery(0, seq)
    }
}

/// `day outcome reason events again retried later slow untimed`
fn outcomes(db: &Connection, offset: &str, days: [&str; 2]) -> Vec<String> {
    let mut statement = db.prepare(asked::OUTCOMES).unwrap();
    let params = ["ga4", "2026-10-31", "2026-11-05", offset, days[0], days[1]];
    let rows = statement.query_map(params, |row| {
        let mut said = Vec::new();
        for i in 1..10 {
            said.push(match row.get_ref(i)? {
                ValueRef::Null => "-".to_owned(),
                ValueRef::Integer(count) => count.to_string(),
                other => other.as_str()?.to_owned(),
            });
        }
        Ok(said.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_event_counts_on_the_day_on_which_it_happened_in_the_vendors_zone() {
    let db = warehouse(&[]);
    log_event(&db, "at-noon", NOON, 0);
    // Received on the 2nd at noon, and happened 13 hours before: on the 1st at 23:00 UTC.
    log_event(&db, "late", NOON + DAY_MS, 13 * HOUR_MS);
    deliver(
        &db,
        &[
            outcome("at-noon", 1, NOON, "delivered", None),
            outcome("late", 2, NOON + DAY_MS, "delivered", None),
        ],
    );
    let day = ["2026-11-01", "2026-11-01"];
    assert_eq!(outcomes(&db, "+0 minutes", day), ["2026-11-01 delivered - 2 0 0 1 0 0"]);
    assert_eq!(outcomes(&db, "+60 minutes", day), ["2026-11-01 delivered - 1 0 0 0 0 0"]);
    assert_eq!(outcomes(&db, "+60 minutes", ["2026-11-02"; 2]), ["2026-11-02 delivered - 1 0 0 0 0 0"]);
    assert_eq!(outcomes(&db, "-780 minutes", ["2026-10-31"; 2]), ["2026-10-31 delivered - 1 0 0 0 0 0"]);
}

#[test]
fn an_event_counts_once_whatever_runs_it_was_in() {
    let db = warehouse(&[]);
    for id in ["twice", "healed", "dead", "undone"] {
        log_event(&db, id, NOON, 0);
    }
    let run = |delivery: Delivery, after: i64| Delivery {
        run: "backfill:1".to_owned(),
        timestamp: Millis(NOON + after),
        ..delivery
    };
    deliver(
        &db,
        &[
            outcome("twice", 1, NOON, "delivered", None),
            run(outcome("twice", 2, NOON, "delivered", None), HOUR_MS),
            outcome("healed", 3, NOON, "dead", Some("http_503")),
            run(Delivery { attempts: 2, ..outcome("healed", 4, NOON, "delivered", None) }, DAY_MS),
            outcome("dead", 5, NOON, "dead", Some("http_503")),
            // Once delivered, whatever a later run made of it.
            outcome("undone", 6, NOON, "delivered", None),
            run(outcome("undone", 7, NOON, "rejected", Some("too_old")), HOUR_MS),
            Delivery { tracker: "heap".to_owned(), ..outcome("dead", 8, NOON, "delivered", None) },
        ],
    );
    let expected = ["2026-11-01 dead http_503 1 0 0 0 0 0", "2026-11-01 delivered - 3 1 1 0 1 0"];
    assert_eq!(outcomes(&db, "+0 minutes", ["2026-11-01"; 2]), expected);
}

/// A compressed body has a row without a name, and `raw` may be gone.
#[test]
fn an_event_whose_time_is_not_known_counts_when_it_came() {
    let db = warehouse(&[]);
    log(&db, &payload("gzip", b"\x1f\x8b\x00"));
    deliver(&db, &[outcome("gzip", 1, NOON, "delivered", None), outcome("gone", 2, NOON, "delivered", None)]);
    assert_eq!(outcomes(&db, "+0 minutes", ["2026-11-01"; 2]), ["2026-11-01 delivered - 2 0 0 0 0 2"]);
}

#[test]
fn what_is_still_owed_is_told_by_name_and_day() {
    let db = warehouse(&[]);
    let unopened =
        LedgerLine { event: "(unopened)".to_owned(), tracker: "(all)".to_owned(), ..line(0, 3, 2, 2) };
    let replayed = LedgerLine { run: "replay:1".to_owned(), ..line(1, 2, 2, 2) };
    count(&db, &[line(0, 1, 9, 4), line(1, 1, 1, 1), replayed, unopened]);
    let mut statement = db.prepare(asked::PENDING).unwrap();
    let rows = statement.query_map(["ga4", "2026-11-01", "2026-11-02"], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(2)?))
    });
    let expected = [("(unopened)".to_owned(), 2), ("sign up".to_owned(), 7)];
    assert_eq!(rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap(), expected);
}

#[test]
fn only_the_days_of_receipt_are_read() {
    let db = warehouse(&[]);
    let plan = plan(&db, asked::OUTCOMES);
    assert!(plan.contains("deliveries USING INDEX deliveries_by_day"), "{plan}");
    assert!(plan.contains("raw USING INDEX raw_by_day"), "{plan}");
}
