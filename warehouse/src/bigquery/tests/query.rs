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

/// People name tables as they do in D1.
#[test]
fn the_dataset_stands_before_tables_by_itself_where_that_is_wanted() {
    let query = Query { in_dataset: true, ..Query::default() };
    assert_eq!(body(&query)["defaultDataset"], json!({ "projectId": "shop-4711", "datasetId": "sparrow" }));
}

/// Of a dry run nothing is read, and Google's own parser says what kind of statement it is.
#[test]
fn a_question_can_be_a_job_that_is_run_or_looked_at() {
    let parameters = [("day", Parameter::Date("2026-11-01"))];
    let query = Query {
        sql: "SELECT @day",
        parameters: &parameters,
        in_dataset: true,
        max_bytes_billed: Some(1 << 30),
        ..Query::default()
    };
    for (request, dry_run) in [(query.job(&dataset()), false), (query.dry_run(&dataset()), true)] {
        assert_eq!(format!("{request:?}"), "POST /bigquery/v2/projects/shop-4711/jobs");
        let body: Json = serde_json::from_str(&request.body.unwrap()).unwrap();
        let parameter = json!({
            "name": "day", "parameterType": { "type": "DATE" }, "parameterValue": { "value": "2026-11-01" },
        });
        let expected = json!({
            "jobReference": { "projectId": "shop-4711", "location": null },
            "configuration": {
                "dryRun": dry_run,
                "query": {
                    "query": "SELECT @day",
                    "defaultDataset": { "projectId": "shop-4711", "datasetId": "sparrow" },
                    "useLegacySql": false,
                    "parameterMode": "NAMED",
                    "queryParameters": [parameter],
                    "maximumBytesBilled": "1073741824",
                },
            },
        });
        assert_eq!(body, expected);
    }
}

#[test]
fn a_job_says_where_its_results_will_be() {
    let reply = r#"{"jobReference":{"projectId":"shop-4711","jobId":"job_1","location":"EU"}}"#;
    let request = started(200, reply).unwrap().request(&dataset(), Some(10));
    let path = "/bigquery/v2/projects/shop-4711/queries/job_1?formatOptions.useInt64Timestamp=true&location=EU&maxResults=10";
    assert_eq!(request.path, path);
    assert!(started(200, "{}").is_err() && started(400, reply).is_err());
}

#[test]
fn what_would_be_read_is_told() {
    let reply =
        r#"{"statistics":{"totalBytesProcessed":"9007199254740993","query":{"statementType":"SELECT"}}}"#;
    let expected = Estimate { bytes: Some(9_007_199_254_740_993), statement: Some("SELECT".to_owned()) };
    assert_eq!(Estimate::read(200, reply).unwrap(), expected);
    assert_eq!(Estimate::read(200, "{}").unwrap(), Estimate::default(), "an emulator need not tell");
    assert!(Estimate::read(403, "{}").is_err());
    let words =
        r#"{"error":{"message":"Unrecognized name: x at [1:8]","errors":[{"reason":"invalidQuery"}]}}"#;
    assert_eq!(Estimate::words(words).as_deref(), Some("Unrecognized name: x at [1:8]"));
    assert_eq!(Estimate::words("<html>"), None);
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
