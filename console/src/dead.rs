//! `GET /api/dead`: what was given up, page by page, shard after shard.

use crate::failure::Failure;
use crate::params::Params;
use crate::shards::{Failed, Outbox, report};
use outbox::admin::{DeadEvent, DeadFilter, DeadLetter, DeadReply, DeadRequest};
use serde::Serialize;
use std::fmt;
use worker::Response;

/// Letters on a page, unless the request says how many.
const DEFAULT_LIMIT: u32 = 100;

/// Most letters on a page: what a shard hands out at once.
const MAX_LIMIT: u32 = 1000;

/// The place after which a page starts. Opaque to whoever asks: the next release may place otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cursor {
    shard: u32,
    after: i64,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        let (shard, after) = text.split_once('-')?;
        let cursor = Self { shard: shard.parse().ok()?, after: after.parse().ok()? };
        (cursor.to_string() == text && cursor.after >= 0).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shard, self.after)
    }
}

/// What is asked for.
#[derive(Debug)]
struct Page {
    filter: DeadFilter,
    limit: u32,
    cursor: Cursor,
}

impl Page {
    fn read(mut params: Params) -> Result<Self, Vec<String>> {
        let filter = params.dead_filter();
        let limit = params.take("limit", "a whole number from 1 to 1000", |text| {
            text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
        });
        let cursor = params.take("cursor", "the cursor of the page before", Cursor::read);
        let page = Self { filter, limit: limit.unwrap_or(DEFAULT_LIMIT), cursor: cursor.unwrap_or_default() };
        params.finish().map(|()| page)
    }
}

/// A dead letter, as the answer lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    shard: u32,
    number: i64,
    tracker: String,
    payload_id: String,
    received_at: String,
    dead_at: String,
    reason: String,
    attempts: u32,
    run: String,
    events: Vec<DeadEvent>,
}

impl Letter {
    fn new(shard: u32, letter: DeadLetter) -> Self {
        Self {
            shard,
            number: letter.number,
            tracker: letter.tracker,
            payload_id: letter.payload_id,
            received_at: letter.received_at.to_string(),
            dead_at: letter.dead_at.to_string(),
            reason: letter.reason,
            attempts: letter.attempts,
            run: letter.run,
            events: letter.events,
        }
    }
}

/// Answers with a page; `cursor` is there where another may follow.
pub async fn list(outbox: Outbox<'_>, params: Params) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        letters: Vec<Letter>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        failed: Vec<Failed>,
    }
    let page = Page::read(params)?;
    let known = outbox.list().await?.shards;
    let mut answer = Answer { letters: Vec::new(), cursor: None, failed: Vec::new() };
    let mut room = page.limit;
    // One after the other: side by side, each would hand out a whole page of which one is kept.
    let mut shards = known.into_iter().filter(|&shard| shard >= page.cursor.shard).peekable();
    while let Some(shard) = shards.next() {
        let after = if shard == page.cursor.shard { page.cursor.after } else { 0 };
        let request = DeadRequest { filter: page.filter.clone(), after, limit: room };
        match outbox.post::<DeadReply>(shard, "/dead", &request).await {
            Ok(reply) => {
                let last = reply.letters.last().map_or(after, |letter| letter.number);
                room = room.saturating_sub(u32::try_from(reply.letters.len()).unwrap_or(u32::MAX));
                answer.letters.extend(reply.letters.into_iter().map(|letter| Letter::new(shard, letter)));
                if reply.more || (room == 0 && shards.peek().is_some()) {
                    answer.cursor = Some(Cursor { shard, after: last }.to_string());
                    break;
                }
            }
            Err(error) => answer.failed.push(report(shard, &error)),
        }
    }
    Ok(Response::from_json(&answer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_no_other_text_is_one() {
        let cursor = Cursor { shard: 12, after: 345 };
        assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        for bad in ["", "12", "12-", "-1", "012-1", "1-+1", "1--1", "1-2-3", "99999999999-1"] {
            assert_eq!(Cursor::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_is_bounded() {
        let limit = |query: &str| Page::read(Params::of_url(query)).map(|page| page.limit).ok();
        assert_eq!(limit("?"), Some(100));
        assert_eq!(limit("?limit=1000"), Some(1000));
        for bad in ["?limit=0", "?limit=1001", "?limit=-1", "?limit=all"] {
            assert_eq!(limit(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let faults = Page::read(Params::of_url("?tracker=*&from=x&limit=x&cursor=x&page=2")).unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:?}");
    }
}
