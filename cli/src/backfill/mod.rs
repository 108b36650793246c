//! `sparrow backfill`: events of the warehouse are sent again to the tracker that lacks them.
//!
//! Nothing is noted between two calls: the warehouse knows what was delivered, and shards know what was handed over in a
//! run, so that the same command goes on where the last one ended, on whichever machine.

mod horizon;
mod plan;
mod selection;
mod send;
mod spool;

use crate::console::{self, ConsoleError};
use crate::follow::{self, Standing, follow};
use crate::progress;
use crate::source::{self, SourceError};
use crate::usage::Usage;
use crate::{clock, span};
use clap::builder::PossibleValuesParser;
use event::Millis;
use horizon::{HorizonError, horizon};
use plan::Plan;
use selection::{Selection, SelectionError, first_day, select};
use send::{Handed, SendError, Sender};
use serde::Serialize;
use sha2::{Digest, Sha256};
use spool::Spool;
use std::cell::Cell;
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::time::Instant;

/// Arguments of `sparrow backfill`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --yes nothing is sent: it says how many events by name and day would be, what became of them before, and how many
would be lost or doubled at the vendor. Events that were delivered are left out, and so are those that are on their way.

With --yes each payload goes back to its shard as it is stored, and the tracker gets the events under today's policy, with
the ids and times that they had. The warehouse's `raw` stays as it is. A backfill is a run of its own in `deliveries` and
`ledger`, named after what is asked: the same command again goes on where it was interrupted, and then does nothing.

Example: what Amplitude lacks of two days
  sparrow backfill --tracker amplitude --failed --since 2d
Example: the same sent
  sparrow backfill --tracker amplitude --failed --since 2d --yes
Example: what a changed allowlist newly admits
  sparrow backfill --tracker ga4 --where \"event = 'plan changed' AND day >= '2026-11-01'\"
Example: by a query of your own
  sparrow backfill --tracker heap --sql \"SELECT * FROM latest_outcomes WHERE tracker = 'heap' AND reason = 'http_400'\"")]
