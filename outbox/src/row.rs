//! Reading rows: columns by place, of the type that the query gives them.

use crate::sql::{SqlError, Value};

/// The values of one row, from left to right.
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    /// A row of a result.
    pub fn of(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column, an integer; NULL counts as 0.
    pub fn int(&mut self) -> Result<i64, SqlError> {
        match self.0.next() {
            Some(Value::Int(value)) => Ok(value),
            Some(Value::Null) => Ok(0),
            _ => Err(unexpected("an integer")),
        }
    }

    /// The next column, an integer or NULL.
    pub fn maybe_int(&mut self) -> Result<Option<i64>, SqlError> {
        match self.0.next() {
            Some(Value::Int(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected("an integer or NULL")),
        }
    }

    /// The next column, text.
    pub fn text(&mut self) -> Result<String, SqlError> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(value),
            _ => Err(unexpected("text")),
        }
    }

    /// The next column, text or NULL.
    pub fn maybe_text(&mut self) -> Result<Option<String>, SqlError> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected("text or NULL")),
        }
    }
}

/// The only row of an aggregate query.
pub fn only(rows: Vec<Vec<Value>>) -> Result<Row, SqlError> {
    rows.into_iter().next().map(Row::of).ok_or_else(|| unexpected("a row"))
}

fn unexpected(what: &str) -> SqlError {
    SqlError(format!("{what} was expected; the shard's tables are of another release"))
}
