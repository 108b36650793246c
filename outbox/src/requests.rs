//! What Trace tells of the calls to a vendor, where that is wanted, goes to the warehouses like accounts do.

use crate::deliver_batch::DeliverBatch;
use crate::erase::place;
use crate::pack::{Packs, Table};
use crate::shard::Shard;
use crate::sql::{Database, SqlError};
use crate::state::State;
use event::wire::CallMade;
use event::{Millis, SentRequest};
use std::collections::BTreeSet;

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
        let forgotten = self.forgotten(batch, &calls)?;
        for (at, call) in calls.into_iter().enumerate() {
            if forgotten.contains(&at) {
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

    /// Those of the calls, by their places, that were under way when somebody in them was forgotten. Where nobody ever was it
    /// costs nothing.
    fn forgotten(&self, batch: &DeliverBatch, calls: &[CallMade]) -> Result<BTreeSet<usize>, SqlError> {
        if !self.erased.is_any() {
            return Ok(BTreeSet::new());
        }
        let carried = calls.iter().enumerate().flat_map(|(at, call)| {
            let items = call.events.iter().filter_map(|(item, idx)| Some((batch.items.get(*item)?, idx)));
            items.map(move |(item, idx)| (at, place(&item.payload, item.at, *idx)))
        });
        let carried: Vec<(usize, String)> = carried.collect();
        let erased = self.erased.among(&self.db, carried.iter().map(|(_, place)| place.as_str()))?;
        Ok(carried.iter().filter(|(_, place)| erased.contains(place.as_str())).map(|(at, _)| *at).collect())
    }
}
