//! The raw row in the warehouse.

use event::Payload;
use worker::{D1Database, Error, Result};

/// Writes the payload as it came. Durable once this returns.
///
/// # Errors
/// Where D1 did not take the row, or did not say that it did.
pub async fn store(database: &D1Database, payload: &Payload) -> Result<()> {
    let row = warehouse::d1::raw_row(payload).map(Into::into);
    database.prepare(warehouse::d1::INSERT_RAW).bind(&row)?.run().await?;
    Ok(())
}

/// What went wrong, in one line. SQLite names tables and limits, never values.
pub fn problem(error: &Error) -> String {
    match error {
        Error::D1(error) => error.cause(),
        other => other.to_string(),
    }
}
