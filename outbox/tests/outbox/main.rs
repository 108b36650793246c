//! The Outbox on real SQLite.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod backfill;
mod cases;
mod erase;
mod metrics;
mod simulation;
mod store;
mod warehouses;
mod world;
