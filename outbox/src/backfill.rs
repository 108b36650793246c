//! Handing back: payloads that went through long ago come again, for one tracker, under a run of their own.
//!
//! They are not received: no warehouse gets them, nobody asks Trace what they hold, and no event of them counts twice
//! in the live run. Each event is owed to the tracker as one that waits for its next attempt is, so that everything
//! holds that holds for retries. What it is called Trace says with the first answer.

use crate::admin::{BackfillPayload, BackfillReply, BackfillRequest};
use crate::append::{self, NewPayload};
use crate::erase;
use crate::lane::Breaker;
use crate::ledger::{self, Deltas};
use crate::owed::{self, OwedEvent, OwedRow};
use crate::row::{Row, only};
use crate::seen::json;
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::account::UNOPENED;
use event::{Context, Millis};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// With more payloads than this waiting for the tracker, or to be opened, nothing is taken: what is on its way goes first, and
/// looking among it for each event stays cheap.
const MAX_WAITING: i64 = 2000;

/// The part of the shard's room that is kept for what comes: a half.
const FOR_LIVE: i64 = 2;

/// A payload, by its id and the time of its receipt: an id may come again after the dedupe window.
type Which = (String, Millis);

/// Places of events by payload.
type Places = BTreeMap<Which, BTreeSet<u32>>;

/// A dead letter of which some events are taken.
struct Letter {
    number: i64,
    seq: i64,
    /// How many are taken.
    taken: usize,
    /// The others, which stay dead.
    rest: Vec<OwedEvent>,
}

impl<D: Database> Shard<D> {
    /// Takes events that a tracker is to get, all in one transaction or, where too much waits, none.
    ///
    /// Left out are those that were handed over in this run before, and those that are on their way to the tracker.
    /// Dead letters of the others are none any more, so that nobody replays them as well.
    ///
    /// # Errors
    /// [`SqlError`], and then none of them is taken.
    pub fn backfill(&mut self, request: &BackfillRequest, now: Millis) -> Result<BackfillReply, SqlError> {
        let lane = self.lane(&request.tracker);
        let breaker = match lane.breaker {
            Breaker::Closed => "closed",
            Breaker::Open => "open",
            Breaker::HalfOpen => "half_open",
        };
        let mut reply = BackfillReply {
            breaker: breaker.to_owned(),
            reason: lane.reason.clone(),
            paused: lane.paused,
            backlog: self.waiting_for(&request.tracker)?,
            ..BackfillReply::default()
        };
        let (known, meanwhile) = self.handed(request)?;
        let pending = if reply.backlog > MAX_WAITING { BTreeMap::new() } else { self.pending(request)? };
        let mut taken: Vec<(NewPayload, BTreeSet<u32>)> = Vec::new();
        for payload in &request.payloads {
            let which = (payload.id.clone(), payload.received_at);
            let asked: BTreeSet<u32> = payload.events.iter().copied().collect();
            let known = known.get(&which);
            let new: BTreeSet<u32> =
                asked.iter().filter(|idx| known.is_none_or(|known| !known.contains(idx))).copied().collect();
            reply.known += (asked.len() - new.len()) as i64;
            let mut free: BTreeSet<u32> = match pending.get(&which) {
                Some(None) => BTreeSet::new(),
                Some(Some(some)) => new.difference(some).copied().collect(),
                None => new.clone(),
            };
            free.retain(|idx| !meanwhile.get(&which).is_some_and(|places| places.contains(idx)));
            reply.pending += (new.len() - free.len()) as i64;
            if !free.is_empty() {
                taken.push((as_new(payload), free));
            }
        }
        self.leave_erased(&mut taken, &mut reply)?;
        let bytes: i64 = taken.iter().map(|(payload, _)| append::encoded_size(payload)).sum();
        reply.full = !taken.is_empty()
            && (reply.backlog > MAX_WAITING
                || self.waiting_bytes() + bytes > self.settings.max_bytes / FOR_LIVE);
        if reply.full || taken.is_empty() {
            return Ok(reply);
        }
        self.take_back(request, &known, &taken, now, &mut reply)?;
        Ok(reply)
    }

    /// Leaves out events of people who were forgotten: a copy of the warehouse may be older than that. A payload that has one of
    /// them, and says of none that it was erased, is left out as a whole: its body would be kept here as it was.
    fn leave_erased(
        &self,
        taken: &mut Vec<(NewPayload, BTreeSet<u32>)>,
        reply: &mut BackfillReply,
    ) -> Result<(), SqlError> {
        let place = |payload: &NewPayload, idx: u32| erase::place(&payload.id, payload.at, idx);
        let whole = |payload: &NewPayload| erase::whole(&payload.id, payload.at);
        let ids: Vec<String> = taken
            .iter()
            .flat_map(|(payload, events)| {
                events.iter().map(|&idx| place(payload, idx)).chain([whole(payload)])
            })
            .collect();
        let erased = self.erased.among(&self.db, ids.iter().map(String::as_str))?;
        for (payload, events) in taken.iter_mut() {
            let before = events.len();
            let is_original = || {
                let context: Option<Context> = serde_json::from_str(&payload.context).ok();
                context.is_none_or(|context| context.erased.is_none())
            };
            if erased.contains(whole(payload).as_str()) && is_original() {
                events.clear();
            }
            events.retain(|&idx| !erased.contains(place(payload, idx).as_str()));
            reply.erased += (before - events.len()) as i64;
        }
        taken.retain(|(_, events)| !events.is_empty());
        Ok(())
    }

