//! The shards, as Console tells of them: who answers, what rests, what waits and what is given up.

use super::clock;
use super::findings::Findings;
use crate::console::{Arguments, ConsoleError};
use serde::Deserialize;

const AREA: &str = "shards";

/// How many seconds something may wait before somebody should look.
const LONG: i64 = 3600;

#[derive(Deserialize)]
struct Answer {
    shards: Vec<Shard>,
    failed: Vec<Failed>,
}

#[derive(Deserialize)]
struct Shard {
    shard: u64,
    now: String,
    full: bool,
    lanes: Vec<Lane>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    lane: String,
    breaker: String,
    paused: bool,
    reason: Option<String>,
    backlog: i64,
    oldest_pending_seconds: Option<i64>,
    dead: i64,
}

#[derive(Deserialize)]
struct Failed {
    shard: u64,
    error: String,
}

/// Asks Console, which needs its token.
pub async fn look(arguments: &Arguments, findings: &mut Findings) {
    let asked = async { arguments.open()?.get::<Answer>("/api/shards").await };
    let answer = match asked.await {
        Ok(answer) => answer,
        Err(error @ ConsoleError::Refused(401, _)) => {
            let mend = "give the one that is in its secret CONSOLE_TOKEN: the variable of this name, or --console-token-file";
            return findings.fault("Console", "token", error, mend);
        }
        Err(error) => {
            return findings.fault("Console", "/api/shards", error, "see what stands above of Console");
        }
    };
    findings.ok("Console", "token", "opens it");
    for Failed { shard, error } in &answer.failed {
        findings.fault(AREA, format!("shard {shard}"), error, "see Dispatcher's log: `npx wrangler tail`");
    }
    if answer.shards.is_empty() && answer.failed.is_empty() {
        findings.ok(AREA, "all", "there is none yet: no event was ever sent");
    }
    for shard in &answer.shards {
        look_at(shard, findings);
    }
}

fn look_at(shard: &Shard, findings: &mut Findings) {
    let number = shard.shard;
    clock::of_shard(number, &shard.now, findings);
    let before = findings.0.len();
    if shard.full {
        let mend = "see which lane waits; OUTBOX_MAX_BYTES and OUTBOX_SHARDS of wrangler.toml make room";
        findings.fault(AREA, format!("shard {number}"), "is full and refuses events", mend);
    }
    for lane in &shard.lanes {
        let what = format!("shard {number}, {}", lane.lane);
        match (lane.breaker.as_str(), lane.reason.as_deref()) {
            ("closed", _) => {}
            (_, Some("misconfigured")) => findings.fault(
                AREA,
                &what,
                "the vendor refuses our settings (misconfigured)",
                "check the vendor's settings and secrets in Trace; it goes on by itself once they are right",
            ),
            (breaker, reason) => findings.warn(
                AREA,
                &what,
                format!("its breaker is {breaker} ({})", reason.unwrap_or("no reason yet")),
                "it goes on by itself once the other side answers; see the vendor's status page",
            ),
        }
        if lane.paused {
            let mend = format!("POST /api/trackers/{}/resume at Console when it may go on", lane.lane);
            findings.warn(AREA, &what, "is paused", mend);
        }
        if lane.dead > 0 {
            let mend = format!(
                "look at them with GET /api/dead?tracker={} at Console, and send them again once the cause is gone",
                lane.lane
            );
            findings.warn(AREA, &what, format!("{} dead letters", lane.dead), mend);
        }
        if let Some(seconds) = lane.oldest_pending_seconds.filter(|seconds| *seconds > LONG) {
            findings.warn(
                AREA,
                &what,
                format!("{} wait, the oldest for {seconds} s", lane.backlog),
                "see the lane's breaker and reason, and Dispatcher's log",
            );
        }
    }
    if findings.0.len() == before {
        findings.ok(AREA, format!("shard {number}"), "answers, and every lane goes");
    }
}
