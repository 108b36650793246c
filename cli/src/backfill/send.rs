//! Payloads on their way back to their shards.

use super::spool::{Payload, Spool, Which};
use crate::console::{Console, ConsoleError};
use crate::source::{Param, Source, SourceError};
use event::{Context, Millis};
use indicatif::ProgressBar;
use outbox::admin::{BackfillPayload, BackfillReply, BackfillRequest};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use warehouse::{bigquery, d1};

/// Most payloads of a request, most of their events, and most bytes as JSON. A single payload may be more: a body of 1 MiB can be
/// six times as long as JSON, and Console takes 8 MiB.
const MAX_PAYLOADS: usize = 500;
const MAX_EVENTS: usize = 5000;
const MAX_BYTES: usize = 1_500_000;

/// Payloads that D1 is asked for at once.
const D1_CHUNK: usize = 500;

/// The same in BigQuery, which reads the whole day for each question.
const BIGQUERY_CHUNK: usize = 50_000;

/// Pause before a shard is asked again that has too much waiting.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// A shard's backlog up to which the next payloads follow at once. It refuses them past 2,000.
const ROOM: i64 = 1000;

/// So long nothing may be taken: a tracker that does not work is waited for, but not for ever.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How often Console is asked again, and the pause before the first time; each further one is twice as long.
const RETRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What became of the events that were to be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handed {
    /// Shards took them.
    pub taken: i64,
    /// They were handed over in this run before.
    pub known: i64,
    /// They are on their way as it is.
    pub pending: i64,
    /// They are of people who were forgotten.
    pub erased: i64,
    /// Dead letters that are none any more.
    pub letters: i64,
    /// Their payloads are not in `raw` any more, do not say which shard they were in, or are refused by Console.
    pub missing: i64,
}

/// Why it went no further. What was handed over stays so.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the events cannot be noted on this machine's disk: {0}")]
    Spool(#[from] rusqlite::Error),
    #[error("the tracker {0} takes nothing: {1}")]
    Stuck(String, String),
    #[error("the warehouse answered with another column than expected; run `sparrow warehouse migrate`")]
    Row,
}

/// Hands payloads over.
pub struct Sender<'a> {
    pub console: &'a Console,
    pub spool: &'a Spool,
    pub run: &'a str,
    pub tracker: &'a str,
    /// Events a second.
    pub rate: u32,
    pub bar: &'a ProgressBar,
    /// Payloads for each shard that are not handed over yet.
    pub waiting: BTreeMap<u32, Batch>,
    /// Whether what was delivered is sent as well.
    pub delivered: bool,
    pub handed: Handed,
    /// When it was found out what the tracker lacks.
    pub as_of: Millis,
    /// What was said last to be in the way.
    pub told: String,
}

/// Payloads for a shard.
#[derive(Default)]
pub struct Batch {
    payloads: Vec<BackfillPayload>,
    events: usize,
    bytes: usize,
}

