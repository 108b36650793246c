//! The database that a shard works on: SQLite, in a Durable Object or in a test.

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer; a Durable Object keeps 53 bits of it.
    Int(i64),
    /// Text without NUL.
    Text(&'a str),
}

/// A value of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
}

/// SQLite refused a statement. Its words name tables, columns and limits, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shard's database failed: {0}")]
pub struct SqlError(pub String);

/// SQLite, synchronous.
pub trait Database {
    /// Runs a statement and returns all its rows.
    ///
    /// # Errors
    /// [`SqlError`]
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Vec<Value>>, SqlError>;

    /// Runs `work` in a transaction: all of it, or, where it fails, nothing.
    ///
    /// # Errors
    /// Those of `work`, and [`SqlError`] where the transaction itself fails.
    fn transaction<T>(&self, work: &mut dyn FnMut() -> Result<T, SqlError>) -> Result<T, SqlError>
    where
        Self: Sized;
}
