//! What is in a dataset before it is brought up to date, and whether that may be done to it.

use super::bigquery::{BigQueryError, name};
use super::settings::Settings;
use crate::bigquery::{CallError, Client};
use std::collections::HashMap;
use warehouse::bigquery::{Failure, Retention, Step, succeeded};

/// What there is.
#[derive(Default)]
pub struct Present {
    /// Where the dataset is, if it is.
    pub location: Option<String>,
    /// How long the tables that are there keep their days.
    pub tables: HashMap<&'static str, Retention>,
}

impl Present {
    /// Looks, and changes nothing.
    ///
    /// # Errors
    /// [`BigQueryError`], also where the steps must not be carried out.
    pub async fn look(
        client: &mut Client,
        settings: &Settings,
        steps: &[Step],
    ) -> Result<Self, BigQueryError> {
        let dataset = &settings.dataset;
        let mut present = Self::default();
        let mut shorter = Vec::new();
        for step in steps {
            let failed = |error| BigQueryError::Step(name(step, dataset), error);
            match step {
                Step::Dataset { get, create } => {
                    present.location = there(client.call(get, location).await).map_err(failed)?;
                    match (&present.location, create) {
                        (Some(_), _) => {}
                        // No table is in it.
                        (None, Some(_)) => return Ok(present),
                        (None, None) => {
                            let whole = format!("{}.{}", dataset.project(), dataset.name());
                            return Err(BigQueryError::NoPlace(whole));
                        }
                    }
                }
                Step::Table(table) => {
                    let found = there(client.call(&table.get, Retention::read).await).map_err(failed)?;
                    let Some(now) = found else { continue };
                    present.tables.insert(table.name, now);
                    if let Some((wanted, _)) = table.retention
                        && wanted.is_shorter_than(now)
                    {
                        shorter.push(format!("table {} keeps its days {now}, not {wanted}", table.name));
                    }
                }
                Step::View { .. } => {}
            }
        }
        if shorter.is_empty() || settings.delete_older {
            Ok(present)
        } else {
            Err(BigQueryError::Shorter(shorter))
        }
    }
}

/// Where a dataset is, by the reply to a request for it or for its creation.
///
/// # Errors
/// [`Failure`]
pub fn location(status: u16, body: &str) -> Result<String, Failure> {
    succeeded(status, body)?;
    let dataset: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    Ok(dataset["location"].as_str().unwrap_or("an unknown place").to_owned())
}

fn there<T>(found: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match found {
        Err(CallError::Failure(failure)) if failure.is_not_found() => Ok(None),
        found => found.map(Some),
    }
}
