//! The first phase: sends the payloads and writes down what was heard of each.

use super::answer::{Answer, pause};
use super::pace::{End, Pace, due};
use super::sent::Sent;
use super::workload::{Payload, Workload};
use crate::clock;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

/// Most requests that are open at once. Each needs a connection, and a process often has 1,024 at most.
const MAX_OPEN: usize = 900;

/// How a payload without an answer is called among the statuses.
pub const NO_ANSWER: &str = "no answer";

/// What is to be sent where, and how.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// Makes the requests.
    pub client: reqwest::Client,
    /// The ingest path.
    pub url: Url,
    /// The write key.
    pub key: String,
    /// What is sent.
    pub workload: Workload,
    /// How long after its first attempt a payload may be sent again.
    pub retry: Duration,
}

impl Publisher {
    /// Sends everything; the result is in the order of the payloads' numbers.
    ///
    /// # Errors
    /// Where a sender panicked.
    pub async fn publish(self, pace: Pace, end: End) -> Result<Vec<Sent>, JoinError> {
        let sender = Rc::new(Sender { publisher: self, open: Semaphore::new(MAX_OPEN) });
        LocalSet::new()
            .run_until(async move {
                match pace {
                    Pace::Rate(rate) => sender.paced(rate, end).await,
                    Pace::Connections(strands) => sender.closed(strands, end).await,
                }
            })
            .await
    }
}

struct Sender {
    publisher: Publisher,
    open: Semaphore,
}

impl Sender {
    async fn paced(self: Rc<Self>, rate: f64, end: End) -> Result<Vec<Sent>, JoinError> {
        let start = Instant::now();
        let mut open = JoinSet::new();
        let mut sent = Vec::new();
        for number in 0.. {
            let at = due(rate, number);
            if !end.admits(number, at) {
                break;
            }
            sleep_until(start + at).await;
            let sender = Rc::clone(&self);
            open.spawn_local(async move { (number, sender.send(number).await) });
            while let Some(done) = open.try_join_next() {
                sent.push(done?);
            }
        }
        while let Some(done) = open.join_next().await {
            sent.push(done?);
        }
        Ok(in_order(sent))
    }

    async fn closed(self: Rc<Self>, strands: u32, end: End) -> Result<Vec<Sent>, JoinError> {
        let start = Instant::now();
        let next = Rc::new(Cell::new(0));
        let mut open = JoinSet::new();
        for _ in 0..strands {
            let (sender, next) = (Rc::clone(&self), Rc::clone(&next));
            open.spawn_local(async move {
                let mut sent = Vec::new();
                loop {
                    let number = next.get();
                    if !end.admits(number, start.elapsed()) {
                        return sent;
                    }
                    next.set(number + 1);
                    sent.push((number, sender.send(number).await));
                }
            });
        }
        let mut sent = Vec::new();
        while let Some(done) = open.join_next().await {
            sent.extend(done?);
        }
        Ok(in_order(sent))
    }

    /// Sends one payload until it is stored, refused, or its time is up.
    async fn send(&self, number: u64) -> Sent {
        let payload = self.publisher.workload.payload(number);
        let mut refused = BTreeMap::new();
        let start = Instant::now();
        let mut sent = Sent {
            sha256: hex::encode(Sha256::digest(&payload.body)),
            acked: false,
            attempts: 0,
            first_at: clock::now().0,
            last_at: 0,
            latency_us: None,
            refused: BTreeMap::new(),
            id: payload.id.clone(),
            events: payload.events.clone(),
        };
        loop {
            // Never closed, so it is always granted.
            let permit = self.open.acquire().await;
            sent.attempts += 1;
            sent.last_at = clock::now().0;
            let began = Instant::now();
            let (status, retry_after) = self.attempt(&payload, sent.last_at).await;
            drop(permit);
            let answer = Answer::of(status, retry_after.as_deref());
            if answer == Answer::Stored {
                sent.acked = true;
                sent.latency_us = u64::try_from(began.elapsed().as_micros()).ok();
                break;
            }
            let name = status.map_or_else(|| NO_ANSWER.to_owned(), |status| status.to_string());
            *refused.entry(name).or_default() += 1;
            let Answer::Later { asked } = answer else { break };
            let wait = pause(asked, sent.attempts, self.publisher.workload.chance(number, sent.attempts));
            if start.elapsed() + wait > self.publisher.retry {
                break;
            }
            sleep(wait).await;
        }
        Sent { refused, ..sent }
    }

    /// The status and `Retry-After`; no status where the answer did not come, or not whole.
    async fn attempt(&self, payload: &Payload, now: i64) -> (Option<u16>, Option<String>) {
        let mut url = self.publisher.url.clone();
        url.query_pairs_mut()
            .append_pair("key", &self.publisher.key)
            .append_pair("id", &payload.id)
            .append_pair("k", &payload.k)
            .append_pair("sentAt", &now.to_string());
        let request = self.publisher.client.post(url).body(payload.body.clone());
        let Ok(response) = request.send().await else { return (None, None) };
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        match response.bytes().await {
            Ok(_) => (Some(status), retry_after),
            Err(_) => (None, None),
        }
    }
}

fn in_order(mut sent: Vec<(u64, Sent)>) -> Vec<Sent> {
    sent.sort_unstable_by_key(|(number, _)| *number);
    sent.into_iter().map(|(_, sent)| sent).collect()
}
