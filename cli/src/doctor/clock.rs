//! Clocks: tokens are dated by this machine's, and events by the shards'.

use super::findings::Findings;
use crate::clock::now;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// How many seconds clocks may be apart. Google takes tokens of some minutes' difference, vendors events of none.
const APART: i64 = 60;

const MEND: &str =
    "set this machine's clock (`timedatectl set-ntp true`): tokens for BigQuery and spans of time go by it";

/// Compares with the header `Date`, of Cloudflare's edge.
pub fn of_date(date: &str, findings: &mut Findings) {
    if let Ok(there) = DateTimeParser::new().parse_timestamp(date) {
        compare("Console", there.as_millisecond(), findings);
    }
}

/// Compares with a shard's `now`.
pub fn of_shard(shard: u64, now: &str, findings: &mut Findings) {
    if let Ok(there) = now.parse::<Timestamp>() {
        compare(&format!("shard {shard}"), there.as_millisecond(), findings);
    }
}

fn compare(who: &str, there: i64, findings: &mut Findings) {
    let apart = (there - now().0) / 1000;
    if apart.abs() > APART {
        let way = if apart > 0 { "behind" } else { "ahead of" };
        findings.warn("clock", who, format!("this machine is {} s {way} it", apart.abs()), MEND);
    } else {
        findings.ok("clock", who, "agrees within a minute");
    }
}
