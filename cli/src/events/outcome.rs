//! A final outcome, as a warehouse tells it.

use super::EventsError;
use serde::Serialize;
use serde_json::Value;

/// What became of an event at a tracker.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The tracker.
    pub tracker: String,
    /// `delivered`, `filtered`, `rejected` or `dead`.
    pub outcome: String,
    /// Why, where there is something to explain.
    pub reason: Option<String>,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<i64>,
    /// Attempts made.
    pub attempts: i64,
    /// `live`, or a replay or backfill.
    pub run: String,
    /// When it was known.
    pub timestamp: String,
}

/// A row by the names of its columns.
pub struct Row<'a> {
    /// In the order of the columns.
    pub columns: &'a [&'a str],
    /// A value for each.
    pub values: Vec<Value>,
}

impl Row<'_> {
    /// Takes a value out; null where there is no such column.
    pub fn take(&mut self, name: &str) -> Value {
        let place = self.columns.iter().position(|column| *column == name);
        place.and_then(|place| self.values.get_mut(place)).map(Value::take).unwrap_or_default()
    }

    /// A text.
    ///
    /// # Errors
    /// [`EventsError::Row`], where it is none.
    pub fn text(&mut self, name: &'static str) -> Result<String, EventsError> {
        self.maybe_text(name).ok_or(EventsError::Row(name))
    }

    /// A text, or nothing.
    pub fn maybe_text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`EventsError::Row`], where it is none.
    pub fn int(&mut self, name: &'static str) -> Result<i64, EventsError> {
        self.take(name).as_i64().ok_or(EventsError::Row(name))
    }

    /// The columns of an outcome.
    ///
    /// # Errors
    /// [`EventsError::Row`]
    pub fn outcome(&mut self) -> Result<Outcome, EventsError> {
        Ok(Outcome {
            tracker: self.text("tracker")?,
            outcome: self.text("outcome")?,
            reason: self.maybe_text("reason"),
            status: self.take("status").as_i64(),
            attempts: self.int("attempts")?,
            run: self.text("run")?,
            timestamp: self.text("timestamp")?,
        })
    }
}
