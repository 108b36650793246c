//! The Outbox: what is to be done with a payload once it was accepted, until it is done.
//!
//! A [`Shard`] is a state machine over an SQLite database. It does no I/O besides that database: whoever
//! drives it asks what is [due](Shard::due), does it, and tells the result. Time is an argument, and
//! randomness (for backoff) is seeded. So it runs in a Durable Object and, in tests, on a file.
//!
//! Every method leaves the database consistent: an outcome, the counter that it changes and the row that
//! tells the warehouses of it are written in one transaction. What is under way is known in memory only, so
//! that after a crash it is simply due again.

mod accounts;
pub mod admin;
mod append;
mod backfill;
mod commit;
mod dead;
mod deliver;
mod deliver_batch;
mod duration;
mod erase;
mod expire;
mod lane;
mod ledger;
mod metrics;
mod migrate;
mod open;
mod owed;
mod pack;
mod raw;
mod recent;
mod refused;
mod requests;
mod row;
mod schema;
mod seen;
mod settings;
mod settle;
mod shard;
pub mod sql;
mod state;
mod status;
mod traced;
mod upkeep;
mod warehouse;
mod wave;

pub use accounts::AccountsBatch;
pub use append::{Appended, NewPayload, shard_of};
pub use deliver_batch::DeliverBatch;
pub use lane::{Cause, Failure, Refused};
pub use metrics::Outcomes;
pub use open::OpenBatch;
pub use pack::Table;
pub use raw::RawBatch;
pub use refused::RefusedRow;
pub use settings::Settings;
pub use shard::{Shard, Work};
pub use traced::{CallSpan, Traced};
