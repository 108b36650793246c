//! Opening: Trace says which events payloads hold, and to whom each is owed.

use crate::admin::OPEN_LANE;
use crate::erase;
use crate::lane::{self, Failure};
use crate::owed::{self, OwedEvent, OwedRow};
use crate::raw::Stored;
use crate::settle::{self, Account, Of};
use crate::shard::Shard;
use crate::sql::{Database, SqlError};
use crate::traced::{self, CallSpan, CallSpans, Traced};
use crate::wave::{Event, Fate, Fresh, Kind, Opened, Wave};
use event::Millis;
use event::account::LIVE;
use event::wire::{OpenReply, OpenedEvent, Owed};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Payloads to open.
#[derive(Debug)]
pub struct OpenBatch {
    /// An [`event::wire::OpenRequest`] as JSON.
    pub body: String,
    payloads: Vec<Place>,
    aside: Option<OwedRow>,
}

impl OpenBatch {
    /// The payloads.
    pub fn payload_ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.payloads.iter().map(|place| place.id.as_str())
    }
}

#[derive(Debug)]
struct Place {
    seq: i64,
    id: String,
    at: Millis,
    span: Option<CallSpan>,
}

impl OpenBatch {
    /// Those that are traced.
    pub fn traced(&self) -> impl Iterator<Item = Traced<'_>> {
        self.payloads.iter().filter_map(|place| Some(Traced { payload: &place.id, span: place.span? }))
    }
}

impl<D: Database> Shard<D> {
    pub(crate) fn open_due(&mut self, now: Millis) -> Result<Option<OpenBatch>, SqlError> {
        let lane = &self.lanes[OPEN_LANE];
        if !lane.is_ready(now) {
            return Ok(None);
        }
        let (limit, starts_at) = (lane.limit(), self.open_at(lane));
        let is_new_due = self.may_open() && now >= starts_at;
        let batch = if lane.takes_owed(now, is_new_due) {
            let row = owed::due(&self.db, OPEN_LANE, now, 1)?.pop();
            if row.is_none() {
                self.look_up_owed(OPEN_LANE, now);
            }
            row.map(|row| self.open_batch(&self.stored(&[row.seq])?, Some(row))).transpose()?
        } else if is_new_due {
            let next = self.next_payloads(self.state.opening_to, limit, self.settings.call_bytes())?;
            Some(self.open_batch(&next, None)?)
        } else {
            None
        };
        if let Some(batch) = &batch {
            self.lane(OPEN_LANE).start(now, batch.aside.is_some());
            if batch.aside.is_none() {
                self.state.opening_to = batch.payloads.last().map_or(self.state.opening_to, |last| last.seq);
            }
        }
        Ok(batch)
    }

    /// The result of an [`OpenBatch`].
    ///
    /// # Errors
    /// [`SqlError`]; the batch is due again then.
    pub fn opened(
        &mut self,
        batch: OpenBatch,
        result: Result<OpenReply, Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        self.lane(OPEN_LANE).busy = false;
        let first = batch.payloads.first().map_or(0, |first| first.seq);
        let is_aside = batch.aside.is_some();
        let reply = result.and_then(|reply| matching(&batch, reply));
        if let Err(failure) = &reply {
            self.state.metrics.call_failed(OPEN_LANE, &failure.reason);
        }
        let done = match reply {
            Ok(reply) => self.admit(batch, reply, now),
            Err(failure) if batch.payloads.len() > 1 => {
                self.state.opening_to = first - 1;
                let lane = self.lanes.get_mut(OPEN_LANE).expect("made at the start");
                lane.split(now, batch.payloads.len(), &failure.reason, &mut self.rng);
                return Ok(());
            }
            Err(failure) => self.not_opened(&batch, &failure, now),
        };
        if done.is_err() && !is_aside {
            self.state.opening_to = first - 1;
        }
        let done = done.and_then(|()| self.commit_ready(now));
        self.guarded(now, done)
    }

