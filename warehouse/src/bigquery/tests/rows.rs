//! Rows as they are sent.

use super::*;
use event::account::{DELIVERY_COLUMNS, LEDGER_COLUMNS, LIVE, REQUEST_COLUMNS};
use event::{Change, Delivery, LedgerLine, Rule, SentRequest};
use proptest::prelude::*;
use serde::Serialize;

/// The members of `rows` in the one request that it takes.
fn sent(table: Table, rows: &impl Serialize) -> Vec<Json> {
    let mut insert = Insert::new(&dataset(), table, &serde_json::to_string(rows).unwrap()).unwrap();
    let batch = insert.next().unwrap();
    assert!(insert.next().is_none());
    let request = insert.request(&batch);
    let mut body: Json = serde_json::from_str(&request.body.unwrap()).unwrap();
    assert_eq!((&body["skipInvalidRows"], &body["ignoreUnknownValues"]), (&json!(true), &json!(false)));
    serde_json::from_value(body["rows"].take()).unwrap()
}

/// A shard has no other names for its values than their places.
#[test]
fn the_tables_have_the_columns_of_the_rows() {
    assert!(Table::Raw.columns().eq(["eventId", "timestamp", "data", "context"]));
    assert!(Table::Deliveries.columns().eq(DELIVERY_COLUMNS));
    assert!(Table::Ledger.columns().eq(LEDGER_COLUMNS));
    assert!(Table::Requests.columns().eq(REQUEST_COLUMNS));
}

