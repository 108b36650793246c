//! Replies to [`Query`](super::Query): a question that still runs, or a page of rows.
//! (<https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults>).

use super::failure::{Failure, succeeded};
use super::request::{Dataset, Method, Request, encoded};
use super::value::{Field, Value};
use serde::Deserialize;

/// What a reply brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing yet: ask for the results, which waits for them up to ten seconds.
    Running(Results),
    /// Rows.
    Page(Page),
}

/// Rows of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A value for each column.
    pub rows: Vec<Vec<Value>>,
    /// How many rows a statement changed.
    pub affected: Option<u64>,
    /// Where the rows after these are. There may be none even so.
    pub next: Option<Results>,
}

/// Where results wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    job: String,
    location: Option<String>,
    page_token: Option<String>,
}

impl Results {
    /// Asks for them, and for so many rows at most, in the project that was asked. [`answer`] reads the reply.
    pub fn request(&self, dataset: &Dataset, max_results: Option<u32>) -> Request {
        let path = dataset.project_path(&format!("queries/{}", encoded(&self.job)));
        let mut path = path + "?formatOptions.useInt64Timestamp=true";
        let max_results = max_results.map(|rows| rows.to_string());
        let parameters =
            [("location", &self.location), ("pageToken", &self.page_token), ("maxResults", &max_results)];
        for (name, value) in parameters {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        Request { method: Method::Get, path, body: None }
    }
}

/// Where the results of a [job](super::Query::job) will be.
///
/// # Errors
/// [`Failure`]
pub fn started(status: u16, body: &str) -> Result<Results, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Started {
        job_reference: JobReference,
    }
    succeeded(status, body)?;
    let Started { job_reference: JobReference { job_id, location } } =
        serde_json::from_str(body).map_err(|_| Failure::unreadable())?;
    Ok(Results { job: job_id, location, page_token: None })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    job_complete: bool,
    job_reference: Option<JobReference>,
    #[serde(default)]
    schema: Schema,
    #[serde(default)]
    rows: Vec<Row>,
    page_token: Option<String>,
    /// A number of 64 bits, which is text in Google's JSON.
    num_dml_affected_rows: Option<String>,
    #[serde(default)]
    errors: Vec<JobError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobReference {
    job_id: String,
    location: Option<String>,
}

#[derive(Default, Deserialize)]
struct Schema {
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Row {
    f: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    v: serde_json::Value,
}

#[derive(Deserialize)]
struct JobError {
    #[serde(default)]
    reason: String,
}

/// Reads the reply to a question, or to a request for its results.
///
/// # Errors
/// [`Failure`]
pub fn answer(status: u16, body: &str) -> Result<Answer, Failure> {
    succeeded(status, body)?;
    let body: Body = serde_json::from_str(body).map_err(|_| Failure::unreadable())?;
    // Errors beside an answer are warnings. There is a schema only where the query succeeded.
    if let (Some(error), true) = (body.errors.first(), body.job_complete && body.schema.fields.is_empty()) {
        return Err(Failure::of_query(&error.reason));
    }
    read(body).ok_or_else(Failure::unreadable)
}

fn read(body: Body) -> Option<Answer> {
    let page_token = body.page_token.filter(|token| !token.is_empty());
    let has_more = !body.job_complete || page_token.is_some();
    let results =
        body.job_reference.map(|job| Results { job: job.job_id, location: job.location, page_token });
    let next = if has_more { Some(results?) } else { None };
    if !body.job_complete {
        return next.map(Answer::Running);
    }
    let fields = body.schema.fields;
    let rows = body.rows.iter().map(|row| {
        let cells = row.f.iter().zip(&fields);
        (row.f.len() == fields.len()).then_some(())?;
        cells.map(|(cell, field)| field.value(&cell.v)).collect()
    });
    let rows = rows.collect::<Option<_>>()?;
    let affected = body.num_dml_affected_rows.and_then(|rows| rows.parse().ok());
    let columns = fields.into_iter().map(|field| field.name).collect();
    Some(Answer::Page(Page { columns, rows, affected, next }))
}
