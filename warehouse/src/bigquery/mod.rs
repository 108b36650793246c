//! Google BigQuery over its REST API, without a library of Google's.
//!
//! Everything here is text in and text out. A call is a [`Request`]; the caller sends it to [`ENDPOINT`] with a bearer
//! token and hands status and body of the reply to the function that reads it.
//!
//! | to do | request | reply |
//! |---|---|---|
//! | get a token | [`bearer`] needs none; [`assertion`], signed, and [`exchange`] | [`exchanged`] |
//! | insert rows | [`Insert::request`] | [`Insert::answered`] |
//! | ask | [`Query::request`], then [`Results::request`] | [`answer`] |
//! | anything else | a [`Request`] | [`succeeded`] |

mod account_views;
mod answer;
pub mod backfill;
mod changes_view;
pub mod erase;
mod estimate;
mod failure;
mod insert;
mod insert_reply;
mod jwt;
mod key;
mod migration;
mod payloads;
mod pem;
pub mod permissions;
mod query;
mod quote;
pub mod reconcile;
mod request;
mod request_view;
mod retention;
mod rows;
mod schema;
pub mod story;
pub mod tail;
mod token;
mod value;
mod view;

pub use answer::{Answer, Page, Results, answer, started};
pub use estimate::Estimate;
pub use failure::{Failure, Kind, succeeded};
pub use insert::{Batch, Insert, MAX_BYTES, MAX_ROWS, Refused};
pub use jwt::{INSERT_SCOPE, SCOPE, Unsigned, assertion, bearer};
pub use key::{KeyError, ServiceAccount};
pub use migration::{Setup, Step, TableStep, migration};
pub use payloads::{payloads_by_day, payloads_of_day};
pub use query::{Parameter, Query};
pub use request::{Dataset, ENDPOINT, Method, NameError, Request};
pub use retention::Retention;
pub use rows::{RowsError, Table};
pub use token::{Token, exchange, exchanged};
pub use value::Value;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod tests_schema;
