//! The counts, for people.

use super::Found;
use super::fields::What;
use super::tally::{Counts, Shift};
use std::collections::BTreeMap;
use std::fmt::{Result, Write};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Most columns of a name that counts are set right of; longer ones push theirs on.
const MAX_WIDTH: usize = 40;

/// The whole text.
pub fn text(found: &Found) -> String {
    let mut to = String::new();
    // A `String` takes everything.
    let _ = write(&mut to, found);
    to
}

fn write(to: &mut String, found: &Found) -> Result {
    let (old, new, tally) = (&found.old, &found.new, &found.tally);
    writeln!(
        to,
        "policy    {} (version {}) against {} (version {})",
        new.name, new.version, old.name, old.version
    )?;
    writeln!(to, "for       {} in {}", found.trackers.join(", "), found.environment)?;
    let rate = tally.events as f64 / found.seconds.max(0.001);
    writeln!(
        to,
        "looked at {} events in {} payloads of {} to {}, in {:.1} s ({} events/s)",
        number(tally.events),
        number(tally.payloads),
        found.from,
        found.to,
        found.seconds,
        number(rate as u64)
    )?;
    for (count, what) in [
        (tally.copies, "copies of an event of the same day, which count once"),
        (tally.untold, "events of days with more than can be told from copies: they may count twice"),
        (tally.unreadable, "rows of raw that no payload can be made of"),
    ] {
        if count > 0 {
            writeln!(to, "          {} {what}", number(count))?;
        }
    }
    let (differing, same): (Vec<_>, Vec<_>) = tally.names.iter().partition(|(_, counts)| counts.differs());
    let rest = |of: fn(&Counts) -> u64| same.iter().map(|(_, counts)| of(counts)).sum::<u64>();
    let (events, admitted) = (rest(|counts| counts.events), rest(|counts| counts.admitted_now));
    if differing.is_empty() {
        return writeln!(
            to,
            "\nnothing changes: {} events are admitted, {} are not",
            number(admitted),
            number(events - admitted)
        );
    }
    self::events(to, &differing)?;
    trackers(to, &differing)?;
    fields(to, &differing)?;
    writeln!(
        to,
        "\nof all other events {} are admitted and {} are not, as before",
        number(admitted),
        number(events - admitted)
    )?;
    if !found.next.is_empty() {
        writeln!(
            to,
            "\nTo send what is newly admitted, once the changed policy is in force (deploy it, or `sparrow policy push`):\n"
        )?;
        for command in &found.next {
            writeln!(to, "  {command}")?;
        }
        for tracker in &found.trackers {
            let age = trackers::windows(tracker).and_then(|windows| windows.age_ms);
            let is_named =
                found.next.iter().any(|command| command.contains(&format!("--tracker {tracker} ")));
            if let (true, Some(age)) = (is_named, age) {
                writeln!(
                    to,
                    "\n{tracker} takes nothing older than {} h; the backfill says how many are",
                    age / HOUR_MS
                )?;
            }
        }
    }
    Ok(())
}

/// Of events of which other ones are admitted now, or go elsewhere.
fn events(to: &mut String, names: &[(&String, &Counts)]) -> Result {
    let names: Vec<_> = names.iter().filter(|(_, counts)| !counts.trackers.is_empty()).collect();
    let width = width(names.iter().map(|(name, _)| name.as_str()));
    if !names.is_empty() {
        writeln!(
            to,
            "\n{:width$}  {:>10}  {:>10}  {:>14}  {:>13}",
            "event", "before", "now", "newly admitted", "newly stopped"
        )?;
    }
    for (name, counts) in names {
        let stopped = counts.newly_stopped.values().sum();
        let reasons: Vec<_> = counts.newly_stopped.keys().map(String::as_str).collect();
        let line = format!(
            "{name:width$}  {:>10}  {:>10}  {:>14}  {:>13}  {}",
            number(counts.admitted_before),
            number(counts.admitted_now),
            signed('+', counts.newly_admitted),
            signed('-', stopped),
            reasons.join(", "),
        );
        writeln!(to, "{}", line.trim_end())?;
    }
    Ok(())
}

fn fields(to: &mut String, names: &[(&String, &Counts)]) -> Result {
    let names: Vec<_> = names.iter().filter(|(_, counts)| !counts.fields.is_empty()).collect();
    let fields =
        names.iter().flat_map(|(_, counts)| counts.fields.keys().map(|change| change.field.as_str()));
    let width = width(fields);
    if !names.is_empty() {
        writeln!(to, "\n{:width$}  {:>10}", "field", "events")?;
    }
    for (name, counts) in names {
        writeln!(to, "{name}")?;
        for (change, count) in &counts.fields {
            let what = match change.what {
                What::NewlyKept => "newly kept",
                What::NewlyDropped => "newly dropped",
                What::NewlyChanged => "newly changed",
                What::StaysBehind => "stays behind",
            };
            let rule = match (&change.rule, change.what) {
                (None, _) => String::new(),
                (Some(rule), What::NewlyKept) => format!(" (was {rule})"),
                (Some(rule), _) => format!(" ({rule})"),
            };
            writeln!(
                to,
                "  {:1$}  {2:>10}  {what}{rule}",
                change.field,
                width.saturating_sub(2),
                number(*count)
            )?;
        }
    }
    Ok(())
}

fn width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count() + 2).max().unwrap_or(0).clamp("tracker".len(), MAX_WIDTH)
}

fn trackers(to: &mut String, names: &[(&String, &Counts)]) -> Result {
    let mut shifts: BTreeMap<&str, Shift> = BTreeMap::new();
    for (tracker, shift) in names.iter().flat_map(|(_, counts)| &counts.trackers) {
        let sum = shifts.entry(tracker).or_default();
        sum.more += shift.more;
        sum.fewer += shift.fewer;
    }
    if !shifts.is_empty() {
        writeln!(to, "\n{:10}  {:>10}  {:>10}", "tracker", "gets more", "gets fewer")?;
    }
    for (tracker, shift) in shifts {
        let line = format!("{tracker:10}  {:>10}  {:>10}", signed('+', shift.more), signed('-', shift.fewer));
        writeln!(to, "{}", line.trim_end())?;
    }
    Ok(())
}

fn signed(sign: char, count: u64) -> String {
    if count == 0 { String::new() } else { format!("{sign}{}", number(count)) }
}

/// With commas between thousands.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
