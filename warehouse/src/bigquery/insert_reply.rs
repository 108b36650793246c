//! What `tabledata.insertAll` answers: a success may be one in part
//! (<https://cloud.google.com/bigquery/docs/write-api-rest#success_http_response_codes>).

use super::failure::{Failure, succeeded};
use super::rows::Table;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a batch. Rows that are in neither list are stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Rows that will never be stored, by their index, and why.
    pub refused: Vec<(usize, String)>,
    /// Rows that were not stored this time.
    pub again: BTreeSet<usize>,
    /// Why they are not to be sent again at once.
    pub failure: Option<Failure>,
}

/// How Google's words begin where the table lacks a column, or has one more that is required. The table is not as we
/// made it then, or the change of its schema has not come through to inserts yet, which takes minutes; the row is not
/// to blame. Google's reason is `invalid` for this, too, and only the words tell it from a faulty row.
const TABLE_DIFFERS: [&str; 2] = ["no such field", "missing required field"];

#[derive(Deserialize)]
struct Body {
    #[serde(default, rename = "insertErrors")]
    insert_errors: Vec<RowErrors>,
}

#[derive(Deserialize)]
struct RowErrors {
    #[serde(default)]
    index: usize,
    #[serde(default)]
    errors: Vec<RowError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RowError {
    reason: String,
    location: String,
    message: String,
}

enum Verdict {
    Refused(String),
    Stopped,
    Failed(Failure),
}

/// Reads the reply to a batch of so many rows.
///
/// # Errors
/// [`Failure`] where the batch failed as a whole.
pub(super) fn read(status: u16, body: &str, rows: usize, table: Table) -> Result<Reply, Failure> {
    succeeded(status, body)?;
    let body: Body = serde_json::from_str(body).map_err(|_| Failure::unreadable())?;
    if body.insert_errors.iter().any(|row| row.index >= rows) {
        return Err(Failure::unreadable());
    }
    let mut reply = Reply { refused: Vec::new(), again: BTreeSet::new(), failure: None };
    let mut by_row: BTreeMap<usize, Vec<RowError>> = BTreeMap::new();
    for RowErrors { index, errors } in body.insert_errors {
        by_row.entry(index).or_default().extend(errors);
    }
    for (index, errors) in by_row {
        match verdict(&errors, table) {
            Verdict::Refused(reason) => reply.refused.push((index, reason)),
            Verdict::Stopped => {
                reply.again.insert(index);
            }
            Verdict::Failed(failure) => {
                reply.again.insert(index);
                reply.failure = Some(failure);
            }
        }
    }
    // Rows stop for one that is refused. If none is, nothing would be different at once.
    if !reply.again.is_empty() && reply.refused.is_empty() && reply.failure.is_none() {
        reply.failure = Some(Failure::temporary("stopped"));
    }
    Ok(reply)
}

fn verdict(errors: &[RowError], table: Table) -> Verdict {
    let Some(error) = errors.iter().find(|error| error.reason != "stopped").or(errors.first()) else {
        return Verdict::Failed(Failure::unreadable());
    };
    let words = error.message.to_ascii_lowercase();
    match error.reason.as_str() {
        "stopped" => Verdict::Stopped,
        "invalid" if TABLE_DIFFERS.iter().any(|begin| words.starts_with(begin)) => {
            Verdict::Failed(Failure::table_differs())
        }
        "invalid" => {
            let column = table.columns().find(|column| *column == error.location);
            Verdict::Refused(column.map_or("invalid".to_owned(), |column| format!("invalid:{column}")))
        }
        other => {
            Verdict::Failed(Failure::temporary(Failure::of_reason(other).map_or("row_error", |_| other)))
        }
    }
}
