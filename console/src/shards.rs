//! Asking shards of the Outbox, which are Durable Objects of Dispatcher's Worker.

use edge::body::{self, BodyError};
use edge::problem::Problem;
use edge::shard::ShardSettings;
use futures_util::{StreamExt, stream};
use outbox::admin::Shards;
use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::{AbortSignal, RequestInit};
use worker::{Env, Request};

/// How long a shard may take for an answer, in seconds. One that is busy with a batch takes well under one.
const DEADLINE_SECONDS: u32 = 10;

/// Shards that are asked at once: the runtime queues a seventh connection.
const MAX_OPEN: usize = 6;

/// Longest answer that is read: six at once are 48 MiB of an isolate's 128, and 8 MiB are some 50,000 lines of
/// a ledger.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Why a shard did not answer as asked. A command may have been carried out all the same.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The deadline passed.
    #[error("no answer within {0} s; ask again")]
    Timeout(u32),
    /// The call failed. The runtime's own words are not passed on, since they may repeat the shard's.
    #[error("cannot be reached; Dispatcher's log says why")]
    Unreachable,
    /// It answered with this status.
    #[error("answered {0}; Dispatcher's log says why")]
    Status(u16),
    /// It said too much.
    #[error("its answer is longer than {} MiB; ask for less at once", MAX_ANSWER >> 20)]
    TooLong,
    /// It answered something else.
    #[error("its answer is not the JSON expected; deploy Console and Dispatcher of one release")]
    Unreadable,
}

/// A shard that failed, as answers list it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Failed {
    /// Which.
    pub shard: u32,
    /// Why, and what to do.
    pub error: String,
}

/// When it is too late for an answer.
pub struct Deadline {
    signal: AbortSignal,
    seconds: u32,
}

impl Deadline {
    /// So many seconds from now.
    pub fn new(seconds: u32) -> Self {
        Self { signal: AbortSignal::timeout_with_u32(seconds * 1000), seconds }
    }
}

/// The way to the shards.
#[derive(Clone, Copy)]
pub struct Outbox<'a> {
    env: &'a Env,
    settings: &'a ShardSettings,
    deadline: Option<&'a Deadline>,
}

impl<'a> Outbox<'a> {
    /// The shards of this environment.
    pub fn new(env: &'a Env, settings: &'a ShardSettings) -> Self {
        Self { env, settings, deadline: None }
    }

    /// The same with one deadline for all that is asked, in place of one for each call.
    pub fn until(self, deadline: &'a Deadline) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Every shard that was ever used, and the trackers that are paused.
    ///
    /// # Errors
    /// [`ShardError`] of shard 0.
    pub async fn list(self) -> Result<Shards, ShardError> {
        self.get(0, "/shards").await
    }

    /// What a shard answers to `GET`.
    ///
    /// # Errors
    /// [`ShardError`]
    pub async fn get<T: DeserializeOwned>(self, shard: u32, path: &str) -> Result<T, ShardError> {
        read(&self.send(shard, "GET", path, None).await?)
    }

    /// What a shard answers to `POST`.
    ///
    /// # Errors
    /// [`ShardError`]
    pub async fn post<T: DeserializeOwned>(
        self,
        shard: u32,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ShardError> {
        read(&self.tell(shard, path, body).await?)
    }

    /// The same where the answer says nothing.
    ///
    /// # Errors
    /// [`ShardError`]
    pub async fn tell(self, shard: u32, path: &str, body: &impl Serialize) -> Result<Vec<u8>, ShardError> {
        let body = serde_json::to_string(body).map_err(|_| ShardError::Unreadable)?;
        self.send(shard, "POST", path, Some(body)).await
    }

    async fn send(
        self,
        shard: u32,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Vec<u8>, ShardError> {
        let own;
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            None => {
                own = Deadline::new(DEADLINE_SECONDS);
                &own
            }
        };
        let exchange = self.exchange(shard, method, path, body, &deadline.signal).await;
        exchange.map_err(|error| match error {
            ShardError::Unreachable if deadline.signal.aborted() => ShardError::Timeout(deadline.seconds),
            error => error,
        })
    }

    async fn exchange(
        self,
        shard: u32,
        method: &str,
        path: &str,
        body: Option<String>,
        deadline: &AbortSignal,
    ) -> Result<Vec<u8>, ShardError> {
        let init = RequestInit::new();
        init.set_method(method);
        init.set_signal(Some(deadline));
        if let Some(body) = body {
            init.set_body(&body.into());
        }
        // The host is not looked up: the stub leads to the shard whatever it says.
        let request = web_sys::Request::new_with_str_and_init(&format!("https://outbox{path}"), &init)
            .map_err(|_| ShardError::Unreachable)?;
        let stub = edge::shard::stub(self.env, self.settings, shard).map_err(|_| ShardError::Unreachable)?;
        let mut response =
            stub.fetch_with_request(Request::from(request)).await.map_err(|_| ShardError::Unreachable)?;
        let status = response.status_code();
        if !(200..300).contains(&status) {
            return Err(ShardError::Status(status));
        }
        let Ok(stream) = response.stream() else { return Ok(Vec::new()) };
        body::read(stream, MAX_ANSWER).await.map_err(|error| match error {
            BodyError::TooLong(_) => ShardError::TooLong,
            BodyError::Broken(_) => ShardError::Unreachable,
        })
    }
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, ShardError> {
    serde_json::from_slice(answer).map_err(|_| ShardError::Unreadable)
}

/// Asks shards side by side and hands every answer to `take` as it comes. Those that failed are returned in order.
pub async fn each<T, A>(shards: &[u32], ask: impl Fn(u32) -> A, mut take: impl FnMut(u32, T)) -> Vec<Failed>
where
    A: Future<Output = Result<T, ShardError>>,
{
    let asked = shards.iter().map(|&shard| {
        let answer = ask(shard);
        async move { (shard, answer.await) }
    });
    let mut failed = Vec::new();
    let mut answers = stream::iter(asked).buffer_unordered(MAX_OPEN);
    while let Some((shard, answer)) = answers.next().await {
        match answer {
            Ok(answer) => take(shard, answer),
            Err(error) => failed.push(report(shard, &error)),
        }
    }
    failed.sort();
    failed
}

/// Logs that a shard failed.
pub fn report(shard: u32, error: &ShardError) -> Failed {
    let failed = Failed { shard, error: error.to_string() };
    Problem::new("shard_failed").by("shard", shard).caused_by(error).tell();
    failed
}
