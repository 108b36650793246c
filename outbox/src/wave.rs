//! Waves: payloads that Trace has opened and that are not yet written down as opened.
//!
//! The first attempt of every tracker is made from memory, and written together with the opening, so that an
//! event which goes the happy way costs few writes. A wave is written when every tracker has answered, or after
//! [`COMMIT_WAIT`], or after [`SHORT_WAIT`] where a call takes too long; what is unanswered then becomes rows of `owed`.
//! Until then the payload counts as unopened, and after a crash it is.

use crate::erase::Places;
use crate::owed::OwedEvent;
use crate::settle::Attempt;
use event::{Millis, Outcome, Traceparent};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a wave waits for a tracker that has much to do, in ms, before its events become rows.
pub const COMMIT_WAIT: i64 = 10_000;

/// The same where a tracker failed, or its call has been under way for [`LONG_CALL`]: it may never answer, and opened
/// payloads fill the memory meanwhile.
const SHORT_WAIT: i64 = 1000;

/// In ms. Where more comes than goes, calls take seconds.
const LONG_CALL: i64 = 5000;

/// Most bytes of opened payloads in memory, of 24 MiB that may be in flight per shard.
pub const MAX_BYTES: i64 = 8 << 20;

#[derive(Debug)]
pub struct Wave {
    pub id: u64,
    pub kind: Kind,
    pub policy: String,
    pub payloads: Vec<Opened>,
    pub opened_at: Millis,
    /// Events times trackers of which nothing is known yet.
    pub waiting: usize,
    pub bytes: i64,
    /// The ids of its events that are to be remembered.
    pub ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// All payloads up to this one that were not opened before.
    UpTo(i64),
    /// One that was set aside.
    Alone,
}

#[derive(Debug)]
pub struct Opened {
    pub seq: i64,
    pub id: String,
    pub at: Millis,
    pub run: String,
    pub events: Vec<Event>,
    pub allowed: Option<Box<RawValue>>,
    /// Where its deliveries belong in its trace, if that is recorded.
    pub trace: Option<Traceparent>,
}

#[derive(Debug)]
pub struct Event {
    pub event: OwedEvent,
    /// Whether it was erased since it was opened: it is not tried any more.
    pub is_erased: bool,
    pub fates: Vec<(String, Fate)>,
}

#[derive(Debug)]
pub enum Fate {
    /// It is not owed, and why.
    Filtered(String),
    /// It is owed and was not tried, or its answer is not there.
    Waiting,
    /// It was tried.
    Tried(Attempt),
}

/// Events of a payload that wait in memory for a tracker.
#[derive(Debug, Clone)]
pub struct Fresh {
    pub wave: u64,
    pub payload: usize,
    /// Their idx.
    pub events: Vec<u32>,
}

#[derive(Debug, Default)]
pub struct Waves {
    pub waves: VecDeque<Wave>,
    pub fresh: BTreeMap<String, VecDeque<Fresh>>,
    /// Those of all waves: what is in flight is seen.
    pub ids: BTreeSet<String>,
    next: u64,
}

impl Waves {
    pub fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn bytes(&self) -> i64 {
        self.waves.iter().map(|wave| wave.bytes).sum()
    }

    pub fn get(&self, id: u64) -> Option<&Wave> {
        self.waves.iter().find(|wave| wave.id == id)
    }

    /// Notes what an attempt came to. Nothing happens where the wave has been written down in the meantime.
    pub fn tried(&mut self, id: u64, payload: usize, idx: u32, tracker: &str, attempt: Attempt) {
        let Some(wave) = self.waves.iter_mut().find(|wave| wave.id == id) else { return };
        let events = &mut wave.payloads[payload].events;
        // As a rule an event's number is its place.
        let place = match events.get(idx as usize) {
            Some(event) if event.event.0 == idx => Some(idx as usize),
            _ => events.iter().position(|event| event.event.0 == idx),
        };
        let Some(event) = place.and_then(|place| events.get_mut(place)) else { return };
        for (name, fate) in &mut event.fates {
            if name == tracker && matches!(fate, Fate::Waiting) {
                *fate = Fate::Tried(attempt);
                wave.waiting -= 1;
                return;
            }
        }
    }

