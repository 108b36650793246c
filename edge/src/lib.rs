//! What Sparrow's Workers share of the runtime: settings, clock, timers, randomness, bodies, requests in and out,
//! the way to the Outbox's shards, the log, problems and reports of them.

pub mod body;
pub mod clock;
#[cfg(feature = "faults")]
pub mod faults;
pub mod http;
pub mod log;
pub mod otlp;
mod panics;
pub mod problem;
pub mod random;
pub mod report;
pub mod rs256;
pub mod settings;
pub mod shard;
pub mod timer;
pub mod transport;
