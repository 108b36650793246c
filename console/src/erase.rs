//! Erasing a person's events from the Outbox, which `sparrow forget` does: Console passes on what it finds, and what is to be
//! erased. Neither is logged.

use crate::failure::{Failure, refuse};
use crate::shards::{Failed, Outbox, each, report};
use outbox::admin::{
    BEFORE_ALL, EraseFindReply, EraseFindRequest, EraseReply, EraseRequest, ErasedEvents, KeptPayload,
    RewrittenPayload,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use worker::Response;

/// Longest body of `POST /api/erase` that is read, in bytes: what was found by one question, without what is erased, and written
/// with more escapes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// `POST /api/erase/find`: payloads in which an id may stand, page by page, shard after shard. A shard that fails is a
/// failure of the whole: nobody may think that it has nothing.
pub async fn find(outbox: Outbox<'_>, body: &[u8]) -> Result<Response, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Question {
        ids: Vec<String>,
        cursor: Option<(u32, i64)>,
    }
    #[derive(Serialize)]
    struct Answer {
        shard: u32,
        payloads: Vec<KeptPayload>,
        unreadable: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<(u32, i64)>,
    }
    let Question { ids, cursor } = read(body)?;
    let (shard, after) = cursor.unwrap_or((0, BEFORE_ALL));
    if ids.iter().any(String::is_empty) {
        return Err(vec!["ids must not be empty".to_owned()].into());
    }
    let mut shards = outbox.list().await?.shards.into_iter().filter(|&known| known >= shard);
    let Some(asked) = shards.next() else {
        return Ok(Response::from_json(&Answer {
            shard,
            payloads: vec![],
            unreadable: vec![],
            cursor: None,
        })?);
    };
    let after = if asked == shard { after } else { BEFORE_ALL };
    let request = EraseFindRequest { ids, after };
    match outbox.post::<EraseFindReply>(asked, "/erase/find", &request).await {
        Ok(EraseFindReply { payloads, unreadable, after }) => {
            let cursor = after.map(|after| (asked, after)).or_else(|| Some((shards.next()?, BEFORE_ALL)));
            Ok(Response::from_json(&Answer { shard: asked, payloads, unreadable, cursor })?)
        }
        Err(error) => {
            let Failed { shard, error } = report(asked, &error);
            Ok(refuse(502, &format!("shard {shard}: {error}"))?)
        }
    }
}

/// A payload, and the shard that keeps it.
#[derive(Deserialize)]
struct Placed {
    shard: u32,
    #[serde(flatten)]
    payload: RewrittenPayload,
}

/// `POST /api/erase`: takes events out of every shard. Each is told of all of them, since a copy may come to any.
pub async fn erase(outbox: Outbox<'_>, body: &[u8]) -> Result<Response, Failure> {
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[derive(Default)]
    struct Command {
        subjects: Vec<String>,
        events: Vec<ErasedEvents>,
        payloads: Vec<Placed>,
    }
    #[derive(Serialize)]
    struct Answer {
        #[serde(flatten)]
        sum: EraseReply,
        failed: Vec<Failed>,
    }
    let Command { subjects, events, payloads } = read(body)?;
    let known = outbox.list().await?.shards;
    let mut by_shard: BTreeMap<u32, Vec<RewrittenPayload>> = BTreeMap::new();
    for Placed { shard, payload } in payloads {
        by_shard.entry(shard).or_default().push(payload);
    }
    edge::log::info("erase", json!({"shards": known.len()}));
    let request = |shard: u32| EraseRequest {
        // A person has one name in all receipts: the one that shard 0 gives.
        subjects: if shard == 0 { subjects.clone() } else { Vec::new() },
        events: events.clone(),
        payloads: by_shard.get(&shard).cloned().unwrap_or_default(),
    };
    let mut sum = EraseReply::default();
    // Shard 0 names subjects whether it was ever used or not.
    let mut all = known;
    if !all.contains(&0) {
        all.insert(0, 0);
    }
    let ask = |shard| {
        let request = request(shard);
        async move { outbox.post::<EraseReply>(shard, "/erase", &request).await }
    };
    let failed = each(&all, ask, |_, reply| sum.add(reply)).await;
    let status = if failed.is_empty() { 200 } else { 502 };
    Ok(Response::from_json(&Answer { sum, failed })?.with_status(status))
}

/// Reads a body. What is wrong with it is told without its values.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        vec![format!(
            "the body is not what this release takes (line {line}, column {column}); use its command"
        )]
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_wrong_is_told_without_its_values() {
        let Err(Failure::Faults(faults)) = read::<EraseRequest>(br#"{"subjects": "ada"}"#) else {
            panic!("it was taken");
        };
        assert!(faults.len() == 1 && !faults[0].contains("ada"), "{faults:?}");
    }
}