    fn take_back(
        &mut self,
        request: &BackfillRequest,
        known: &Places,
        taken: &[(NewPayload, BTreeSet<u32>)],
        now: Millis,
        reply: &mut BackfillReply,
    ) -> Result<(), SqlError> {
        let BackfillRequest { run, tracker, .. } = request;
        let bottom = self.bottom()?;
        let (mut deltas, mut owed_rows, mut handed, mut bytes) = (Deltas::default(), vec![], vec![], 0);
        for ((payload, events), seq) in taken.iter().zip(1..).map(|(one, place)| (one, bottom - place)) {
            let counts = deltas.of(run, ledger::day_of(payload.at), UNOPENED, tracker);
            counts.received += events.len() as i64;
            counts.pending += events.len() as i64;
            reply.taken += events.len() as i64;
            bytes += append::encoded_size(payload);
            let unnamed = |&idx: &u32| {
                OwedEvent(idx, event::id::event_id(None, &payload.id, idx), UNOPENED.to_owned(), vec![])
            };
            owed_rows.push(OwedRow {
                lane: tracker.clone(),
                seq,
                run: run.clone(),
                events: events.iter().map(unnamed).collect(),
                attempts: 0,
                since: now,
                next_at: now,
            });
            let which = (payload.id.clone(), payload.at);
            let all: BTreeSet<u32> = known
                .get(&which)
                .map_or_else(|| events.clone(), |known| known.union(events).copied().collect());
            handed.push(Handed(which.0, which.1, tracker, run, all, now));
        }
        let letters = self.letters_of(tracker, taken)?;
        let mut next = State { ..self.state.clone() };
        self.db.transaction(&mut || {
            for ((payload, _), row) in taken.iter().zip(&owed_rows) {
                append::insert(&self.db, row.seq, payload, append::encoded_size(payload), None)?;
            }
            owed::insert(&self.db, &owed_rows)?;
            note_handed(&self.db, &handed)?;
            let seqs = self.drop_letters(&letters)?;
            deltas.apply(&self.db, self.state.next_number)?;
            next.bytes = self.state.bytes + bytes - self.finish(&self.state, &json(&seqs)?)?;
            next.save(&self.db)
        })?;
        self.state = next;
        self.bottom = bottom - taken.len() as i64;
        reply.letters = letters.iter().map(|letter| letter.taken as i64).sum();
        reply.backlog += owed_rows.len() as i64;
        self.dirty.extend(deltas.into_keys());
        self.owed_from(tracker, now);
        Ok(())
    }

    /// The lowest number that a payload has, or had since the shard was started: a call under way may still name it. 0 or below.
    fn bottom(&self) -> Result<i64, SqlError> {
        Ok(only(self.db.query("SELECT min(seq) FROM payload", &[])?)?.int()?.min(self.bottom))
    }

