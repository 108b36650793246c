//! What an event costs by any clock: the platform's natively, JavaScript's on WASM.
//!
//! Every column is measured by itself, and none is a difference: [`allowlist::open`] for a source that is not allowed,
//! which parses and stops; the same where everything is kept, which parses and checks; the scrubber alone, on every text
//! of the event that it is asked about; and all of it. The cases take turns, so that what else the machine does meets them
//! alike. The least time is what the work takes; the median tells how disturbed the machine was.

use crate::sample::{ORIGIN, Sample, TRACKERS};
use allowlist::open;
use allowlist::scrub::scrub;
use serde_json::{Value, json};
use std::hint::black_box;

/// Sizes of bodies, in bytes.
const SIZES: [usize; 5] = [300, 1_000, 4_000, 16_000, 64_000];

/// A text is scrubbed up to this length.
const HOSTILE_SIZES: [usize; 3] = [4_000, 16_000, 64_000];

/// How often every case has its turn.
pub const TURNS: usize = 401;

/// How long a turn is, in nanoseconds: so short that few are interrupted. What takes longer runs once.
const TURN: f64 = 200_000.0;

/// What is measured of an event.
pub const COLUMNS: [&str; 4] = ["parse", "parse, check", "scrub", "all"];

/// A clock, in nanoseconds.
type Clock<'a> = &'a dyn Fn() -> f64;

/// The figures of an event.
pub struct Row {
    /// What kind of event it is.
    pub event: &'static str,
    /// How long its body is.
    pub bytes: usize,
    /// Nanoseconds by column: the least, and the median.
    pub times: Vec<(f64, f64)>,
}

/// The figures of all events.
pub fn rows(now: Clock<'_>) -> Vec<Row> {
    let realistic = SIZES.map(|size| ("realistic", Sample::realistic(size)));
    let hostile = HOSTILE_SIZES.map(|size| ("hostile", Sample::hostile(size)));
    let samples: Vec<_> = realistic.into_iter().chain(hostile).collect();
    let cases = samples.iter().flat_map(|(_, sample)| cases(sample));
    let mut cases: Vec<_> = cases.map(|run| Case::new(run, now)).collect();
    for _ in 0..TURNS {
        cases.iter_mut().for_each(|case| case.turn(now));
    }
    let row = |((event, sample), cases): (&(&'static str, Sample), &mut [Case<'_>])| Row {
        event,
        bytes: sample.body.len(),
        times: cases.iter_mut().map(Case::least_and_median).collect(),
    };
    samples.iter().zip(cases.chunks_mut(COLUMNS.len())).map(row).collect()
}

/// The least times as JSON, an object for each event.
pub fn json(rows: &[Row]) -> String {
    let least = |row: &Row| -> Value {
        COLUMNS
            .iter()
            .zip(&row.times)
            .map(|(column, (least, _))| ((*column).to_owned(), json!(least)))
            .collect()
    };
    let object = |row: &Row| json!({ "event": row.event, "bytes": row.bytes, "least": least(row) });
    rows.iter().map(object).collect::<Value>().to_string()
}

/// What is measured of a sample, in the order of [`COLUMNS`].
fn cases(sample: &Sample) -> [Box<dyn Fn() + '_>; COLUMNS.len()] {
    let opens = |treatment, origin| {
        let (policy, payload) = (sample.policy(treatment), sample.payload(origin));
        Box::new(move || drop(black_box(open(&policy, None, black_box(&payload), &TRACKERS))))
    };
    let scrubs = || sample.texts().for_each(|(key, text)| drop(black_box(scrub(black_box(text), Some(key)))));
    [opens("scrub", "https://other.example"), opens("keep", ORIGIN), Box::new(scrubs), opens("scrub", ORIGIN)]
}

struct Case<'a> {
    run: Box<dyn Fn() + 'a>,
    /// How often it runs in a turn.
    count: u32,
    /// Nanoseconds of one run, by turn.
    times: Vec<f64>,
}

impl<'a> Case<'a> {
    fn new(run: Box<dyn Fn() + 'a>, now: Clock<'_>) -> Self {
        let mut case = Self { run, count: 1, times: Vec::with_capacity(TURNS) };
        (0..5).for_each(|_| case.turn(now));
        let (once, _) = case.least_and_median();
        case.count = (TURN / once).clamp(1.0, 10_000.0) as u32;
        case.times.clear();
        case
    }

    fn turn(&mut self, now: Clock<'_>) {
        let start = now();
        (0..self.count).for_each(|_| (self.run)());
        self.times.push((now() - start) / f64::from(self.count));
    }

    fn least_and_median(&mut self) -> (f64, f64) {
        self.times.sort_by(f64::total_cmp);
        (self.times[0], self.times[self.times.len() / 2])
    }
}
