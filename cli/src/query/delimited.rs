//! CSV (<https://www.rfc-editor.org/rfc/rfc4180>): a line a row, written as it comes.

use super::Sink;
use serde_json::Value;
use std::io::{self, Write};

/// Writes CSV.
pub struct Delimited<W: Write> {
    to: csv::Writer<W>,
    has_names: bool,
}

impl<W: Write> Delimited<W> {
    pub fn new(to: W) -> Self {
        Self { to: csv::Writer::from_writer(to), has_names: false }
    }

    fn names(&mut self, columns: &[String]) -> io::Result<()> {
        if !self.has_names && !columns.is_empty() {
            self.to.write_record(columns).map_err(failed)?;
            self.has_names = true;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Delimited<W> {
    fn row(&mut self, columns: &[String], row: Vec<Value>) -> io::Result<()> {
        self.names(columns)?;
        let fields = row.into_iter().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            value => value.to_string(),
        });
        self.to.write_record(fields).map_err(failed)
    }

    fn end(mut self: Box<Self>, columns: &[String]) -> io::Result<()> {
        self.names(columns)?;
        self.to.flush()
    }
}

/// The output's own error: whether who reads has had enough is told by its kind.
fn failed(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
