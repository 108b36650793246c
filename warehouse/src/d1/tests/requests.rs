//! The table `requests` and its view.

use super::*;
use event::account::REQUEST_COLUMNS;
use event::id::MAX_ID_LENGTH;
use event::wire::MAX_BODY_BYTES;

#[test]
fn the_table_has_the_columns_of_the_rows() {
    let db = warehouse(&[]);
    let statement = db.prepare("SELECT * FROM requests").unwrap();
    assert!(statement.column_names().eq(REQUEST_COLUMNS));
}

#[test]
fn every_value_is_in_its_column() {
    let db = warehouse(&[]);
    let unanswered = SentRequest { status: None, run: "replay:1".to_owned(), ..request(4, 6) };
    assert_eq!(send(&db, &[request(4, 5), unanswered]), 2);
    let row = |seq: i64, run, status| {
        let address = ["ga4", "POST", "https://vendor.example/?key=[secret]", r#"{"events":[1,2]}"#];
        let mut row = vec![Value::Integer(4), Value::Integer(seq), text(run)];
        row.extend(address.map(text));
        row.extend([status, text(r#"[["p",0,1],["q",3,2]]"#), text("2026-11-01T12:00:00.000Z")]);
        row.push(text(&format!("2026-11-01T12:00:00.00{seq}Z")));
        row
    };
    let expected = [row(5, "live", Value::Integer(204)), row(6, "replay:1", Value::Null)];
    assert_eq!(rows(&db, "SELECT * FROM requests ORDER BY seq"), expected);
}

/// After a crash a shard sends what it may have sent already.
#[test]
fn a_row_counts_once_however_often_it_comes() {
    let db = warehouse(&[]);
    assert_eq!(send(&db, &[request(0, 1), request(0, 2), request(0, 2), request(1, 1)]), 3);
    assert_eq!(send(&db, &[request(0, 2), request(0, 3)]), 1);
    assert_eq!(rows(&db, "SELECT count(*) FROM requests_by_event"), [[Value::Integer(8)]]);
}

/// A row that cannot be stored must not go missing in silence.
#[test]
fn a_faulty_row_fails_the_statement() {
    let db = warehouse(&[]);
    for missing in [6, 8, 10] {
        let mut faulty = serde_json::to_value([request(0, 1), request(0, 2)]).unwrap();
        faulty[1][missing] = serde_json::Value::Null;
        assert!(db.execute(INSERT_REQUESTS, [faulty.to_string()]).is_err(), "{missing}");
    }
    assert_eq!(rows(&db, "SELECT count(*) FROM requests"), [[Value::Integer(0)]]);
}

#[test]
fn the_view_has_a_row_per_event_and_call() {
    let db = warehouse(&[]);
    let again = SentRequest { events: vec![("p".to_owned(), 0, 2)], status: Some(503), ..request(0, 2) };
    send(&db, &[request(0, 1), again]);
    let sql = "SELECT payloadId, idx, tracker, attempt, run, method, url, body, status, day, receivedAt, timestamp, shard, seq
        FROM requests_by_event ORDER BY payloadId, attempt";
    let row = |payload, idx, attempt, status, seq: i64| {
        let int = Value::Integer;
        let mut row = vec![text(payload), int(idx), text("ga4"), int(attempt), text("live"), text("POST")];
        row.extend([text("https://vendor.example/?key=[secret]"), text(r#"{"events":[1,2]}"#), int(status)]);
        row.extend([text("2026-11-01"), text("2026-11-01T12:00:00.000Z")]);
        row.extend([text(&format!("2026-11-01T12:00:00.00{seq}Z")), int(0), int(seq)]);
        row
    };
    let expected = [row("p", 0, 1, 204, 1), row("p", 0, 2, 503, 2), row("q", 3, 2, 204, 1)];
    assert_eq!(rows(&db, sql), expected);
}

/// A row beyond the limits would be refused for ever.
#[test]
fn the_longest_row_there_can_be_is_taken() {
    let db = warehouse(&[]);
    // Two bytes each in JSON.
    let body = "\"".repeat(MAX_BODY_BYTES / 2);
    let events = (0..1_000).map(|idx| ("p".repeat(MAX_ID_LENGTH), idx, u32::MAX)).collect();
    let url = format!("https://vendor.example/{}", "x".repeat(10_000));
    assert_eq!(send(&db, &[SentRequest { url, body, events, ..request(0, 1) }]), 1);
    let sizes = "SELECT count(*), max(idx), max(length(body)) FROM requests_by_event";
    assert_eq!(rows(&db, sizes), [[1_000, 999, 750_000].map(Value::Integer)]);
}

/// Bodies of a megabyte are not to be read for it. SQLite plans differently once it has statistics.
#[test]
fn a_question_about_a_day_reads_that_day_alone() {
    let db = warehouse(&[]);
    let requests: Vec<_> = (0..2_000)
        .map(|seq| SentRequest { received_at: Millis(NOON + seq / 100 * DAY_MS), ..request(0, seq) })
        .collect();
    send(&db, &requests);
    let questions = [
        ("requests_by_event WHERE payloadId = 'p' AND day = '2026-11-02'", "(<expr>=?)"),
        ("requests_by_event WHERE tracker = 'ga4' AND day = '2026-11-02'", "(<expr>=? AND tracker=?)"),
        (
            "requests_by_event WHERE tracker = 'ga4' AND status = 503 AND day = '2026-11-02'",
            "(<expr>=? AND tracker=? AND status=?)",
        ),
    ];
    for _ in 0..2 {
        for (question, columns) in questions {
            let plan = plan(&db, &format!("SELECT * FROM {question}"));
            let step = format!("SEARCH requests USING INDEX requests_by_day {columns}");
            assert!(plan.contains(&step), "{question}\n{plan}");
        }
        db.execute_batch("ANALYZE").unwrap();
    }
}

fn any_text() -> impl Strategy<Value = Value> {
    let odd = ["", "[", "[[", "[[]]", "[[1,2]]", "[\"x\"]", "{\"a\":[1]}", "[null]", "[[[1],{},null]]", "1"];
    prop_oneof![
        proptest::sample::select(odd.to_vec()).prop_map(text),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Blob),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
    ]
}

proptest! {
    /// Whatever a vendor was sent is what is kept.
    #[test]
    fn any_body_is_kept_as_it_is(body: String, url: String) {
        let db = warehouse(&[]);
        send(&db, &[SentRequest { body: body.clone(), url: url.clone(), ..request(0, 1) }]);
        let kept = rows(&db, "SELECT url, body FROM requests_by_event WHERE payloadId = 'q'");
        prop_assert_eq!(kept, [[Value::Text(url), Value::Text(body)]]);
    }

    /// One row that nobody expects must not break everybody's queries.
    #[test]
    fn no_row_breaks_the_view(values in proptest::collection::vec(any_text(), 3), events in any_text()) {
        let db = warehouse(&[]);
        send(&db, &[request(0, 1)]);
        let [body, status, received_at] = &values[..] else { unreachable!() };
        let row = params_from_iter([body, status, &events, received_at]);
        db.execute("INSERT INTO requests VALUES (0, 2, 'live', 'ga4', 'POST', '', ?, ?, ?, ?, '')", row).unwrap();
        rows(&db, "SELECT * FROM requests_by_event");
        let found = rows(&db, "SELECT 1 FROM requests_by_event WHERE payloadId = 'p' AND idx = 0 AND attempt = 1 AND seq = 1");
        prop_assert_eq!(found.len(), 1);
    }
}
