//! `tabledata.insertAll` (<https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll>): rows in
//! batches, and what became of each row.

use super::failure::{Failure, Kind};
use super::insert_reply;
use super::request::{Dataset, Method, Request};
use super::rows::{Row, RowsError, Table, rows};
use std::collections::VecDeque;

/// Most rows of a request. Google allows 50,000 and recommends 500
/// (<https://cloud.google.com/bigquery/quotas#streaming_inserts>).
pub const MAX_ROWS: usize = 500;

/// Most bytes of a body. Google allows 10 MB, counted after a translation of its own, so that 1 MB is left over.
pub const MAX_BYTES: usize = 9_000_000;

/// A row that cannot be stored does not hold up the others: without `skipInvalidRows` it would, and they would all be
/// sent twice. A value for a column that the table lacks is no reason to drop the value: with `ignoreUnknownValues`
/// it would go missing without a word.
const HEAD: &str = r#"{"skipInvalidRows":true,"ignoreUnknownValues":false,"rows":["#;
const TAIL: &str = "]}";

/// Rows on their way into a table.
///
/// ```text
/// while let Some(batch) = insert.next() {
///     send insert.request(&batch), then insert.answered(batch, status, body)?
/// }
/// insert.refused()
/// ```
///
/// Batches may be under way at the same time. Where a call fails, or no answer comes, the same rows are inserted again
/// from the start, later: they have the same `insertId` then, and the views show each of them once.
#[derive(Debug)]
pub struct Insert {
    table: Table,
    path: String,
    waiting: VecDeque<Batch>,
    refused: Vec<Refused>,
}

/// Rows of one request.
#[derive(Debug)]
pub struct Batch(Vec<Row>);

/// A row that BigQuery will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the array that was to be inserted.
    pub place: usize,
    /// `invalid`, with a colon and the column where Google names it, or `too_large`.
    pub reason: String,
}

impl Insert {
    /// Takes a JSON array of arrays, each with the values of [`Table::columns`] in their order. Times are in ms.
    ///
    /// # Errors
    /// [`RowsError`] where it is none.
    pub fn new(dataset: &Dataset, table: Table, array: &str) -> Result<Self, RowsError> {
        Ok(Self {
            table,
            path: dataset.path(&format!("tables/{}/insertAll", table.name())),
            waiting: batches(rows(table, array)?, MAX_ROWS, MAX_BYTES),
            refused: Vec::new(),
        })
    }

    /// The next batch to send, in the order of the rows.
    #[expect(clippy::should_implement_trait, reason = "what it yields depends on the answers in between")]
    pub fn next(&mut self) -> Option<Batch> {
        self.waiting.pop_front()
    }

    /// The request of a batch.
    pub fn request(&self, batch: &Batch) -> Request {
        Request { method: Method::Post, path: self.path.clone(), body: Some(batch.body()) }
    }

    /// Reads the reply to a batch. What is to be sent again at once is the next batch.
    ///
    /// # Errors
    /// [`Failure`]. What is not known to be stored is the next batch again, for a caller that has renewed its token; any
    /// other failure ends the attempt.
    pub fn answered(&mut self, batch: Batch, status: u16, body: &str) -> Result<(), Failure> {
        let reply = match insert_reply::read(status, body, batch.0.len(), self.table) {
            Ok(reply) => reply,
            Err(Failure { kind: Kind::Split, .. }) => {
                self.split(batch);
                return Ok(());
            }
            Err(failure) => {
                self.waiting.push_front(batch);
                return Err(failure);
            }
        };
        let places = reply.refused.iter().map(|(index, reason)| (batch.0[*index].place, reason.clone()));
        self.refused.extend(places.map(|(place, reason)| Refused { place, reason }));
        if !reply.again.is_empty() {
            let again = batch.0.into_iter().enumerate().filter(|(index, _)| reply.again.contains(index));
            self.waiting.push_front(Batch(again.map(|(_, row)| row).collect()));
        }
        reply.failure.map_or(Ok(()), Err)
    }

    /// The rows that were refused. All others are stored once there is no batch left and none failed.
    pub fn refused(self) -> Vec<Refused> {
        self.refused
    }

    fn split(&mut self, Batch(mut rows): Batch) {
        if let [Row { place, .. }] = rows[..] {
            self.refused.push(Refused { place, reason: "too_large".to_owned() });
            return;
        }
        let second = rows.split_off(rows.len() / 2);
        self.waiting.push_front(Batch(second));
        self.waiting.push_front(Batch(rows));
    }
}

impl Batch {
    fn body(&self) -> String {
        let mut body = String::with_capacity(length(&self.0));
        body.push_str(HEAD);
        for (index, row) in self.0.iter().enumerate() {
            body.push_str(if index == 0 { "" } else { "," });
            body.push_str(&row.entry);
        }
        body.push_str(TAIL);
        body
    }
}

fn length(rows: &[Row]) -> usize {
    HEAD.len() + TAIL.len() + rows.iter().map(|row| row.entry.len() + 1).sum::<usize>()
}

/// Cuts rows into requests. A row that is too long for one is alone in its own, for BigQuery to judge.
fn batches(rows: Vec<Row>, max_rows: usize, max_bytes: usize) -> VecDeque<Batch> {
    let mut batches: VecDeque<Batch> = VecDeque::new();
    let mut bytes = 0;
    for row in rows {
        let more = row.entry.len() + 1;
        match batches.back_mut() {
            Some(Batch(last)) if last.len() < max_rows && bytes + more <= max_bytes => {
                bytes += more;
                last.push(row);
            }
            _ => {
                bytes = HEAD.len() + TAIL.len() + more;
                batches.push_back(Batch(vec![row]));
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_lose_no_row_keep_the_order_and_obey_the_limits(
            lengths in proptest::collection::vec(0..300_usize, 0..60),
            max_rows in 1..10_usize,
            max_bytes in 100..1000_usize,
        ) {
            let rows = lengths.iter().enumerate().map(|(place, length)| Row { place, entry: "x".repeat(*length) });
            let batches = batches(rows.collect(), max_rows, max_bytes);
            let places = batches.iter().flat_map(|Batch(rows)| rows.iter().map(|row| row.place));
            prop_assert!(places.eq(0..lengths.len()));
            for batch in &batches {
                let alone = batch.0.len() == 1;
                prop_assert!(alone || batch.0.len() <= max_rows && batch.body().len() <= max_bytes);
            }
            // None could have been in the batch before.
            for (batch, next) in batches.iter().zip(batches.iter().skip(1)) {
                let more = batch.body().len() + 1 + next.0[0].entry.len();
                prop_assert!(batch.0.len() == max_rows || more > max_bytes - 1);
            }
        }
    }
}
