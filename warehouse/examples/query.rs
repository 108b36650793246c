//! Prints the requests of a query that has everything a query can have, and of its results, so that other programs can
//! judge them: `[{"method", "path", "body"}, …]`.
//!
//! `cargo run -p sparrow-warehouse --example query -- PROJECT DATASET`

use event::Millis;
use serde_json::json;
use std::error::Error;
use std::io;
use warehouse::bigquery::{Answer, Dataset, Parameter, Query, answer};

/// Until a query is done, its reply is no more than this.
const RUNNING: &str = r#"{"jobComplete": false, "jobReference": {"jobId": "job_4711", "location": "EU"}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut names = std::env::args().skip(1);
    let (Some(project), Some(dataset)) = (names.next(), names.next()) else {
        return Err("usage: query PROJECT DATASET".into());
    };
    let dataset = Dataset::new(&project, &dataset)?;
    let ids = ["p".to_owned(), "it's".to_owned()];
    let query = Query {
        sql: "SELECT @isNew, @count, @share, @name, @day, @receivedAt, @ids",
        parameters: &[
            ("isNew", Parameter::Bool(true)),
            ("count", Parameter::Int(i64::MAX)),
            ("share", Parameter::Float(0.5)),
            ("name", Parameter::Text("größe")),
            ("day", Parameter::Date("2026-11-21")),
            ("receivedAt", Parameter::Timestamp(Millis(1_795_262_400_123))),
            ("ids", Parameter::Texts(&ids)),
        ],
        in_dataset: true,
        location: Some("EU"),
        max_results: Some(10),
        max_bytes_billed: Some(1 << 40),
        request_id: Some("5a2d0b0c-5a2d-4b0c-8a2d-0b0c5a2d0b0c"),
    };
    let Answer::Running(results) = answer(200, RUNNING)? else {
        return Err("the reply of a running query was taken for its answer".into());
    };
    let requests = [query.request(&dataset), results.request(&dataset, query.max_results)];
    let requests = requests.map(
        |request| json!({ "method": request.method.as_str(), "path": request.path, "body": request.body }),
    );
    serde_json::to_writer(io::stdout().lock(), &requests)?;
    Ok(())
}
