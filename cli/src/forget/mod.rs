//! `sparrow forget`: a person's events are erased.
//!
//! A person is who an event says it is of: its own `userId` or `deviceId`. Vendors keep what they were sent, and are to be
//! asked themselves.

mod counts;
mod erasing;
mod in_warehouse;
mod outbox;
mod parts;
mod receipt;
mod report;
mod rows;

use crate::console::{self, ConsoleError};
use crate::source::{self, Param, Source, SourceError};
use crate::{clock, span};
use allowlist::erase::Person;
use clap::builder::NonEmptyStringValueParser;
use counts::{Counts, Left};
use erasing::Erasing;
use event::Millis;
use receipt::Receipt;
use report::Report;
use std::collections::BTreeSet;
use std::io;
use std::process::ExitCode;

/// How long BigQuery keeps rows in its streaming buffer at most, in ms
/// (<https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#dataavailability>).
const BUFFER_MS: i64 = 90 * 60 * 1000;

/// Arguments of `sparrow forget`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --yes nothing is changed: it says what would be, by place and UTC day of receipt.

With --yes events whose own userId or deviceId is one of those given leave `raw`, `requests`, the Outbox and its dead letters.
`deliveries` keeps its rows under other ids, so that sums hold; batches that hold others' events, too, stay without those.
The table `erasures` keeps a receipt, in which a hash stands for the person. What BigQuery cannot change yet is named there:
the same command erases it later. The first run does for one warehouse; repeat it for each.

Example: what would be erased
  sparrow forget --user u-4711 --device 0193a5a4-7c1e
Example: erase it
  sparrow forget --user u-4711 --device 0193a5a4-7c1e --yes
Example: the receipts
  sparrow forget --receipts")]
pub struct Forget {
    /// A user id, as events have it; several may be given.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    #[arg(required_unless_present_any = ["device", "receipts"])]
    user: Vec<String>,
    /// A device id, likewise.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    device: Vec<String>,
    /// In the warehouse look only at days from then on: 30d, a UTC day or a time [default: all].
    #[arg(long, value_name = "TIME", value_parser = span_start)]
    since: Option<Millis>,
    /// Erase it.
    #[arg(long)]
    yes: bool,
    /// List the receipts, and do nothing else.
    #[arg(long, conflicts_with_all = ["user", "device", "since", "yes"])]
    receipts: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    warehouse: source::Arguments,
    #[command(flatten)]
    console: console::Arguments,
}

/// Why it was not done. Nothing of it repeats an id.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error("the receipt: {0}; bring the tables up to date with `sparrow warehouse migrate`")]
    Receipt(SourceError),
    #[error(
        "a shard's call does not end, which may yet write what was erased; run this again in some minutes"
    )]
    Calls,
    #[error(
        "more waits for BigQuery than the receipt can name; what is erased is said there, run this again in 90 minutes for the rest"
    )]
    Waiting,
    #[error("events of the person go on coming; what was there is erased, run this again later")]
    Comes,
    #[error("no task can be run on this machine, or the output takes nothing: {0}")]
    Io(#[from] io::Error),
    #[error("the answer has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

fn span_start(text: &str) -> Result<Millis, String> {
    span::since(text, clock::now()).ok_or_else(|| "say 30d, 12h, a UTC day or a time".to_owned())
}

/// Says what there is, or erases it.
///
/// # Errors
/// [`ForgetError`]; with `--yes` the same command goes on.
pub fn run(forget: &Forget) -> Result<ExitCode, ForgetError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut source = forget.warehouse.open()?;
        if forget.receipts {
            return list(&mut source, forget.json).await;
        }
        erase(forget, source).await
    })
}

async fn erase(forget: &Forget, mut source: Source) -> Result<ExitCode, ForgetError> {
    let console = forget.console.open()?;
    let person = Person {
        users: forget.user.iter().cloned().collect(),
        devices: forget.device.iter().cloned().collect(),
    };
    let (mut receipt, mut counts, mut waiting) = (None, Counts::default(), Vec::new());
    if forget.yes {
        let subjects = subjects(&console, &person).await?;
        let opened = Receipt::open(&mut source, &subjects).await.map_err(ForgetError::Receipt)?;
        (receipt, counts, waiting) = (Some(opened.0), opened.1, opened.2);
    }
    let mut erasing = Erasing {
        source,
        console,
        person: &person,
        since: forget.since.unwrap_or(Millis(0)).day(),
        receipt,
        counts,
        waiting,
        more: 0,
        mentioned: Left::default(),
        unreadable: Left::default(),
        too_new: BTreeSet::new(),
    };
    erasing.run().await?;
    let Erasing { mut source, receipt, counts, waiting, more, mentioned, unreadable, .. } = erasing;
    let receipt = receipt.filter(|receipt| receipt.is_begun);
    if let Some(receipt) = &receipt {
        let noted = receipt.note(&mut source, &counts, &waiting).await;
        noted.map_err(ForgetError::Receipt)?;
        if waiting.is_empty() {
            receipt.finish(&mut source).await.map_err(ForgetError::Receipt)?;
        }
    }
    let again = (!waiting.is_empty()).then(|| Millis(clock::now().0 + BUFFER_MS).to_string());
    let is_done = again.is_none();
    let receipt = receipt.map(|receipt| receipt.id);
    let others = forget.warehouse.others();
    let report = Report {
        erased: forget.yes,
        receipt,
        days: counts,
        mentioned,
        unreadable,
        waiting,
        more,
        again,
        others,
    };
    report.write(forget.json, &mut io::stdout())?;
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What stands for the person in receipts, the same each time: hashes under a key that shard 0 keeps.
async fn subjects(console: &console::Console, person: &Person) -> Result<Vec<String>, ForgetError> {
    let users = person.users.iter().map(|id| ("user", id));
    let all: Vec<_> = users.chain(person.devices.iter().map(|id| ("device", id))).collect();
    let subjects = all.iter().map(|(kind, id)| format!("{kind}:{id}")).collect();
    let command = outbox::Command { subjects, ..outbox::Command::default() };
    let hashes = outbox::erase(console, &command).await?.subjects;
    Ok(all.iter().zip(hashes).map(|((kind, _), hash)| format!("{kind}:{hash}")).collect())
}

async fn list(source: &mut Source, is_json: bool) -> Result<ExitCode, ForgetError> {
    let sql = rows::receipts::all(source);
    let none: [Param<'_>; 0] = [];
    let rows = source.rows(&sql, &none).await.map_err(ForgetError::Receipt)?.rows;
    report::write_receipts(&rows, is_json, &mut io::stdout())?;
    Ok(ExitCode::SUCCESS)
}
