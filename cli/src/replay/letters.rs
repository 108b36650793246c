//! What is dead: counts by event, day and reason, and what would become of it at the vendor.

use crate::console::api::Letter;
use event::Millis;
use serde::Serialize;
use std::collections::BTreeMap;
use trackers::{Dedupe, Windows};

/// `OUTBOX_DRAIN_RATE` where it is not set: events of a backlog per second, shard and tracker.
const DRAIN_RATE: u64 = 1000;

/// What was counted. It grows with events' names, days and reasons, not with letters.
#[derive(Debug, Default, PartialEq)]
pub struct Letters {
    pub letters: u64,
    pub groups: BTreeMap<Group, Counts>,
    /// Events by shard; shards work side by side.
    shards: BTreeMap<u32, u64>,
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    /// Its name; empty where the payload was not opened or not logged.
    pub event: String,
    /// UTC day of receipt.
    pub day: String,
    /// Why it died: a stable token.
    pub reason: String,
}

/// Of a group.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Events; payloads where there are none.
    pub events: u64,
    /// Older than the vendor takes: they would be lost.
    pub too_old: u64,
    /// Past the time for which the vendor knows an event again: they would count twice if it had taken them in spite of what
    /// it answered.
    pub past_dedupe: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.too_old += other.too_old;
        self.past_dedupe += other.past_dedupe;
    }
}

impl Letters {
    /// One letter more. Of its events those of this name count, where one is given.
    pub fn add(&mut self, letter: &Letter, event: Option<&str>, windows: Option<Windows>, now: Millis) {
        self.letters += 1;
        let received = letter.received_at.parse::<jiff::Timestamp>().map(|time| time.as_millisecond());
        let age = now.0 - received.unwrap_or(now.0);
        // An event may have happened before it was received; what is told here is the least of them.
        let too_old = windows.and_then(|windows| windows.age_ms).is_some_and(|most| age > most);
        // What is lost is not doubled.
        let past_dedupe = !too_old
            && windows.is_some_and(|windows| match windows.dedupe {
                Dedupe::Never => true,
                // The first attempt was hardly later than the receipt, and may be the one that the vendor took.
                Dedupe::For(most) => age > most,
                Dedupe::Undocumented => false,
            });
        let mut add = |name: &str| {
            let day: String = letter.received_at.chars().take("2026-11-01".len()).collect();
            let group = Group { event: name.to_owned(), day, reason: letter.reason.clone() };
            let (too_old, past_dedupe) = (u64::from(too_old), u64::from(past_dedupe));
            self.groups.entry(group).or_default().add(Counts { events: 1, too_old, past_dedupe });
            *self.shards.entry(letter.shard).or_default() += 1;
        };
        if letter.events.is_empty() {
            add("");
        }
        letter
            .events
            .iter()
            .filter(|one| event.is_none_or(|event| one.name == event))
            .for_each(|one| add(&one.name));
    }

    /// All groups together.
    pub fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        self.groups.values().for_each(|counts| sum.add(*counts));
        sum
    }

    /// Seconds at least, where the vendor takes everything at once.
    pub fn estimate(&self) -> u64 {
        self.shards.values().max().map_or(0, |events| events.div_ceil(DRAIN_RATE))
    }
}
