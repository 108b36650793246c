//! `sparrow events explain`: everything that is known of one event.

mod body;
mod found;
mod report;
mod request;
mod scrubbed;
mod story;

use super::EventsError;
use crate::allowlist::explain::{self as allowlist_explain, opening};
use crate::clock;
use crate::policy_file::{self, FILE};
use crate::source;
use crate::span::day;
use clap::builder::PossibleValuesParser;
use event::ENVIRONMENTS;
use found::Finder;
use std::io::{self, Write};
use std::path::PathBuf;
use story::{Story, Teller};

/// Most events of one id that are told in full.
const MAX_STORIES: usize = 10;

/// Arguments of `sparrow events explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, against `make dev`:

    curl 'http://127.0.0.1:8787/e?key=sparrow-development-key' \\
      -d '{\"event\": \"sign up\", \"deviceId\": \"d1\", \"eventId\": \"e-1\"}'
    sparrow events explain e-1

An event id may have come more than once: all of them are told, the latest first. An event
that has no outcome yet is looked for among today's and yesterday's payloads, or those of --day.")]
pub struct Explain {
    /// The event's id: its own, or its payload's and its place, such as 0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21.0.
    #[arg(value_name = "EVENT ID", required_unless_present = "payload")]
    id: Option<String>,
    /// The payload that it came in, in place of the event's id.
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    payload: Option<String>,
    /// Its place in that payload, counted from 0.
    #[arg(long, value_name = "N", requires = "payload", default_value_t = 0)]
    idx: u32,
    /// The UTC day on which it was received.
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Option<String>,
    /// These trackers alone.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(trackers::NAMES))]
    tracker: Vec<String>,
    /// Show payload and context as they came: personal data and addresses, too.
    #[arg(long)]
    raw: bool,
    /// Today's policy, or one that was pulled.
    #[arg(long, value_name = "FILE", default_value = FILE)]
    policy: PathBuf,
    /// Vendors' settings, such as trace/.dev.vars: a vendor that has none is off, as in Trace [default: placeholders for
    /// all].
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Which of the policy's sources count [default: ENVIRONMENT of the settings, or development].
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ENVIRONMENTS))]
    sources: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    warehouse: source::Arguments,
}

/// Tells of the event, or of all that have its id.
///
/// # Errors
/// [`EventsError`], also where there is none.
pub async fn run(explain: &Explain) -> Result<(), EventsError> {
    let now = clock::now();
    let mut policy =
        policy_file::read(&explain.policy).map_err(|error| EventsError::Explain(error.into()))?;
    let given = explain.settings.as_deref().map(allowlist_explain::settings).transpose()?;
    let (settings, environment) = opening::settled(given, explain.sources.as_deref())?;
    policy.restrict_to(&environment);
    let teller = Teller { explain, policy: &policy, settings: &settings, environment, now };
    let mut finder = Finder { source: explain.warehouse.open()?, day: explain.day.as_deref(), now };
    let places = match (&explain.id, &explain.payload) {
        (_, Some(payload)) => finder.by_payload(payload, explain.idx).await?,
        (id, None) => finder.by_id(id.as_deref().unwrap_or_default()).await?,
    };
    let mut stories: Vec<Story> = Vec::new();
    for place in places.iter().take(MAX_STORIES) {
        stories.push(teller.tell(&mut finder, place).await?);
    }
    let untold = places.len().saturating_sub(MAX_STORIES);
    let mut out = io::stdout().lock();
    if explain.json {
        let told = serde_json::json!({ "events": stories, "more": untold });
        writeln!(out, "{told:#}")?;
    } else {
        out.write_all(report::text(&stories, untold).as_bytes())?;
    }
    Ok(out.flush()?)
}
