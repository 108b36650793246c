//! The explanation, for people.

use super::explained::{Changed, Explained};
use super::explanation::Explanation;
use super::vendor::{Request, Vendor};
use crate::allowlist::invisible::visible;
use serde_json::Value;
use std::fmt::{Result, Write};

/// Most columns of a field's name that values are set right of; longer ones push theirs on.
const MAX_WIDTH: usize = 32;

/// The whole text.
pub fn text(explanation: &Explanation) -> String {
    let mut to = String::new();
    // A `String` takes everything.
    let _ = write(&mut to, explanation);
    visible(&to)
}

fn write(to: &mut String, explanation: &Explanation) -> Result {
    writeln!(to, "policy    {}", explanation.policy)?;
    writeln!(to, "source    {}", explanation.source)?;
    writeln!(to, "settings  {}", explanation.settings)?;
    if let Some(malformed) = &explanation.malformed {
        writeln!(to, "body      {malformed}")?;
    }
    for event in &explanation.events {
        writeln!(to)?;
        write_event(to, event)?;
    }
    for vendor in &explanation.trackers {
        writeln!(to)?;
        write_vendor(to, vendor, explanation.events.len() > 1)?;
    }
    Ok(())
}

fn write_event(to: &mut String, event: &Explained) -> Result {
    writeln!(to, "event {}: {} (id {})", event.idx, event.name, event.id)?;
    write_fields(to, event)
}

/// What of an event is kept, changed and dropped.
pub fn write_fields(to: &mut String, event: &Explained) -> Result {
    if let Some(meant) = &event.did_you_mean {
        writeln!(to, "  did you mean `{meant}`?")?;
    }
    let changes = event.changed.iter().chain(&event.dropped).map(|changed| &changed.change.field);
    let fields = event.kept.iter().map(|kept| &kept.field).chain(changes);
    let width = fields.map(|field| field.chars().count()).max().unwrap_or(0).min(MAX_WIDTH);
    for kept in &event.kept {
        writeln!(to, "  kept     {:width$}  {}", kept.field, kept.value)?;
    }
    for changed in &event.changed {
        let value = changed.value.as_ref().map(|value| format!("{value}  ")).unwrap_or_default();
        write_change(to, "changed", changed, width, &value)?;
    }
    for dropped in &event.dropped {
        write_change(to, "dropped", dropped, width, "")?;
    }
    Ok(())
}

fn write_change(to: &mut String, what: &str, changed: &Changed, width: usize, value: &str) -> Result {
    writeln!(to, "  {what}  {:width$}  {value}({})", changed.change.field, changed.why)
}

fn write_vendor(to: &mut String, vendor: &Vendor, has_several_events: bool) -> Result {
    let name = &vendor.tracker;
    if let Some(off) = vendor.off {
        return writeln!(to, "{name}: off: {off}");
    }
    for without in &vendor.without {
        let (idx, outcome, reason) = (without.idx, without.outcome, &without.reason);
        writeln!(to, "{name}: event {idx} is {outcome} ({reason}): {}", without.why)?;
    }
    for request in &vendor.requests {
        let events: Vec<_> = request.events.iter().map(u32::to_string).collect();
        let of =
            if has_several_events { format!(" with events {}", events.join(", ")) } else { String::new() };
        writeln!(to, "{name}: would be sent{of}")?;
        write_request(to, request)?;
    }
    Ok(())
}

/// A request, indented.
pub fn write_request(to: &mut String, request: &Request) -> Result {
    writeln!(to, "  {} {}", request.method, request.url)?;
    for (name, value) in &request.headers {
        writeln!(to, "  {name}: {value}")?;
    }
    writeln!(to)?;
    write_json(to, &request.body)
}

/// JSON in lines, or a text as it is, indented.
pub fn write_json(to: &mut String, value: &Value) -> Result {
    let text = match value.as_str() {
        Some(text) => text.to_owned(),
        None => format!("{value:#}"),
    };
    for line in text.lines() {
        writeln!(to, "  {line}")?;
    }
    Ok(())
}
