//! The second phase: looks for everything that was sent, and waits until nothing is on its way any more.

pub mod accounts;

pub mod deliveries;
mod findings;
pub mod raw;
mod run;
pub mod vendors;

use super::sent::Sent;
use crate::clock;
use accounts::Accounts;
use event::Millis;
use run::Run;
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use url::Url;

pub use crate::source::database::{self, DatabaseError, find};
pub use findings::{Findings, Problem};

/// Between two looks at the warehouse, at least.
const POLL: Duration = Duration::from_millis(500);

/// After a look that took long, so many times its length: the server is at work on the same machine.
const REST: u32 = 4;

/// Where to look.
pub struct Places {
    /// The file of the local D1.
    pub database: PathBuf,
    /// The sandbox, where the vendors are to be asked as well.
    pub sandbox: Option<Url>,
    /// How long to wait for what is on its way.
    pub settle: Duration,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the warehouse cannot be read: {0}")]
    Sql(#[from] rusqlite::Error),
    #[error("the sandbox at {0} does not answer as it should ({1}); start it, or leave --sandbox out")]
    Sandbox(String, String),
}

/// Looks for everything, and again until it is there or the time is up.
///
/// # Errors
/// [`VerifyError`]
pub async fn verify(
    sent: &[Sent],
    places: &Places,
    client: &reqwest::Client,
) -> Result<Findings, VerifyError> {
    let run = Run::new(sent);
    let db = database::open(&places.database)?;
    let deadline = Instant::now() + places.settle;
    let mut findings = loop {
        let start = Instant::now();
        let is_late = start >= deadline;
        if is_late || is_quiet(&db, &run)? {
            let findings = look(&db, &run)?;
            if is_late || !findings.problems.iter().any(|problem| problem.may_settle) {
                break findings;
            }
        }
        sleep(POLL.max(start.elapsed() * REST)).await;
    };
    if let Some(sandbox) = &places.sandbox {
        vendors::check(client, sandbox, &run, &mut findings).await?;
    }
    Ok(findings)
}

/// Whether a whole look, which takes long, is worth its while.
fn is_quiet(db: &Connection, run: &Run<'_>) -> Result<bool, VerifyError> {
    if database::lacks(db, "accounts")? {
        return Ok(true);
    }
    if accounts::sum(db)? != Accounts::default() {
        return Ok(false);
    }
    let mut row = db.prepare("SELECT 1 FROM raw WHERE eventId = ?1")?;
    for payload in run.sent.iter().rev().filter(|payload| payload.acked) {
        if !row.exists([&payload.id])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at everything in the warehouse.
fn look(db: &Connection, run: &Run<'_>) -> Result<Findings, VerifyError> {
    let mut findings = Findings::new(run.sent.len());
    let first = run.sent.iter().map(|payload| payload.first_at).min().unwrap_or_default();
    let days = [Millis(first).day(), clock::now().day()];
    // All of one moment: between two queries something may arrive.
    let db = db.unchecked_transaction()?;
    let mut missing = Vec::new();
    for name in ["raw", "raw_normalized", "deliveries", "accounts"] {
        if database::lacks(&db, name)? {
            missing.push(name);
            let text = format!("the warehouse has no {name}: `sparrow warehouse migrate` makes it");
            findings.problems.push(Problem::settled(&text));
        }
    }
    let has = |name| !missing.contains(&name);
    if has("raw") {
        raw::check_raw(&db, run, &mut findings)?;
    }
    if has("raw_normalized") {
        raw::check_normalized(&db, run, &days, &mut findings)?;
    }
    if has("deliveries") {
        deliveries::check(&db, run, &days, &mut findings)?;
    }
    if has("accounts") {
        accounts::check(&db, &days, &mut findings)?;
    }
    Ok(findings)
}

#[cfg(test)]
mod tests;
