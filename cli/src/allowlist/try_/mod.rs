//! `sparrow allowlist try`: two policies over the payloads that were logged, by the code that Trace runs.

mod fields;
mod next;
mod payloads;
mod report;
mod seen;
mod sides;
mod tally;
#[cfg(test)]
mod tests;

use super::explain::{self, ExplainError};
use super::invisible::visible;
use super::pair::{self, PairError};
use crate::progress;
use crate::source::{self, Source, SourceError};
use crate::span;
use clap::builder::PossibleValuesParser;
use event::{ENVIRONMENTS, Millis, Payload};
use seen::Seen;
use serde::Serialize;
use sides::Sides;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread::available_parallelism;
use tally::Tally;
use tokio::time::Instant;

/// Payloads that are opened together.
const BATCH_PAYLOADS: usize = 512;

/// Bytes of bodies that are enough for a batch.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Arguments of `sparrow allowlist try`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: what would the change that is not committed yet have meant for the events of the last week?

    sparrow allowlist try --since 7d

Nothing is sent and nothing is changed. An event that came several times on a day counts once.
No value is shown, and of names that neither policy has what the scrubber leaves of them.
In BigQuery the payloads of these days are read, and billed.")]
pub struct Try {
    #[command(flatten)]
    policies: pair::Arguments,
    /// Since when, in whole UTC days of receipt: 7d, 2026-11-01.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
    /// Vendors' settings, such as trace/.dev.vars: a vendor that has none is off, as in Trace [default: placeholders for
    /// all].
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Which of the policies' sources count [default: ENVIRONMENT of the settings, or development].
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ENVIRONMENTS))]
    sources: Option<String>,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: source::Arguments,
}

/// Why nothing is counted.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    #[error(transparent)]
    Pair(#[from] PairError),
    #[error(transparent)]
    Settings(#[from] ExplainError),
    #[error("{0} configures no tracker, so that nothing is admitted; name a file that does with --settings")]
    NoTracker(PathBuf),
    #[error(
        "--since is none: {0}; say 7d, 12h, a UTC day such as 2026-11-01, or a time such as 2026-11-01T09:30:00Z"
    )]
    Since(String),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(
        "a row of raw is not as it was written; run `sparrow warehouse migrate` of this release, then look at `raw`"
    )]
    Row,
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Everything that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    old: Version,
    new: Version,
    environment: String,
    trackers: Vec<&'static str>,
    /// First and last UTC day of receipt that was looked at.
    from: String,
    to: String,
    seconds: f64,
    #[serde(flatten)]
    tally: Tally,
    /// The commands that send what is newly admitted.
    next: Vec<String>,
}

/// A policy.
#[derive(Debug, Serialize)]
struct Version {
    name: String,
    version: String,
}

/// Opens the payloads since then under both policies.
///
/// # Errors
/// [`TryError`]
pub fn run(tried: &Try, now: Millis, out: &mut impl Write) -> Result<(), TryError> {
    let pair = tried.policies.read()?;
    let since = span::since(&tried.since, now).ok_or_else(|| TryError::Since(tried.since.clone()))?;
    let given = tried.settings.as_deref().map(explain::settings).transpose()?;
    let (settings, environment) = explain::settled(given, tried.sources.as_deref())?;
    let configured = trackers::configure(&settings).map_err(ExplainError::from)?;
    let trackers: Vec<_> = configured.iter().map(|tracker| tracker.name()).collect();
    if let (true, Some(path)) = (trackers.is_empty(), &tried.settings) {
        return Err(TryError::NoTracker(path.clone()));
    }
    explain::hash_key(&settings, &pair.old.policy)?;
    let key = explain::hash_key(&settings, &pair.new.policy)?;
    let version =
        |named: &pair::Named| Version { name: named.name.clone(), version: named.policy.version.clone() };
    let (old, new) = (version(&pair.old), version(&pair.new));
    let (mut before, mut after) = (pair.old.policy, pair.new.policy);
    before.restrict_to(&environment);
    after.restrict_to(&environment);
    let sides = Sides::new(before, after, key, trackers.clone());
    let mut source = tried.source.open()?;
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = runtime.block_on(count(&mut source, &sides, &since.day()))?;
    let next = next::commands(&tally, &since.day(), source.dialect());
    let (from, to) = (since.day(), now.day());
    let seconds = start.elapsed().as_secs_f64();
    let found = Found { old, new, environment, trackers, from, to, seconds, tally, next };
    if tried.json {
        serde_json::to_writer_pretty(&mut *out, &found).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(visible(&report::text(&found)).as_bytes())?;
    }
    Ok(())
}

async fn count(source: &mut Source, sides: &Sides, since: &str) -> Result<Tally, TryError> {
    let threads = available_parallelism().map_or(1, usize::from);
    let days = payloads::days(source, since).await?;
    let bar = progress::bar(days.iter().map(|(_, payloads)| payloads).sum(), "payloads");
    let mut tally = Tally::new(sides);
    let mut seen = Seen::default();
    for (day, _) in days {
        seen.start_day();
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut open = |batch: &mut Vec<Payload>| {
            bar.inc(batch.len() as u64);
            tally.payloads += batch.len() as u64;
            for tried in sides.open(batch, threads, &seen.hasher) {
                tally.add(&mut seen, tried);
            }
            batch.clear();
        };
        let mut unreadable = 0;
        payloads::each(source, &day, |payload| {
            let Some(payload) = payload else {
                unreadable += 1;
                return;
            };
            bytes += payload.data.len();
            batch.push(payload);
            if batch.len() == BATCH_PAYLOADS || bytes >= BATCH_BYTES {
                open(&mut batch);
                bytes = 0;
            }
        })
        .await?;
        open(&mut batch);
        tally.unreadable += unreadable;
    }
    bar.finish_and_clear();
    Ok(tally)
}
