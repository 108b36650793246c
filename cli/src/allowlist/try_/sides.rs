//! A payload under both policies.

use super::fields::{self, FieldChange};
use super::seen;
use allowlist::{Checked, HashKey, Opening, Policy};
use event::Payload;
use event::wire::{EVENT_PREFIX, OpenedEvent, Owed};
use std::collections::BTreeSet;
use std::hash::RandomState;
use std::panic::resume_unwind;
use std::thread;

/// What payloads are opened with.
pub struct Sides {
    pub old: Policy,
    pub new: Policy,
    key: Option<HashKey>,
    pub trackers: Vec<&'static str>,
    /// Events of which the same leaves under both, if they leave at all.
    same: BTreeSet<String>,
}

/// What becomes of an event under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// At least one tracker would get it: those whose bits are set, in the order of the trackers.
    Admitted(u32),
    /// None would, and why: a stable token.
    Stopped(String),
}

impl Fate {
    /// Whether the tracker at this place would get it.
    pub fn goes_to(&self, tracker: usize) -> bool {
        matches!(self, Self::Admitted(bits) if bits >> tracker & 1 == 1)
    }
}

/// An event under both policies.
#[derive(Debug)]
pub struct Tried {
    /// A hash of its id.
    pub id: u64,
    /// As a policy has it, else as the account tells it: scrubbed and cut, or what stands for it.
    pub name: String,
    pub old: Fate,
    pub new: Fate,
    /// What of it differs, where both admit it; what stays behind, where only the new one does.
    pub fields: Vec<FieldChange>,
}

impl Sides {
    /// Policies that are restricted to an environment.
    pub fn new(old: Policy, new: Policy, key: Option<HashKey>, trackers: Vec<&'static str>) -> Self {
        let is_same_around =
            old.common == new.common && old.context == new.context && old.identity == new.identity;
        let is_same = |name: &&String| {
            let properties = |policy: &Policy| policy.events.get(*name).map(|rule| rule.properties.clone());
            is_same_around && properties(&old) == properties(&new)
        };
        let same = old.events.keys().filter(is_same).cloned().collect();
        Self { old, new, key, trackers, same }
    }

    /// Opens payloads on several threads. What comes of them is in the order of the payloads.
    pub fn open(&self, payloads: &[Payload], threads: usize, hasher: &RandomState) -> Vec<Tried> {
        let share = payloads.len().div_ceil(threads).max(1);
        thread::scope(|scope| {
            let shares: Vec<_> = payloads
                .chunks(share)
                .map(|payloads| {
                    let open = move || -> Vec<Tried> {
                        payloads.iter().flat_map(|payload| self.open_one(payload, hasher)).collect()
                    };
                    scope.spawn(open)
                })
                .collect();
            shares
                .into_iter()
                .flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }

    fn open_one(&self, payload: &Payload, hasher: &RandomState) -> Vec<Tried> {
        let open = |policy| allowlist::open(policy, self.key.as_ref(), payload, &self.trackers);
        let (old, new) = (open(&self.old), open(&self.new));
        // Which events there are is the same under every policy.
        let pairs = old.events.iter().zip(&new.events);
        pairs
            .map(|(before, after)| {
                let name = name(before, after).to_owned();
                let fates = (fate(before, &self.trackers), fate(after, &self.trackers));
                let fields = match fates {
                    (Fate::Admitted(_), Fate::Admitted(_)) if self.same.contains(&name) => Vec::new(),
                    (Fate::Admitted(a), Fate::Admitted(b)) => {
                        match (checked(&old, before), checked(&new, after)) {
                            (Some(old), Some(new)) => {
                                let common = self
                                    .trackers
                                    .iter()
                                    .enumerate()
                                    .filter(|(place, _)| (a & b) >> place & 1 == 1);
                                let common: Vec<_> = common.map(|(_, tracker)| *tracker).collect();
                                let (before, after) = ((&self.old, old, before), (&self.new, new, after));
                                fields::differing(before, after, &common)
                            }
                            _ => Vec::new(),
                        }
                    }
                    (Fate::Stopped(_), Fate::Admitted(_)) => fields::behind(after),
                    (_, Fate::Stopped(_)) => Vec::new(),
                };
                Tried { id: seen::hash(hasher, &after.id), name, old: fates.0, new: fates.1, fields }
            })
            .collect()
    }
}

fn checked<'o>(opening: &'o Opening, event: &OpenedEvent) -> Option<&'o Checked> {
    let place = opening.allowed.binary_search_by_key(&event.idx, |(idx, _)| *idx).ok()?;
    opening.allowed.get(place).map(|(_, checked)| checked)
}

fn name<'e>(old: &'e OpenedEvent, new: &'e OpenedEvent) -> &'e str {
    let of_policy = [new, old].into_iter().find(|event| !event.name.starts_with('('));
    let told = || {
        let mut changes = new.changes.iter().chain(&old.changes);
        changes.find_map(|change| change.field.strip_prefix(EVENT_PREFIX))
    };
    of_policy.map(|event| event.name.as_str()).or_else(told).unwrap_or(&new.name)
}

fn fate(event: &OpenedEvent, trackers: &[&str]) -> Fate {
    let (mut bits, mut stopped) = (0, None);
    for (place, tracker) in trackers.iter().enumerate() {
        match event.trackers.get(*tracker) {
            Some(Owed::Owed) => bits |= 1 << place,
            Some(Owed::Filtered(reason)) => stopped = Some(reason),
            None => {}
        }
    }
    if bits > 0 { Fate::Admitted(bits) } else { Fate::Stopped(stopped.cloned().unwrap_or_default()) }
}
