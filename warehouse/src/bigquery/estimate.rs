//! What a question would read and what kind it is, by the reply to [`Query::dry_run`](super::Query::dry_run)
//! (<https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2>).

use super::failure::{Failure, succeeded};
use serde::Deserialize;

/// Longest part of Google's words that is told.
const WORDS: usize = 500;

/// What Google says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes that it would read, where that is told.
    pub bytes: Option<u64>,
    /// What it is, such as `SELECT`, where that is told.
    pub statement: Option<String>,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    statistics: Statistics,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Statistics {
    /// Numbers of 64 bits are texts in Google's JSON.
    total_bytes_processed: Option<String>,
    query: QueryStatistics,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct QueryStatistics {
    statement_type: Option<String>,
}

impl Estimate {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`Failure`], as the question itself would fail.
    pub fn read(status: u16, body: &str) -> Result<Self, Failure> {
        succeeded(status, body)?;
        let Statistics { total_bytes_processed, query } =
            serde_json::from_str::<Body>(body).unwrap_or_default().statistics;
        let bytes = total_bytes_processed.and_then(|bytes| bytes.parse().ok());
        Ok(Self { bytes, statement: query.statement_type })
    }

    /// What Google has against the SQL, in its words. No row was read, so that they repeat nothing but the SQL.
    pub fn words(body: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        Some(body["error"]["message"].as_str()?.chars().take(WORDS).collect())
    }
}
