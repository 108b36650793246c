//! Vendors. A tracker turns allowed events into the vendor's HTTP requests and the vendor's replies into
//! a verdict per event. It does no I/O, reads no clock and keeps nothing: the caller carries out the plan.
//!
//! Adding a vendor is one source file here, its line in [`registry`], and a folder of fixtures.

pub mod amplitude;
mod batch;
mod campaign;
pub mod ga4;
pub mod heap;
pub mod registry;
mod secrets;
pub mod settings;
pub mod tracker;
mod value;
pub mod webhook;

pub use registry::{NAMES, configure, secrets, windows};
pub use secrets::Secrets;
pub use settings::SettingsError;
pub use tracker::{Call, Dedupe, Plan, Reply, Tracker, Verdict, Windows};
