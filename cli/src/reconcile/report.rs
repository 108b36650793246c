//! The comparison, for people.

use super::compare::{Cause, Comparison, Row};
use crate::allowlist::invisible::visible;
use std::fmt::{Result, Write};

/// What of the vendor's side nobody can see from here.
const UNSEEN: &str = "Not to be seen from here: what the vendor leaves out for lack of consent, as a bot's or below a threshold, and what \
others send to the same property.";

/// The comparison with an export.
pub fn text(comparison: &Comparison) -> String {
    let mut to = String::new();
    // A `String` takes everything.
    let _ = write(&mut to, comparison);
    visible(&to)
}

/// What the vendor should show, as a CSV that can be read as an export.
///
/// # Errors
/// Where it cannot be written.
pub fn table(comparison: &Comparison) -> std::result::Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["event", "day", "count"])?;
    for row in comparison.rows.iter().filter(|row| row.ours > 0) {
        table.write_record([&row.event, &row.day, &row.ours.to_string()])?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// What is to be known of the table.
pub fn notes(comparison: &Comparison) -> String {
    let mut to = String::new();
    let _ = write_notes(&mut to, comparison);
    visible(&to)
}

fn write_notes(to: &mut String, comparison: &Comparison) -> Result {
    writeln!(to)?;
    write_head(to, comparison)?;
    for row in comparison.rows.iter().filter(|row| !row.causes.is_empty()) {
        writeln!(to, "{} {}: {}", row.day, row.event, causes(&row.causes))?;
    }
    write_unnamed(to, comparison)?;
    writeln!(
        to,
        "\n{} delivered in all; --vendor-csv compares them with the vendor's own export.",
        comparison.ours
    )
}

fn write_head(to: &mut String, comparison: &Comparison) -> Result {
    let Comparison { tracker, day, to: last, received: [from, until], .. } = comparison;
    let days = if day == last { day.clone() } else { format!("{day} to {last}") };
    let minutes = comparison.utc_offset_minutes;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    writeln!(
        to,
        "{tracker}, events that happened on {days} (UTC{sign}{hours:02}:{minutes:02}), received from {from} to {until} (UTC)"
    )
}

fn write(to: &mut String, comparison: &Comparison) -> Result {
    write_head(to, comparison)?;
    let names = comparison.rows.iter().map(|row| row.event.chars().count());
    let width = names.max().unwrap_or_default().clamp("event".len(), 40);
    writeln!(
        to,
        "\n{:10}  {:width$}  {:>10}  {:>10}  {:>10}",
        "day", "event", "ours", "theirs", "difference"
    )?;
    for row in &comparison.rows {
        write_row(to, row, width)?;
    }
    let (ours, theirs) = (comparison.ours, comparison.theirs.unwrap_or_default());
    writeln!(to, "{:10}  {:width$}  {ours:>10}  {theirs:>10}", "", "all")?;
    write_unnamed(to, comparison)?;
    if comparison.other_days > 0 {
        writeln!(to, "\nThe export has {} lines of other days, which are left out.", comparison.other_days)?;
    }
    if !comparison.young.is_empty() {
        let young = comparison.young.join(", ");
        writeln!(to, "\nNot over for 48 hours yet, so that the vendor may still be counting: {young}.")?;
    }
    let result = if comparison.differs { "They differ." } else { "They agree." };
    writeln!(to, "\n{UNSEEN}\n\n{result}")
}

fn write_row(to: &mut String, row: &Row, width: usize) -> Result {
    let difference = match (row.difference, row.percent) {
        (None | Some(0), _) => "0".to_owned(),
        (Some(difference), None) => format!("{difference:+}"),
        (Some(difference), Some(percent)) => format!("{difference:+}  ({percent:+.2}%)"),
    };
    let theirs = row.theirs.unwrap_or_default();
    let number = difference.split("  ").next().unwrap_or_default();
    let rest = &difference[number.len()..];
    writeln!(to, "{:10}  {:width$}  {:>10}  {theirs:>10}  {number:>10}{rest}", row.day, row.event, row.ours)?;
    if !row.sent_as.is_empty() {
        writeln!(to, "{:12}which we call {}", "", row.sent_as.join(", "))?;
    }
    for cause in &row.causes {
        writeln!(to, "{:12}{}", "", said(cause))?;
    }
    Ok(())
}

fn write_unnamed(to: &mut String, comparison: &Comparison) -> Result {
    if comparison.unnamed.is_empty() {
        return Ok(());
    }
    writeln!(to, "\nUnder no name of the vendor's: {}", causes(&comparison.unnamed))
}

fn causes(causes: &[Cause]) -> String {
    causes.iter().map(said).collect::<Vec<_>>().join("; ")
}

/// A cause in words, with its number.
fn said(cause: &Cause) -> String {
    let Cause { cause, reason, events } = cause;
    let of = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let why = match *cause {
        "pending" => "received, and not delivered yet",
        "dead" => "given up: `sparrow replay dead` sends them again",
        "rejected" => match reason.as_deref() {
            Some("too_old") => "outside the vendor's window when they were to be delivered",
            _ => "the vendor cannot take them",
        },
        "filtered" => "kept back by the policy, or there already",
        "delivered_again" => "deliveries beyond the first, by replays and backfills",
        "retried" => "delivered after an attempt that failed, which the vendor may have counted",
        "received_later" => "received on a later day than they happened",
        "delivered_late" => "delivered a day or more after they happened",
        "own_time_unknown" => "counted when they were received, since `raw` does not tell their own time",
        "made_by_the_vendor" => "events that the vendor makes itself",
        "only_at_the_vendor" => {
            "nothing was delivered under this name: another sender, or a name changed with --rename?"
        }
        "only_here" => "the vendor shows nothing under this name",
        _ => "",
    };
    format!("{events} {}{of}: {why}", cause.replace('_', " "))
}
