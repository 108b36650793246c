//! Random histories of shards: whatever of them has arrived, the account is that of the shards themselves.

use super::*;
use event::account::{ALL_TRACKERS, FINAL_OUTCOMES, UNOPENED};
use std::collections::{BTreeMap, BTreeSet};

/// Run, day, event and tracker.
type Key = (String, String, String, String);

/// Received, pending, and the outcomes in the order of [`FINAL_OUTCOMES`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    received: i64,
    pending: i64,
    outcomes: [i64; 4],
}

/// What happens in a shard.
#[derive(Debug, Clone)]
enum Step {
    /// A payload comes, live or in a replay, on a day.
    Receive { replay: bool, day: i64 },
    /// A pending payload is opened: so many events for as many trackers.
    Open { which: usize, events: usize, trackers: usize },
    /// Something pending gets an outcome; what is not opened, too.
    Settle { which: usize, outcome: usize },
    /// The counters that changed are written down.
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (any::<bool>(), 0..3_i64).prop_map(|(replay, day)| Step::Receive { replay, day }),
        2 => (any::<usize>(), 1..4_usize, 1..3_usize)
            .prop_map(|(which, events, trackers)| Step::Open { which, events, trackers }),
        6 => (any::<usize>(), 0..4_usize).prop_map(|(which, outcome)| Step::Settle { which, outcome }),
        2 => Just(Step::Snapshot),
    ]
}

/// What a shard sends to the warehouse, in the order of seq.
#[derive(Debug, Clone)]
enum Row {
    Delivery(Delivery),
    Line(LedgerLine, Counts),
}

#[derive(Debug, Default)]
struct Shard {
    number: u32,
    counters: BTreeMap<Key, Counts>,
    changed: BTreeSet<Key>,
    pending: Vec<(Key, i64)>,
    sent: Vec<Row>,
}

impl Shard {
    fn take(&mut self, which: usize, wanted: impl Fn(&Key) -> bool) -> Option<(Key, i64)> {
        let found: Vec<_> = (0..self.pending.len()).filter(|&i| wanted(&self.pending[i].0)).collect();
        let i = *found.get(which.checked_rem(found.len())?)?;
        Some(self.pending.swap_remove(i))
    }

    fn change(&mut self, key: &Key, change: impl Fn(&mut Counts)) {
        change(self.counters.entry(key.clone()).or_default());
        self.changed.insert(key.clone());
    }

    fn receive(&mut self, key: Key, day: i64) {
        self.change(&key, |counts| {
            counts.received += 1;
            counts.pending += 1;
        });
        self.pending.push((key, day));
    }

    fn seq(&self) -> i64 {
        i64::try_from(self.sent.len()).unwrap()
    }

    /// Steps are 5 h apart: a history is longer than what compaction leaves alone.
    fn now(&self) -> Millis {
        Millis(NOON + self.seq() * 5 * 3_600_000)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Receive { replay, day } => {
                let run = if replay { "replay:1" } else { LIVE };
                let text = Millis(NOON + day * DAY_MS).day();
                self.receive((run.to_owned(), text, UNOPENED.to_owned(), ALL_TRACKERS.to_owned()), day);
            }
            Step::Open { which, events, trackers } => {
                let Some((key, day)) = self.take(which, |key| key.2 == UNOPENED) else { return };
                self.change(&key, |counts| {
                    counts.received -= 1;
                    counts.pending -= 1;
                });
                for event in ["a", "b", "a"].into_iter().take(events) {
                    for tracker in ["ga4", "heap"].into_iter().take(trackers) {
                        let (run, text, ..) = key.clone();
                        self.receive((run, text, event.to_owned(), tracker.to_owned()), day);
                    }
                }
            }
            Step::Settle { which, outcome } => {
                let Some((key, day)) = self.take(which, |_| true) else { return };
                self.change(&key, |counts| {
                    counts.pending -= 1;
                    counts.outcomes[outcome] += 1;
                });
                let (run, _, event, tracker) = key;
                self.sent.push(Row::Delivery(Delivery {
                    run,
                    event,
                    tracker,
                    outcome: FINAL_OUTCOMES[outcome].to_owned(),
                    received_at: Millis(NOON + day * DAY_MS),
                    timestamp: self.now(),
                    ..delivery(self.number, self.seq())
                }));
            }
            Step::Snapshot => {
                for key in std::mem::take(&mut self.changed) {
                    let counts = self.counters[&key];
                    let timestamp = self.now();
                    let seq = self.seq();
                    let (run, day, event, tracker) = key;
                    let Counts { received, pending, .. } = counts;
                    let line = LedgerLine {
                        run,
                        day,
                        event,
                        tracker,
                        timestamp,
                        ..line(self.number, seq, received, pending)
                    };
                    self.sent.push(Row::Line(line, counts));
                }
            }
        }
    }
}

