//! An event as it passes: a line of text or of JSON.

use super::super::outcome::Outcome;
use super::poll::Told;
use crate::allowlist::invisible::visible;
use serde::Serialize;
use std::collections::HashMap;

/// An event with the outcomes that were new.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Passed {
    /// The event's id.
    pub event_id: String,
    /// Its name, as in the account.
    pub event: String,
    /// The payload that it came in.
    pub payload_id: String,
    /// Its place in it.
    pub idx: i64,
    /// The shard that took it.
    pub shard: i64,
    /// When it was received.
    pub received_at: String,
    /// By the trackers' names.
    pub outcomes: Vec<Outcome>,
}

impl Passed {
    /// The events of some outcomes, in the order in which the first one of each was known.
    pub fn grouped(rows: Vec<Told>) -> Vec<Self> {
        let mut events: Vec<Self> = Vec::new();
        let mut places: HashMap<(String, i64, String), usize> = HashMap::new();
        for told in rows {
            let key = (told.payload_id.clone(), told.idx, told.received_at.clone());
            let place = *places.entry(key).or_insert(events.len());
            if place == events.len() {
                events.push(Self {
                    event_id: told.event_id,
                    event: told.event,
                    payload_id: told.payload_id,
                    idx: told.idx,
                    shard: told.shard,
                    received_at: told.received_at,
                    outcomes: Vec::new(),
                });
            }
            events[place].outcomes.push(told.outcome);
        }
        for event in &mut events {
            event.outcomes.sort_by(|one, other| {
                (&one.tracker, &one.timestamp).cmp(&(&other.tracker, &other.timestamp))
            });
        }
        events.sort_by(|one, other| one.first().cmp(other.first()));
        events
    }

    /// When the first of the outcomes was known. Times are texts that sort as the times do.
    fn first(&self) -> &str {
        self.outcomes.iter().map(|outcome| outcome.timestamp.as_str()).min().unwrap_or_default()
    }

    /// For people: `2026-11-01T12:00:00Z  sign up  e-1  ga4 delivered  heap rejected (no_identity)`.
    pub fn line(&self, style: &Style) -> String {
        let at = self.first().split('.').next().unwrap_or_default();
        let outcomes: Vec<_> = self.outcomes.iter().map(|outcome| said(outcome, style)).collect();
        let (event, id) = (visible(&self.event), visible(&self.event_id));
        format!("{at}Z  {event:20}  {id:36}  {}", outcomes.join("  "))
    }
}

fn said(outcome: &Outcome, style: &Style) -> String {
    let mut said = format!("{} {}", outcome.tracker, style.paint(&outcome.outcome));
    let mut why: Vec<String> = outcome.reason.iter().cloned().collect();
    // That a vendor took it says as much as its status.
    why.extend(outcome.status.filter(|_| outcome.outcome != "delivered").map(|status| status.to_string()));
    if outcome.attempts > 1 {
        why.push(format!("attempt {}", outcome.attempts));
    }
    if outcome.run != event::account::LIVE {
        why.push(outcome.run.clone());
    }
    if !why.is_empty() {
        said += &format!(" ({})", visible(&why.join(", ")));
    }
    said
}

/// Whether outcomes have colours.
pub struct Style {
    has_colours: bool,
}

/// Select Graphic Rendition of each outcome: green, grey, yellow, red (ECMA-48, 8.3.117).
const COLOURS: [(&str, u8); 4] = [("delivered", 32), ("filtered", 90), ("rejected", 33), ("dead", 31)];

impl Style {
    /// Colours are for terminals, unless <https://no-color.org> says otherwise.
    pub fn of(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { has_colours: is_terminal && !refused }
    }

    fn paint(&self, outcome: &str) -> String {
        match COLOURS.into_iter().find(|(name, _)| self.has_colours && *name == outcome) {
            Some((_, colour)) => format!("\u{1b}[{colour}m{outcome}\u{1b}[0m"),
            None => outcome.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(payload: &str, tracker: &str, outcome: &str, second: u32) -> Told {
        Told {
            payload_id: payload.to_owned(),
            idx: 0,
            event_id: format!("{payload}.0"),
            event: "sign up".to_owned(),
            shard: 0,
            received_at: "2026-11-01T12:00:00.000Z".to_owned(),
            outcome: Outcome {
                tracker: tracker.to_owned(),
                outcome: outcome.to_owned(),
                reason: (outcome != "delivered").then(|| "http_503".to_owned()),
                status: Some(503),
                attempts: if outcome == "dead" { 9 } else { 1 },
                run: "live".to_owned(),
                timestamp: format!("2026-11-01T12:00:{second:02}.250Z"),
            },
        }
    }

    #[test]
    fn the_outcomes_of_an_event_stand_in_one_line() {
        let rows = vec![
            told("late", "ga4", "delivered", 7),
            told("early", "heap", "dead", 5),
            told("early", "ga4", "delivered", 9),
        ];
        let plain = Style { has_colours: false };
        let lines: Vec<_> = Passed::grouped(rows).iter().map(|passed| passed.line(&plain)).collect();
        let expected = [
            "2026-11-01T12:00:05Z  sign up               early.0                               \
             ga4 delivered  heap dead (http_503, 503, attempt 9)",
            "2026-11-01T12:00:07Z  sign up               late.0                                ga4 delivered",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn colours_are_for_terminals_and_names_cannot_make_any() {
        let mut told = told("p", "ga4", "delivered", 1);
        told.event = "a\u{1b}[31mb".to_owned();
        let passed = Passed::grouped(vec![told]).remove(0);
        assert!(passed.line(&Style { has_colours: true }).contains("ga4 \u{1b}[32mdelivered\u{1b}[0m"));
        assert!(!passed.line(&Style { has_colours: false }).contains('\u{1b}'));
        assert!(!Style::of(false).has_colours);
    }
}
