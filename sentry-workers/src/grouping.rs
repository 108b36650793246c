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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;

    fn groups() -> Groups<&'static str> {
        Groups::new([1, 10, 60].map(|minutes| Duration::from_secs(60 * minutes)))
    }

    /// Meets it, and holds it where that is wanted.
    fn meet(groups: &mut Groups<&'static str>, fingerprint: u64, now: u64) -> Verdict {
        let verdict = groups.meet(fingerprint, now, true);
        if verdict == Verdict::Hold {
            groups.hold(fingerprint, "held");
        }
        verdict
    }

    #[test]
    fn an_outage_is_told_after_a_minute_ten_and_then_each_hour() {
        let mut groups = groups();
        let mut told = Vec::new();
        // Ten failures each second for four hours.
        for now in (0..4 * HOUR).step_by(100) {
            if let Verdict::Tell(count) = meet(&mut groups, 1, now) {
                told.push((now / MINUTE, count));
            }
        }
        assert_eq!(told, [(0, 1), (1, 600), (11, 6_000), (71, 36_000), (131, 36_000), (191, 36_000)]);
    }

    #[test]
    fn nothing_counted_is_lost() {
        let mut groups = groups();
        let mut told = 0;
        for now in 0..500 {
            if let Verdict::Tell(count) = meet(&mut groups, 1, now) {
                told += count;
            }
        }
        assert_eq!(groups.due(MINUTE - 1, 9), []);
        assert_eq!((told, groups.due(MINUTE, 9)), (1, vec![("held", 499)]));
        assert!(!groups.is_holding());
        assert_eq!(groups.due(9 * HOUR, 9), []);
    }

    #[test]
    fn an_hour_of_silence_begins_anew() {
        let mut groups = groups();
        for now in [0, MINUTE, 11 * MINUTE] {
            assert_eq!(meet(&mut groups, 1, now), Verdict::Tell(1));
        }
        assert_eq!(groups.due(11 * MINUTE + HOUR, 9), []);
        assert_eq!(meet(&mut groups, 1, 80 * MINUTE), Verdict::Tell(1));
        // The first window again.
        assert_eq!(meet(&mut groups, 1, 81 * MINUTE), Verdict::Tell(1));
    }

    #[test]
    fn different_failures_are_told_each() {
        let mut groups = groups();
        for fingerprint in 0..10 {
            assert_eq!(meet(&mut groups, fingerprint, 0), Verdict::Tell(1));
        }
    }

    #[test]
    fn what_cannot_be_told_is_held_and_told_when_it_can_be() {
        let mut groups = groups();
        assert_eq!(groups.meet(1, 0, false), Verdict::Hold);
        groups.hold(1, "first");
        assert_eq!(groups.meet(1, 0, false), Verdict::Count);
        assert_eq!(groups.due(1, 0), []);
        assert_eq!(groups.due(1, 1), [("first", 2)]);
    }

    #[test]
    fn no_more_are_told_at_once_than_there_is_room_for() {
        let mut groups = groups();
        for fingerprint in 0..5 {
            assert_eq!(groups.meet(fingerprint, 0, false), Verdict::Hold);
            groups.hold(fingerprint, "held");
        }
        assert_eq!(groups.due(1, 3).len(), 3);
        assert_eq!(groups.due(1, 3).len(), 2);
    }

    #[test]
    fn memory_is_bounded_and_what_makes_room_is_told() {
        let mut groups = groups();
        for fingerprint in 0..1_000 {
            meet(&mut groups, fingerprint, fingerprint);
            meet(&mut groups, fingerprint, fingerprint);
        }
        assert_eq!(groups.groups.len(), MAX_GROUPS);
        assert_eq!(groups.due(1_000, 1_000).len(), 1_000 - MAX_GROUPS);
        // While nothing may be told, what makes room is let go: it would fill the memory.
        for fingerprint in 1_000..2_000 {
            groups.meet(fingerprint, 1_000, false);
            groups.hold(fingerprint, "held");
        }
        assert_eq!(groups.ousted, []);
    }
}
