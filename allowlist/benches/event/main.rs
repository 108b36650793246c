//! What an event costs natively, by its size: `cargo bench -p sparrow-allowlist --features toml`; with `-- --json` for
//! programs. `make bench-policy` compares with WASM. `measure.rs` says what is measured and how.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a command that measures time")]

mod measure;
mod sample;

use measure::{COLUMNS, Row, TURNS};
use std::time::Instant;

fn main() {
    let start = Instant::now();
    let rows = measure::rows(&|| start.elapsed().as_nanos() as f64);
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", measure::json(&rows));
        return;
    }
    println!("ns per event, the least and the median of {TURNS} turns; ns per byte of the least for all");
    let heads = COLUMNS.map(|column| format!("{column:>20}")).concat();
    println!("{:<10}{:>7}{heads}{:>9}", "event", "bytes", "ns/byte");
    for Row { event, bytes, times } in rows {
        let cells: String =
            times.iter().map(|(least, median)| format!("{least:>10.0}{median:>10.0}")).collect();
        let all = times.last().map_or(0.0, |(least, _)| *least);
        println!("{event:<10}{bytes:>7}{cells}{:>9.1}", all / bytes as f64);
    }
}
