//! Prints what D1 and BigQuery are sent for rows, so that other programs can try it on a warehouse.
//!
//! Takes batches, `[["raw", [[…], …]], ["deliveries", […]], …]`, whose rows are those that a shard hands over. Answers
//! for each with `{"d1": {"sql", "parameters"}, "bigquery": [{"path", "body"}, …]}`.
//!
//! `cargo run -p sparrow-warehouse --example inserts -- PROJECT DATASET < batches.json`

use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use warehouse::bigquery::{Dataset, Insert, Table};
use warehouse::d1::{self, Statement};

fn main() -> Result<(), Box<dyn Error>> {
    let mut names = std::env::args().skip(1);
    let (Some(project), Some(dataset)) = (names.next(), names.next()) else {
        return Err("usage: inserts PROJECT DATASET < batches.json".into());
    };
    let dataset = Dataset::new(&project, &dataset)?;
    let input = io::read_to_string(io::stdin())?;
    let batches: Vec<(&str, &RawValue)> = serde_json::from_str(&input)?;
    let answers: Vec<Value> = batches
        .into_iter()
        .map(|(table, rows)| answer(&dataset, table, rows.get()))
        .collect::<Result<_, _>>()?;
    serde_json::to_writer(io::stdout().lock(), &answers)?;
    Ok(())
}

fn answer(dataset: &Dataset, table: &str, rows: &str) -> Result<Value, Box<dyn Error>> {
    let all = |sql| Some(Statement { sql, parameters: vec![rows.to_owned()] });
    let (table, statement) = match table {
        "raw" => (Table::Raw, d1::insert_raw(rows)),
        "deliveries" => (Table::Deliveries, all(d1::INSERT_DELIVERIES)),
        "ledger" => (Table::Ledger, all(d1::INSERT_LEDGER)),
        "requests" => (Table::Requests, all(d1::INSERT_REQUESTS)),
        _ => return Err(format!("there is no table `{table}`").into()),
    };
    let Statement { sql, parameters } = statement.ok_or("these rows are too long for one statement")?;
    let mut insert = Insert::new(dataset, table, rows)?;
    let mut requests = Vec::new();
    while let Some(batch) = insert.next() {
        let request = insert.request(&batch);
        requests.push(json!({ "path": request.path, "body": request.body }));
    }
    Ok(json!({ "d1": { "sql": sql, "parameters": parameters }, "bigquery": requests }))
}
