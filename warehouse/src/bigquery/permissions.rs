//! What an account may do with a table, without doing it
//! (<https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions>).
//!
//! An insert without rows would not tell: Google refuses it for being empty.

use super::failure::{Failure, succeeded};
use super::request::{Dataset, Method, Request};
use serde::Deserialize;
use serde_json::json;

/// What Sparrow needs of its tables: to look at them, to insert rows and to read them.
pub const NEEDED: [&str; 3] =
    ["bigquery.tables.get", "bigquery.tables.updateData", "bigquery.tables.getData"];

/// Asks which of [`NEEDED`] the account has. [`granted`] reads the reply.
pub fn test(dataset: &Dataset, table: &str) -> Request {
    let path = dataset.path(&format!("tables/{table}:testIamPermissions"));
    Request { method: Method::Post, path, body: Some(json!({ "permissions": NEEDED }).to_string()) }
}

/// Those that it has.
///
/// # Errors
/// [`Failure`]
pub fn granted(status: u16, body: &str) -> Result<Vec<String>, Failure> {
    #[derive(Default, Deserialize)]
    struct Body {
        /// Left out where there are none.
        #[serde(default)]
        permissions: Vec<String>,
    }
    succeeded(status, body)?;
    Ok(serde_json::from_str::<Body>(body).map_err(|_| Failure::unreadable())?.permissions)
}
