//! How the lanes stand: `GET /api/shards` by shard, `GET /api/trackers` by lane.

use crate::failure::Failure;
use crate::shards::{Failed, Outbox, each};
use event::Millis;
use outbox::admin::{Counter, LaneStatus, ShardStatus};
use serde::Serialize;
use std::collections::BTreeMap;
use worker::Response;

/// A lane of one shard.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    lane: String,
    breaker: String,
    paused: bool,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    backlog: i64,
    /// How long ago the oldest payload that waits was received, by the shard's clock.
    oldest_pending_seconds: Option<i64>,
    dead: i64,
}

impl Lane {
    fn new(lane: LaneStatus, now: Millis) -> Self {
        Self {
            lane: lane.lane,
            breaker: lane.breaker,
            paused: lane.paused,
            failures: lane.failures,
            reason: lane.reason,
            next_attempt_at: lane.next_attempt_at.map(|at| at.to_string()),
            backlog: lane.backlog,
            oldest_pending_seconds: lane.oldest_pending.map(|at| (now.0 - at.0).max(0) / 1000),
            dead: lane.dead,
        }
    }
}

/// A shard, as `GET /api/shards` lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shard {
    shard: u32,
    now: String,
    full: bool,
    payloads: i64,
    bytes: i64,
    rows_written: i64,
    lanes: Vec<Lane>,
    ledger: Vec<Counter>,
}

impl From<ShardStatus> for Shard {
    fn from(status: ShardStatus) -> Self {
        Self {
            shard: status.shard,
            now: status.now.to_string(),
            full: status.full,
            payloads: status.payloads,
            bytes: status.bytes,
            rows_written: status.rows_written,
            lanes: status.lanes.into_iter().map(|lane| Lane::new(lane, status.now)).collect(),
            ledger: status.ledger,
        }
    }
}

/// `GET /api/shards`
pub async fn by_shard(outbox: Outbox<'_>) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        shards: Vec<Shard>,
        failed: Vec<Failed>,
    }
    let known = outbox.list().await?.shards;
    let mut shards = Vec::new();
    let failed = each(
        &known,
        |shard| outbox.get::<ShardStatus>(shard, "/status"),
        |_, status| shards.push(Shard::from(status)),
    )
    .await;
    shards.sort_by_key(|shard| shard.shard);
    Ok(Response::from_json(&Answer { shards, failed })?)
}

/// A lane over all shards, as `GET /api/trackers` lists it.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tracker {
    tracker: String,
    backlog: i64,
    oldest_pending_seconds: Option<i64>,
    dead: i64,
    paused: bool,
    shards: Vec<OnShard>,
}

#[derive(Debug, PartialEq, Serialize)]
struct OnShard {
    shard: u32,
    #[serde(flatten)]
    lane: Lane,
}

/// All lanes, by name.
#[derive(Default)]
struct Trackers(BTreeMap<String, Tracker>);

impl Trackers {
    /// A tracker that is paused is listed also where no shard has had an event for it.
    fn pause(&mut self, tracker: String) {
        self.of(tracker).paused = true;
    }

    fn add(&mut self, status: ShardStatus) {
        for lane in status.lanes {
            let tracker = self.of(lane.lane.clone());
            let lane = Lane::new(lane, status.now);
            tracker.backlog += lane.backlog;
            tracker.oldest_pending_seconds = tracker.oldest_pending_seconds.max(lane.oldest_pending_seconds);
            tracker.dead += lane.dead;
            tracker.paused |= lane.paused;
            tracker.shards.push(OnShard { shard: status.shard, lane });
        }
    }

    fn of(&mut self, tracker: String) -> &mut Tracker {
        self.0.entry(tracker.clone()).or_insert_with(|| Tracker { tracker, ..Tracker::default() })
    }

    fn list(self) -> Vec<Tracker> {
        let mut trackers: Vec<_> = self.0.into_values().collect();
        for tracker in &mut trackers {
            tracker.shards.sort_by_key(|on| on.shard);
        }
        trackers
    }
}

/// `GET /api/trackers`
pub async fn by_tracker(outbox: Outbox<'_>) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Answer {
        /// The shards' clock, the one that is furthest behind.
        #[serde(skip_serializing_if = "Option::is_none")]
        now: Option<Millis>,
        trackers: Vec<Tracker>,
        failed: Vec<Failed>,
    }
    let mut now: Option<Millis> = None;
    let known = outbox.list().await?;
    let mut trackers = Trackers::default();
    known.paused.into_iter().for_each(|tracker| trackers.pause(tracker));
    let failed = each(
        &known.shards,
        |shard| outbox.get::<ShardStatus>(shard, "/status"),
        |_, status| {
            now = Some(now.map_or(status.now, |now| now.min(status.now)));
            trackers.add(status);
        },
    )
    .await;
    Ok(Response::from_json(&Answer { now, trackers: trackers.list(), failed })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(shard: u32, lanes: Vec<LaneStatus>) -> ShardStatus {
        ShardStatus {
            shard,
            now: Millis(100_000),
            full: false,
            payloads: 0,
            bytes: 0,
            rows_written: 0,
            lanes,
            ledger: Vec::new(),
        }
    }

    fn lane(lane: &str, backlog: i64, oldest_pending: Option<i64>) -> LaneStatus {
        LaneStatus {
            lane: lane.into(),
            breaker: "closed".into(),
            paused: false,
            failures: 0,
            reason: None,
            next_attempt_at: None,
            backlog,
            oldest_pending: oldest_pending.map(Millis),
            dead: 1,
        }
    }

    #[test]
    fn a_tracker_is_as_late_as_its_latest_shard_and_its_backlog_is_that_of_all() {
        let mut trackers = Trackers::default();
        trackers.add(status(2, vec![lane("ga4", 3, Some(99_000)), lane("heap", 0, None)]));
        trackers.add(status(0, vec![lane("ga4", 4, Some(40_000))]));
        let trackers = trackers.list();
        let ga4 = &trackers[0];
        assert_eq!((ga4.tracker.as_str(), ga4.backlog, ga4.dead), ("ga4", 7, 2));
        assert_eq!(ga4.oldest_pending_seconds, Some(60));
        assert_eq!(ga4.shards.iter().map(|on| on.shard).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((trackers[1].tracker.as_str(), trackers[1].oldest_pending_seconds), ("heap", None));
    }

    #[test]
    fn a_pause_is_seen_on_one_shard_and_where_there_is_no_lane_yet() {
        let mut trackers = Trackers::default();
        trackers.pause("webhook".into());
        trackers.add(status(0, vec![lane("ga4", 0, None), lane("heap", 0, None)]));
        trackers.add(status(1, vec![LaneStatus { paused: true, ..lane("heap", 0, None) }]));
        let paused: Vec<_> =
            trackers.list().into_iter().filter(|one| one.paused).map(|one| one.tracker).collect();
        assert_eq!(paused, ["heap", "webhook"]);
    }

    #[test]
    fn a_payload_from_the_future_waits_for_no_time() {
        assert_eq!(Lane::new(lane("ga4", 1, Some(100_001)), Millis(100_000)).oldest_pending_seconds, Some(0));
    }
}
