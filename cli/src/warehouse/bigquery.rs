//! BigQuery: the steps that bring a dataset up to date, one after the other.

use super::present::{Present, location};
use super::settings::Settings;
use crate::bigquery::{CallError, Client};
use allowlist::policy::Column;
use std::io::{self, Write};
use warehouse::bigquery::{Dataset, Query, Request, Retention, Step, TableStep, migration, succeeded};

/// Why the dataset is not up to date. What was done before stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum BigQueryError {
    #[error("no requests can be made on this machine: {0}")]
    Client(#[from] reqwest::Error),
    #[error("{0}: {1}")]
    Step(String, CallError),
    #[error(
        "the dataset {0} is not there yet, and where it is put cannot be changed later: say so with \
        --location EU (BIGQUERY_LOCATION=EU), or another place"
    )]
    NoPlace(String),
    #[error(
        "nothing was changed in BigQuery, which would at once delete what is older:\n- {}\nadd --delete-older if that \
        is meant; where no days are said (--raw-days, RAW_RETENTION_DAYS and the like) a table stays as it is",
        .0.join("\n- ")
    )]
    Shorter(Vec<String>),
    #[error("the output takes nothing: {0}")]
    Output(#[from] io::Error),
}

/// Runs the steps, and says of each what it came to. Nothing is done before all are known to be allowed.
///
/// # Errors
/// [`BigQueryError`]
pub fn migrate(
    mut settings: Settings,
    columns: &[Column],
    out: &mut impl Write,
) -> Result<(), BigQueryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut client = Client::new(&settings.endpoint, settings.account.take())?;
    let setup = settings.setup();
    let steps = migration(&settings.dataset, &setup, columns);
    runtime.block_on(async {
        let present = Present::look(&mut client, &settings, &steps).await?;
        for step in &steps {
            let name = name(step, &settings.dataset);
            let done = match step {
                Step::Dataset { create, .. } => {
                    dataset(&mut client, create.as_ref(), &present, setup.location).await
                }
                Step::Table(step) => table(&mut client, step, &present).await,
                Step::View { sql, .. } => {
                    let query = Query { sql, ..Query::default() };
                    client.query(&settings.dataset, &query).await.map(|_| "up to date".to_owned())
                }
            };
            let done = done.map_err(|error| BigQueryError::Step(name.clone(), error))?;
            writeln!(out, "{name}: {done}")?;
        }
        Ok(())
    })
}

async fn dataset(
    client: &mut Client,
    create: Option<&Request>,
    present: &Present,
    asked: Option<&str>,
) -> Result<String, CallError> {
    if let (None, Some(create)) = (&present.location, create) {
        let made = made(client.call(create, location).await)?;
        return Ok(made.map_or_else(|| "is there".to_owned(), |place| format!("made, in {place}")));
    }
    let is = present.location.as_deref().unwrap_or_default();
    Ok(match asked.filter(|asked| !asked.eq_ignore_ascii_case(is)) {
        Some(asked) => format!("is there, in {is} and not in {asked}: where it is cannot be changed"),
        None => format!("is there, in {is}"),
    })
}

async fn table(client: &mut Client, step: &TableStep, present: &Present) -> Result<String, CallError> {
    let (done, now) = match present.tables.get(step.name) {
        Some(now) => ("is there", *now),
        // The dataset may have a default of its own for new tables.
        None => match made(client.call(&step.create, Retention::read).await)? {
            Some(now) => ("made", now),
            None => return Ok("is there".to_owned()),
        },
    };
    match &step.retention {
        Some((wanted, update)) if *wanted != now => {
            client.call(update, succeeded).await?;
            Ok(format!("{done}, keeps its days {wanted} from now on ({now} before)"))
        }
        _ => Ok(format!("{done}, keeps its days {now}")),
    }
}

/// Nothing where it is there by now: a reply that was lost may have said that it was made.
fn made<T>(reply: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match reply {
        Err(CallError::Failure(failure)) if failure.is_duplicate() => Ok(None),
        reply => reply.map(Some),
    }
}

/// Writes what would be done.
///
/// # Errors
/// Where `out` takes nothing.
pub fn print(settings: &Settings, columns: &[Column], out: &mut impl Write) -> io::Result<()> {
    for step in migration(&settings.dataset, &settings.setup(), columns) {
        let requests = match step {
            Step::Dataset { create, .. } => vec![create],
            Step::Table(TableStep { create, retention, .. }) => {
                vec![Some(create), retention.map(|(_, update)| update)]
            }
            Step::View { sql, .. } => {
                writeln!(out, "{sql};\n")?;
                continue;
            }
        };
        for request in requests.into_iter().flatten() {
            writeln!(out, "-- {request:?} {}", request.body.as_deref().unwrap_or_default())?;
        }
    }
    Ok(())
}

/// What a step is about: the dataset, a table or a view.
pub fn name(step: &Step, dataset: &Dataset) -> String {
    match step {
        Step::Dataset { .. } => format!("dataset {}", dataset.name()),
        Step::Table(step) => format!("table {}", step.name),
        Step::View { name, .. } => format!("view {name}"),
    }
}

#[cfg(test)]
mod tests;
