//! Erasing: a person's events leave a shard, and every sum stays what it was.
//!
//! Who is meant, and what is left of a payload, is found out by whoever asks. A payload is never deleted for it: it goes its
//! way in the form that is left, of which no more than places may remain, so that opening and logging need not know. What was
//! pending is `filtered(erased)`; a dead event stays dead, without its letter. Calls under way carry what they carry; what
//! comes back of them names nobody.

mod find;
mod ids;
mod rows;

pub use ids::{ErasedIds, KEY_BYTES, place, whole};

use crate::admin::{EraseReply, EraseRequest, ErasedEvents, RewrittenPayload};
use crate::append::{self, NewPayload};
use crate::ledger;
use crate::owed::{self, OwedEvent, OwedRow};
use crate::recent::Recent;
use crate::refused;
use crate::row::{Row, only};
use crate::seen::json;
use crate::settle::{Account, Attempt, Of};
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use event::{Millis, Outcome, Payload, SentRequest};
use rows::Done;
use std::collections::{BTreeMap, BTreeSet};

/// The reason of what was kept back because its person was forgotten.
pub const ERASED: &str = "erased";

/// How much earlier a call may seem to be than the receipt of what it carried, in ms: other machines stamp it.
const SKEW: i64 = 24 * 60 * 60 * 1000;

/// Events by payload and place. A payload is its id and the time of its receipt.
#[derive(Debug, Default)]
pub struct Places<'a>(BTreeMap<(&'a str, Millis), BTreeSet<u32>>);

impl Places<'_> {
    pub fn has(&self, payload: &str, received_at: Millis, idx: u32) -> bool {
        self.0.get(&(payload, received_at)).is_some_and(|places| places.contains(&idx))
    }

    /// Whether a call carried one of the events. It tells ids, and of the times of receipt the first: what it carried came then or
    /// later, and before it was made. Where an id came twice within that time, it may be the other; the call goes then, too.
    fn may_be_in(&self, call: &SentRequest) -> bool {
        let first = call.received_at;
        let last = first.max(Millis(call.timestamp.0.saturating_add(SKEW)));
        call.events.iter().any(|(payload, idx, _)| {
            let times = (payload.as_str(), first)..=(payload.as_str(), last);
            self.0.range(times).any(|(_, places)| places.contains(idx))
        })
    }
}

/// A letter that is to be changed: its number, and the events that stay in it.
type Letter = (i64, Vec<OwedEvent>);

impl<D: Database> Shard<D> {
    /// Erases events, all in one transaction. The same again does nothing. `random` becomes the key of the shard's hashes where
    /// it has none.
    ///
    /// # Errors
    /// [`SqlError`], and then nothing is erased.
    pub fn erase(
        &mut self,
        request: &EraseRequest,
        random: [u8; KEY_BYTES],
        now: Millis,
    ) -> Result<EraseReply, SqlError> {
        self.erased.begin(&self.db, random)?;
        let busy = self.lanes.values().filter(|lane| lane.busy);
        let busy_for = busy.map(|lane| now.0 - lane.started().0 + 1).max();
        let subjects = self.erased.hashes(request.subjects.iter().map(String::as_str));
        let mut reply =
            EraseReply { subjects, busy_for: busy_for.unwrap_or_default(), ..EraseReply::default() };
        if request.events.is_empty() && request.payloads.is_empty() {
            return Ok(reply);
        }
        let mut places = Places::default();
        let mut ids: Vec<String> = Vec::new();
        for events in &request.events {
            let ErasedEvents { payload, received_at, idx, .. } = events;
            places.0.entry((payload, *received_at)).or_default().extend(idx);
            ids.extend(idx.iter().map(|idx| place(payload, *received_at, *idx)));
            ids.push(whole(payload, *received_at));
        }
        let own: Vec<&str> =
            request.events.iter().flat_map(|events| &events.ids).map(String::as_str).collect();
        let kept = self.kept(&request.payloads, &mut reply.changed)?;
        let seqs: Vec<i64> = kept.iter().map(|one| one.seq).collect();
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        let (mut pending, owed) = (0, owed::of_payloads(&self.db, &seqs)?);
        let lanes: BTreeSet<String> = owed.iter().map(|row| row.lane.clone()).collect();
        for row in owed {
            let Some(one) = kept.iter().find(|one| one.seq == row.seq) else { continue };
            pending += keep_back(&mut account, one, row, &places)?;
        }
        let (letters, dead) = self.letters_without(&kept, &places)?;
        let mut next = self.after(&account);
        let (bytes, seqs_json) = (self.state.bytes, json(&seqs)?);
        let done = self.db.transaction(&mut || {
            let mut done = Done::default();
            self.erased.remember(&self.db, ids.iter().map(String::as_str).chain(own.iter().copied()))?;
            self.seen.forget_events(&self.db, &own)?;
            for table in ["pack", "refused"] {
                rows::erase(&self.db, table, &places, &mut done)?;
            }
            let grown = kept.iter().try_fold(0, |sum, one| Ok(sum + rewrite(&self.db, one)?))?;
            owed::delete_of_trackers(&self.db, &seqs)?;
            for (number, events) in &letters {
                write_letter(&self.db, *number, events)?;
            }
            account.write(&self.db)?;
            next.packed = refused::waiting_bytes(&self.db)?;
            next.bytes = bytes + grown - self.finish(&next, &seqs_json)?;
            next.save(&self.db)?;
            Ok(done)
        })?;
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        // Bodies that no call has to carry from now on.
        self.recent = Recent::default();
        self.waves.erase(&places, &own);
        self.erasures += 1;
        for lane in lanes {
            self.look_up_owed(&lane, now);
        }
        reply.payloads = kept.len() as i64;
        (reply.pending, reply.dead) = (pending, dead);
        (reply.deliveries, reply.requests) = (done.deliveries, done.requests);
        Ok(reply)
    }

