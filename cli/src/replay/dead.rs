//! `sparrow replay dead`: what it would do, then doing it, then how it went.

use super::letters::Letters;
use super::report;
use crate::allowlist::invisible::visible;
use crate::clock;
use crate::console::api::{DeadPage, Failed, Ledger, Replayed, Trackers};
use crate::console::{self, Console, ConsoleError};
use crate::follow::{self, Standing, follow};
use crate::progress;
use crate::span;
use event::Millis;
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::process::ExitCode;
use trackers::Windows;
use url::form_urlencoded::Serializer;

/// Letters of a page: the most that Console hands out.
const PAGE: &str = "1000";

/// Ended by Ctrl-C, as shells tell it: 128 and SIGINT's number.
const INTERRUPTED: u8 = 130;

/// Arguments of `sparrow replay dead`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: try again what amplitude lost in two days; without --yes it only says what that would do.

    sparrow replay dead --tracker amplitude --since 2d
    sparrow replay dead --tracker amplitude --since 2d --yes

What is put back is dead no longer: the same command again does nothing.
It ends with 1 where something was rejected or died again, or where a shard did not answer,
and with 130 after Ctrl-C, which leaves the replay going.")]
pub struct Dead {
    /// The tracker, or a lane such as "(open)", "(raw d1)" or "(accounts d1)".
    #[arg(long, value_name = "NAME", value_parser = lane)]
    tracker: String,
    /// Events of this name alone.
    #[arg(long, value_name = "NAME", conflicts_with = "follow")]
    event: Option<String>,
    /// Received since then: 2d, 12h, 2026-11-01, 2026-11-01T09:30:00Z.
    #[arg(long, visible_alias = "since", value_name = "TIME", conflicts_with = "follow", value_parser = time)]
    from: Option<Millis>,
    /// Received before then.
    #[arg(long, value_name = "TIME", conflicts_with = "follow", value_parser = time)]
    to: Option<Millis>,
    /// Do it.
    #[arg(long, conflicts_with = "follow")]
    yes: bool,
    /// Do not wait until nothing is pending.
    #[arg(long)]
    no_wait: bool,
    /// Replay nothing, but say how this run stands, such as replay:0193….
    #[arg(long, value_name = "RUN")]
    follow: Option<String>,
    /// Print what was found and done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub console: console::Arguments,
}

impl Dead {
    /// The lane.
    pub fn tracker(&self) -> &str {
        &self.tracker
    }
}

/// A name that is none would have no dead letters either.
fn lane(text: &str) -> Result<String, String> {
    if trackers::NAMES.contains(&text) || (text.starts_with('(') && text.ends_with(')')) {
        Ok(text.to_owned())
    } else {
        Err(format!("there are {}, and lanes such as (open) and (raw d1)", trackers::NAMES.join(", ")))
    }
}

fn time(text: &str) -> Result<Millis, &'static str> {
    span::since(text, clock::now())
        .ok_or("say 2d, 12h, a UTC day such as 2026-11-01, or a time such as 2026-11-01T09:30:00Z")
}

/// Why it is not done, or not known.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error("{0}; the replay goes on, `{1}` says how it stands")]
    Unfollowed(#[source] ConsoleError, String),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// What is told.
#[derive(Debug)]
pub struct Found<'a> {
    pub tracker: &'a str,
    pub letters: Letters,
    pub windows: Option<Windows>,
    /// Why it would be better to wait.
    pub unready: Vec<String>,
    pub failed: Vec<Failed>,
}

/// What was done, and what came of it. It is noted as it becomes known, for whoever interrupts.
#[derive(Debug, Default)]
pub struct Done {
    pub run: RefCell<Option<String>>,
    /// Letters and events that this call put back.
    pub put_back: Cell<Option<(u64, u64)>>,
    pub standing: Cell<Option<Standing>>,
    /// Shards that are not among this.
    pub failed: RefCell<Vec<Failed>>,
}

/// Says what there is to replay, and does it where that is said.
///
/// # Errors
/// [`ReplayError`]
pub fn run(dead: &Dead) -> Result<ExitCode, ReplayError> {
    let console = dead.console.open()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let output = Output { json: dead.json, members: RefCell::default() };
        let done = Done::default();
        let code = tokio::select! {
            code = replay(dead, &console, &output, &done) => code?,
            _ = tokio::signal::ctrl_c() => {
                output.tell(&report::left(dead, &done), report::done_json(&done, true))?;
                ExitCode::from(INTERRUPTED)
            }
        };
        output.finish()?;
        Ok(code)
    })
}

/// Text at once, or one JSON document at the end.
pub struct Output {
    pub json: bool,
    pub members: RefCell<Map<String, Value>>,
}

