//! Questions as they are sent.

use super::*;

fn body(query: &Query) -> Json {
    let request = query.request(&dataset());
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!(request.path, "/bigquery/v2/projects/shop-4711/queries");
    serde_json::from_str(&request.body.unwrap()).unwrap()
}

/// Legacy SQL is what Google takes where nothing is said.
#[test]
fn a_question_is_in_googlesql_with_named_parameters() {
    let expected = json!({
        "query": "SELECT 1",
        "useLegacySql": false,
        "parameterMode": "NAMED",
        "queryParameters": [],
        "formatOptions": { "useInt64Timestamp": true },
    });
    assert_eq!(body(&Query { sql: "SELECT 1", ..Query::default() }), expected);
}

#[test]
fn limits_and_place_are_said_where_they_are_wanted() {
    let query = Query {
        location: Some("europe-west3"),
        max_results: Some(1000),
        max_bytes_billed: Some(10_000_000_000),
        request_id: Some("0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21"),
        ..Query::default()
    };
    let body = body(&query);
    assert_eq!(body["location"], "europe-west3");
    assert_eq!(body["maxResults"], 1000);
    assert_eq!(body["maximumBytesBilled"], "10000000000");
    assert_eq!(body["requestId"], "0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21");
}

/// <https://cloud.google.com/bigquery/docs/parameterized-queries>
#[test]
fn parameters_have_their_types() {
    let ids = ["a".to_owned(), "b\"".to_owned()];
    let parameters = [
        ("flag", Parameter::Bool(true)),
        ("count", Parameter::Int(i64::MAX)),
        ("share", Parameter::Float(0.1)),
        ("name", Parameter::Text("ä' OR 1=1")),
        ("day", Parameter::Date("2026-11-01")),
        ("at", Parameter::Timestamp(NOON)),
        ("ids", Parameter::Texts(&ids)),
    ];
    let scalar = |name, kind, value| json!({ "name": name, "parameterType": { "type": kind }, "parameterValue": { "value": value } });
    let expected = json!([
        scalar("flag", "BOOL", "true"),
        scalar("count", "INT64", "9223372036854775807"),
        scalar("share", "FLOAT64", "0.1"),
        scalar("name", "STRING", "ä' OR 1=1"),
        scalar("day", "DATE", "2026-11-01"),
        scalar("at", "TIMESTAMP", "2026-11-01T12:00:00.000Z"),
        {
            "name": "ids",
            "parameterType": { "type": "ARRAY", "arrayType": { "type": "STRING" } },
            "parameterValue": { "arrayValues": [{ "value": "a" }, { "value": "b\"" }] },
        },
    ]);
    assert_eq!(body(&Query { parameters: &parameters, ..Query::default() })["queryParameters"], expected);
}
