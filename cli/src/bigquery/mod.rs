//! BigQuery over HTTP: `warehouse::bigquery` says what is sent and what replies mean, and this sends it.

mod account;
mod arguments;
mod client;
mod reply;
mod rs256;

pub use account::{Account, Credential};
pub use arguments::{Arguments, Connection, given, is_loopback};
pub use client::Client;
pub use reply::CallError;

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
