//! Payloads on their way back to their shards.

use super::spool::{Payload, Spool, Which};
use crate::console::{Console, ConsoleError};
use crate::source::{Param, Source, SourceError};
use indicatif::ProgressBar;
use outbox::admin::{BackfillPayload, BackfillReply, BackfillRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use warehouse::{bigquery, d1};

/// Most payloads of a request, and most bytes of their bodies and contexts.
const MAX_PAYLOADS: usize = 500;
const MAX_BYTES: usize = 2_000_000;

/// Payloads that D1 is asked for at once.
const D1_CHUNK: usize = 500;

/// The same in BigQuery, which reads the whole day for each question.
const BIGQUERY_CHUNK: usize = 50_000;

/// Pause before a shard is asked again that has too much waiting.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// A shard's backlog up to which the next payloads follow at once. It refuses them past 2,000.
const ROOM: i64 = 1000;

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
    /// Their payloads are not in `raw` any more, or do not say which shard they were in.
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
    pub handed: Handed,
}

/// Payloads for a shard.
#[derive(Default)]
pub struct Batch {
    payloads: Vec<BackfillPayload>,
    bytes: usize,
}

/// What of a context is needed here.
#[derive(Deserialize)]
struct Context {
    shard: Option<u32>,
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
        let Some((shard, payload)) = context.and_then(|context| context.shard).zip(handed(payload)) else {
            return self.missing(day, which);
        };
        let batch = self.waiting.entry(shard).or_default();
        batch.bytes += payload.data.len() + payload.context.len();
        batch.payloads.push(payload);
        if batch.payloads.len() >= MAX_PAYLOADS || batch.bytes >= MAX_BYTES {
            let batch = std::mem::take(batch);
            self.hand(shard, batch, started).await?;
        }
        Ok(())
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
        let events: usize = batch.payloads.iter().map(|payload| payload.events.len()).sum();
        let request = BackfillRequest {
            run: self.run.to_owned(),
            tracker: self.tracker.to_owned(),
            payloads: batch.payloads,
        };
        let path = format!("/api/backfill?shard={shard}");
        loop {
            let reply: BackfillReply = self.ask(&path, &request).await?;
            self.bar.set_message(trouble(&reply));
            if reply.full {
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
        _ => String::new(),
    }
}

fn handed(payload: Payload) -> Option<BackfillPayload> {
    let Payload { id, received_at, data, context, events } = payload;
    Some(BackfillPayload { id, received_at: super::millis(&received_at)?, data, context, events })
}

/// Fetches payloads into the spool.
async fn stage(source: &mut Source, spool: &Spool, day: &str, which: &[Which]) -> Result<(), SendError> {
    let ids: Vec<String> = which.iter().map(|(id, _)| id.clone()).collect();
    let sql =
        source.dataset().map_or_else(|| d1::backfill::PAYLOADS.to_owned(), bigquery::backfill::payloads);
    spool.begin()?;
    source
        .each(&sql, &[Param::Texts(&ids), Param::Day(day)], |row| {
            let text = |place: usize| row.get(place).and_then(Value::as_str).ok_or(SendError::Row);
            Ok::<_, SendError>(spool.stage(text(0)?, text(1)?, text(2)?, text(3)?)?)
        })
        .await?;
    Ok(spool.commit()?)
}
