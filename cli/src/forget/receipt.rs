//! The receipt of an erasure: a row of `erasures`, there before anything is changed, and finished when nothing is left.

use super::counts::Counts;
use super::rows::receipts;
use crate::source::{Param, Source, SourceError};
use crate::{clock, random};
use event::Millis;
use outbox::admin::ErasedEvents;
use serde::{Deserialize, Serialize};

/// Events of which something could not be erased yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// UTC day of receipt.
    pub day: String,
    /// The payload's id.
    pub payload: String,
    /// When it was received, in ms since 1970.
    pub received_at: Millis,
    /// The events' places in it.
    pub idx: Vec<u32>,
}

impl Waiting {
    /// Events of that day.
    pub fn of(day: &str, events: &ErasedEvents) -> Self {
        let ErasedEvents { payload, received_at, idx, .. } = events.clone();
        Self { day: day.to_owned(), payload, received_at, idx }
    }
}

/// A receipt.
pub struct Receipt {
    /// Its id, a UUIDv7.
    pub id: String,
    /// Whether it is in the warehouse.
    pub is_begun: bool,
    subjects: String,
}

/// A receipt, and what it says so far.
pub type Opened = (Receipt, Counts, Vec<Waiting>);

impl Receipt {
    /// The receipt of these subjects that is not finished, else a new one, which is not in the warehouse yet.
    pub async fn open(source: &mut Source, subjects: &[String]) -> Result<Opened, SourceError> {
        let subjects = serde_json::to_string(subjects).unwrap_or_default();
        let sql = receipts::unfinished(source);
        let rows = source.rows(&sql, &[Param::Text(&subjects)]).await?.rows;
        if let Some([id, counts, waiting]) = rows.first().map(Vec::as_slice) {
            let id = id.as_str().unwrap_or_default().to_owned();
            let counts = serde_json::from_str(counts.as_str().unwrap_or_default()).unwrap_or_default();
            let waiting = serde_json::from_str(waiting.as_str().unwrap_or_default()).unwrap_or_default();
            return Ok((Self { id, is_begun: true, subjects }, counts, waiting));
        }
        let id = event::id::new_payload_id(clock::now(), random::bytes());
        Ok((Self { id, is_begun: false, subjects }, Counts::default(), Vec::new()))
    }

    /// Writes it, where it is not there.
    pub async fn begin(&mut self, source: &mut Source) -> Result<(), SourceError> {
        if !self.is_begun {
            let sql = receipts::begin(source);
            let params = [Param::Text(&self.id), Param::Time(clock::now()), Param::Text(&self.subjects)];
            source.change(&sql, &params).await?;
            self.is_begun = true;
        }
        Ok(())
    }

    /// Says how far it came.
    pub async fn note(
        &self,
        source: &mut Source,
        counts: &Counts,
        waiting: &[Waiting],
    ) -> Result<(), SourceError> {
        let counts = serde_json::to_string(counts).unwrap_or_default();
        let waiting = serde_json::to_string(waiting).unwrap_or_default();
        let sql = receipts::note(source);
        source.change(&sql, &[Param::Text(&self.id), Param::Text(&counts), Param::Text(&waiting)]).await?;
        Ok(())
    }

    /// Says that nothing is left.
    pub async fn finish(&self, source: &mut Source) -> Result<(), SourceError> {
        let sql = receipts::finish(source);
        source.change(&sql, &[Param::Text(&self.id), Param::Time(clock::now())]).await?;
        Ok(())
    }
}
