//! What changes something: replay, pause and resume. Every command can be said again.

use crate::failure::Failure;
use crate::params::{self, Params};
use crate::shards::{Failed, Outbox, each};
use outbox::admin::{DeadFilter, PauseRequest, ReplayReply, ReplayRequest};
use serde::Serialize;
use serde_json::json;
use worker::Response;

/// `POST /api/dead/replay`: dead letters become pending again, under one run over all shards. What has been put
/// back is dead no longer, so that a second command finds only what the first did not reach.
pub async fn replay(outbox: Outbox<'_>, params: Params) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        run: String,
        #[serde(flatten)]
        put_back: ReplayReply,
        failed: Vec<Failed>,
    }
    let filter = replayed(params)?;
    let known = outbox.list().await?.shards;
    let id = event::id::new_payload_id(edge::clock::now(), edge::random::bytes()?);
    let request = ReplayRequest { run: format!("replay:{id}"), filter };
    edge::log::info("replay", json!(request));
    let mut put_back = ReplayReply::default();
    let failed = each(
        &known,
        |shard| outbox.post::<ReplayReply>(shard, "/replay", &request),
        |_, reply| {
            put_back.letters += reply.letters;
            put_back.events += reply.events;
        },
    )
    .await;
    let status = status(&failed);
    let run = request.run;
    Ok(Response::from_json(&Answer { run, put_back, failed })?.with_status(status))
}

/// Which letters; the tracker must be named, since vendors are charged and count by what they are sent.
fn replayed(mut params: Params) -> Result<DeadFilter, Vec<String>> {
    let is_named = params.has("tracker");
    let filter = params.dead_filter();
    if !is_named {
        params.fault("tracker must be named".to_owned());
    }
    params.finish().map(|()| filter)
}

/// `POST /api/trackers/{tracker}/pause` and `/resume`.
pub async fn pause(
    outbox: Outbox<'_>,
    mut params: Params,
    tracker: &str,
    paused: bool,
) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        #[serde(flatten)]
        request: PauseRequest,
        shards: Vec<u32>,
        failed: Vec<Failed>,
    }
    if !params::is_name(tracker) {
        params.fault("the path must name a tracker, such as ga4".to_owned());
    }
    params.finish()?;
    let request = PauseRequest { tracker: tracker.to_owned(), paused };
    edge::log::info(if paused { "pause" } else { "resume" }, json!({"tracker": tracker}));
    // Shard 0 first: it tells shards that are used for the first time from now on. Only then is the list of the
    // others complete.
    outbox.tell(0, "/pause", &request).await?;
    let mut others = outbox.list().await?.shards;
    others.retain(|&shard| shard != 0);
    let mut shards = vec![0];
    let failed =
        each(&others, |shard| outbox.tell(shard, "/pause", &request), |shard, _| shards.push(shard)).await;
    shards.sort_unstable();
    let status = status(&failed);
    Ok(Response::from_json(&Answer { request, shards, failed })?.with_status(status))
}

/// A command that not every shard carried out is not a success.
fn status(failed: &[Failed]) -> u16 {
    if failed.is_empty() { 200 } else { 502 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<DeadFilter, Vec<String>> {
        replayed(Params::of_body("https://c/api/dead/replay", body.as_bytes()))
    }

    #[test]
    fn a_replay_names_its_tracker() {
        assert_eq!(read(r#"{"tracker": "ga4"}"#).unwrap().tracker.as_deref(), Some("ga4"));
        assert_eq!(read(r#"{"event": "look"}"#).unwrap_err(), ["tracker must be named"]);
        assert_eq!(read(r#"{"tracker": ""}"#).unwrap_err().len(), 1);
    }

    #[test]
    fn a_replay_takes_nothing_from_the_query() {
        let faults = replayed(Params::of_body("?event=look", br#"{"tracker": "ga4"}"#)).unwrap_err();
        assert_eq!(faults, ["event belongs in the body"]);
    }
}