    /// Erases events: what comes of calls under way is noted under no name, and what waits is not tried. `ids` are the events'
    /// own.
    pub fn erase(&mut self, places: &Places<'_>, ids: &[&str]) {
        for wave in &mut self.waves {
            wave.ids.retain(|id| !ids.contains(&id.as_str()));
            for payload in &mut wave.payloads {
                for event in &mut payload.events {
                    let idx = event.event.0;
                    if places.has(&payload.id, payload.at, idx) {
                        event.is_erased = true;
                        event.event.1 = event::id::erased_id(&payload.id, idx);
                    }
                }
                if payload.events.iter().all(|event| event.is_erased) {
                    payload.allowed = None;
                }
            }
        }
        for id in ids {
            self.ids.remove(*id);
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        for (tracker, queue) in &mut fresh {
            queue.iter_mut().for_each(|fresh| self.leave_out_erased(tracker, fresh));
            queue.retain(|fresh| !fresh.events.is_empty());
        }
        self.fresh = fresh;
    }

    /// Takes erased events out of what is about to wait.
    pub fn leave_out_erased(&mut self, tracker: &str, fresh: &mut Fresh) {
        let Some(wave) = self.get(fresh.wave) else { return };
        let events = &wave.payloads[fresh.payload].events;
        let erased: BTreeSet<u32> =
            events.iter().filter(|event| event.is_erased).map(|event| event.event.0).collect();
        if erased.is_empty() {
            return;
        }
        for idx in fresh.events.extract_if(.., |idx| erased.contains(idx)).collect::<Vec<_>>() {
            self.tried(fresh.wave, fresh.payload, idx, tracker, not_tried());
        }
    }

    /// A tracker that does not work is not waited for: what waits for it in memory is owed.
    pub fn give_up(&mut self, tracker: &str) {
        for fresh in self.fresh.remove(tracker).into_iter().flatten() {
            for idx in fresh.events {
                self.tried(fresh.wave, fresh.payload, idx, tracker, not_tried());
            }
        }
    }

    /// The first wave that can be written down: each in its turn, but those of stragglers at any time. `slowest` is when
    /// the call of a tracker that is longest under way was started.
    pub fn ready(&self, now: Millis, slowest: Option<Millis>) -> Option<u64> {
        let first = self.waves.iter().find(|wave| wave.kind != Kind::Alone);
        let done = |wave: &&Wave| wave.waiting == 0 || now >= wave.late_at(slowest);
        let alone = self.waves.iter().filter(|wave| wave.kind == Kind::Alone);
        first.into_iter().chain(alone).find(done).map(|wave| wave.id)
    }

    /// When the next wave is written down whoever has answered.
    pub fn next_commit(&self, slowest: Option<Millis>) -> Option<Millis> {
        self.waves.iter().map(|wave| wave.late_at(slowest)).min()
    }

    /// Takes a wave out. What of it waits in memory is owed from now on.
    pub fn remove(&mut self, id: u64) -> Option<Wave> {
        let place = self.waves.iter().position(|wave| wave.id == id)?;
        let wave = self.waves.remove(place)?;
        for key in &wave.ids {
            self.ids.remove(key);
        }
        for fresh in self.fresh.values_mut() {
            fresh.retain(|fresh| fresh.wave != id);
        }
        Some(wave)
    }
}

impl Wave {
    fn late_at(&self, slowest: Option<Millis>) -> Millis {
        let late = self.opened_at.0 + COMMIT_WAIT;
        let soon = |slowest: Millis| (self.opened_at.0 + SHORT_WAIT).max(slowest.0 + LONG_CALL);
        Millis(slowest.map_or(late, |slowest| late.min(soon(slowest))))
    }
}

/// The attempt that was not made. It counts for none.
pub fn not_tried() -> Attempt {
    Attempt::failed(NOT_TRIED)
}

const NOT_TRIED: &str = "not_tried";

impl Attempt {
    pub fn was_made(&self) -> bool {
        !matches!(&self.outcome, Outcome::Retry { reason, .. } if reason == NOT_TRIED)
    }
}