    /// Makes a wave of what was opened, and hands its events to the lanes.
    fn admit(&mut self, batch: OpenBatch, reply: OpenReply, now: Millis) -> Result<(), SqlError> {
        let run = batch.aside.as_ref().map_or(LIVE, |row| row.run.as_str()).to_owned();
        let (mut ids, seen) = (Vec::new(), self.seen_events(&reply, &run)?);
        let erased = self.erased_events(&batch, &reply)?;
        if let Some(row) = &batch.aside {
            // It is under way; the row goes when the wave is written.
            let later = Millis(now.0 + crate::wave::COMMIT_WAIT * 2);
            owed::postpone(&self.db, row, later)?;
        }
        let id = self.waves.next_id();
        let (mut waiting, mut bytes) = (0, 0);
        let mut payloads = Vec::with_capacity(batch.payloads.len());
        for (place, opened) in batch.payloads.into_iter().zip(reply.payloads) {
            let mut fresh: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            let mut events = Vec::with_capacity(opened.events.len());
            for mut event in opened.events {
                if !erased.is_empty() && erased.contains(&known_by(&place, &event)) {
                    keep_back(&mut event, &place.id);
                }
                let is_own = run == LIVE && event::id::is_id(&event.id);
                let key = is_own.then(|| event.id.clone());
                let is_duplicate =
                    key.as_ref().is_some_and(|key| seen.contains(key) || self.waves.ids.contains(key));
                let mut fates = Vec::with_capacity(event.trackers.len());
                for (tracker, owed) in event.trackers {
                    let fate = match owed {
                        Owed::Filtered(reason) => Fate::Filtered(reason),
                        Owed::Owed if is_duplicate => Fate::Filtered("duplicate".to_owned()),
                        Owed::Owed if self.lane(&tracker).takes_fresh() => {
                            waiting += 1;
                            fresh.entry(tracker.clone()).or_default().push(event.idx);
                            Fate::Waiting
                        }
                        Owed::Owed => Fate::Tried(crate::wave::not_tried()),
                    };
                    fates.push((tracker, fate));
                }
                if let Some(key) = key.filter(|_| !is_duplicate) {
                    self.waves.ids.insert(key.clone());
                    ids.push(key);
                }
                bytes += 200 + event.changes.len() as i64 * 64;
                let event = OwedEvent(event.idx, event.id, event.name, event.changes);
                events.push(Event { event, is_erased: false, fates });
            }
            for (tracker, events) in fresh {
                let fresh = Fresh { wave: id, payload: payloads.len(), events };
                self.waves.fresh.entry(tracker).or_default().push_back(fresh);
            }
            bytes += opened.allowed.as_ref().map_or(0, |allowed| allowed.get().len() as i64);
            payloads.push(Opened {
                seq: place.seq,
                id: place.id,
                at: place.at,
                run: run.clone(),
                events,
                allowed: opened.allowed,
                trace: place.span.map(|span| span.own()),
            });
        }
        if let (None, Some(last)) = (&batch.aside, payloads.last()) {
            self.state.opening_to = last.seq;
        }
        let kind = match (&batch.aside, payloads.last()) {
            (None, Some(last)) => Kind::UpTo(last.seq),
            _ => Kind::Alone,
        };
        let policy = reply.policy;
        self.state.metrics.name_policy(&policy);
        self.waves.waves.push_back(Wave { id, kind, policy, payloads, opened_at: now, waiting, bytes, ids });
        self.recent.forget(self.needed_from());
        let is_last = self.state.opening_to == self.state.top;
        self.look_up_owed(OPEN_LANE, now);
        let lane = self.lane(OPEN_LANE);
        lane.succeeded();
        if is_last {
            lane.caught_up();
        }
        Ok(())
    }

    /// What those events are known by that were erased before: copies of them come. Where nothing ever was, it costs nothing.
    fn erased_events(&self, batch: &OpenBatch, reply: &OpenReply) -> Result<BTreeSet<String>, SqlError> {
        if !self.erased.is_any() {
            return Ok(BTreeSet::new());
        }
        let opened = batch.payloads.iter().zip(&reply.payloads);
        let known =
            opened.flat_map(|(place, opened)| opened.events.iter().map(move |event| known_by(place, event)));
        let known: Vec<String> = known.collect();
        let erased = self.erased.among(&self.db, known.iter().map(String::as_str))?;
        Ok(erased.into_iter().map(str::to_owned).collect())
    }

    /// What is remembered of the events' own ids. Other runs than the live one repeat events on purpose.
    fn seen_events(&self, reply: &OpenReply, run: &str) -> Result<BTreeSet<String>, SqlError> {
        if run != LIVE {
            return Ok(BTreeSet::new());
        }
        let events = reply.payloads.iter().flat_map(|payload| &payload.events);
        // An id with a dot is one that Sparrow made, of the payload's.
        let own: Vec<&str> = events.map(|event| event.id.as_str()).filter(|id| !id.contains('.')).collect();
        self.seen.events(&self.db, &own)
    }

