//! What Sparrow's parts say to each other: payloads and their context, ids, times, outcomes, and the
//! wire format between the Outbox and Trace.
//!
//! This crate is pure: it reads no clock and no randomness and does no I/O. Everything serialised here
//! is either stored or sent between Workers that are deployed at different times, so its JSON is pinned
//! by tests; changing it needs a migration.

pub mod account;
pub mod context;
pub mod id;
pub mod outcome;
pub mod payload;
pub mod time;
pub mod traceparent;
pub mod wire;

pub use account::{Delivery, LedgerLine, SentRequest};
pub use context::{Context, IpPolicy};
pub use outcome::{Change, Outcome, Rule};
pub use payload::Payload;
pub use time::Millis;
pub use traceparent::Traceparent;

/// The environments that a Worker runs in, as its setting `ENVIRONMENT` names them.
pub const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];