impl Sender<'_> {
    /// Hands everything over that the spool says is to be sent.
    pub async fn send(&mut self, source: &mut Source) -> Result<(), SendError> {
        let started = Instant::now();
        for day in self.spool.days()? {
            let mut last = Which::default();
            loop {
                let chunk = if source.dataset().is_some() { BIGQUERY_CHUNK } else { D1_CHUNK };
                let next = self.spool.next(&day, &last, chunk)?;
                let Some(end) = next.last() else { break };
                last = end.clone();
                stage(source, self.spool, &day, &next).await?;
                for which in &next {
                    self.add(&day, which, started).await?;
                }
            }
        }
        for (shard, batch) in std::mem::take(&mut self.waiting) {
            self.hand(shard, batch, started).await?;
        }
        Ok(())
    }

    async fn add(&mut self, day: &str, which: &Which, started: Instant) -> Result<(), SendError> {
        let Some(payload) = self.spool.take(day, which)? else {
            return self.missing(day, which);
        };
        let context: Option<Context> = serde_json::from_str(&payload.context).ok();
        let Some((shard, context)) = context.and_then(|context| Some((context.shard?, context))) else {
            return self.missing(day, which);
        };
        let Some(received_at) = super::millis(&payload.received_at) else { return self.missing(day, which) };
        let Payload { id, data, context: text, mut events, unread, .. } = payload;
        let whole = event::Payload { id, received_at, data, context };
        if unread && let Some(places) = places(&whole) {
            let settled = self.spool.settled(which, self.delivered)?;
            events = (0..places).filter(|idx| !settled.contains(idx)).collect();
        }
        let size = json_len(&whole.data) + json_len(&text) + 8 * events.len();
        let batch = self.waiting.entry(shard).or_default();
        let is_full = batch.payloads.len() >= MAX_PAYLOADS
            || batch.events + events.len() > MAX_EVENTS
            || batch.bytes + size > MAX_BYTES;
        let full = if is_full { std::mem::take(batch) } else { Batch::default() };
        batch.events += events.len();
        batch.bytes += size;
        let event::Payload { id, data, .. } = whole;
        batch.payloads.push(BackfillPayload { id, received_at, data, context: text, events });
        self.hand(shard, full, started).await
    }

    fn missing(&mut self, day: &str, which: &Which) -> Result<(), SendError> {
        let sql = "SELECT count(*) FROM event WHERE day = ?1 AND payloadId = ?2 AND receivedAt = ?3 AND fate = 'send'";
        self.handed.missing += self.spool.count(sql, [day, &which.0, &which.1])?;
        Ok(())
    }

    async fn hand(&mut self, shard: u32, batch: Batch, started: Instant) -> Result<(), SendError> {
        if batch.payloads.is_empty() {
            return Ok(());
        }
        let events = batch.events;
        let request = BackfillRequest {
            run: self.run.to_owned(),
            tracker: self.tracker.to_owned(),
            as_of: self.as_of,
            payloads: batch.payloads,
        };
        let path = format!("/api/backfill?shard={shard}");
        let asked = Instant::now();
        loop {
            let reply = match self.ask(&path, &request).await {
                // One of them is wrong, or its shard is none: the others may go.
                Err(ConsoleError::Refused(400, said)) => {
                    self.bar.suspend(|| eprintln!("shard {shard}: {said}"));
                    self.handed.missing += i64::try_from(events).unwrap_or_default();
                    return Ok(());
                }
                reply => reply?,
            };
            self.tell(trouble(&reply));
            if reply.full {
                if asked.elapsed() > PATIENCE {
                    return Err(SendError::Stuck(self.tracker.to_owned(), self.told.clone()));
                }
                sleep(FULL_PAUSE).await;
                continue;
            }
            self.handed.taken += reply.taken;
            self.handed.known += reply.known;
            self.handed.pending += reply.pending;
            self.handed.erased += reply.erased;
            self.handed.letters += reply.letters;
            self.bar.inc(events as u64);
            let due = f64::from(u32::try_from(self.handed.taken).unwrap_or(u32::MAX)) / f64::from(self.rate);
            sleep_until(started + Duration::from_secs_f64(due)).await;
            // It sends about a thousand events a second: what is handed over now would only wait there.
            sleep(Duration::from_millis(u64::try_from(reply.backlog - ROOM).unwrap_or_default())).await;
            return Ok(());
        }
    }

    /// Says what is in the way, once, also where no terminal shows the bar.
    fn tell(&mut self, trouble: String) {
        if self.bar.is_hidden() && !trouble.is_empty() && trouble != self.told {
            eprintln!("{}: {trouble}", self.tracker);
        }
        self.bar.set_message(trouble.clone());
        self.told = trouble;
    }

    /// Asks again where that may help: a shard takes an event once, however often it is asked.
    async fn ask(&self, path: &str, request: &BackfillRequest) -> Result<BackfillReply, ConsoleError> {
        for retry in 0..RETRIES {
            match self.console.post(path, request).await {
                Err(error) if error.is_temporary() => sleep(FIRST_PAUSE * 2_u32.pow(retry)).await,
                done => return done,
            }
        }
        self.console.post(path, request).await
    }
}

/// What of a shard's answer people should know.
fn trouble(reply: &BackfillReply) -> String {
    match (reply.paused, reply.breaker.as_str(), &reply.reason) {
        (true, ..) => "the tracker is paused".to_owned(),
        (false, "open", reason) => {
            format!("the tracker does not work now ({})", reason.as_deref().unwrap_or("it failed"))
        }
        _ if reply.full => "too much waits in a shard".to_owned(),
        _ => String::new(),
    }
}

/// How many events a body holds that SQL cannot look into; nothing where that is no reason, or it cannot be opened.
fn places(payload: &event::Payload) -> Option<u32> {
    #[derive(Deserialize)]
    struct Batch {
        batch: Option<Vec<IgnoredAny>>,
    }
    if payload.context.encoding.is_none() && payload.context.content_encoding.is_none() {
        return None;
    }
    let body = allowlist::readable(payload)?;
    let Batch { batch } = serde_json::from_slice(&body).ok()?;
    let events = batch.map_or(1, |batch| batch.len()).min(event::wire::MAX_EVENTS);
    u32::try_from(events).ok()
}

/// Bytes of a text as JSON.
fn json_len(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        0..=0x1f => 6,
        _ => 1,
    });
    escapes.sum()
}

/// Fetches payloads into the spool: in halves where an answer would be too long.
async fn stage(source: &mut Source, spool: &Spool, day: &str, which: &[Which]) -> Result<(), SendError> {
    let sql =
        source.dataset().map_or_else(|| d1::backfill::PAYLOADS.to_owned(), bigquery::backfill::payloads);
    let mut parts = vec![which];
    while let Some(part) = parts.pop() {
        let ids: Vec<String> = part.iter().map(|(id, _)| id.clone()).collect();
        spool.begin()?;
        let staged = source
            .each(&sql, &[Param::Texts(&ids), Param::Day(day)], |row| {
                let text = |place: usize| row.get(place).and_then(Value::as_str).ok_or(SendError::Row);
                Ok::<_, SendError>(spool.stage(text(0)?, text(1)?, text(2)?, text(3)?)?)
            })
            .await;
        spool.commit()?;
        match staged {
            Err(SendError::Source(error)) if error.is_too_long() && part.len() > 1 => {
                let (one, other) = part.split_at(part.len() / 2);
                parts.extend([one, other]);
            }
            staged => drop(staged?),
        }
    }
    Ok(())
}