    /// Payloads that wait for the tracker or to be opened, counted up to one more than may wait.
    fn waiting_for(&self, tracker: &str) -> Result<i64, SqlError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM owed WHERE lane = ?1 OR lane = '(open)' LIMIT ?2)";
        let owed = only(self.db.query(sql, &[Param::Text(tracker), Param::Int(MAX_WAITING + 1)])?)?.int()?;
        Ok(owed + self.state.top - self.state.opened_to)
    }

    /// What was handed over in this run before, and what was since `as_of` in another one.
    fn handed(&self, request: &BackfillRequest) -> Result<(Places, Places), SqlError> {
        let BackfillRequest { run, tracker, as_of, .. } = request;
        let wanted: Vec<_> =
            request.payloads.iter().map(|payload| (&payload.id, payload.received_at)).collect();
        let rows = self.db.query(
            "SELECT payload, at, run, events FROM json_each(?1) CROSS JOIN handed
             ON payload = value ->> 0 AND at = value ->> 1 AND tracker = ?2 AND (run = ?3 OR since >= ?4)",
            &[Param::Text(&json(&wanted)?), Param::Text(tracker), Param::Text(run), Param::Int(as_of.0)],
        )?;
        let (mut same, mut others) = (Places::new(), Places::new());
        for row in rows {
            let mut row = Row::of(row);
            let which = (row.text()?, Millis(row.int()?));
            let places = if row.text()? == *run { &mut same } else { &mut others };
            places.entry(which).or_default().extend(places_in(&row.text()?)?);
        }
        Ok((same, others))
    }

    /// Events that are on their way to the tracker; nothing stands for all of a payload that is not opened yet.
    fn pending(&self, request: &BackfillRequest) -> Result<BTreeMap<Which, Option<BTreeSet<u32>>>, SqlError> {
        let wanted: Vec<_> = request.payloads.iter().map(|payload| &payload.id).collect();
        let rows = self.db.query(
            "SELECT id, at, iif(lane = '(open)', NULL, events) FROM owed JOIN payload ON payload.seq = owed.seq
             WHERE lane IN (?1, '(open)') AND id IN (SELECT value FROM json_each(?3))
             UNION ALL
             SELECT id, at, NULL FROM payload WHERE seq > ?2 AND id IN (SELECT value FROM json_each(?3))
             UNION ALL
             SELECT id, payload.at, NULL FROM dead JOIN payload ON payload.seq = dead.seq
             WHERE lane = '(open)' AND dead.payload IN (SELECT value FROM json_each(?3))",
            &[
                Param::Text(&request.tracker),
                Param::Int(self.state.opened_to),
                Param::Text(&json(&wanted)?),
            ],
        )?;
        let mut pending = BTreeMap::new();
        for row in rows {
            let mut row = Row::of(row);
            let which = (row.text()?, Millis(row.int()?));
            let events = row.maybe_text()?.map(|events| owed::events(&events)).transpose()?;
            let before = pending.entry(which).or_insert_with(|| Some(BTreeSet::new()));
            match events {
                None => *before = None,
                Some(events) => {
                    if let Some(before) = before {
                        before.extend(events.iter().map(|event| event.0));
                    }
                }
            }
        }
        Ok(pending)
    }

    /// The tracker's dead letters that hold events which are taken.
    fn letters_of(
        &self,
        tracker: &str,
        taken: &[(NewPayload, BTreeSet<u32>)],
    ) -> Result<Vec<Letter>, SqlError> {
        let events: BTreeMap<(&str, Millis), &BTreeSet<u32>> =
            taken.iter().map(|(payload, events)| ((payload.id.as_str(), payload.at), events)).collect();
        let ids: Vec<&str> = events.keys().map(|(id, _)| *id).collect();
        let rows = self.db.query(
            "SELECT number, dead.seq, dead.payload, payload.at, events
             FROM dead JOIN payload ON payload.seq = dead.seq
             WHERE lane = ?1 AND dead.payload IN (SELECT value FROM json_each(?2))",
            &[Param::Text(tracker), Param::Text(&json(&ids)?)],
        )?;
        let mut letters = Vec::new();
        for row in rows {
            let mut row = Row::of(row);
            let (number, seq, id, at) = (row.int()?, row.int()?, row.text()?, Millis(row.int()?));
            let Some(meant) = events.get(&(id.as_str(), at)) else { continue };
            let held = owed::events(&row.text()?)?;
            let rest: Vec<_> = held.iter().filter(|event| !meant.contains(&event.0)).cloned().collect();
            if rest.len() < held.len() {
                letters.push(Letter { number, seq, taken: held.len() - rest.len(), rest });
            }
        }
        Ok(letters)
    }

    /// Takes the events out of their letters. Returns the numbers of the letters' payloads, which may be done with.
    fn drop_letters(&self, letters: &[Letter]) -> Result<Vec<i64>, SqlError> {
        let (gone, kept): (Vec<_>, Vec<_>) = letters.iter().partition(|letter| letter.rest.is_empty());
        let numbers: Vec<i64> = gone.iter().map(|letter| letter.number).collect();
        let sql = "DELETE FROM dead WHERE number IN (SELECT value FROM json_each(?1))";
        self.db.query(sql, &[Param::Text(&json(&numbers)?)])?;
        for letter in kept {
            let params = [Param::Text(&json(&letter.rest)?), Param::Int(letter.number)];
            self.db.query("UPDATE dead SET events = ?1 WHERE number = ?2", &params)?;
        }
        Ok(gone.iter().map(|letter| letter.seq).collect())
    }
}

/// A row of `handed`.
#[derive(Serialize)]
pub struct Handed<'a>(pub String, pub Millis, pub &'a str, pub &'a str, pub BTreeSet<u32>, pub Millis);

/// Notes what was handed over or put back. Of two rows of a payload in one run the later one counts.
pub fn note_handed(db: &impl Database, handed: &[Handed<'_>]) -> Result<(), SqlError> {
    db.query(
        "INSERT OR REPLACE INTO handed (payload, at, tracker, run, events, since)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1)",
        &[Param::Text(&json(handed)?)],
    )?;
    Ok(())
}

fn places_in(json: &str) -> Result<BTreeSet<u32>, SqlError> {
    serde_json::from_str(json).map_err(|error| SqlError(format!("handed: {error}")))
}

fn as_new(payload: &BackfillPayload) -> NewPayload {
    let BackfillPayload { id, received_at, data, context, .. } = payload.clone();
    NewPayload { id, is_senders_id: false, at: received_at, data, context }
}
