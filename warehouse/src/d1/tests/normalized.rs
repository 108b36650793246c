//! `raw_normalized`.

use super::*;
use event::time::event_time;
use event::{Context, Traceparent};

#[test]
fn the_classic_payload_is_one_plain_row() {
    let db = warehouse(&[("entry", "entry"), ("productName", "productName")]);
    let body = br#"{"event": "purchase product", "deviceId": "desktop1", "userId": "user",
        "properties": {"entry": "billing", "productName": "workers"}}"#;
    log(&db, &payload("p", body));
    let row = rows(&db, "SELECT event, deviceId, userId, entry, productName FROM raw_normalized");
    assert_eq!(row, [["purchase product", "desktop1", "user", "billing", "workers"].map(text)]);
}

#[test]
fn the_view_has_the_columns_that_policies_may_not_take() {
    let db = warehouse(&[("plan", "plan")]);
    let view = db.prepare("SELECT * FROM raw_normalized").unwrap();
    let expected: Vec<_> = allowlist::policy::BASE_COLUMNS.into_iter().chain(["plan"]).collect();
    assert_eq!(view.column_names().collect::<Vec<_>>(), expected);
}

#[test]
fn a_batch_is_unnested_in_order() {
    let db = warehouse(&[]);
    log(
        &db,
        &payload("p", br#"{"batch": [{"event": "a"}, 1, "text", null, {"event": "b", "eventId": "own"}]}"#),
    );
    let rows = rows(&db, "SELECT idx, eventId, event FROM raw_normalized ORDER BY idx");
    let expected = [
        ("p.0", text("a")),
        ("p.1", Value::Null),
        ("p.2", Value::Null),
        ("p.3", Value::Null),
        ("own", text("b")),
    ];
    let expected: Vec<_> =
        (0..).zip(expected).map(|(idx, (id, event))| vec![Value::Integer(idx), text(id), event]).collect();
    assert_eq!(rows, expected);
}

#[test]
fn what_cannot_be_opened_is_a_row_of_nulls_and_breaks_no_query() {
    let db = warehouse(&[("a", "a")]);
    let bodies: [&[u8]; 9] = [
        b"",
        b"not json",
        b"{\"event\": ",
        b"[]",
        b"1",
        b"{\"batch\": 1, \"event\": \"x\"}",
        b"{\"batch\": []}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{\"event\": \"after a byte order mark\"}",
    ];
    for (i, body) in bodies.iter().enumerate() {
        log(&db, &payload(&format!("p{i}"), body));
    }
    let found = rows(&db, "SELECT event, deviceId, userId, properties, a FROM raw_normalized");
    assert_eq!(found, vec![vec![Value::Null; 5]; bodies.len()]);
}

/// SQLite's `abs` fails on the smallest integer, and its JSON parser ends at a depth of 1,000. One such row
/// must not break every query.
#[test]
fn extremes_break_no_query() {
    let db = warehouse(&[("a", "a")]);
    let mut bodies: Vec<String> = [i64::MIN.to_string(), i64::MAX.to_string(), "1e400".into(), "-0.0".into(), "1e-400".into()]
        .iter()
        .map(|number| format!(r#"{{"event": "e", "timestamp": {number}, "deviceId": {number}, "properties": {{"a": {number}}}}}"#))
        .collect();
    for depth in 990..1010 {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        bodies.push(format!(r#"{{"event": "e", "properties": {{"a": {open}{close}}}}}"#));
        bodies.push(format!(r#"{{"batch": [{{"event": "e", "properties": {{"a": {open}{close}}}}}]}}"#));
        bodies.push(format!("{open}{close}"));
    }
    bodies.push(r#"{"event": "e\u0000x", "eventId": "a\u0000b", "properties": {"a": "\ud800"}}"#.to_owned());
    for (i, body) in bodies.iter().enumerate() {
        for (j, sent_at) in [None, Some(i64::MIN), Some(i64::MAX)].into_iter().enumerate() {
            let context = Context { sent_at, ..Context::default() };
            log(&db, &Payload::new(format!("p{i}-{j}"), Millis(NOON), body.clone().into_bytes(), context));
        }
    }
    assert_eq!(rows(&db, "SELECT * FROM raw_normalized").len(), bodies.len() * 3);
}

#[test]
fn an_event_id_counts_once_a_day_and_the_first_copy_stays() {
    let db = warehouse(&[]);
    let copy = |id: &str, at: i64, event: &str| {
        let body = format!(r#"{{"event": "{event}", "eventId": "same"}}"#);
        Payload::new(id.to_owned(), Millis(at), body.into_bytes(), Context::default())
    };
    log(&db, &copy("second", NOON + 5, "second"));
    log(&db, &copy("first", NOON, "first"));
    log(&db, &copy("next day", NOON + 86_400_000, "next day"));
    // At the same time the id decides, in every warehouse.
    log(&db, &copy("z", NOON + 172_800_000, "z"));
    log(&db, &copy("a", NOON + 172_800_000, "a"));
    let events = rows(&db, "SELECT event FROM raw_normalized ORDER BY receivedAt");
    assert_eq!(events, [[text("first")], [text("next day")], [text("a")]]);
}

#[test]
fn odd_property_names_are_columns_too() {
    let names = ["a.b", "it's", "größe", "[0]", "order", "a b"];
    let columns: Vec<_> = names.iter().map(|name| (allowlist::policy::column_name(name), *name)).collect();
    let columns: Vec<_> = columns.iter().map(|(column, name)| (column.as_str(), *name)).collect();
    let db = warehouse(&columns[..5]);
    let properties: serde_json::Value = names
        .iter()
        .map(|name| ((*name).to_owned(), (*name).into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let body = serde_json::json!({"event": "e", "properties": properties}).to_string();
    log(&db, &payload("p", body.as_bytes()));
    for (column, name) in &columns[..5] {
        assert_eq!(rows(&db, &format!("SELECT \"{column}\" FROM raw_normalized")), [[text(name)]], "{name}");
    }
}

/// A query about one day must not unpack the JSON of every other day.
#[test]
fn a_filter_on_the_day_reads_that_day_alone() {
    let db = warehouse(&[]);
    let plan =
        plan(&db, "SELECT event, count(*) FROM raw_normalized WHERE day = '2026-11-01' GROUP BY event");
    assert!(plan.contains("USING INDEX raw_by_day"), "{plan}");
}

#[test]
fn a_migration_can_be_run_again_and_adds_a_column_without_touching_data() {
    let db = warehouse(&[]);
    log(&db, &payload("p", br#"{"event": "e", "properties": {"plan": "team"}}"#));
    let columns = [Column { name: "plan".to_owned(), property: "plan".to_owned() }];
    for _ in 0..2 {
        migrate(&db, &columns);
    }
    assert_eq!(rows(&db, "SELECT plan FROM raw_normalized"), [[text("team")]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The warehouse and the vendors must never disagree about when an event happened.
    #[test]
    fn the_view_tells_the_same_time_as_trace(
        sent in proptest::option::of(NOON - 200_000..NOON + 200_000),
        timestamp in proptest::option::of(NOON - 40 * 86_400_000..NOON + 86_400_000),
    ) {
        let db = warehouse(&[]);
        let context = Context { sent_at: sent, ..Context::default() };
        let body = serde_json::json!({"event": "e", "timestamp": timestamp}).to_string();
        log(&db, &Payload::new("p".to_owned(), Millis(NOON), body.into_bytes(), context));
        let expected = event_time(Millis(NOON), sent.map(Millis), timestamp.map(Millis)).to_string();
        prop_assert_eq!(rows(&db, "SELECT timestamp FROM raw_normalized"), vec![vec![text(&expected)]]);
    }

    /// A trace that is found by its id has to be the one that Trace told of.
    #[test]
    fn the_view_reads_a_trace_as_trace_does(
        own in "(00|01|cc|ff|0A)-(0{32}|[0-9a-f]{32}|[0-9a-g]{31})-(0{16}|[0-9a-f]{16})-0[01]([-.]?[x\u{0}é\n-]{0,2})?",
        is_text: bool,
        request in proptest::option::of("00-[1-9a-f][0-9a-f]{31}-[1-9a-f]{16}-0[01]"),
    ) {
        let db = warehouse(&[]);
        let traceparent = request.as_deref().and_then(Traceparent::parse);
        let context = Context { traceparent, ..Context::default() };
        let member = if is_text { serde_json::json!(own) } else { serde_json::json!([own]) };
        let body = serde_json::json!({"event": "e", "traceparent": member}).to_string();
        log(&db, &Payload::new("p".to_owned(), Millis(NOON), body.into_bytes(), context));
        let own = Traceparent::parse(&own).filter(|_| is_text);
        let expected = own.or(traceparent).map_or(Value::Null, |place| text(&place.trace.to_string()));
        prop_assert_eq!(rows(&db, "SELECT traceId FROM raw_normalized"), vec![vec![expected]]);
    }

    /// Whatever was sent, the view has at least one row for it and every query over it works.
    #[test]
    fn any_body_has_a_row(body: Vec<u8>, json in "(\\{\"(batch|event|eventId|timestamp|properties)\":(\\[|\\{|\"|1e400|-0|null|1.5){0,3}[\\]\\}\",]{0,4}){0,3}") {
        let db = warehouse(&[("a", "a")]);
        log(&db, &payload("p1", &body));
        log(&db, &payload("p2", json.as_bytes()));
        prop_assert!(rows(&db, "SELECT *, a FROM raw_normalized").len() >= 2);
    }
}
