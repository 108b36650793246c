//! D1 at Cloudflare, by its HTTP API (<https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/raw>).
//!
//! `/raw` and not `/query`: its rows are lists, so that the columns have their order, two may have one name, and an answer without
//! rows has columns, too.

use super::guard::{GuardError, is_one_select, sqlite};
use super::{Dialect, Param, SourceError};
use reqwest::redirect::Policy;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;
use url::Url;

/// Most bytes of an answer that are read, so that memory is bounded: Cloudflare gives an answer in one piece.
const MAX_ANSWER: usize = 32 << 20;

/// How long to wait for an answer. D1 ends a query after 30 s (<https://developers.cloudflare.com/d1/platform/limits/>).
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a request is sent again after a failure that may pass: for 63 s in all.
const RETRIES: u32 = 6;

/// Pause before the first of them; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest wait that Cloudflare can ask for: its limit is of five minutes
/// (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>).
const MAX_WAIT: Duration = Duration::from_secs(300);

/// What the tables and views of the database are made with, without those of SQLite and Cloudflare. Tables come before views.
const SCHEMA: &str =
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY type = 'view', rowid";

/// Cloudflare's code for SQL that fails.
const SQL_FAILED: i64 = 7500;

/// Where the database is.
pub struct Address {
    /// Such as `https://api.cloudflare.com`.
    pub base: Url,
    /// The account's id.
    pub account: String,
    /// The database's id.
    pub database: String,
    /// The API token.
    pub token: String,
}

/// A database that can be asked.
pub struct D1Api {
    http: reqwest::Client,
    url: String,
    token: String,
    /// Its tables and views without rows, once they were asked for: what judges statements of people.
    likeness: Option<Connection>,
    pub(super) first_pause: Duration,
}

/// Why it does not answer. It repeats neither the token nor values.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// There is no reply.
    #[error(
        "Cloudflare does not answer ({0}); check the connection, and CLOUDFLARE_API_BASE where it is set"
    )]
    NoReply(&'static str),
    /// The token does not do.
    #[error(
        "Cloudflare refuses the token ({0}): CLOUDFLARE_API_TOKEN needs the permission D1 Read of this account, and D1 Write to change \
        something"
    )]
    Access(u16),
    /// There is no such database.
    #[error(
        "Cloudflare has no such database in this account; check CLOUDFLARE_ACCOUNT_ID and D1_DATABASE_ID (--d1-database)"
    )]
    NotFound,
    /// SQL fails.
    #[error("D1: {0}")]
    Sql(String),
    /// Another status.
    #[error("Cloudflare answered {0}; try again later, or see https://www.cloudflarestatus.com")]
    Status(u16),
    /// The answer is too long.
    #[error(
        "the answer has more than {} MiB, which is all that is read of one: ask for fewer columns or days, or add LIMIT",
        MAX_ANSWER >> 20
    )]
    TooLong,
    /// The answer is no such JSON.
    #[error(
        "Cloudflare's answer is not the JSON expected; see whether there is a later release of this command"
    )]
    Unreadable,
    /// Nobody knows whether the statement was run.
    #[error(
        "the reply to a change was lost, which may have been made or not: look before you run this again"
    )]
    Lost,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    errors: Vec<Fault>,
    result: Option<Vec<Answer>>,
}

#[derive(Deserialize)]
struct Fault {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct Answer {
    results: Option<Results>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize)]
struct Results {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    changes: u64,
}

/// What is left after an attempt.
enum Failed {
    /// For good.
    Lasting(ApiError),
    /// It may pass; nothing was done, or it may have been. Cloudflare may say how long to wait.
    Passing { error: ApiError, is_undone: bool, wait: Option<Duration> },
}

