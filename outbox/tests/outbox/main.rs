//! The Outbox on real SQLite.

#![allow(clippy::unwrap_used)]

mod cases;
mod simulation;
mod world;
