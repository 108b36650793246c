//! Finding payloads in which an id may stand.

use crate::admin::{EraseFindReply, EraseFindRequest, KeptPayload};
use crate::owed;
use crate::row::Row;
use crate::seen::json;
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use event::Payload;
use std::collections::BTreeMap;

/// Most payloads that are looked at for one answer, and most of their bytes, encoded: it is less than the 8 MiB that Console
/// reads, and done before anybody who stores waits.
const MOST: usize = 2000;
const MOST_BYTES: i64 = 4_000_000;

impl<D: Database> Shard<D> {
    /// Payloads in which one of the ids may stand, some at a time.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn find_to_erase(&self, request: &EraseFindRequest) -> Result<EraseFindReply, SqlError> {
        let seqs = self.next_seqs(request.after, MOST, MOST_BYTES)?;
        let mut dead = self.dead_events(&seqs)?;
        // An id that needs escapes stands nowhere without; a body that is no text is encoded.
        let rows = self.db.query(
            "SELECT seq FROM payload WHERE seq IN (SELECT value FROM json_each(?1))
               AND (instr(data, '\\') > 0 OR instr(context, '\"encoding\":') > 0
                 OR EXISTS (SELECT 1 FROM json_each(?2) AS id WHERE instr(data, id.value) > 0))",
            &[Param::Text(&json(&seqs)?), Param::Text(&json(&request.ids)?)],
        )?;
        let candidates: Vec<i64> =
            rows.into_iter().map(|row| Row::of(row).int()).collect::<Result<_, _>>()?;
        let (mut payloads, mut unreadable) = (Vec::with_capacity(candidates.len()), Vec::new());
        for stored in self.stored(&candidates)? {
            let Ok(context) = serde_json::from_str(&stored.context) else {
                unreadable.push(stored.id.clone());
                continue;
            };
            let (id, received_at, data) = (stored.id.clone(), stored.at, stored.data.clone());
            let dead = dead.remove(&stored.seq).unwrap_or_default();
            payloads.push(KeptPayload {
                seq: stored.seq,
                payload: Payload { id, received_at, data, context },
                dead,
            });
        }
        Ok(EraseFindReply { payloads, unreadable, after: seqs.last().copied() })
    }

    fn dead_events(&self, seqs: &[i64]) -> Result<BTreeMap<i64, Vec<u32>>, SqlError> {
        let sql = "SELECT seq, events FROM dead WHERE seq IN (SELECT value FROM json_each(?1))";
        let mut dead: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for row in self.db.query(sql, &[Param::Text(&json(seqs)?)])? {
            let mut row = Row::of(row);
            let (seq, events) = (row.int()?, owed::events(&row.text()?)?);
            let known = dead.entry(seq).or_default();
            known.extend(events.into_iter().map(|event| event.0));
            known.sort_unstable();
            known.dedup();
        }
        Ok(dead)
    }
}
