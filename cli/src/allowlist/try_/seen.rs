//! Which events of a day have been counted.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Most ids of a day that are kept. The set has a place of nine bytes for each, of which it leaves an eighth empty, so that
/// so many take 151 MB; with the next one it would take twice as much. That any of them is taken for another, for the same
/// 64 bits, is expected once in 170,000 such days.
const MOST: usize = (1 << 24) / 8 * 7;

/// The ids of a day, by hashes that nobody can foresee.
#[derive(Default)]
pub struct Seen {
    pub hasher: RandomState,
    ids: HashSet<u64>,
}

impl Seen {
    /// Copies are told within a UTC day, as `raw_normalized` tells them.
    pub fn start_day(&mut self) {
        self.ids.clear();
    }

    /// Whether an event is a copy; nothing where that cannot be told any more.
    pub fn is_copy(&mut self, id: u64) -> Option<bool> {
        if self.ids.contains(&id) {
            return Some(true);
        }
        if self.ids.len() == MOST {
            return None;
        }
        self.ids.insert(id);
        Some(false)
    }
}

/// The hash of an event's id.
pub fn hash(hasher: &RandomState, id: &str) -> u64 {
    hasher.hash_one(id)
}
