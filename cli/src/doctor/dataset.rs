//! BigQuery: whether the dataset has today's tables and views, and what the account may do there.
//!
//! The account is the command's own: the Worker's key is a secret that nobody can read back.

use super::findings::Findings;
use crate::source::bigquery::BigQuery;
use allowlist::policy::Column;
use warehouse::bigquery::permissions::{NEEDED, granted, test};
use warehouse::bigquery::{Failure, Method, Request, Setup, Step, migration, succeeded};

const AREA: &str = "BigQuery";

const MEND: &str = "run `sparrow warehouse migrate --warehouse bigquery`; it changes no row";

/// What a day costs is asked of Google, and nothing is read.
const QUESTION: &str = "SELECT COUNT(*) FROM raw_normalized WHERE day = CURRENT_DATE()";

/// Looks at each table and view, and asks for the account's rights.
pub async fn look(mut bigquery: BigQuery, columns: &[Column], findings: &mut Findings) {
    let dataset = bigquery.dataset.clone();
    let before = findings.0.len();
    let setup = Setup { location: None, raw_days: None, deliveries_days: None, requests_days: None };
    let steps = migration(&dataset, &setup, columns);
    for step in &steps {
        let (what, get, sql) = match step {
            Step::Dataset { get, .. } => (format!("dataset {}", dataset.name()), get.clone(), None),
            Step::Table(table) => (format!("table {}", table.name), table.get.clone(), None),
            Step::View { name, sql } => {
                let path = dataset.path(&format!("tables/{name}"));
                (format!("view {name}"), Request { method: Method::Get, path, body: None }, Some(sql))
            }
        };
        match bigquery.call(&get, read).await {
            Ok(None) if sql.is_some() => findings.unknown(AREA, what, "what it is made of is not told"),
            Ok(Some(query)) if sql.is_some_and(|sql| !plain(sql).contains(&plain(&query))) => {
                findings.fault(AREA, what, "is not today's", MEND);
            }
            Ok(_) => {}
            Err(error) => {
                findings.fault(AREA, &what, &error, MEND);
                // Without the dataset, or the right to look, all others say the same.
                if matches!(step, Step::Dataset { .. }) {
                    return;
                }
            }
        }
    }
    if findings.0.len() == before {
        findings.ok(AREA, "tables and views", format!("all {} are there and today's", steps.len() - 1));
    }
    match bigquery.judge(QUESTION, &[]).await {
        Ok(_) => findings.ok(AREA, "questions", "the account may ask"),
        Err(error) => {
            findings.fault(AREA, "questions", error, "give the account the role BigQuery User in the project")
        }
    }
    match bigquery.call(&test(&dataset, "raw"), granted).await {
        Ok(granted) => {
            let lacks: Vec<_> =
                NEEDED.into_iter().filter(|one| !granted.iter().any(|has| has == one)).collect();
            if lacks.is_empty() {
                findings.ok(AREA, "rights", "the account may look at tables, insert rows and read them");
            } else {
                findings.fault(
                    AREA,
                    "rights",
                    format!("the account lacks {}", lacks.join(", ")),
                    "give it the role BigQuery Data Editor of the dataset",
                );
            }
        }
        Err(_) => findings.unknown(
            AREA,
            "rights",
            "what the account may do with tables is not told, as by an emulator",
        ),
    }
}

/// What a view is made of.
fn read(status: u16, body: &str) -> Result<Option<String>, Failure> {
    succeeded(status, body)?;
    let table: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    Ok(table["view"]["query"].as_str().map(str::to_owned))
}

fn plain(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
