//! What Trace tells of the calls to a vendor, where that is wanted, goes to the warehouses like accounts do.

use crate::deliver_batch::DeliverBatch;
use crate::erase::place;
use crate::pack::{Packs, Table};
use crate::shard::Shard;
use crate::sql::{Database, SqlError};
use crate::state::State;
use event::wire::CallMade;
use event::{Millis, SentRequest};

/// While rows for the warehouses take this part of `OUTBOX_MAX_BYTES`, calls are not told.
const PART: i64 = 4;

impl<D: Database> Shard<D> {
    /// Writes down the calls that were made for a batch.
    pub(crate) fn log_calls(
        &mut self,
        batch: &DeliverBatch,
        calls: Vec<CallMade>,
        now: Millis,
    ) -> Result<(), SqlError> {
        // A log must not fill the shard until it refuses payloads.
        if calls.is_empty() || self.state.packed >= self.settings.max_bytes / PART {
            return Ok(());
        }
        let mut packs = Packs::from(self.state.next_number, Table::Requests);
        let places: Vec<Vec<String>> = calls
            .iter()
            .map(|call| {
                let items = call.events.iter().filter_map(|(at, idx)| Some((batch.items.get(*at)?, idx)));
                items.map(|(item, idx)| place(&item.payload, item.at, *idx)).collect()
            })
            .collect();
        let erased = self.erased.among(&self.db, places.iter().flatten().map(String::as_str))?;
        for (call, places) in calls.into_iter().zip(&places) {
            // The call was under way when its person was forgotten.
            if places.iter().any(|id| erased.contains(id.as_str())) {
                continue;
            }
            let items = || call.events.iter().filter_map(|(at, idx)| Some((batch.items.get(*at)?, *idx)));
            let events = items().map(|(item, idx)| (item.payload.clone(), idx, item.attempts + 1)).collect();
            let received_at = items().map(|(item, _)| item.at).min().unwrap_or(now);
            let (seq, shard) = (packs.next(), self.number);
            let CallMade { method, url, body, status, at: timestamp, .. } = call;
            let (run, tracker) = (batch.run.clone(), batch.tracker.clone());
            packs.push(&SentRequest {
                shard,
                seq,
                run,
                tracker,
                method,
                url,
                body,
                status,
                events,
                received_at,
                timestamp,
            })?;
        }
        let packed = self.state.packed + packs.bytes();
        let mut next = State { next_number: packs.next(), packed, ..self.state.clone() };
        self.db.transaction(&mut || {
            packs.write(&self.db)?;
            next.save(&self.db)
        })?;
        self.state = next;
        Ok(())
    }
}