impl Output {
    fn tell(&self, text: &str, members: Value) -> io::Result<()> {
        if self.json {
            if let Value::Object(members) = members {
                self.members.borrow_mut().extend(members);
            }
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(visible(text).as_bytes())?;
        out.flush()
    }

    fn finish(self) -> io::Result<()> {
        if self.json {
            writeln!(io::stdout().lock(), "{:#}", Value::Object(self.members.into_inner()))
        } else {
            Ok(())
        }
    }
}

/// # Errors
/// [`ReplayError`]
pub async fn replay(
    dead: &Dead,
    console: &Console,
    output: &Output,
    done: &Done,
) -> Result<ExitCode, ReplayError> {
    if let Some(run) = &dead.follow {
        return finish(dead, console, run, output, done).await;
    }
    let found = look(dead, console).await?;
    output.tell(&report::found(&found), report::found_json(&found))?;
    let is_partial = !found.failed.is_empty();
    if found.letters.letters == 0 {
        if !is_partial && let Some((run, standing)) = last_run(dead, console).await? {
            output.tell(&report::last(&run, &standing), json!({"lastRun": run, "standing": standing}))?;
        }
        return Ok(code(is_partial));
    }
    if !dead.yes {
        output.tell("\nnothing was done; add --yes to do it\n", json!({}))?;
        return Ok(code(is_partial));
    }
    let replayed = put_back(dead, console).await?;
    done.put_back.set(Some((replayed.letters, replayed.events)));
    done.failed.replace(replayed.failed);
    output.tell(&report::put_back(&replayed.run, replayed.letters, replayed.events), json!({}))?;
    finish(dead, console, &replayed.run, output, done).await
}

fn code(is_bad: bool) -> ExitCode {
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Follows a run, where there is one to follow and that is asked for.
async fn finish(
    dead: &Dead,
    console: &Console,
    run: &str,
    output: &Output,
    done: &Done,
) -> Result<ExitCode, ReplayError> {
    done.run.replace(Some(run.to_owned()));
    if !report::has_run(&dead.tracker) {
        // Writing to a warehouse is no delivery.
    } else if dead.no_wait {
        let (standing, failed) = follow::look(console, run).await?;
        done.standing.set(Some(standing));
        done.failed.borrow_mut().extend(failed);
    } else {
        let bar = progress::bar(0, "events");
        let followed = follow(console, run, &bar, &done.standing).await;
        bar.finish_and_clear();
        if let Err(error) = followed {
            return Err(ReplayError::Unfollowed(error, report::command(dead, run)));
        }
    }
    output.tell(&report::done(dead, done), report::done_json(done, false))?;
    let has_failed = !done.failed.borrow().is_empty();
    Ok(code(has_failed || done.standing.get().is_some_and(|standing| standing.is_bad())))
}

/// Page by page: what is kept are counts.
async fn look<'a>(dead: &'a Dead, console: &Console) -> Result<Found<'a>, ReplayError> {
    let windows = trackers::windows(&dead.tracker);
    let now = clock::now();
    let mut found = Found {
        tracker: &dead.tracker,
        letters: Letters::default(),
        windows,
        unready: vec![],
        failed: vec![],
    };
    let mut cursor: Option<String> = None;
    loop {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(filter(dead)).append_pair("limit", PAGE);
        query.extend_pairs(cursor.as_ref().map(|cursor| ("cursor", cursor)));
        let page: DeadPage = console.get(&format!("/api/dead?{}", query.finish())).await?;
        for letter in &page.letters {
            found.letters.add(letter, dead.event.as_deref(), windows, now);
        }
        found.failed.extend(page.failed);
        let Some(next) = page.cursor else { break };
        cursor = Some(next);
    }
    found.failed.sort();
    found.failed.dedup();
    let trackers: Trackers = console.get("/api/trackers").await?;
    let lane = trackers.trackers.iter().find(|lane| lane.tracker == dead.tracker);
    found.unready = lane.map(report::unready).unwrap_or_default();
    Ok(found)
}

/// The filter, as Console names its members.
fn filter(dead: &Dead) -> Vec<(&'static str, String)> {
    let mut filter = vec![("tracker", dead.tracker.clone())];
    filter.extend(dead.event.clone().map(|event| ("event", event)));
    filter.extend(dead.from.map(|from| ("from", from.to_string())));
    filter.extend(dead.to.map(|to| ("to", to.to_string())));
    filter
}

/// Where some shards did not answer Console says so with a 502, and which run has begun on the others.
async fn put_back(dead: &Dead, console: &Console) -> Result<Replayed, ConsoleError> {
    let filter: Map<String, Value> =
        filter(dead).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    match console.post("/api/dead/replay", &filter).await {
        Err(ConsoleError::Refused(502, said)) => {
            serde_json::from_str(&said).map_err(|_| ConsoleError::Refused(502, said))
        }
        answer => answer,
    }
}

/// The tracker's latest replay, and how it stands. Ids of runs begin with the time.
async fn last_run(dead: &Dead, console: &Console) -> Result<Option<(String, Standing)>, ConsoleError> {
    let query = Serializer::new(String::new()).append_pair("tracker", &dead.tracker).finish();
    let mut ledger: Ledger = console.get(&format!("/api/ledger?{query}")).await?;
    let runs = ledger.ledger.iter().map(|line| &line.run).filter(|run| run.starts_with("replay:"));
    let Some(last) = runs.max().cloned() else { return Ok(None) };
    ledger.ledger.retain(|line| line.run == last);
    Ok(Some((last, follow::sum(&ledger))))
}
