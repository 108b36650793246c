//! Payloads that were just appended, in memory: under steady load they go to the warehouse and to Trace without being read
//! back.

use crate::raw::Stored;
use std::collections::VecDeque;
use std::rc::Rc;

/// Most bytes of them, encoded. What comes when they are full is read from the database.
const MAX_BYTES: i64 = 4 << 20;

/// A run of payloads without a gap.
#[derive(Debug, Default)]
pub struct Recent {
    rows: VecDeque<Rc<Stored>>,
    bytes: i64,
}

impl Recent {
    /// Keeps a payload if it has room, and nothing is missing before it.
    pub fn push(&mut self, stored: Stored) {
        let follows = self.rows.back().is_none_or(|last| last.seq + 1 == stored.seq);
        if follows && self.bytes + stored.size <= MAX_BYTES {
            self.bytes += stored.size;
            self.rows.push_back(Rc::new(stored));
        }
    }

    /// The payloads after `after`, as many as fit a call, but one at least; nothing where the next one is not here.
    pub fn next(&self, after: i64, limit: usize, bytes: i64) -> Option<Vec<Rc<Stored>>> {
        let place = usize::try_from(after + 1 - self.rows.front()?.seq).ok()?;
        let mut total = 0;
        let fits = |row: &&Rc<Stored>| {
            total += row.size;
            total <= bytes || total == row.size
        };
        let next: Vec<_> =
            self.rows.range(place.min(self.rows.len())..).take(limit).take_while(fits).cloned().collect();
        (!next.is_empty()).then_some(next)
    }

    /// Nobody asks for payloads up to this one any more.
    pub fn forget(&mut self, seq: i64) {
        while self.rows.front().is_some_and(|row| row.seq <= seq) {
            self.bytes -= self.rows.pop_front().map_or(0, |row| row.size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Millis;

    fn stored(seq: i64, size: i64) -> Stored {
        Stored { seq, id: String::new(), at: Millis(0), size, data: String::new(), context: String::new() }
    }

    fn seqs(recent: &Recent, after: i64, limit: usize, bytes: i64) -> Option<Vec<i64>> {
        Some(recent.next(after, limit, bytes)?.iter().map(|row| row.seq).collect())
    }

    #[test]
    fn a_call_gets_what_fits_and_one_at_least() {
        let mut recent = Recent::default();
        (5..9).for_each(|seq| recent.push(stored(seq, 10)));
        assert_eq!(seqs(&recent, 4, 500, 20), Some(vec![5, 6]));
        assert_eq!(seqs(&recent, 5, 1, 100), Some(vec![6]));
        assert_eq!(seqs(&recent, 5, 500, 1), Some(vec![6]));
        assert_eq!(seqs(&recent, 8, 500, 100), None);
    }

    #[test]
    fn what_is_not_here_is_read_from_the_database() {
        let mut recent = Recent::default();
        (5..9).for_each(|seq| recent.push(stored(seq, 10)));
        assert_eq!(seqs(&recent, 3, 500, 100), None, "4 comes before");
        recent.push(stored(9, MAX_BYTES));
        recent.push(stored(10, 10));
        assert_eq!(seqs(&recent, 7, 500, 100), Some(vec![8]), "9 is too large, and 10 would leave a gap");
        recent.forget(8);
        recent.push(stored(11, 10));
        assert_eq!((seqs(&recent, 8, 500, 100), seqs(&recent, 10, 500, 100)), (None, Some(vec![11])));
        recent.forget(11);
        assert_eq!(recent.bytes, 0);
    }
}
