//! `sparrow reconcile`: our account of a tracker against the vendor's own.

mod compare;
mod names;
mod ours;
mod report;
mod vendor_csv;

use crate::clock;
use crate::source::{self, SourceError};
use crate::span::day;
use clap::builder::PossibleValuesParser;
use compare::Comparison;
use names::Names;
use ours::{Days, Ours};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use vendor_csv::CsvError;

/// How long vendors take to count an event, in ms: Google says 24 to 48 hours
/// (<https://support.google.com/analytics/answer/11198161>).
const PROCESSING_MS: i64 = 48 * 3_600_000;

/// Arguments of `sparrow reconcile`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, against `make dev`: what the vendor should show, and its export compared with it.

    sparrow reconcile --tracker ga4 --day 2026-11-01
    sparrow reconcile --tracker ga4 --day 2026-11-01 --utc-offset +01:00 --vendor-csv export.csv

The export is a CSV with the columns event, day and count, such as GA4's free-form exploration
of \"Event name\", \"Date\" and \"Event count\". A vendor counts by the event's own time, in the
zone of its property, and under its own names; so is ours counted. Where they differ by more
than --tolerance the exit code is 1.")]
pub struct Reconcile {
    /// The tracker.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(trackers::NAMES))]
    tracker: String,
    /// The day on which events happened, or the first of several.
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: String,
    /// The last day [default: the same].
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<String>,
    /// The vendor's export [default: tell what it should show].
    #[arg(long, value_name = "FILE")]
    vendor_csv: Option<PathBuf>,
    /// How far the days of the vendor's property are from UTC.
    #[arg(long, value_name = "+HH:MM", default_value = "+00:00", allow_hyphen_values = true, value_parser = offset)]
    utc_offset: i64,
    /// A name that the vendor shows for one that it is sent, where somebody renamed it there.
    #[arg(long, value_name = "SENT=SHOWN", value_parser = rename)]
    rename: Vec<(String, String)>,
    /// How many days after they happened events are looked for: clients keep unsent ones. Each day is read.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u8).range(..=30))]
    within: u8,
    /// Differences up to so many percent of ours are none.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = tolerance)]
    tolerance: f64,
    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    warehouse: source::Arguments,
}

/// Why nothing is compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{0}")]
    Csv(#[from] CsvError),
    #[error("--to is before --day; name the first day first")]
    Order,
    #[error(
        "the warehouse's answer is not of the form that this release expects; use the command of its release"
    )]
    Row,
    #[error("the table cannot be written: {0}")]
    Table(#[from] csv::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Compares, and says whether both agree.
///
/// # Errors
/// [`ReconcileError`]
pub fn run(reconcile: &Reconcile) -> Result<ExitCode, ReconcileError> {
    let now = clock::now();
    let last = reconcile.to.as_deref().unwrap_or(&reconcile.day);
    if *last < *reconcile.day {
        return Err(ReconcileError::Order);
    }
    let days = Days {
        first: reconcile.day.clone(),
        last: last.to_owned(),
        offset_minutes: reconcile.utc_offset,
        within: reconcile.within,
    };
    let names = Names::new(&reconcile.tracker, reconcile.rename.iter().cloned().collect());
    let theirs = reconcile.vendor_csv.as_deref().map(|path| vendor_csv::read(path, &days)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut source = reconcile.warehouse.open()?;
    let ours = runtime.block_on(Ours::ask(&mut source, &reconcile.tracker, &days, now))?;
    let comparison =
        Comparison::new(&reconcile.tracker, &days, &names, ours, theirs, reconcile.tolerance, now);
    let mut out = io::stdout().lock();
    if reconcile.json {
        let json = serde_json::to_string_pretty(&comparison).map_err(io::Error::from)?;
        writeln!(out, "{json}")?;
    } else if comparison.theirs.is_some() {
        out.write_all(report::text(&comparison).as_bytes())?;
    } else {
        out.write_all(&report::table(&comparison)?)?;
        io::stderr().write_all(report::notes(&comparison).as_bytes())?;
    }
    out.flush()?;
    Ok(if comparison.differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Minutes of an offset such as `+01:00`.
fn offset(text: &str) -> Result<i64, &'static str> {
    let number = |text: &str, most: i64| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &i64| is_number && *number <= most)
    };
    let minutes = |rest: &str| {
        let (hours, minutes) = rest.split_once(':')?;
        Some(number(hours, 14)? * 60 + number(minutes, 59)?)
    };
    let offset = match text.split_at_checked(1) {
        Some(("+", rest)) => minutes(rest),
        Some(("-", rest)) => minutes(rest).map(|minutes| -minutes),
        _ => None,
    };
    offset.ok_or("an offset is written +01:00 or -08:00")
}

fn rename(text: &str) -> Result<(String, String), &'static str> {
    let (sent, shown) = text.split_once('=').ok_or("it is two names such as page_view=pageview")?;
    Ok((sent.to_owned(), shown.to_owned()))
}

fn tolerance(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().ok().filter(|percent: &f64| *percent >= 0.0);
    percent.ok_or("it is a percentage of 0 or more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_a_sign_hours_and_minutes() {
        assert_eq!((offset("+01:00"), offset("-09:30"), offset("+00:00")), (Ok(60), Ok(-570), Ok(0)));
        for text in ["", "01:00", "+1:00", "+0100", "+15:00", "+01:60", "+-1:00", "é"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