    /// Those of the payloads that are still here as they were read. The numbers of those that changed go to `changed`.
    fn kept<'a>(
        &self,
        payloads: &'a [RewrittenPayload],
        changed: &mut Vec<i64>,
    ) -> Result<Vec<&'a RewrittenPayload>, SqlError> {
        let mut kept = Vec::with_capacity(payloads.len());
        for one in payloads {
            // One by one: they are 2 MB at most.
            let Payload { id, received_at, .. } = &one.payload;
            let rows = self.db.query(
                "SELECT data FROM payload WHERE seq = ?1 AND id = ?2 AND at = ?3",
                &[Param::Int(one.seq), Param::Text(id), Param::Int(received_at.0)],
            )?;
            let Some(row) = rows.into_iter().next() else { continue };
            if RewrittenPayload::print(&Row::of(row).text()?) == one.was {
                kept.push(one);
            } else {
                changed.push(one.seq);
            }
        }
        Ok(kept)
    }

    /// Letters that are to be changed, and how many events leave them. What could not be opened or logged has none; its letter
    /// goes where nothing is left of it.
    fn letters_without(
        &self,
        kept: &[&RewrittenPayload],
        places: &Places<'_>,
    ) -> Result<(Vec<Letter>, i64), SqlError> {
        let seqs: Vec<i64> = kept.iter().map(|one| one.seq).collect();
        let sql = "SELECT number, seq, events FROM dead WHERE seq IN (SELECT value FROM json_each(?1))";
        let (mut letters, mut gone) = (Vec::new(), 0);
        for row in self.db.query(sql, &[Param::Text(&json(&seqs)?)])? {
            let mut row = Row::of(row);
            let (number, seq, events) = (row.int()?, row.int()?, owed::events(&row.text()?)?);
            let Some(one) = kept.iter().find(|one| one.seq == seq) else { continue };
            let before = events.len();
            let left: Vec<_> = events
                .into_iter()
                .filter(|event| !places.has(&one.payload.id, one.payload.received_at, event.0))
                .collect();
            if left.len() < before || (before == 0 && one.is_all) {
                gone += (before - left.len()) as i64;
                letters.push((number, left));
            }
        }
        Ok((letters, gone))
    }
}

/// Of a row that is owed, erased events are filtered and the others stay owed. Returns how many were filtered.
fn keep_back(
    account: &mut Account<'_>,
    one: &RewrittenPayload,
    row: OwedRow,
    places: &Places<'_>,
) -> Result<i64, SqlError> {
    let (payload, received_at) = (one.payload.id.as_str(), one.payload.received_at);
    let of = Of { seq: one.seq, payload, received_at, run: &row.run };
    let (erased, others): (Vec<_>, Vec<_>) =
        row.events.iter().cloned().partition(|event| places.has(payload, received_at, event.0));
    for event in &erased {
        let OwedEvent(idx, _, name, changes) = event;
        let nameless = OwedEvent(*idx, event::id::erased_id(payload, *idx), name.clone(), changes.clone());
        account.deltas.of(of.run, ledger::day_of(received_at), name, &row.lane).pending -= 1;
        account.settle(of, &nameless, &row.lane, &filtered(None), row.attempts)?;
    }
    if !others.is_empty() {
        account.owed.push(OwedRow { events: others, ..row });
    }
    Ok(erased.len() as i64)
}

/// What becomes of an erased event that has no outcome yet.
pub fn filtered(policy: Option<&str>) -> Attempt {
    Attempt {
        outcome: Outcome::Filtered { reason: ERASED.to_owned() },
        status: None,
        policy: policy.map(str::to_owned),
        changes: None,
        named: None,
        at: None,
    }
}

/// Writes what is left of a payload. Returns by how much it grew.
fn rewrite(db: &impl Database, one: &RewrittenPayload) -> Result<i64, SqlError> {
    let Payload { id, received_at, data, context } = one.payload.clone();
    let new = NewPayload { id, is_senders_id: false, at: received_at, data, context: json(&context)? };
    let size = append::encoded_size(&new);
    let before = only(db.query("SELECT size FROM payload WHERE seq = ?1", &[Param::Int(one.seq)])?)?.int()?;
    let params = [Param::Int(one.seq), Param::Text(&new.data), Param::Text(&new.context), Param::Int(size)];
    db.query("UPDATE payload SET data = ?2, context = ?3, size = ?4 WHERE seq = ?1", &params)?;
    Ok(size - before)
}

fn write_letter(db: &impl Database, number: i64, events: &[OwedEvent]) -> Result<(), SqlError> {
    if events.is_empty() {
        db.query("DELETE FROM dead WHERE number = ?1", &[Param::Int(number)])?;
    } else {
        let params = [Param::Int(number), Param::Text(&json(events)?)];
        db.query("UPDATE dead SET events = ?2 WHERE number = ?1", &params)?;
    }
    Ok(())
}
