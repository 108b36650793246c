//! The story of an event, for people.

use super::request::Request;
use super::story::{AtTracker, Story, Then};
use crate::allowlist::explain::report::{write_fields, write_json, write_request};
use crate::allowlist::invisible::visible;
use event::{Change, Rule};
use std::fmt::{Result, Write};

/// All of them.
pub fn text(stories: &[Story], untold: usize) -> String {
    let mut to = String::new();
    // A `String` takes everything.
    let _ = write(&mut to, stories, untold);
    visible(&to)
}

fn write(to: &mut String, stories: &[Story], untold: usize) -> Result {
    for (place, story) in stories.iter().enumerate() {
        if stories.len() > 1 {
            let line = "-".repeat(72);
            writeln!(
                to,
                "{}{line}\n{} of {} events with this id\n",
                if place > 0 { "\n" } else { "" },
                place + 1,
                stories.len() + untold
            )?;
        }
        write_story(to, story)?;
    }
    if untold > 0 {
        writeln!(to, "\n{untold} more are older: name a day with --day")?;
    }
    Ok(())
}

fn write_story(to: &mut String, story: &Story) -> Result {
    writeln!(to, "event     {} (id {})", story.event, story.event_id)?;
    let place = story.events.filter(|events| *events > 1).map(|events| format!(" of {events}"));
    writeln!(to, "payload   {}, event {}{}", story.payload_id, story.idx, place.unwrap_or_default())?;
    let shard = story.shard.map(|shard| format!(", by shard {shard}")).unwrap_or_default();
    writeln!(to, "received  {}{shard}", story.received_at)?;
    if let Some(timestamp) = &story.timestamp {
        writeln!(to, "happened  {timestamp}")?;
    }
    write_outcomes(to, &story.trackers)?;
    write_sent(to, story)?;
    write_today(to, story)?;
    for then in &story.then {
        write_then(to, then)?;
    }
    story.trackers.iter().try_for_each(|tracker| write_request_of(to, tracker))
}

fn write_outcomes(to: &mut String, trackers: &[AtTracker]) -> Result {
    writeln!(to, "\noutcomes")?;
    let names = trackers.iter().map(|at| at.tracker.len());
    let width = names.max().unwrap_or_default();
    for at in trackers {
        if at.history.is_empty() {
            writeln!(to, "  {:width$}  pending or never owed", at.tracker)?;
        }
        for run in &at.history {
            let outcome = &run.outcome;
            let reason = outcome.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let status = outcome.status.map(|status| format!(", HTTP {status}")).unwrap_or_default();
            let attempts = match outcome.attempts {
                0 => String::new(),
                1 => ", 1 attempt".to_owned(),
                many => format!(", {many} attempts"),
            };
            writeln!(
                to,
                "  {:width$}  {}  {}{reason}{status}{attempts}; run {}, policy {}, release {}",
                at.tracker,
                outcome.timestamp,
                outcome.outcome,
                outcome.run,
                run.policy.as_deref().unwrap_or("not reached"),
                run.release,
            )?;
        }
    }
    Ok(())
}

fn write_sent(to: &mut String, story: &Story) -> Result {
    if story.today.is_none() {
        return writeln!(
            to,
            "\npayload: `raw` does not have it any more, so that only what is above and below is known"
        );
    }
    let how = if story.is_raw { "as it came" } else { "scrubbed; --raw shows it as it came" };
    writeln!(to, "\npayload, {how}")?;
    match &story.payload {
        serde_json::Value::Null => writeln!(to, "  (cannot be decompressed)")?,
        payload => write_json(to, payload)?,
    }
    writeln!(to, "\ncontext, {how}")?;
    write_json(to, &story.context)
}

fn write_today(to: &mut String, story: &Story) -> Result {
    let Some(today) = &story.today else { return Ok(()) };
    writeln!(to, "\nunder today's policy, {}, with the sources of {}", today.policy, today.environment)?;
    writeln!(to, "  settings: {}", today.settings)?;
    if let Some(malformed) = &today.malformed {
        writeln!(to, "  the body {malformed}")?;
    }
    let explained = &today.explained;
    write_fields(to, explained)?;
    if explained.kept.is_empty() && explained.changed.is_empty() && explained.dropped.is_empty() {
        writeln!(to, "  nothing of it leaves; see each tracker for why")?;
    }
    Ok(())
}

fn write_then(to: &mut String, then: &Then) -> Result {
    let runs = then.runs.join(", ");
    match &then.policy {
        None => {
            return writeln!(
                to,
                "\nwhen it was decided ({runs}), Trace was not reached: nothing was taken out"
            );
        }
        Some(policy) => {
            let is = if then.is_today { "today's as well" } else { "which is not today's" };
            writeln!(to, "\nwhen it was decided ({runs}), under policy {policy}, {is}")?;
        }
    }
    if then.changes.is_empty() {
        writeln!(to, "  nothing was dropped or altered")?;
    }
    let width = then.changes.iter().map(|change| change.field.chars().count()).max().unwrap_or(0).min(32);
    then.changes.iter().try_for_each(|change| {
        let what = if is_altered(change) { "changed" } else { "dropped" };
        writeln!(to, "  {what}  {:width$}  {}", change.field, rule(&change.rule))
    })
}

fn is_altered(change: &Change) -> bool {
    matches!(change.rule, Rule::Hashed { .. } | Rule::Scrubbed { .. } | Rule::Reduced)
}

/// The rule as `deliveries.changes` has it, and what was found.
fn rule(rule: &Rule) -> String {
    let json = serde_json::to_value(rule).unwrap_or_default();
    let token = json["rule"].as_str().unwrap_or_default();
    match rule {
        Rule::Hashed { found } | Rule::Scrubbed { found } | Rule::Personal { found } if !found.is_empty() => {
            format!("{token}: {}", found.join(", "))
        }
        Rule::More { count } => format!("{count} more that were not told one by one"),
        _ => token.to_owned(),
    }
}

fn write_request_of(to: &mut String, at: &AtTracker) -> Result {
    let name = &at.tracker;
    match (&at.request, &at.without) {
        (Some(Request::Requests(kept)), _) => {
            let attempt = kept.attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
            let others = match kept.events {
                ..=1 => String::new(),
                2 => ", with another event, which is left out".to_owned(),
                many => format!(", with {} other events, which are left out", many - 1),
            };
            let status =
                kept.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
            writeln!(
                to,
                "\n{name}: as kept in `requests`, where its last call is of {}{attempt}{others}; {status}",
                kept.timestamp
            )?;
            writeln!(to, "  {} {}\n", kept.method, kept.url)?;
            write_json(to, &kept.body)
        }
        (Some(Request::Today(made)), _) => {
            writeln!(
                to,
                "\n{name}: as today's code makes it (`requests` has none), for an attempt at {}",
                made.at
            )?;
            write_request(to, &made.request)
        }
        (None, Some(without)) => {
            writeln!(to, "\n{name}: `requests` has none, and today's code sends none: {without}")
        }
        (None, None) => Ok(()),
    }
}
