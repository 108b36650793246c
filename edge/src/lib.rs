//! What Sparrow's Workers share of the runtime: settings, clock, randomness, bodies, outgoing requests
//! with a deadline, and the log.

pub mod body;
pub mod clock;
pub mod http;
pub mod log;
pub mod random;
pub mod settings;
