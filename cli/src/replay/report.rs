//! What is told, for people and as JSON.

use super::dead::{Dead, Done, Found};
use super::letters::Counts;
use crate::console::api::{Failed, Tracker};
use crate::follow::Standing;
use serde_json::{Value, json};
use std::fmt::Write;
use trackers::{Dedupe, Windows};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Most columns of a name that counts are set right of; longer ones push theirs on.
const MAX_WIDTH: usize = 40;

/// Whether a replay of this lane counts under a run of its own. What is written to a warehouse is no delivery.
pub fn has_run(tracker: &str) -> bool {
    !tracker.starts_with("(raw ") && !tracker.starts_with("(accounts ")
}

/// How a run is asked for.
pub fn command(dead: &Dead, run: &str) -> String {
    format!("sparrow replay dead --tracker '{}' --follow {run}", dead.tracker())
}

/// Why it would be better to wait.
pub fn unready(lane: &Tracker) -> Vec<String> {
    let mut unready = Vec::new();
    if lane.paused {
        unready.push("it is paused: what is put back waits until it is resumed".to_owned());
    }
    let open: Vec<_> = lane.shards.iter().filter(|on| on.breaker != "closed").collect();
    if let Some(first) = open.first() {
        let reason = first.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        unready.push(format!(
            "it fails on {} of {} shards{reason}: what is put back waits with the rest, and dies if that lasts",
            open.len(),
            lane.shards.len()
        ));
    }
    unready
}

/// What there is to replay.
pub fn found(found: &Found<'_>) -> String {
    let mut text = String::new();
    // A `String` takes everything.
    let _ = write_found(&mut text, found);
    text
}

fn write_found(to: &mut String, found: &Found<'_>) -> std::fmt::Result {
    let sum = found.letters.sum();
    if found.letters.letters == 0 {
        writeln!(to, "{}: nothing of it is dead", found.tracker)?;
        return write_failed(to, &found.failed);
    }
    let (letters, events) = (found.letters.letters, sum.events);
    writeln!(to, "{}: {events} events in {letters} dead letters\n", found.tracker)?;
    let widths = found.letters.groups.keys().map(|group| group.event.chars().count());
    let width = widths.max().unwrap_or(0).clamp("(payload)".len(), MAX_WIDTH);
    writeln!(to, "{:width$}  {:10}  {:>9}  reason", "event", "day", "events")?;
    for (group, counts) in &found.letters.groups {
        let event = if group.event.is_empty() { "(payload)" } else { &group.event };
        writeln!(to, "{event:width$}  {:10}  {:>9}  {}", group.day, counts.events, group.reason)?;
    }
    writeln!(to)?;
    if let Some(windows) = found.windows {
        write_windows(to, found.tracker, windows, sum)?;
    }
    let estimate = found.letters.estimate();
    writeln!(
        to,
        "estimate: {estimate} s, at 1,000 events a second and shard and where {} takes all at once",
        found.tracker
    )?;
    for why in &found.unready {
        writeln!(to, "better wait: {why}")?;
    }
    write_failed(to, &found.failed)
}

fn write_windows(to: &mut String, tracker: &str, windows: Windows, counts: Counts) -> std::fmt::Result {
    let Counts { too_old, past_dedupe, .. } = counts;
    match windows.age_ms {
        Some(most) => {
            writeln!(to, "{too_old} would be lost: {tracker} takes nothing older than {} h", most / HOUR_MS)?;
        }
        None => writeln!(to, "none is too old: {tracker} documents no limit")?,
    }
    let twice =
        format!("{past_dedupe} would count twice if {tracker} had taken them in spite of what it answered");
    match windows.dedupe {
        Dedupe::Never => writeln!(to, "{twice}: it knows no event again"),
        Dedupe::For(most) => {
            writeln!(to, "{twice}: it knows an event again for {} days", most / HOUR_MS / 24)
        }
        Dedupe::Undocumented => {
            writeln!(
                to,
                "each goes with the key that it had; how long {tracker} knows one again is not documented"
            )
        }
    }
}

fn write_failed(to: &mut String, failed: &[Failed]) -> std::fmt::Result {
    for Failed { shard, error } in failed {
        writeln!(to, "shard {shard} is not among this: {error}")?;
    }
    Ok(())
}

/// The same as JSON.
pub fn found_json(found: &Found<'_>) -> Value {
    let groups = found.letters.groups.iter().map(|(group, counts)| {
        json!({"event": group.event, "day": group.day, "reason": group.reason, "events": counts.events,
            "tooOld": counts.too_old, "pastDedupe": counts.past_dedupe})
    });
    let sum = found.letters.sum();
    json!({
        "tracker": found.tracker,
        "letters": found.letters.letters,
        "events": sum.events,
        "tooOld": sum.too_old,
        "pastDedupe": sum.past_dedupe,
        "estimateSeconds": found.letters.estimate(),
        "groups": groups.collect::<Vec<_>>(),
        "unready": found.unready,
        "failed": failed_json(&found.failed),
    })
}

fn failed_json(failed: &[Failed]) -> Vec<Value> {
    failed.iter().map(|Failed { shard, error }| json!({"shard": shard, "error": error})).collect()
}

/// Where nothing is dead: how the latest replay went.
pub fn last(run: &str, standing: &Standing) -> String {
    format!("its latest replay, {run}: {}\n", in_words(standing))
}

/// What was put back.
pub fn put_back(run: &str, letters: u64, events: u64) -> String {
    format!("\n{run}: {events} events of {letters} letters are put back\n")
}

/// How it went.
pub fn done(dead: &Dead, done: &Done) -> String {
    let mut text = match (done.standing.get(), done.run.borrow().as_deref()) {
        (Some(standing), Some(run)) => format!("{run}: {}\n", in_words(&standing)),
        _ => format!(
            "what the warehouse refuses again is dead again: `sparrow replay dead --tracker '{}'` says so\n",
            dead.tracker()
        ),
    };
    for Failed { shard, error } in done.failed.borrow().iter() {
        text += &format!("shard {shard} is not among this: {error}; the same command again does the rest\n");
    }
    text
}

/// Where somebody interrupts.
pub fn left(dead: &Dead, done: &Done) -> String {
    match done.run.borrow().as_deref() {
        None => "interrupted; the same command says how things stand\n".to_owned(),
        Some(run) => {
            let standing = done.standing.get().map(|standing| format!("{run}: {}\n", in_words(&standing)));
            let command = command(dead, run);
            format!(
                "{}the replay goes on; see how it stands with\n  {command}\n",
                standing.unwrap_or_default()
            )
        }
    }
}

/// The same as JSON.
pub fn done_json(done: &Done, is_left: bool) -> Value {
    let failed = failed_json(&done.failed.borrow());
    let mut json = json!({"run": *done.run.borrow(), "interrupted": is_left, "failed": failed});
    if let Some((letters, events)) = done.put_back.get() {
        json["putBack"] = json!({"letters": letters, "events": events});
    }
    if let Some(standing) = done.standing.get() {
        json["standing"] = json!(standing);
    }
    json
}

fn in_words(standing: &Standing) -> String {
    let Standing { received, delivered, filtered, rejected, dead, pending } = standing;
    format!(
        "of {received} events {delivered} delivered, {filtered} filtered, {rejected} rejected, {dead} dead, {pending} pending"
    )
}
