//! Delivering: one lane per tracker, from memory where Trace has just opened the payloads, else from `owed`.

use crate::deliver_batch::{DeliverBatch, Item};
use crate::lane::Failure;
use crate::owed::{self, OwedRow};
use crate::row::Row;
use crate::seen::json;
use crate::settle::{Account, Attempt, Of, Owing, asked_for};
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::traced::{self, CallSpans};
use event::wire::{DeliverReply, POLICY_CHANGED};
use event::{Millis, Outcome, Traceparent};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// [`event::wire::DeliverRequest`], borrowed.
#[derive(Serialize)]
struct Request<'a> {
    run: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    payloads: Vec<RequestPayload<'a>>,
}

#[derive(Serialize)]
struct RequestPayload<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    events: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<Traceparent>,
}

/// What a tracker was asked for and answered, by payload and place.
type Answers = BTreeMap<(String, u32), Attempt>;

impl<D: Database> Shard<D> {
    pub(crate) fn deliver_due(
        &mut self,
        tracker: &str,
        now: Millis,
    ) -> Result<Option<DeliverBatch>, SqlError> {
        let lane = &self.lanes[tracker];
        if !lane.is_ready(now) {
            return Ok(None);
        }
        let (limit, owed_is_due) =
            (lane.limit(), lane.owed_at.is_some_and(|at| at <= now) && lane.backlog_not_before <= now);
        // In turns, so that neither waits for ever.
        let owed_first = owed_is_due && !lane.was_owed;
        let mut batch = if owed_first { self.take_owed(tracker, limit, now)? } else { None };
        if batch.is_none() {
            batch = self.take_fresh(tracker, limit)?;
        }
        if batch.is_none() && owed_is_due && !owed_first {
            batch = self.take_owed(tracker, limit, now)?;
        }
        if let Some(batch) = &batch {
            let pause = batch.events() as i64 * 1000 / self.settings.drain_rate;
            let is_owed = batch.items.iter().all(|item| item.wave.is_none());
            let lane = self.lane(tracker);
            lane.start(now, is_owed);
            if is_owed {
                lane.backlog_not_before = Millis(now.0 + pause);
            }
        }
        Ok(batch)
    }

    /// The next events that wait in memory.
    fn take_fresh(&mut self, tracker: &str, limit: usize) -> Result<Option<DeliverBatch>, SqlError> {
        let Some(queue) = self.waves.fresh.get_mut(tracker) else { return Ok(None) };
        let (mut items, mut taken, mut bytes, mut first) = (Vec::new(), 0, 0, None);
        let mut ids = BTreeSet::new();
        let mut spans = CallSpans::new(&mut self.rng);
        while let Some(fresh) = queue.front_mut() {
            let Some(wave) = self.waves.waves.iter().find(|wave| wave.id == fresh.wave) else {
                queue.pop_front();
                continue;
            };
            let payload = &wave.payloads[fresh.payload];
            let size = payload.allowed.as_ref().map_or(0, |allowed| allowed.get().len() as i64);
            let kind = (wave.policy.as_str(), payload.run.as_str());
            let repeats = ids.contains(payload.id.as_str());
            let is_full = taken == limit || self.settings.fills_call(items.len(), bytes + size);
            if is_full || repeats || *first.get_or_insert(kind) != kind {
                break;
            }
            bytes += size;
            let rest = fresh.events.split_off(fresh.events.len().min(limit - taken));
            taken += fresh.events.len();
            ids.insert(payload.id.as_str());
            items.push(Item {
                seq: payload.seq,
                payload: payload.id.clone(),
                at: payload.at,
                events: std::mem::replace(&mut fresh.events, rest),
                attempts: 0,
                wave: Some((fresh.wave, fresh.payload)),
                span: spans.of(payload.trace),
            });
            if fresh.events.is_empty() {
                queue.pop_front();
            }
        }
        let Some((policy, run)) = first else { return Ok(None) };
        let payloads = items
            .iter()
            .map(|item| RequestPayload {
                id: &item.payload,
                payload: None,
                events: &item.events,
                allowed: item
                    .wave
                    .and_then(|(wave, place)| self.waves.get(wave)?.payloads[place].allowed.as_deref()),
                traceparent: item.span.map(|span| span.own()),
            })
            .collect();
        let body = json(&Request { run, policy: Some(policy), payloads })?;
        let run = run.to_owned();
        Ok(Some(DeliverBatch { tracker: tracker.to_owned(), body, run, items }))
    }