#[test]
fn a_request_goes_to_its_table_and_shows_no_value() {
    let mut insert = Insert::new(&dataset(), Table::Raw, r#"[["p", 1, "s3cret", "{}"]]"#).unwrap();
    assert!(!format!("{insert:?}").contains("s3cret"));
    let batch = insert.next().unwrap();
    let request = insert.request(&batch);
    assert!(!format!("{batch:?} {request:?}").contains("s3cret"));
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!(request.path, "/bigquery/v2/projects/shop-4711/datasets/sparrow/tables/raw/insertAll");
}

#[test]
fn payloads_are_named_by_id_and_time() {
    let rows =
        [("p-1", NOON, "{\"event\": \"a\"}", "{}"), ("p-1", Millis(NOON.0 + 7), "", "{\"ip\":\"1.2.3.0\"}")];
    let expected = json!([
        {
            "insertId": "p-1-1793534400000",
            "json": { "eventId": "p-1", "timestamp": "2026-11-01T12:00:00.000Z", "data": "{\"event\": \"a\"}", "context": "{}" },
        },
        {
            "insertId": "p-1-1793534400007",
            "json": { "eventId": "p-1", "timestamp": "2026-11-01T12:00:00.007Z", "data": "", "context": "{\"ip\":\"1.2.3.0\"}" },
        },
    ]);
    assert_eq!(Json::from(sent(Table::Raw, &rows)), expected);
}

fn delivery() -> Delivery {
    Delivery {
        payload_id: "p".to_owned(),
        idx: 2,
        event_id: "p.2".to_owned(),
        event: "sign up".to_owned(),
        tracker: "ga4".to_owned(),
        outcome: "rejected".to_owned(),
        reason: Some("no \"identity\"".to_owned()),
        status: Some(400),
        attempts: 3,
        changes: vec![Change { field: "größe".to_owned(), rule: Rule::Drop }],
        policy: Some("1-a".to_owned()),
        release: "0.1.0".to_owned(),
        run: LIVE.to_owned(),
        shard: 4,
        seq: 5,
        received_at: NOON,
        timestamp: Millis(NOON.0 + 250),
    }
}

/// NULL is left out, times are no numbers, and JSON is text.
#[test]
fn every_value_of_a_delivery_is_in_its_column() {
    let bare = Delivery { seq: 6, reason: None, status: None, changes: vec![], policy: None, ..delivery() };
    let expected = json!([
        {
            "insertId": "4-5",
            "json": {
                "payloadId": "p", "idx": 2, "eventId": "p.2", "event": "sign up", "tracker": "ga4",
                "outcome": "rejected", "reason": "no \"identity\"", "status": 400, "attempts": 3,
                "changes": "[{\"field\":\"größe\",\"rule\":\"drop\"}]", "policy": "1-a", "release": "0.1.0",
                "run": "live", "shard": 4, "seq": 5, "receivedAt": "2026-11-01T12:00:00.000Z",
                "timestamp": "2026-11-01T12:00:00.250Z",
            },
        },
        {
            "insertId": "4-6",
            "json": {
                "payloadId": "p", "idx": 2, "eventId": "p.2", "event": "sign up", "tracker": "ga4",
                "outcome": "rejected", "attempts": 3, "release": "0.1.0", "run": "live", "shard": 4, "seq": 6,
                "receivedAt": "2026-11-01T12:00:00.000Z", "timestamp": "2026-11-01T12:00:00.250Z",
            },
        },
    ]);
    assert_eq!(Json::from(sent(Table::Deliveries, &[delivery(), bare])), expected);
}

#[test]
fn every_value_of_a_ledger_line_is_in_its_column() {
    let line = LedgerLine {
        shard: 3,
        seq: 8,
        run: LIVE.to_owned(),
        day: NOON.day(),
        event: "sign up".to_owned(),
        tracker: "ga4".to_owned(),
        received: 5,
        pending: 4,
        timestamp: NOON,
    };
    let expected = json!([{
        "insertId": "3-8",
        "json": {
            "shard": 3, "seq": 8, "run": "live", "day": "2026-11-01", "event": "sign up", "tracker": "ga4",
            "received": 5, "pending": 4, "timestamp": "2026-11-01T12:00:00.000Z",
        },
    }]);
    assert_eq!(Json::from(sent(Table::Ledger, &[line])), expected);
}

fn request() -> SentRequest {
    SentRequest {
        shard: 3,
        seq: 9,
        run: LIVE.to_owned(),
        tracker: "ga4".to_owned(),
        method: "POST".to_owned(),
        url: "https://vendor.example/?key=[secret]".to_owned(),
        body: "{\"a\":1}".to_owned(),
        status: Some(503),
        events: vec![("p".to_owned(), 0, 1), ("q".to_owned(), 3, 2)],
        received_at: NOON,
        timestamp: Millis(NOON.0 + 250),
    }
}

/// A call that got no answer has no status.
#[test]
fn every_value_of_a_request_is_in_its_column() {
    let expected = |seq| {
        json!({
            "insertId": format!("3-{seq}"),
            "json": {
                "shard": 3, "seq": seq, "run": "live", "tracker": "ga4", "method": "POST",
                "url": "https://vendor.example/?key=[secret]", "body": "{\"a\":1}", "status": 503,
                "events": "[[\"p\",0,1],[\"q\",3,2]]", "receivedAt": "2026-11-01T12:00:00.000Z",
                "timestamp": "2026-11-01T12:00:00.250Z",
            },
        })
    };
    let mut unanswered = expected(10);
    unanswered["json"].as_object_mut().unwrap().remove("status");
    let sent = sent(Table::Requests, &[request(), SentRequest { seq: 10, status: None, ..request() }]);
    assert_eq!(sent, [expected(9), unanswered]);
}

proptest! {
    /// What a vendor was sent arrives as it was, also where it is no JSON any more.
    #[test]
    fn any_body_arrives_as_it_is(body in any::<String>(), url in any::<String>()) {
        let row = SentRequest { body: body.clone(), url: url.clone(), ..request() };
        let row = &sent(Table::Requests, &[row])[0]["json"];
        prop_assert_eq!(row["body"].as_str(), Some(body.as_str()));
        prop_assert_eq!(row["url"].as_str(), Some(url.as_str()));
    }

    /// Raw means raw: what JSON can hold arrives as it is.
    #[test]
    fn any_text_arrives_as_it_is(data in any::<String>(), context in any::<String>()) {
        let row = &sent(Table::Raw, &[("p", NOON, &data, &context)])[0]["json"];
        prop_assert_eq!(row["data"].as_str(), Some(data.as_str()));
        prop_assert_eq!(row["context"].as_str(), Some(context.as_str()));
    }
}

#[test]
fn what_is_no_array_of_the_tables_rows_is_refused_without_a_value() {
    let arrays = [
        "",
        "{}",
        "[1]",
        r#"[["s3cret", 1, "s3cret"]]"#,
        r#"[["s3cret", 1, "s3cret", "{}", 1]]"#,
        r#"[["s3cret\"", 1, "", "{}"]]"#,
        r#"[["s3cret", "1 s3cret", "", "{}"]]"#,
        r#"[["s3cret", 1.5, "", "{}"]]"#,
        r#"[["p", 1, "", "{}"], [null, 1, "s3cret", "{}"], ["s3cret"]]"#,
    ];
    for array in arrays {
        let error = Insert::new(&dataset(), Table::Raw, array).unwrap_err();
        assert_eq!(error, RowsError(Table::Raw), "{array}");
        assert!(!error.to_string().contains("s3cret"));
    }
    let mut empty = Insert::new(&dataset(), Table::Raw, "[]").unwrap();
    assert!(empty.next().is_none());
}
