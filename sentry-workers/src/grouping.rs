//! Equal failures are one event and a count, so that an outage is one issue and not a million.

use std::collections::HashMap;
use std::time::Duration;

/// Most fingerprints that are remembered. Each may hold an event, of some kB.
const MAX_GROUPS: usize = 200;

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is told, for so many failures.
    Tell(u64),
    /// It is counted, and given to [`Groups::hold`] as the one that will stand for all.
    Hold,
    /// It is counted.
    Count,
}

/// An event that stands for so many failures.
pub(crate) type Told<E> = (E, u64);

/// What is known of failures, by their fingerprints. Times are in ms.
pub(crate) struct Groups<E> {
    windows: [u64; 3],
    groups: HashMap<u64, Group<E>>,
    /// Held events of groups that made room for others.
    ousted: Vec<Told<E>>,
}

struct Group<E> {
    /// When one was told, if ever.
    told: Option<u64>,
    /// Which window follows.
    window: usize,
    seen: u64,
    /// Failures not told of yet.
    count: u64,
    held: Option<E>,
}

impl<E> Group<E> {
    fn is_due(&self, now: u64, windows: &[u64; 3]) -> bool {
        self.told.is_none_or(|told| now.saturating_sub(told) >= windows[self.window])
    }

    fn tell(&mut self, now: u64) -> u64 {
        self.window = if self.told.is_some() { (self.window + 1).min(2) } else { 0 };
        self.told = Some(now);
        self.held = None;
        std::mem::take(&mut self.count)
    }
}

impl<E> Groups<E> {
    pub(crate) fn new(windows: [Duration; 3]) -> Self {
        let millis = |window: Duration| u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        Self { windows: windows.map(millis), groups: HashMap::new(), ousted: Vec::new() }
    }

    /// Meets an event. Nothing is told while it is not `open`.
    pub(crate) fn meet(&mut self, fingerprint: u64, now: u64, open: bool) -> Verdict {
        if !self.groups.contains_key(&fingerprint) {
            self.make_room(open);
        }
        let group = self.groups.entry(fingerprint).or_insert(Group {
            told: None,
            window: 0,
            seen: now,
            count: 0,
            held: None,
        });
        group.seen = now;
        group.count += 1;
        if open && group.is_due(now, &self.windows) {
            Verdict::Tell(group.tell(now))
        } else if group.held.is_none() {
            Verdict::Hold
        } else {
            Verdict::Count
        }
    }

    /// Takes the event that stands for those which are only counted.
    pub(crate) fn hold(&mut self, fingerprint: u64, event: E) {
        if let Some(group) = self.groups.get_mut(&fingerprint) {
            group.held = Some(event);
        }
    }

    /// Whether [`Groups::due`] may have something to tell.
    pub(crate) fn is_holding(&self) -> bool {
        !self.ousted.is_empty() || self.groups.values().any(|group| group.held.is_some())
    }

    /// What is to be told now, of so many events at most. Failures that were not seen for the last window are forgotten.
    pub(crate) fn due(&mut self, now: u64, room: usize) -> Vec<Told<E>> {
        let mut due: Vec<_> = self.ousted.drain(..room.min(self.ousted.len())).collect();
        let windows = self.windows;
        self.groups.retain(|_, group| {
            if due.len() < room
                && group.is_due(now, &windows)
                && let Some(event) = group.held.take()
            {
                due.push((event, group.tell(now)));
            }
            group.count > 0 || now.saturating_sub(group.seen) < windows[2]
        });
        due
    }

    fn make_room(&mut self, open: bool) {
        if self.groups.len() < MAX_GROUPS {
            return;
        }
        let Some((&oldest, _)) = self.groups.iter().min_by_key(|(_, group)| group.seen) else { return };
        let Some(Group { held: Some(event), count, .. }) = self.groups.remove(&oldest) else { return };
        // What cannot be told would pile up.
        if open {
            self.ousted.push((event, count));
        }
    }
}
