//! Where SQL is asked: the warehouse, whichever it is.
//!
//! Statements of ours take their values as parameters: `?1`, `?2`, … in D1, `@p1`, `@p2`, … in BigQuery.

mod arguments;
pub mod bigquery;
mod d1_api;
mod d1_file;
pub mod database;
pub mod guard;

pub use arguments::{Arguments, Warehouse};

use ::warehouse::bigquery::Dataset;
use event::Millis;
use serde_json::Value;

/// A warehouse that can be asked.
pub enum Source {
    /// The local D1, a file.
    File(d1_file::D1File),
    /// D1 at Cloudflare.
    Api(Box<d1_api::D1Api>),
    /// BigQuery.
    BigQuery(Box<bigquery::BigQuery>),
}

/// Whose SQL it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    D1,
    /// GoogleSQL.
    BigQuery,
}

/// A value of a statement of ours.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// A whole number.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// A UTC day such as `2026-11-01`: text in D1, `DATE` in BigQuery.
    Day(&'a str),
    /// A point in time: text as `raw.timestamp` has it in D1, `TIMESTAMP` in BigQuery.
    Time(Millis),
    /// Texts: a JSON array for `json_each(?1)` in D1, `UNNEST(@p1)` in BigQuery.
    Texts(&'a [String]),
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A value for each column. Points in time are texts such as `2026-11-01T12:00:00.000Z`, JSON is text.
    pub rows: Vec<Vec<Value>>,
}

/// Why there is no answer. It repeats neither values nor secrets.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    File(#[from] d1_file::FileError),
    #[error(transparent)]
    Api(#[from] d1_api::ApiError),
    #[error("BigQuery: {0}")]
    BigQuery(#[from] crate::bigquery::CallError),
    #[error("BigQuery does not take the SQL: {0}")]
    Words(String),
    #[error(transparent)]
    Guard(#[from] guard::GuardError),
    #[error("no requests can be made on this machine: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the warehouse's settings have {} fault(s):\n- {}", .0.len(), .0.join("\n- "))]
    Settings(Vec<String>),
}

impl SourceError {
    /// Whether less at once would have been answered.
    pub fn is_too_long(&self) -> bool {
        matches!(self, Self::Api(d1_api::ApiError::TooLong))
    }
}

impl Source {
    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::File(_) | Self::Api(_) => Dialect::D1,
            Self::BigQuery(_) => Dialect::BigQuery,
        }
    }

    /// The dataset, where it is BigQuery that is asked.
    pub fn dataset(&self) -> Option<&Dataset> {
        match self {
            Self::BigQuery(bigquery) => Some(&bigquery.dataset),
            Self::File(_) | Self::Api(_) => None,
        }
    }

    /// Asks, and hands row after row to `take`: what is in memory is a page of them.
    ///
    /// # Errors
    /// [`SourceError`], or the first error of `take`.
    pub async fn each<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut take: impl FnMut(Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let take = &mut |_: &[String], row| take(row);
        match self {
            Self::File(file) => file.each(sql, params, take),
            Self::Api(api) => api.each(sql, params, take).await,
            Self::BigQuery(bigquery) => bigquery.each(sql, params, take).await,
        }
    }

    /// Asks what people ask, where it only reads. `take` gets the columns' names with each row. In BigQuery tables need no dataset in
    /// front.
    ///
    /// # Errors
    /// [`SourceError::Guard`], before anything is run, or as [`Self::each`].
    pub async fn ask<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut take: impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        match self {
            Self::File(file) => {
                file.judge(sql)?;
                file.each(sql, params, &mut take)
            }
            Self::Api(api) => {
                api.judge(sql).await?;
                api.each(sql, params, &mut take).await
            }
            Self::BigQuery(bigquery) => bigquery.ask(sql, params, &mut take).await,
        }
    }

    /// Runs a statement that changes rows. Returns how many.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn change(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SourceError> {
        match self {
            Self::File(file) => file.change(sql, params),
            Self::Api(api) => api.change(sql, params).await,
            Self::BigQuery(bigquery) => bigquery.change(sql, params).await,
        }
    }

    /// Asks for what is known to be little.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Rows, SourceError> {
        let mut rows = Vec::new();
        let columns = self
            .each(sql, params, |row| {
                rows.push(row);
                Ok::<_, SourceError>(())
            })
            .await?;
        Ok(Rows { columns, rows })
    }
}
