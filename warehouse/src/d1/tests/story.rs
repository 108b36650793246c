//! What is asked to tell the story of an event.

use super::*;
use crate::d1::story as asked;
use rusqlite::ToSql;

fn ask(db: &Connection, sql: &str, params: &[&dyn ToSql]) -> Vec<Vec<Value>> {
    let mut statement = db.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map(params, |row| (0..width).map(|i| row.get_ref(i).map(value)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_event_has_its_outcomes_in_all_runs_and_no_others() {
    let db = warehouse(&[]);
    let dead = Delivery { outcome: "dead".to_owned(), ..delivery(0, 1) };
    let again =
        Delivery { run: "replay:1".to_owned(), seq: 7, timestamp: Millis(NOON + 7), ..delivery(0, 1) };
    deliver(&db, &[dead, again, delivery(0, 2)]);
    let found = ask(&db, asked::OUTCOMES, &[&"e0-1"]);
    let told: Vec<_> = found.iter().map(|row| (row[4].clone(), row[11].clone())).collect();
    assert_eq!(told, [(text("delivered"), text("replay:1")), (text("dead"), text("live"))]);
    assert!(plan(&db, asked::OUTCOMES).contains("USING INDEX deliveries_by_event (eventId=?)"));
}

#[test]
fn an_event_without_an_outcome_is_found_in_the_days_that_are_named() {
    let db = warehouse(&[]);
    log(&db, &payload("p1", br#"{"batch": [{"event": "a"}, {"event": "b", "eventId": "mine"}]}"#));
    let place = || vec![text("p1"), Value::Integer(1), text("2026-11-01T12:00:00.000Z")];
    assert_eq!(ask(&db, asked::PLACES, &[&"mine", &"2026-11-01", &"2026-11-01"]), [place()]);
    assert_eq!(ask(&db, asked::PLACES, &[&"mine", &"2026-11-02", &"2026-11-03"]).len(), 0);
    assert!(plan(&db, asked::PLACES).contains("USING INDEX raw_by_day"));
    let at = ask(&db, asked::RECEIPTS, &[&"p1"]).remove(0).remove(0);
    assert_eq!(at, text("2026-11-01T12:00:00.000Z"));
    assert_eq!(ask(&db, asked::PAYLOAD, &[&"p1", &"2026-11-01T12:00:00.000Z"]).len(), 1);
    for sql in [asked::RECEIPTS, asked::PAYLOAD] {
        assert!(plan(&db, sql).contains("USING INDEX raw_by_id (eventId=?)"));
    }
}

/// The body of a call holds the other events, too: the place says which one is meant.
#[test]
fn of_each_tracker_the_latest_call_is_told_and_the_place_of_the_event_in_it() {
    let db = warehouse(&[]);
    let second = SentRequest { events: vec![("q".to_owned(), 3, 3)], status: Some(503), ..request(0, 2) };
    let heap = SentRequest { tracker: "heap".to_owned(), ..request(0, 3) };
    let later = SentRequest { received_at: Millis(NOON + 2 * DAY_MS), ..request(0, 4) };
    send(&db, &[request(0, 1), second, heap, later]);
    db.execute("INSERT INTO requests SELECT shard, 9, run, tracker, method, url, body, status, 'x', receivedAt, timestamp
        FROM requests WHERE seq = 1", []).unwrap();
    let calls = |from: &str, to: &str| -> Vec<_> {
        let rows = ask(&db, asked::CALLS, &[&from, &to, &"q", &3]);
        rows.into_iter().map(|row| [&row[0], &row[1], &row[6], &row[8], &row[9]].map(Clone::clone)).collect()
    };
    let call = |tracker, attempt, status, place, events| {
        let int = Value::Integer;
        [text(tracker), int(attempt), int(status), int(place), int(events)]
    };
    let expected = [call("ga4", 3, 503, 0, 1), call("heap", 2, 204, 1, 2)];
    assert_eq!(calls("2026-10-29", "2026-11-01"), expected);
    assert_eq!(calls("2026-10-29", "2026-11-03")[0], call("ga4", 2, 204, 1, 2));
    assert!(plan(&db, asked::CALLS).contains("USING INDEX requests_by_day"));
}
