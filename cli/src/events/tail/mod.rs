//! `sparrow events tail`: events as they pass.

mod line;
mod poll;

use super::EventsError;
use crate::clock;
use crate::source::{self, Dialect};
use crate::span;
use clap::builder::PossibleValuesParser;
use event::Millis;
use event::account::FINAL_OUTCOMES;
use line::{Passed, Style};
use poll::Poll;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// How long to wait between two questions to D1.
const D1_INTERVAL: Duration = Duration::from_secs(1);

/// The same for BigQuery, which bills every one of them.
const BIGQUERY_INTERVAL: Duration = Duration::from_secs(10);

/// The shortest.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Arguments of `sparrow events tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, against `make dev`:

    sparrow events tail --outcome rejected,dead --since 10m

A line is an event with the outcomes that were new when the warehouse was asked; an outcome
that comes later is a line of its own. An event is told from its first outcome on.")]
pub struct Tail {
    /// Events of this name alone.
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Outcomes at these trackers alone.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(trackers::NAMES))]
    tracker: Vec<String>,
    /// These outcomes alone.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(FINAL_OUTCOMES))]
    outcome: Vec<String>,
    /// Begin in the past: with what was known so long ago (10m, 2h), or since a day or time [default: now].
    #[arg(long, value_name = "SPAN", value_parser = since)]
    since: Option<Millis>,
    /// Seconds between two questions to the warehouse [default: 1 with D1, 10 with BigQuery].
    #[arg(long, value_name = "SECONDS", value_parser = interval)]
    interval: Option<Duration>,
    /// End after so many lines.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Print an object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    warehouse: source::Arguments,
}

/// Tells events until Ctrl-C, or until there were enough.
///
/// # Errors
/// [`EventsError`]
pub async fn run(tail: &Tail) -> Result<(), EventsError> {
    let now = clock::now();
    let source = tail.warehouse.open()?;
    let interval = tail.interval.unwrap_or(match source.dialect() {
        Dialect::D1 => D1_INTERVAL,
        Dialect::BigQuery => BIGQUERY_INTERVAL,
    });
    tokio::select! {
        ended = follow(tail, Poll::new(source, tail.since, now), interval) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn follow(tail: &Tail, mut poll: Poll, interval: Duration) -> Result<(), EventsError> {
    let mut left = tail.count.unwrap_or(u64::MAX);
    let style = Style::of(io::stdout().is_terminal());
    loop {
        let page = poll.next().await?;
        let mut out = io::stdout().lock();
        for passed in Passed::grouped(page.rows) {
            let Some(passed) = tail.wanted(passed) else { continue };
            if left == 0 {
                return Ok(());
            }
            if tail.json {
                writeln!(out, "{}", serde_json::to_string(&passed)?)?;
            } else {
                writeln!(out, "{}", passed.line(&style))?;
            }
            left -= 1;
        }
        out.flush()?;
        drop(out);
        if left == 0 {
            return Ok(());
        }
        // Whoever presses Ctrl-C is heard between two pages, too.
        let pause = if page.is_last { interval } else { Duration::ZERO };
        tokio::time::sleep(pause).await;
    }
}

impl Tail {
    /// The event with those of its outcomes that are asked for; nothing where there are none.
    fn wanted(&self, mut passed: Passed) -> Option<Passed> {
        let is_one_of =
            |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
        if self.event.as_ref().is_some_and(|name| *name != passed.event) {
            return None;
        }
        passed.outcomes.retain(|outcome| {
            is_one_of(&self.tracker, &outcome.tracker) && is_one_of(&self.outcome, &outcome.outcome)
        });
        (!passed.outcomes.is_empty()).then_some(passed)
    }
}

fn since(text: &str) -> Result<Millis, &'static str> {
    span::since(text, clock::now()).ok_or(
        "it is a time ago such as 10m, 2h or 7d, a day such as 2026-11-01, or a time such as 2026-11-01T12:00:00Z",
    )
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|interval| *interval >= MIN_INTERVAL).ok_or("it is a number of seconds, of 0.1 or more")
}
