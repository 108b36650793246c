//! `POST /api/backfill?shard=3`: payloads of the warehouse go back to their shard, for one tracker. The body is
//! [`BackfillRequest`], the answer [`BackfillReply`] of that shard.

use crate::failure::Failure;
use crate::params::{self, Params};
use crate::shards::Outbox;
use outbox::admin::{BackfillReply, BackfillRequest};
use serde_json::{Map, Value, json};
use worker::Response;

/// Longest body, in bytes. A single payload can have 1 MiB, which as Base64 and as JSON in JSON becomes more.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// Most payloads of a request.
const MAX_PAYLOADS: usize = 1000;

/// Hands payloads over.
pub async fn backfill(outbox: Outbox<'_>, url: &str, body: &[u8]) -> Result<Response, Failure> {
    let (shard, request) = read(url, body)?;
    if !outbox.list().await?.shards.contains(&shard) {
        return Err(vec![format!("shard {shard} was never used")].into());
    }
    let reply: BackfillReply =
        outbox.post(shard, "/backfill", &request).await.map_err(|error| Failure::Shard { shard, error })?;
    let told = json!({
        "run": request.run, "tracker": request.tracker, "shard": shard, "taken": reply.taken, "full": reply.full
    });
    edge::log::info("backfill", told);
    Ok(Response::from_json(&reply)?)
}

fn read(url: &str, body: &[u8]) -> Result<(u32, BackfillRequest), Vec<String>> {
    let mut params = Params::of_url(url);
    if !params.has("shard") {
        params.fault("shard must be named".to_owned());
    }
    let shard = params.take("shard", "a shard's number", |text| text.parse().ok());
    let request = serde_json::from_slice::<BackfillRequest>(body).ok();
    match &request {
        None => params.fault(
            r#"the body must be JSON such as {"run": "backfill:x", "tracker": "ga4", "asOf": 1793534400000, "payloads": [{"id", "receivedAt", "data", "context", "events"}]}"#
                .to_owned(),
        ),
        Some(request) => {
            if !request.run.starts_with(event::account::BACKFILL) || params::run(&request.run).is_none() {
                params.fault("run must be backfill: and 1 to 64 of A–Z a–z 0–9 _ -".to_owned());
            }
            if !params::is_name(&request.tracker) {
                params.fault("tracker must be a tracker's name such as ga4".to_owned());
            }
            if request.payloads.len() > MAX_PAYLOADS {
                params.fault(format!("payloads must be {MAX_PAYLOADS} at most"));
            }
            if request.payloads.iter().any(|payload| serde_json::from_str::<Map<String, Value>>(&payload.context).is_err())
            {
                params.fault("context must be that of raw, as a text".to_owned());
            }
        }
    }
    params.finish()?;
    shard.zip(request).ok_or_else(Vec::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(run: &str, tracker: &str, context: &str) -> Vec<u8> {
        let payload = json!({"id": "p", "receivedAt": 1, "data": "{}", "context": context, "events": [0]});
        json!({"run": run, "tracker": tracker, "asOf": 1, "payloads": [payload]}).to_string().into_bytes()
    }

    #[test]
    fn what_is_handed_over_names_its_shard_run_and_tracker() {
        let (shard, request) =
            read("https://c/api/backfill?shard=3", &body("backfill:x", "ga4", "{}")).unwrap();
        assert_eq!((shard, request.payloads[0].id.as_str()), (3, "p"));
        for (url, body, faults) in [
            ("https://c/api/backfill", body("backfill:x", "ga4", "{}"), 1),
            ("https://c/api/backfill?shard=x", body("live", "(open)", "{}"), 3),
            ("https://c/api/backfill?shard=0", body("replay:x", "ga4", "[]"), 2),
            ("https://c/api/backfill?shard=0&tracker=ga4", b"[]".to_vec(), 2),
        ] {
            let found = read(url, &body).unwrap_err();
            assert_eq!(found.len(), faults, "{found:?}");
        }
    }
}