    fn open_batch(&mut self, payloads: &[Rc<Stored>], aside: Option<OwedRow>) -> Result<OpenBatch, SqlError> {
        let bodies = payloads.iter().map(|stored| stored.as_payload()).collect::<Result<Vec<_>, _>>()?;
        let body = format!(r#"{{"payloads":{}}}"#, crate::seen::json(&bodies)?);
        let mut spans = CallSpans::new(&mut self.rng);
        let place = |stored: &Rc<Stored>| Place {
            seq: stored.seq,
            id: stored.id.clone(),
            at: stored.at,
            span: spans.of(traced::place(&stored.context, self.sample_rate)),
        };
        Ok(OpenBatch { body, payloads: payloads.iter().map(place).collect(), aside })
    }

    /// A payload that cannot be opened alone is set aside and tried by itself, then is a dead letter.
    fn not_opened(&mut self, batch: &OpenBatch, failure: &Failure, now: Millis) -> Result<(), SqlError> {
        let Some(place) = batch.payloads.first() else { return Ok(()) };
        // Those before it must be written down first: one number tells how far opening came.
        if batch.aside.is_none() && self.waves.waves.iter().any(|wave| wave.kind != Kind::Alone) {
            self.state.opening_to = place.seq - 1;
            self.lane(OPEN_LANE).not_before = Millis(now.0 + self.settings.interval);
            return Ok(());
        }
        let run = batch.aside.as_ref().map_or(LIVE, |row| row.run.as_str());
        let of = Of { seq: place.seq, payload: &place.id, received_at: place.at, run };
        let before = batch.aside.as_ref();
        let attempts = before.map_or(0, |row| row.attempts) + 1;
        let since = before.map_or_else(|| settle::since(of, now), |row| row.since);
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        if now.0 - since.0 >= self.settings.retry_window {
            account.dead_unopened(of, attempts, &failure.reason)?;
        } else {
            account.owed.push(OwedRow {
                lane: OPEN_LANE.to_owned(),
                seq: place.seq,
                run: run.to_owned(),
                events: vec![],
                attempts,
                since,
                next_at: Millis(now.0 + lane::backoff(attempts, &self.settings, &mut self.rng)),
            });
        }
        let mut next = self.after(&account);
        if batch.aside.is_none() {
            next.opened_to = place.seq;
        }
        self.db.transaction(&mut || {
            if let Some(row) = before {
                owed::delete(&self.db, OPEN_LANE, &row.run, &[row.seq])?;
            }
            account.write(&self.db)?;
            next.save(&self.db)
        })?;
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        self.look_up_owed(OPEN_LANE, now);
        // One that is known to fail says nothing about Trace.
        if batch.aside.is_none() {
            let lane = self.lanes.get_mut(OPEN_LANE).expect("made at the start");
            lane.failed(now, &failure.reason, None, &self.settings, &mut self.rng);
        }
        Ok(())
    }
}

/// What an event is known by when it was erased: its own id, else its place.
fn known_by(payload: &Place, event: &OpenedEvent) -> String {
    if event::id::is_id(&event.id) {
        event.id.clone()
    } else {
        erase::place(&payload.id, payload.at, event.idx)
    }
}

/// A copy of an erased event goes nowhere, and its account names it no more than that of the first. What was dropped is told:
/// by name and rule, as of every event.
fn keep_back(event: &mut OpenedEvent, payload: &str) {
    event.id = event::id::erased_id(payload, event.idx);
    for owed in event.trackers.values_mut() {
        *owed = Owed::Filtered(erase::ERASED.to_owned());
    }
}

/// The reply, if it is about what was asked: all of it, or its beginning where that holds many events.
fn matching(batch: &OpenBatch, reply: OpenReply) -> Result<OpenReply, Failure> {
    let asked = batch.payloads.iter().take(reply.payloads.len()).map(|place| &place.id);
    let is_answer = !reply.payloads.is_empty() && asked.eq(reply.payloads.iter().map(|opened| &opened.id));
    if is_answer { Ok(reply) } else { Err(Failure::temporary("trace_reply")) }
}