fn insert(db: &Connection, rows: &[Row]) {
    let (mut deliveries, mut lines) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Delivery(delivery) => deliveries.push(delivery.clone()),
            Row::Line(line, _) => lines.push(line.clone()),
        }
    }
    deliver(db, &deliveries);
    count(db, &lines);
}

fn accounts(db: &Connection) -> Vec<Vec<Value>> {
    rows(
        db,
        "SELECT run, day, event, tracker, received, pending, delivered, filtered, rejected, dead, unaccounted
         FROM accounts ORDER BY run, day, event, tracker",
    )
}

/// The counters as of the last line of each that arrived.
fn expected<'a>(arrived: impl Iterator<Item = &'a [Row]>) -> Vec<Vec<Value>> {
    let mut sums: BTreeMap<Key, Counts> = BTreeMap::new();
    for rows in arrived {
        let mut latest: BTreeMap<Key, Counts> = BTreeMap::new();
        for row in rows {
            if let Row::Line(LedgerLine { run, day, event, tracker, .. }, counts) = row {
                latest.insert((run.clone(), day.clone(), event.clone(), tracker.clone()), *counts);
            }
        }
        for (key, counts) in latest {
            let sum = sums.entry(key).or_default();
            sum.received += counts.received;
            sum.pending += counts.pending;
            for (sum, outcome) in sum.outcomes.iter_mut().zip(counts.outcomes) {
                *sum += outcome;
            }
        }
    }
    sums.into_iter()
        .map(|((run, day, event, tracker), counts)| {
            let key = [run, day, event, tracker].map(Value::Text);
            let counts = [counts.received, counts.pending].into_iter().chain(counts.outcomes).chain([0]);
            key.into_iter().chain(counts.map(Value::Integer)).collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn accounts_are_those_of_the_shards_wherever_their_rows_stop(
        histories in proptest::collection::vec(proptest::collection::vec(step(), 0..80), 1..4),
        batches in proptest::collection::vec((any::<prop::sample::Index>(), 1..25_usize, 0..5_usize), 0..16),
        days_later in 0..40_i64,
    ) {
        let db = warehouse(&[]);
        let shards: Vec<_> = (0..)
            .zip(&histories)
            .map(|(number, steps)| {
                let mut shard = Shard { number, ..Shard::default() };
                steps.iter().for_each(|step| shard.step(step));
                shard.step(&Step::Snapshot);
                shard
            })
            .collect();
        let mut arrived = vec![0; shards.len()];
        // Each shard sends what comes next, and perhaps some of what it sent before.
        for (which, size, again) in batches {
            let i = which.index(shards.len());
            let sent = &shards[i].sent;
            let to = sent.len().min(arrived[i] + size);
            insert(&db, &sent[arrived[i].saturating_sub(again)..to]);
            arrived[i] = to;
            prop_assert_eq!(accounts(&db), expected(shards.iter().zip(&arrived).map(|(shard, &to)| &shard.sent[..to])));
        }
        // Compaction changes no account, and leaves one line of each counter.
        let before = accounts(&db);
        let mut lines = rows(&db, "SELECT shard, run, day, event, tracker FROM ledger");
        lines.sort_by_key(|line| format!("{line:?}"));
        lines.dedup();
        run(&db, &compact_ledger(Millis(NOON + days_later * DAY_MS)));
        prop_assert_eq!(&accounts(&db), &before);
        run(&db, &compact_ledger(Millis(NOON + 400 * DAY_MS)));
        prop_assert_eq!(&accounts(&db), &before);
        prop_assert_eq!(rows(&db, "SELECT * FROM ledger").len(), lines.len());
        // In the end the account is what the shards hold.
        for shard in &shards {
            insert(&db, &shard.sent);
        }
        let pending: usize = shards.iter().map(|shard| shard.pending.len()).sum();
        let total = rows(&db, "SELECT CAST(total(pending) AS INTEGER), CAST(total(unaccounted) AS INTEGER) FROM accounts_by_day");
        prop_assert_eq!(total, [[Value::Integer(i64::try_from(pending).unwrap()), Value::Integer(0)]]);
    }
}
