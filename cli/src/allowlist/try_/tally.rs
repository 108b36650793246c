//! Counts of events, by name.

use super::fields::{FieldChange, What};
use super::seen::Seen;
use super::sides::{Fate, Sides, Tried};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Most names of events that no policy has, and most fields of an event: what is sent may have any number of them. The
/// rest is counted together.
const MOST: usize = 1000;

/// Stands for the rest.
const OTHERS: &str = "(others)";

/// What was counted.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub payloads: u64,
    /// Without copies.
    pub events: u64,
    /// Events that came again on the same day.
    pub copies: u64,
    /// Events of which it is not known whether they came before, since a day had too many; they count.
    pub untold: u64,
    /// Rows of `raw` that are none.
    pub unreadable: u64,
    pub names: BTreeMap<String, Counts>,
    #[serde(skip)]
    trackers: Vec<&'static str>,
    /// Names that count by themselves, however many there are.
    #[serde(skip)]
    known: usize,
}

/// Of one event.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub events: u64,
    /// By the old policy.
    pub admitted_before: u64,
    /// By the new one.
    pub admitted_now: u64,
    pub newly_admitted: u64,
    /// By the reason why.
    pub newly_stopped: BTreeMap<String, u64>,
    pub trackers: BTreeMap<&'static str, Shift>,
    #[serde(serialize_with = "as_list")]
    pub fields: BTreeMap<FieldChange, u64>,
}

/// Of one tracker.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Shift {
    /// Events that it would get now, and did not.
    pub more: u64,
    /// Events that it got, and would not get now.
    pub fewer: u64,
}

impl Counts {
    /// Whether the policies differ for it.
    pub fn differs(&self) -> bool {
        !self.trackers.is_empty() || !self.fields.is_empty()
    }
}

impl Tally {
    /// Nothing yet.
    pub fn new(sides: &Sides) -> Self {
        let names = sides.old.events.keys().chain(sides.new.events.keys());
        let names: BTreeMap<_, _> = names.map(|name| (name.clone(), Counts::default())).collect();
        Self { trackers: sides.trackers.clone(), known: names.len(), names, ..Self::default() }
    }

    /// One event more.
    pub fn add(&mut self, seen: &mut Seen, tried: Tried) {
        match seen.is_copy(tried.id) {
            Some(true) => {
                self.copies += 1;
                return;
            }
            Some(false) => {}
            None => self.untold += 1,
        }
        self.events += 1;
        let is_full = self.names.len() >= self.known + MOST && !self.names.contains_key(&tried.name);
        let name = if is_full { OTHERS.to_owned() } else { tried.name };
        let counts = self.names.entry(name).or_default();
        counts.events += 1;
        let admitted = |fate: &Fate| u64::from(matches!(fate, Fate::Admitted(_)));
        counts.admitted_before += admitted(&tried.old);
        counts.admitted_now += admitted(&tried.new);
        match (&tried.old, tried.new.clone()) {
            (Fate::Stopped(_), Fate::Admitted(_)) => counts.newly_admitted += 1,
            (Fate::Admitted(_), Fate::Stopped(reason)) => {
                *counts.newly_stopped.entry(reason).or_default() += 1
            }
            _ => {}
        }
        for (place, &tracker) in self.trackers.iter().enumerate() {
            let (before, now) = (tried.old.goes_to(place), tried.new.goes_to(place));
            if before != now {
                let shift = counts.trackers.entry(tracker).or_default();
                *(if now { &mut shift.more } else { &mut shift.fewer }) += 1;
            }
        }
        for mut change in tried.fields {
            if counts.fields.len() >= MOST && !counts.fields.contains_key(&change) {
                change = FieldChange { field: OTHERS.to_owned(), rule: None, ..change };
            }
            *counts.fields.entry(change).or_default() += 1;
        }
    }
}

/// JSON has no members with such names.
fn as_list<S: Serializer>(fields: &BTreeMap<FieldChange, u64>, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Field<'a> {
        field: &'a str,
        what: What,
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<&'a str>,
        events: u64,
    }
    to.collect_seq(fields.iter().map(|(change, events)| Field {
        field: &change.field,
        what: change.what,
        rule: change.rule.as_deref(),
        events: *events,
    }))
}
