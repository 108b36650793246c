//! What an event costs natively, by its size: `cargo bench -p sparrow-allowlist --features toml`.
//!
//! Every column is measured by itself, and none is a difference: [`allowlist::open`] for a source that is not allowed,
//! which parses and stops; the same where everything is kept, which parses and checks; the scrubber alone, on every text
//! of the event that it is asked about; and all of it. The cases take turns, so that what else the machine does meets them
//! alike. The least time is what the work takes; the median tells how disturbed the machine was.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a command that measures time")]

mod sample;

use allowlist::open;
use allowlist::scrub::scrub;
use sample::{ORIGIN, Sample, TRACKERS};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Sizes of bodies, in bytes.
const SIZES: [usize; 5] = [300, 1_000, 4_000, 16_000, 64_000];

/// A text is scrubbed up to this length.
const HOSTILE_SIZES: [usize; 3] = [4_000, 16_000, 64_000];

/// How often every case has its turn.
const TURNS: usize = 401;

/// How long a turn is: so short that few are interrupted. What takes longer runs once.
const TURN: Duration = Duration::from_micros(200);

const COLUMNS: [&str; 4] = ["parse", "parse, check", "scrub", "all"];

fn main() {
    let realistic = SIZES.map(|size| ("realistic", Sample::realistic(size)));
    let hostile = HOSTILE_SIZES.map(|size| ("hostile", Sample::hostile(size)));
    let samples: Vec<_> = realistic.into_iter().chain(hostile).collect();
    let mut cases: Vec<_> = samples.iter().flat_map(|(_, sample)| cases(sample)).map(Case::new).collect();
    for _ in 0..TURNS {
        cases.iter_mut().for_each(Case::turn);
    }
    println!("ns per event, the least and the median of {TURNS} turns; ns per byte of the least for all");
    let heads = COLUMNS.map(|column| format!("{column:>20}")).concat();
    println!("{:<10}{:>7}{heads}{:>9}", "event", "bytes", "ns/byte");
    for ((name, sample), cases) in samples.iter().zip(cases.chunks_mut(COLUMNS.len())) {
        let bytes = sample.body.len();
        let times: Vec<_> = cases.iter_mut().map(Case::least_and_median).collect();
        let cells: String =
            times.iter().map(|(least, median)| format!("{least:>10.0}{median:>10.0}")).collect();
        let all = times.last().map_or(0.0, |(least, _)| *least);
        println!("{name:<10}{bytes:>7}{cells}{:>9.1}", all / bytes as f64);
    }
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
    fn new(run: Box<dyn Fn() + 'a>) -> Self {
        let mut case = Self { run, count: 1, times: Vec::with_capacity(TURNS) };
        (0..5).for_each(|_| case.turn());
        let (once, _) = case.least_and_median();
        case.count = (TURN.as_nanos() as f64 / once).clamp(1.0, 10_000.0) as u32;
        case.times.clear();
        case
    }

    fn turn(&mut self) {
        let start = Instant::now();
        (0..self.count).for_each(|_| (self.run)());
        self.times.push(start.elapsed().as_nanos() as f64 / f64::from(self.count));
    }

    fn least_and_median(&mut self) -> (f64, f64) {
        self.times.sort_by(f64::total_cmp);
        (self.times[0], self.times[self.times.len() / 2])
    }
}
