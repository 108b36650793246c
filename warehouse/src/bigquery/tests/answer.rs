//! Answers to questions.

use super::*;

fn page(body: &str) -> Page {
    match answer(200, body).unwrap() {
        Answer::Page(page) => page,
        Answer::Running(results) => panic!("{results:?}"),
    }
}

#[test]
fn every_type_is_read_by_the_schema() {
    let page = page(include_str!("fixtures/answer_types.json"));
    let columns =
        ["text", "whole", "real", "flag", "at", "day", "json", "amount", "list", "record", "records"];
    assert_eq!(page.columns, columns);
    let text = |text: &str| Value::Text(text.to_owned());
    let point = |x, y| Value::Record(vec![("x".to_owned(), x), ("y".to_owned(), y)]);
    let full = vec![
        text("ä\n"),
        Value::Int(i64::MIN),
        Value::Float(-1.5e-7),
        Value::Bool(true),
        Value::Timestamp(1_793_534_400_250_001),
        text("2026-11-01"),
        text("{\"a\":1}"),
        text("12.50"),
        Value::List(vec![text("a"), text("b")]),
        point(Value::Int(1), text("one")),
        Value::List(vec![point(Value::Int(1), Value::Null)]),
    ];
    let mut bare = vec![Value::Null; 11];
    bare[8] = Value::List(vec![]);
    bare[10] = Value::List(vec![]);
    assert_eq!(page.rows, [full, bare]);
    assert_eq!((page.next, page.affected), (None, None));
}

#[test]
fn a_statement_says_how_many_rows_it_changed() {
    let reply = r#"{"jobComplete": true, "jobReference": {"jobId": "j"}, "numDmlAffectedRows": "12"}"#;
    assert_eq!(page(reply).affected, Some(12));
}

#[test]
fn numbers_that_json_lacks_are_numbers() {
    let floats = |text: &str| {
        let body = json!({
            "jobComplete": true,
            "schema": { "fields": [{ "name": "x", "type": "FLOAT" }] },
            "rows": [{ "f": [{ "v": text }] }],
        });
        match page(&body.to_string()).rows[0][0] {
            Value::Float(value) => value,
            ref other => panic!("{other:?}"),
        }
    };
    assert!(floats("NaN").is_nan());
    assert_eq!((floats("Infinity"), floats("-Infinity")), (f64::INFINITY, f64::NEG_INFINITY));
}

/// A question that takes long, then pages: each reply says where to ask next.
#[test]
fn results_are_waited_for_and_paged_through() {
    let Answer::Running(results) = answer(200, include_str!("fixtures/answer_running.json")).unwrap() else {
        panic!("it is not complete")
    };
    let request = results.request(&dataset(), Some(2));
    assert_eq!((request.method.as_str(), request.body), ("GET", None));
    let path = "/bigquery/v2/projects/shop-4711/queries/job_Ln4-x?formatOptions.useInt64Timestamp=true";
    assert_eq!(request.path, format!("{path}&location=europe-west3&maxResults=2"));

    let first = page(include_str!("fixtures/answer_first_page.json"));
    assert_eq!(first.rows, [[Value::Int(1)], [Value::Int(2)]]);
    let request = first.next.unwrap().request(&dataset(), None);
    assert_eq!(request.path, format!("{path}&location=europe-west3&pageToken=BEc%2B%2F%3D%3D%26x%3D1"));

    let last = page(include_str!("fixtures/answer_last_page.json"));
    assert_eq!((last.rows, last.next), (vec![vec![Value::Int(3)]], None));
}

/// Statements that make or change something.
#[test]
fn an_answer_may_have_no_rows() {
    let done = json!({ "jobComplete": true, "jobReference": { "jobId": "j" }, "numDmlAffectedRows": "0" });
    let page = page(&done.to_string());
    assert_eq!((page.columns, page.rows, page.next), (vec![], vec![], None));
}

/// An empty answer would be taken for one.
#[test]
fn a_job_that_failed_is_a_failure_though_the_reply_is_a_success() {
    let failed = |reason| {
        let body = json!({
            "jobComplete": true,
            "jobReference": { "jobId": "j" },
            "schema": { "fields": [] },
            "rows": [],
            "errors": [{ "reason": reason, "message": "s3cret" }],
        });
        let failure = answer(200, &body.to_string()).unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("s3cret"));
        Expected::from(failure)
    };
    assert_eq!(failed("notFound"), Expected { kind: "permanent".into(), reason: "notFound".into() });
    assert_eq!(
        failed("jobBackendError"),
        Expected { kind: "temporary".into(), reason: "jobBackendError".into() }
    );
    assert_eq!(failed("s3cret"), Expected { kind: "permanent".into(), reason: "query_failed".into() });

    let warned = json!({
        "jobComplete": true,
        "schema": { "fields": [{ "name": "n", "type": "INTEGER" }] },
        "rows": [{ "f": [{ "v": "1" }] }],
        "errors": [{ "reason": "invalid" }],
    });
    assert_eq!(page(&warned.to_string()).rows, [[Value::Int(1)]]);
}

#[test]
fn a_reply_that_is_none_is_a_failure_and_not_an_empty_answer() {
    let schema = json!({ "fields": [{ "name": "x", "type": "INTEGER" }] });
    let with = |rows: Json| json!({ "jobComplete": true, "schema": schema, "rows": rows }).to_string();
    let bodies = [
        String::new(),
        "{}".to_owned(),
        json!({ "jobComplete": false }).to_string(),
        json!({ "jobComplete": true, "pageToken": "next" }).to_string(),
        with(json!([{ "f": [] }])),
        with(json!([{ "f": [{ "v": "s3cret" }] }])),
        with(json!([{ "f": [{ "v": ["1"] }] }])),
        with(json!([{ "f": [{ "v": "1" }, { "v": "2" }] }])),
    ];
    for body in bodies {
        let failure = answer(200, &body).unwrap_err();
        assert_eq!((failure.kind, failure.reason.as_str()), (Kind::Temporary, "unreadable_reply"), "{body}");
    }
    let refused = json!({ "error": { "errors": [{ "reason": "invalidQuery" }] } }).to_string();
    assert_eq!(answer(400, &refused).unwrap_err().reason, "invalidQuery");
}
