//! A warehouse that fails as told. `d1` takes a batch as a whole or not at all; `bigquery` refuses row by row, and a
//! call that fails is never the fault of a row.

use crate::world::{Mode, NOON};
use event::{Delivery, LedgerLine, SentRequest};
use outbox::{AccountsBatch, Cause, Failure, RawBatch, Refused, RefusedRow, Table};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Store {
    pub mode: Mode,
    refuses_rows: bool,
    /// The bodies of each payload: one, unless another row than before was written.
    pub raw: BTreeMap<String, Vec<String>>,
    pub deliveries: BTreeMap<i64, Delivery>,
    pub ledger: BTreeMap<i64, LedgerLine>,
    pub requests: BTreeMap<i64, SentRequest>,
    /// Events whose rows it refuses.
    pub refused_events: Vec<String>,
}

impl Store {
    pub fn new(name: &str) -> Self {
        Self {
            mode: Mode::Ok,
            refuses_rows: name == "bigquery",
            raw: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            ledger: BTreeMap::new(),
            requests: BTreeMap::new(),
            refused_events: vec![],
        }
    }

    /// Payloads that hold `poison-raw` are refused for good, unless they hold `for-now`, too. A call with `poison-call` comes
    /// to nothing in `bigquery`, which does not say why.
    pub fn write_raw(&mut self, batch: &RawBatch) -> Result<Vec<Refused>, Failure> {
        let rows: Vec<(String, i64, String, String)> = serde_json::from_str(&batch.rows).unwrap();
        if self.mode == Mode::Down {
            return Err(self.down());
        }
        if self.refuses_rows && rows.iter().any(|row| row.2.contains("poison-call")) {
            return Err(self.down());
        }
        let is_poisoned = |row: &(_, _, String, _)| row.2.contains("poison-raw");
        if !self.refuses_rows && rows.iter().any(is_poisoned) {
            let is_row = rows.len() == 1 && !rows[0].2.contains("for-now");
            let cause = if is_row { Cause::Row } else { Cause::Unknown };
            return Err(Failure { reason: "refused".into(), cause });
        }
        let mut refused = vec![];
        for (place, row) in rows.into_iter().enumerate() {
            assert!(row.1 >= NOON);
            if is_poisoned(&row) {
                refused.push(Refused { place, reason: "invalid:data".into() });
                continue;
            }
            let copies = self.raw.entry(row.0).or_default();
            // As the warehouse's SQL does: the same payload again is no second row.
            if !copies.contains(&row.2) {
                copies.push(row.2);
            }
        }
        if self.mode == Mode::Ok { Ok(refused) } else { Err(self.down()) }
    }

    /// Rows of `refused_events` are refused for good.
    pub fn write_accounts(&mut self, batch: &AccountsBatch) -> Result<Vec<RefusedRow>, Failure> {
        if self.mode == Mode::Down {
            return Err(self.down());
        }
        let (mut deliveries, mut ledger, mut requests, mut refused) = (vec![], vec![], vec![], vec![]);
        for (table, rows) in &batch.tables {
            let events: Vec<String> = match table {
                Table::Deliveries => read(rows, &mut deliveries, |row: &Delivery| &row.event),
                Table::Ledger => read(rows, &mut ledger, |row: &LedgerLine| &row.event),
                Table::Requests => read(rows, &mut requests, |row: &SentRequest| &row.tracker),
            };
            let is_refused = |event: &String| self.refused_events.contains(event);
            let places = (0..events.len()).filter(|place| is_refused(&events[*place]));
            refused.extend(places.map(|place| RefusedRow { table: *table, place, reason: "invalid".into() }));
        }
        if !self.refuses_rows && !refused.is_empty() {
            return Err(Failure { reason: "refused".into(), cause: Cause::Row });
        }
        let taken = |event: &String| !self.refused_events.contains(event);
        self.deliveries
            .extend(deliveries.into_iter().filter(|row| taken(&row.event)).map(|row| (row.seq, row)));
        self.ledger.extend(ledger.into_iter().filter(|row| taken(&row.event)).map(|row| (row.seq, row)));
        self.requests.extend(requests.into_iter().map(|row| (row.seq, row)));
        if self.mode == Mode::Ok { Ok(refused) } else { Err(self.down()) }
    }

    fn down(&self) -> Failure {
        let cause = if self.refuses_rows { Cause::Elsewhere } else { Cause::Unknown };
        Failure { reason: "down".into(), cause }
    }

    /// Invariant 3 in the warehouse, up to the watermark of each counter; and a row tells what the policy that it names
    /// dropped, and no other.
    pub fn assert_balanced(&self) {
        for row in self.deliveries.values().filter(|row| row.policy.is_some()) {
            assert_eq!(row.changes.first().map(|change| &change.field), row.policy.as_ref(), "{row:?}");
        }
        let mut latest: BTreeMap<_, &LedgerLine> = BTreeMap::new();
        for line in self.ledger.values() {
            latest.insert((&line.run, &line.day, &line.event, &line.tracker), line);
        }
        for line in latest.values() {
            let told = self.deliveries.values().filter(|row| {
                row.seq < line.seq
                    && (&row.run, &row.received_at.day(), &row.event, &row.tracker)
                        == (&line.run, &line.day, &line.event, &line.tracker)
            });
            assert_eq!(line.received - line.pending, told.count() as i64, "{line:?}");
        }
    }
}

/// Reads rows, and says of which event each is.
fn read<T: for<'de> Deserialize<'de>>(
    json: &str,
    rows: &mut Vec<T>,
    event: fn(&T) -> &String,
) -> Vec<String> {
    *rows = serde_json::from_str(json).unwrap();
    rows.iter().map(|row| event(row).clone()).collect()
}
