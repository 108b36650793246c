//! The shards of the Outbox, as Durable Objects, and the way to them.
//!
//! What a shard does stands in the `outbox` crate. Here is what only the runtime has: its database, its calls,
//! its timers and alarms.

mod admin;
mod calls;
mod database;
mod door;
mod object;
mod pump;
mod spans;
mod trace;
mod trace_failure;
mod warehouse;

pub use door::{Appended, append};
pub use warehouse::Settings as WarehouseSettings;