    /// The next events that are owed, each payload with its body.
    fn take_owed(
        &mut self,
        tracker: &str,
        limit: usize,
        now: Millis,
    ) -> Result<Option<DeliverBatch>, SqlError> {
        let rows = owed::due(&self.db, tracker, now, limit)?;
        if rows.is_empty() {
            self.look_up_owed(tracker, now);
            return Ok(None);
        }
        let run = rows[0].run.clone();
        let mut payloads = self.payloads(&rows)?;
        let (mut items, mut bodies, mut taken, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
        let mut ids = BTreeSet::new();
        let mut spans = CallSpans::new(&mut self.rng);
        for row in rows {
            let Some(payload) = payloads.remove(&row.seq) else { continue };
            let size = payload.body.get().len() as i64;
            if taken == limit || self.settings.fills_call(items.len(), bytes + size) {
                break;
            }
            if !ids.insert(payload.id.clone()) {
                continue;
            }
            let events: Vec<u32> = row.events.iter().map(|event| event.0).take(limit - taken).collect();
            taken += events.len();
            bytes += size;
            let OwedRow { seq, attempts, .. } = row;
            let span = spans.of(payload.trace);
            items.push(Item { seq, payload: payload.id, at: payload.at, events, attempts, wave: None, span });
            bodies.push(payload.body);
        }
        let payloads = items
            .iter()
            .zip(&bodies)
            .map(|(item, body)| RequestPayload {
                id: &item.payload,
                payload: Some(body),
                events: &item.events,
                allowed: None,
                traceparent: item.span.map(|span| span.own()),
            })
            .collect();
        let body = json(&Request { run: &run, policy: None, payloads })?;
        Ok(Some(DeliverBatch { tracker: tracker.to_owned(), body, run, items }))
    }

    fn payloads(&self, rows: &[OwedRow]) -> Result<BTreeMap<i64, Body>, SqlError> {
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        // Cut by size: of a long list only the beginning goes into a call.
        let rows = self.db.query(
            "SELECT seq FROM (
               SELECT seq, sum(size) OVER (ORDER BY place) - size AS before
               FROM payload JOIN (SELECT min(key) AS place, value FROM json_each(?1) GROUP BY value) ON seq = value
             ) WHERE before < ?2",
            &[Param::Text(&json(&seqs)?), Param::Int(self.settings.call_bytes())],
        )?;
        let seqs: Vec<i64> = rows.into_iter().map(|row| Row::of(row).int()).collect::<Result<_, _>>()?;
        let stored = self.stored(&seqs)?.into_iter();
        stored
            .map(|one| {
                let trace = traced::place(&one.context, self.sample_rate);
                Ok((one.seq, Body { body: one.as_payload()?, id: one.id.clone(), at: one.at, trace }))
            })
            .collect()
    }

    /// The result of a [`DeliverBatch`].
    ///
    /// # Errors
    /// [`SqlError`]; what could not be written is due again.
    pub fn delivered(
        &mut self,
        batch: &DeliverBatch,
        result: Result<DeliverReply, Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        self.lane(&batch.tracker).busy = false;
        let done = match result {
            Ok(reply) => self.answered(batch, reply, now),
            Err(failure) if batch.events() > 1 => {
                self.state.metrics.call_failed(&batch.tracker, &failure.reason);
                self.put_back(batch);
                let lane = self.lanes.get_mut(&batch.tracker).expect("it was asked for just now");
                lane.split(now, batch.events(), &failure.reason, &mut self.rng);
                Ok(())
            }
            Err(failure) => {
                let written = self.write(batch, &BTreeMap::new(), &Attempt::failed(&failure.reason), now);
                self.lane_failed(&batch.tracker, &failure.reason, None, now);
                written
            }
        };
        let done = done.and_then(|()| self.commit_ready(now));
        self.guarded(now, done)
    }

    /// Events of a call that came to nothing wait again where they did, at the front.
    fn put_back(&mut self, batch: &DeliverBatch) {
        for item in batch.items.iter().rev() {
            let Some((wave, payload)) = item.wave.filter(|(wave, _)| self.waves.get(*wave).is_some()) else {
                continue;
            };
            let mut again = crate::wave::Fresh { wave, payload, events: item.events.clone() };
            self.waves.leave_out_erased(&batch.tracker, &mut again);
            if again.events.is_empty() {
                continue;
            }
            let queue = self.waves.fresh.entry(batch.tracker.clone()).or_default();
            match queue.front_mut() {
                Some(front) if front.wave == wave && front.payload == payload => {
                    front.events.splice(0..0, again.events);
                }
                _ => queue.push_front(again),
            }
        }
    }