#[command(group = clap::ArgGroup::new("selection").required(true))]
pub struct Backfill {
    /// Who is to get the events.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(trackers::NAMES))]
    tracker: String,
    /// The events: an SQL condition on raw_normalized.
    #[arg(long = "where", value_name = "CONDITION", group = "selection")]
    condition: Option<String>,
    /// The events: an SQL query with the columns payloadId, idx, receivedAt and event.
    #[arg(long, value_name = "QUERY", group = "selection")]
    sql: Option<String>,
    /// The events: those that are dead or rejected at the tracker.
    #[arg(long, group = "selection", requires = "since")]
    failed: bool,
    /// Of what was received since then: 2d, 12h, a UTC day or a time.
    #[arg(long, value_name = "TIME", requires = "failed")]
    since: Option<String>,
    /// Send also what was delivered before: the vendor counts it twice, or, where it still knows it, ignores it.
    #[arg(long)]
    delivered: bool,
    /// Send them.
    #[arg(long)]
    yes: bool,
    /// The run's name, for a selection that is to be sent once more [default: made of tracker and selection].
    #[arg(long, value_name = "NAME", value_parser = run_name)]
    run: Option<String>,
    /// Most events a second that are handed over.
    #[arg(long, value_name = "EVENTS", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// End when everything is handed over, and do not wait for what comes of it.
    #[arg(long)]
    no_wait: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: source::Arguments,
    #[command(flatten)]
    console: console::Arguments,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Horizon(#[from] HorizonError),
    #[error("{0}; what was handed over stays so, and the same command goes on from there")]
    Send(#[from] SendError),
    #[error("what was found cannot be noted on this machine's disk: {0}")]
    Spool(#[from] rusqlite::Error),
    #[error("--since takes a span such as 2d, 12h or 30m, a UTC day or a time such as 2026-11-01T09:30:00Z")]
    Since,
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    #[error("the output has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

/// The exit code where Ctrl-C ended it: 128 and the signal's number.
const INTERRUPTED: u8 = 130;

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    plan: Plan,
    /// Nothing where nothing was to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(flatten)]
    handed: Handed,
    interrupted: bool,
    /// Nothing where nobody waited for it.
    run: Option<Standing>,
    /// Whether, of what this call added to the run, nothing was rejected, died, or was left, and something was delivered.
    is_whole: bool,
    seconds: f64,
    events_per_second: f64,
    /// In bytes, at most, whole and without what the system shares.
    memory: Option<u64>,
    cpu_seconds: Option<f64>,
}

/// Runs the command.
///
/// # Errors
/// [`BackfillError`]
pub fn run(backfill: &Backfill) -> Result<ExitCode, BackfillError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(backfill.run())
}

impl Backfill {
    async fn run(&self) -> Result<ExitCode, BackfillError> {
        let started = Instant::now();
        let now = clock::now();
        let selection = self.selection(now)?;
        let run = self.run_name();
        let console = self.console.open()?;
        let mut source = self.source.open()?;
        let spool = Spool::new()?;
        let before = standing(&console, &run).await?;
        let horizon = horizon(&console, &mut source, &self.tracker, &run).await?;
        select(&mut source, &spool, &selection, &self.tracker, now).await?;
        let first_day = first_day(&mut source).await?;
        spool.decide(horizon.at, first_day.as_deref(), self.delivered)?;
        // Every tracker of the list has windows.
        let windows = trackers::windows(&self.tracker)
            .unwrap_or(trackers::Windows { age_ms: None, dedupe: trackers::Dedupe::Undocumented });
        let known = (before.received, horizon.trouble);
        let plan = plan::plan(&spool, &run, &self.tracker, windows, known, horizon.now)?;
        if !self.yes || plan.to_send == 0 {
            return self.dry(plan);
        }
        let bar = progress::bar(u64::try_from(plan.to_send).unwrap_or_default(), "events");
        let standing = Cell::default();
        let mut sender = Sender {
            console: &console,
            spool: &spool,
            run: &run,
            tracker: &self.tracker,
            rate: self.rate,
            bar: &bar,
            as_of: horizon.now,
            delivered: self.delivered,
            waiting: Default::default(),
            handed: Handed::default(),
            told: String::new(),
        };
        let done = tokio::select! {
            done = sender.send(&mut source) => Some(done?),
            _ = tokio::signal::ctrl_c() => None,
        };
        let handed = sender.handed;
        let outcome = match done {
            Some(()) if !self.no_wait => {
                bar.set_message("on their way");
                tokio::select! {
                    outcome = follow(&console, &run, &bar, &standing) => Some(outcome?),
                    _ = tokio::signal::ctrl_c() => None,
                }
            }
            _ => None,
        };
        bar.finish_and_clear();
        let seconds = started.elapsed().as_secs_f64();
        let usage = Usage::now();
        let sent = Sent {
            handed,
            interrupted: done.is_none() || (outcome.is_none() && !self.no_wait),
            run: outcome,
            is_whole: outcome.is_none_or(|outcome| is_whole(&outcome, &before)),
            seconds,
            events_per_second: f64::from(u32::try_from(handed.taken).unwrap_or(u32::MAX)) / seconds,
            memory: usage.map(|usage| usage.memory),
            cpu_seconds: usage.map(|usage| usage.cpu.as_secs_f64()),
        };
        self.report(plan, sent, usage)
    }

    fn selection(&self, now: Millis) -> Result<Selection, BackfillError> {
        Ok(match (&self.condition, &self.sql, &self.since) {
            (Some(condition), ..) => Selection::Where(condition.clone()),
            (None, Some(sql), _) => Selection::Sql(sql.trim().trim_end_matches(';').to_owned()),
            (None, None, since) => {
                let since = since.as_deref().and_then(|since| span::since(since, now));
                Selection::Failed(since.ok_or(BackfillError::Since)?)
            }
        })
    }

    /// The same for the same command: what was handed over in it is not handed over again.
    fn run_name(&self) -> String {
        let name = self.run.clone().unwrap_or_else(|| {
            let kind =
                [&self.condition, &self.sql, &self.since].map(|text| text.as_deref().unwrap_or_default());
            let mut hash = Sha256::new();
            for part in [self.tracker.as_str()].into_iter().chain(kind) {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
            hash.update([u8::from(self.delivered)]);
            hex::encode(&hash.finalize()[..8])
        });
        format!("{}{name}", event::account::BACKFILL)
    }

    fn dry(&self, plan: Plan) -> Result<ExitCode, BackfillError> {
        let mut out = io::stdout().lock();
        if self.json {
            print(&mut out, &Report { plan, sent: None })?;
        } else {
            out.write_all(plan::text(&plan).as_bytes())?;
            if plan.to_send > 0 {
                writeln!(out, "\nNothing was sent. The same with --yes sends it.")?;
            } else {
                writeln!(out, "\nThere is nothing to send.")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, plan: Plan, sent: Sent, usage: Option<Usage>) -> Result<ExitCode, BackfillError> {
        let mut out = io::stdout().lock();
        let code = if sent.interrupted {
            ExitCode::from(INTERRUPTED)
        } else if sent.is_whole && sent.handed.missing == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        if self.json {
            print(&mut out, &Report { plan, sent: Some(sent) })?;
            return Ok(code);
        }
        let Handed { taken, known, pending, erased, letters, missing } = sent.handed;
        let usage = usage.map(|usage| format!("; {usage}")).unwrap_or_default();
        writeln!(
            out,
            "{}: {taken} events handed over in {:.1} s ({:.0} a second{usage})",
            plan.run, sent.seconds, sent.events_per_second
        )?;
        for (events, what) in [
            (known, "were handed over in this run before; --run NAME sends them in another one"),
            (pending, "are on their way as it is"),
            (erased, "are of people who were forgotten"),
            (letters, "were dead letters, and are none any more"),
            (missing, "are not in raw any more"),
        ] {
            if events > 0 {
                writeln!(out, "{events}  {what}")?;
            }
        }
        if let Some(run) = sent.run {
            let Standing { received, delivered, filtered, rejected, dead, pending } = run;
            let pending = if pending > 0 { format!(" + pending {pending}") } else { String::new() };
            writeln!(
                out,
                "the run: received {received} = delivered {delivered} + filtered {filtered} + rejected {rejected} + dead {dead}{pending}"
            )?;
            if filtered + rejected + dead > 0 {
                writeln!(out, "why, in SQL: SELECT * FROM reasons WHERE run = '{}'", plan.run)?;
            }
        } else if sent.interrupted {
            writeln!(out, "interrupted; the same command goes on from there")?;
        }
        writeln!(out, "\nIn SQL: SELECT * FROM accounts_by_day WHERE run = '{}'", plan.run)?;
        Ok(code)
    }
}

/// How the run stands: some of it may be from before.
async fn standing(console: &console::Console, run: &str) -> Result<Standing, ConsoleError> {
    follow::look(console, run).await.map(|(standing, _)| standing)
}

/// See [`Sent::is_whole`].
fn is_whole(now: &Standing, before: &Standing) -> bool {
    let lost = now.rejected - before.rejected + now.dead - before.dead + now.pending;
    let nothing = now.received > before.received && now.delivered == before.delivered;
    lost <= 0 && !nothing
}

fn print(out: &mut impl Write, report: &Report) -> Result<(), BackfillError> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    Ok(writeln!(out)?)
}

fn run_name(text: &str) -> Result<String, &'static str> {
    // With `backfill:` before it, it is shown and typed by people.
    let is_name = event::id::is_id(text);
    if is_name { Ok(text.to_owned()) } else { Err("a name has 1 to 64 of A–Z a–z 0–9 _ -") }
}

/// A point in time as the warehouse has it.
fn millis(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Millis(time.as_millisecond()))
}
