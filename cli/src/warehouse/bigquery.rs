//! BigQuery: the steps that bring a dataset up to date, one after the other.

use super::settings::Settings;
use crate::bigquery::{CallError, Client};
use allowlist::policy::Column;
use std::io::{self, Write};
use warehouse::bigquery::{Failure, Method, Query, Request, Step, migration, succeeded};

/// Why the dataset is not up to date. What was done before stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum BigQueryError {
    #[error("no requests can be made on this machine: {0}")]
    Client(#[from] reqwest::Error),
    #[error("{0}: {1}")]
    Step(String, CallError),
    #[error("the output takes nothing: {0}")]
    Output(#[from] io::Error),
}

/// Runs the steps, and says of each what it came to.
///
/// # Errors
/// [`BigQueryError`]
pub fn migrate(settings: Settings, columns: &[Column], out: &mut impl Write) -> Result<(), BigQueryError> {
    let steps = migration(&settings.dataset, &settings.setup(), columns);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut client = Client::new(&settings.endpoint, settings.account)?;
    runtime.block_on(async {
        for step in &steps {
            let name = name(step);
            let done = match step {
                Step::Create(request) => match client.call(request, succeeded).await {
                    Err(CallError::Failure(failure)) if failure.is_duplicate() => Ok("is there"),
                    made => made.map(|()| "made"),
                },
                Step::Update(request) => client.call(request, succeeded).await.map(|()| "retention set"),
                Step::Query(sql) => {
                    let query = Query { sql, ..Query::default() };
                    client.query(&settings.dataset, &query).await.map(|_| "up to date")
                }
            };
            let done = done.map_err(|error| BigQueryError::Step(name.clone(), error))?;
            writeln!(out, "{name}: {done}")?;
        }
        // It may have been there before, elsewhere than was asked for, and stays there.
        let (whole, own) = (settings.dataset.project(), settings.dataset.name());
        let request = Request {
            method: Method::Get,
            path: settings.dataset.project_path(&format!("datasets/{own}")),
            body: None,
        };
        let location = client.call(&request, location).await;
        let location = location.map_err(|error| BigQueryError::Step(format!("dataset {own}"), error))?;
        writeln!(out, "{whole}.{own} is in {location}")?;
        Ok(())
    })
}

/// Writes what would be done.
///
/// # Errors
/// Where `out` takes nothing.
pub fn print(settings: &Settings, columns: &[Column], out: &mut impl Write) -> io::Result<()> {
    for step in migration(&settings.dataset, &settings.setup(), columns) {
        match step {
            Step::Create(request) | Step::Update(request) => {
                writeln!(out, "-- {request:?} {}", request.body.as_deref().unwrap_or_default())?;
            }
            Step::Query(sql) => writeln!(out, "{sql};\n")?,
        }
    }
    Ok(())
}

/// Where a dataset lies, by the reply to a request for it.
fn location(status: u16, body: &str) -> Result<String, Failure> {
    succeeded(status, body)?;
    let dataset: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    Ok(dataset["location"].as_str().unwrap_or("an unknown place").to_owned())
}

/// What a step is about: the dataset, a table or a view.
fn name(step: &Step) -> String {
    match step {
        Step::Create(request) => {
            let body: serde_json::Value =
                serde_json::from_str(request.body.as_deref().unwrap_or_default()).unwrap_or_default();
            let own = |reference, id| body[reference][id].as_str();
            match (own("tableReference", "tableId"), own("datasetReference", "datasetId")) {
                (Some(table), _) => format!("table {table}"),
                (None, dataset) => format!("dataset {}", dataset.unwrap_or_default()),
            }
        }
        Step::Update(request) => format!("table {}", request.path.rsplit('/').next().unwrap_or_default()),
        // CREATE OR REPLACE VIEW `project.dataset.view`
        Step::Query(sql) => {
            let full = sql.split('`').nth(1).unwrap_or_default();
            format!("view {}", full.rsplit('.').next().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bigquery::testing::{Reply, Server};
    use crate::warehouse::settings::tests::settings;

    const DUPLICATE: Reply = (409, r#"{"error":{"code":409,"errors":[{"reason":"duplicate"}]}}"#);
    const DENIED: Reply = (403, r#"{"error":{"code":403,"errors":[{"reason":"accessDenied"}]}}"#);
    const DONE: Reply = (200, r#"{"jobComplete":true,"location":"EU"}"#);

    /// What is said, and how it ends.
    fn migrated(server: &Server) -> (String, Result<(), BigQueryError>) {
        let mut out = Vec::new();
        let end = migrate(settings(&server.url), &[], &mut out);
        (String::from_utf8(out).unwrap(), end)
    }

    #[test]
    fn every_step_is_told_and_so_is_where_the_data_lies() {
        let server = Server::start(|_, _| Some(DONE));
        let (said, end) = migrated(&server);
        end.unwrap();
        let expected = "dataset sparrow: made
table raw: made
table raw: retention set
table deliveries: made
table deliveries: retention set
table ledger: made
table ledger: retention set
table requests: made
table requests: retention set
view raw_normalized: up to date
view accounts: up to date
view accounts_by_day: up to date
view reasons: up to date
view latest_outcomes: up to date
view stories: up to date
view requests_by_event: up to date
shop-4711.sparrow is in EU
";
        assert_eq!(said, expected);
        assert_eq!(
            server.seen().last().unwrap().line,
            "GET /bigquery/v2/projects/shop-4711/datasets/sparrow"
        );
    }

    #[test]
    fn what_is_there_stays_and_is_no_failure() {
        let creates = |line: &str| line.ends_with("/datasets") || line.ends_with("/tables");
        let server = Server::start(move |seen, _| Some(if creates(&seen.line) { DUPLICATE } else { DONE }));
        let (said, end) = migrated(&server);
        end.unwrap();
        assert_eq!(said.matches(": is there\n").count(), 5, "{said}");
        assert!(!said.contains("made"), "{said}");
    }

    #[test]
    fn a_failure_says_at_what_and_nothing_follows() {
        for (failing, done) in [("/tables", ""), ("/tables/raw", "table raw: made\n")] {
            let server =
                Server::start(move |seen, _| Some(if seen.line.ends_with(failing) { DENIED } else { DONE }));
            let (said, end) = migrated(&server);
            assert_eq!(said, format!("dataset sparrow: made\n{done}"));
            let error = end.unwrap_err().to_string();
            assert!(error.starts_with("table raw: Google answered accessDenied: "), "{error}");
            assert!(server.seen().last().unwrap().line.ends_with(failing));
        }
    }

    #[test]
    fn what_is_printed_is_what_would_be_sent() {
        let server = Server::start(|_, _| Some(DONE));
        let mut printed = Vec::new();
        print(&settings(&server.url), &[], &mut printed).unwrap();
        assert_eq!(server.seen(), [], "nothing is sent");
        migrated(&server).1.unwrap();
        let printed = String::from_utf8(printed).unwrap();
        for seen in server.seen().iter().filter(|seen| !seen.line.starts_with("GET")) {
            let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
            let sent = body["query"].as_str().map_or(seen.body.as_str(), |sql| sql);
            assert!(printed.contains(sent), "{}", seen.line);
        }
    }
}
