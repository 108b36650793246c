//! `GET /metrics`: what all shards have counted, for Prometheus.

use crate::exposition::Format;
use crate::failure::Failure;
use crate::scrape::Scrape;
use crate::shards::{Deadline, Outbox, each};
use outbox::admin::ShardMetrics;
use worker::Response;

/// How long all shards together may take, in seconds: Prometheus gives up after 10, and with the answer of one shard
/// all would be lost.
const DEADLINE_SECONDS: u32 = 8;

/// Answers in the format that is asked for. Shards that fail are counted and otherwise absent: their series have a
/// gap, while a sum over shards would step back, which Prometheus takes for a counter's new beginning.
pub async fn metrics(outbox: Outbox<'_>, accept: Option<&str>) -> Result<Response, Failure> {
    let deadline = Deadline::new(DEADLINE_SECONDS);
    let outbox = outbox.until(&deadline);
    let known = outbox.list().await?.shards;
    let mut scrape = Scrape::of(known.len());
    each(
        &known,
        |shard| outbox.get::<ShardMetrics>(shard, "/metrics"),
        |shard, metrics| scrape.add(shard, metrics),
    )
    .await;
    let format = Format::accepted(accept);
    let response = Response::ok(scrape.write(format))?;
    response.headers().set("content-type", format.content_type())?;
    Ok(response)
}