    fn answered(&mut self, batch: &DeliverBatch, reply: DeliverReply, now: Millis) -> Result<(), SqlError> {
        self.state.metrics.name_policy(&reply.policy);
        let (mut settled, mut reason, mut after) = (0, None, None);
        let mut answers = Answers::new();
        for outcome in reply.outcomes {
            match &outcome.outcome {
                Outcome::Retry { reason: because, after: asked } if because != POLICY_CHANGED => {
                    after = after.max(*asked);
                    // Wrong settings outweigh whatever else went wrong.
                    if reason.as_deref() != Some("misconfigured") {
                        reason = Some(because.clone());
                    }
                }
                Outcome::Delivered | Outcome::Rejected { .. } => settled += 1,
                _ => {}
            }
            let attempt = Attempt {
                outcome: outcome.outcome,
                status: outcome.status,
                policy: Some(reply.policy.clone()),
                changes: outcome.changes,
                named: outcome.named,
                at: Some(now),
            };
            answers.insert((outcome.payload, outcome.idx), attempt);
        }
        let after = after.map(asked_for);
        let written = self.write(batch, &answers, &Attempt::failed("no_outcome"), now);
        let written = written.and_then(|()| self.log_calls(batch, reply.calls, now));
        match reason {
            Some(reason) if settled == 0 => self.lane_failed(&batch.tracker, &reason, after, now),
            // The vendor was not asked, so that nothing is known of it.
            None if settled == 0 => {}
            _ => {
                let lane = self.lane(&batch.tracker);
                lane.succeeded();
                if lane.owed_at.is_none() {
                    lane.caught_up();
                }
                lane.not_before = Millis(now.0 + after.unwrap_or(0));
            }
        }
        written
    }

    fn lane_failed(&mut self, tracker: &str, reason: &str, after: Option<i64>, now: Millis) {
        let lane = self.lanes.get_mut(tracker).expect("it was asked for just now");
        lane.failed(now, reason, after, &self.settings, &mut self.rng);
        if !lane.takes_fresh() {
            self.waves.give_up(tracker);
        }
    }

    /// Notes every attempt: in its wave, or, where that is written down, in the database.
    fn write(
        &mut self,
        batch: &DeliverBatch,
        answers: &Answers,
        missing: &Attempt,
        now: Millis,
    ) -> Result<(), SqlError> {
        let mut written = Vec::new();
        for item in &batch.items {
            match item.wave.filter(|(wave, _)| self.waves.get(*wave).is_some()) {
                Some((wave, place)) => {
                    for idx in &item.events {
                        let attempt = answers.get(&(item.payload.clone(), *idx)).unwrap_or(missing).clone();
                        self.waves.tried(wave, place, *idx, &batch.tracker, attempt);
                    }
                }
                None => written.push(item),
            }
        }
        if written.is_empty() { Ok(()) } else { self.write_owed(batch, &written, answers, missing, now) }
    }

    fn write_owed(
        &mut self,
        batch: &DeliverBatch,
        items: &[&Item],
        answers: &Answers,
        missing: &Attempt,
        now: Millis,
    ) -> Result<(), SqlError> {
        let seqs: Vec<i64> = items.iter().map(|item| item.seq).collect();
        let rows = owed::of(&self.db, &batch.tracker, &batch.run, &seqs)?;
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        for row in rows {
            let Some(item) = items.iter().find(|item| item.seq == row.seq) else { continue };
            let of = Of { seq: row.seq, payload: &item.payload, received_at: item.at, run: &batch.run };
            let owing = Owing { tracker: &batch.tracker, attempts: row.attempts, since: row.since };
            for event in row.events {
                if item.events.contains(&event.0) {
                    let attempt = answers.get(&(item.payload.clone(), event.0)).unwrap_or(missing);
                    account.attempted(of, event, &owing, attempt, &mut self.rng)?;
                } else {
                    account.owe(of, event, &batch.tracker, row.attempts, row.since, row.next_at);
                }
            }
        }
        let mut next = self.after(&account);
        let (bytes, seqs_json) = (next.bytes, json(&seqs)?);
        self.db.transaction(&mut || {
            owed::delete(&self.db, &batch.tracker, &batch.run, &seqs)?;
            account.write(&self.db)?;
            next.bytes = bytes - self.finish(&next, &seqs_json)?;
            next.save(&self.db)
        })?;
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        self.look_up_owed(&batch.tracker, now);
        Ok(())
    }
}

struct Body {
    id: String,
    at: Millis,
    body: Box<RawValue>,
    trace: Option<Traceparent>,
}
