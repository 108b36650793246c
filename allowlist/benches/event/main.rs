//! What an event costs natively, by its size: `cargo bench -p sparrow-allowlist --features toml`.
//!
//! Measured are [`allowlist::open`] for a source that is not allowed, which parses and stops; the scrubber by itself, on
//! every text it is asked about; and [`allowlist::open`] for all of it. What is left is the check.
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

fn main() {
    println!(
        "{:<10} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "event", "bytes", "parse ns", "check ns", "scrub ns", "sum ns", "ns/byte"
    );
    for size in SIZES {
        row("realistic", &Sample::realistic(size));
    }
    for size in HOSTILE_SIZES {
        row("hostile", &Sample::hostile(size));
    }
}

fn row(name: &str, sample: &Sample) {
    let policy = sample.policy();
    let (known, unknown) = (sample.payload(ORIGIN), sample.payload("https://other.example"));
    let [parse, scrub, sum] = nanoseconds([
        &|| drop(black_box(open(&policy, None, black_box(&unknown), &TRACKERS))),
        &|| sample.texts().for_each(|(key, text)| drop(black_box(scrub(black_box(text), Some(key))))),
        &|| drop(black_box(open(&policy, None, black_box(&known), &TRACKERS))),
    ]);
    let bytes = sample.body.len();
    println!(
        "{name:<10} {bytes:>7} {parse:>9.0} {:>9.0} {scrub:>9.0} {sum:>9.0} {:>9.1}",
        sum - parse - scrub,
        sum / bytes as f64
    );
}

/// What each of them takes, the median of many rounds, which are so short that few of them are interrupted.
fn nanoseconds<const N: usize>(cases: [&dyn Fn(); N]) -> [f64; N] {
    const ROUNDS: usize = 501;
    const ROUND: Duration = Duration::from_micros(200);
    let times = |case: &dyn Fn(), count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| case());
        start.elapsed()
    };
    cases
        .map(|case| {
            let once = (0..5).map(|_| times(case, 1)).min().unwrap_or(ROUND).max(Duration::from_nanos(1));
            let count = (ROUND.as_nanos() / once.as_nanos()).clamp(1, 10_000) as u32;
            (case, count, Vec::with_capacity(ROUNDS))
        })
        .map(|(case, count, mut rounds)| {
            rounds.extend((0..ROUNDS).map(|_| times(case, count).as_nanos() as f64 / f64::from(count)));
            rounds.sort_by(f64::total_cmp);
            rounds[ROUNDS / 2]
        })
}