impl D1Api {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// Where no requests can be made on this machine.
    pub fn new(address: &Address) -> Result<Self, reqwest::Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The token goes where it was meant to go and nowhere else.
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("sparrow/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        if address.base.scheme() == "http" {
            http = http.tls_certs_only([]).no_proxy();
        }
        let base = address.base.as_str().trim_end_matches('/');
        let Address { account, database, token, .. } = address;
        Ok(Self {
            http: http.build()?,
            url: format!("{base}/client/v4/accounts/{account}/d1/database/{database}/raw"),
            token: token.clone(),
            likeness: None,
            first_pause: FIRST_PAUSE,
        })
    }

    /// See [`super::Source::each`]. An answer comes in one piece, so that one of more than 32 MiB is refused.
    ///
    /// # Errors
    /// [`ApiError`], or the first error of `take`.
    pub async fn each<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        take: &mut impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let answer = self.send(sql, params, true).await.map_err(SourceError::from)?;
        let Results { columns, rows } = answer.results.ok_or(SourceError::from(ApiError::Unreadable))?;
        for row in rows {
            take(&columns, row)?;
        }
        Ok(columns)
    }

    /// Runs a statement that changes something, once; how many rows it changed.
    ///
    /// # Errors
    /// [`SourceError`]; after [`ApiError::Lost`] it may have been run.
    pub async fn change(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SourceError> {
        Ok(self.send(sql, params, false).await?.meta.changes)
    }

    /// Whether the statement only reads, as SQLite here judges on the tables and views that are there. It is not sent.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn judge(&mut self, sql: &str) -> Result<(), SourceError> {
        is_one_select(sql, Dialect::D1)?;
        if self.likeness.is_none() {
            let schema = self.send(SCHEMA, &[], true).await?.results.ok_or(ApiError::Unreadable)?;
            let schema = schema.rows.iter().filter_map(|row| row.first()?.as_str());
            let likeness =
                sqlite::likeness(schema).map_err(|error| GuardError::Invalid(error.to_string()))?;
            self.likeness = Some(likeness);
        }
        if let Some(likeness) = &self.likeness {
            sqlite::prepare(likeness, sql)?;
        }
        Ok(())
    }

    /// Sends a statement until there is an answer, or no hope of one. What changes something is sent again only where it was surely
    /// not run.
    async fn send(&self, sql: &str, params: &[Param<'_>], is_read: bool) -> Result<Answer, ApiError> {
        let params: Vec<Value> = params.iter().map(bound).collect();
        let body = json!({ "sql": sql, "params": params }).to_string();
        let mut pause = self.first_pause;
        for retries in 0.. {
            match self.attempt(&body).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Lasting(error)) => return Err(error),
                Err(Failed::Passing { is_undone: false, .. }) if !is_read => return Err(ApiError::Lost),
                Err(Failed::Passing { error, .. }) if retries == RETRIES => return Err(error),
                Err(Failed::Passing { error, wait, .. }) => {
                    let wait = wait.map_or(pause, |wait| wait.clamp(pause, MAX_WAIT));
                    eprintln!("{error}; next attempt in {} s", wait.as_secs());
                    sleep(wait).await;
                    pause *= 2;
                }
            }
        }
        Err(ApiError::Unreadable)
    }

    async fn attempt(&self, body: &str) -> Result<Answer, Failed> {
        let request = self.http.post(&self.url).bearer_auth(&self.token);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let mut reply = request.send().await.map_err(|error| no_reply(&error))?;
        let status = reply.status().as_u16();
        let wait = reply.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
        let mut read = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(|error| no_reply(&error))? {
            if read.len() + chunk.len() > MAX_ANSWER {
                return Err(Failed::Lasting(ApiError::TooLong));
            }
            read.extend_from_slice(&chunk);
        }
        answered(status, &read, wait.map(Duration::from_secs))
    }
}

fn no_reply(error: &reqwest::Error) -> Failed {
    let why = if error.is_timeout() {
        "too late"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke off"
    };
    Failed::Passing { error: ApiError::NoReply(why), is_undone: error.is_connect(), wait: None }
}

fn answered(status: u16, body: &[u8], wait: Option<Duration>) -> Result<Answer, Failed> {
    let reply: Option<Reply> = serde_json::from_slice(body).ok();
    if (200..300).contains(&status) {
        let answer = reply.and_then(|reply| reply.result?.into_iter().next());
        return answer.ok_or(Failed::Lasting(ApiError::Unreadable));
    }
    let fault = reply.and_then(|reply| reply.errors.into_iter().next());
    if let Some(Fault { message, .. }) = fault.filter(|fault| fault.code == SQL_FAILED) {
        return Err(Failed::Lasting(ApiError::Sql(message.chars().take(300).collect())));
    }
    Err(match status {
        401 | 403 => Failed::Lasting(ApiError::Access(status)),
        404 => Failed::Lasting(ApiError::NotFound),
        429 => Failed::Passing { error: ApiError::Status(status), is_undone: true, wait },
        500.. => Failed::Passing { error: ApiError::Status(status), is_undone: false, wait },
        _ => Failed::Lasting(ApiError::Status(status)),
    })
}

/// As [`super::d1_file`] binds them. Cloudflare's page says text of all parameters; numbers are what compares with numbers.
fn bound(param: &Param<'_>) -> Value {
    match *param {
        Param::Int(value) => value.into(),
        Param::Text(value) | Param::Day(value) => value.into(),
        Param::Time(time) => time.to_string().into(),
        Param::Texts(texts) => Value::from(texts).to_string().into(),
    }
}

#[cfg(test)]
mod tests;
