//! When Sentry wants no events: <https://develop.sentry.dev/sdk/expected-features/rate-limiting/>.

/// How long a `429` counts that says nothing of it, in ms.
const UNSAID_MS: u64 = 60_000;

/// The category of events. Events of any level have it.
const CATEGORY: &str = "error";

/// What an answer says of limits.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `Retry-After`, in ms from now.
    pub(crate) retry_after: Option<u64>,
    /// `X-Sentry-Rate-Limits`, as it came.
    pub(crate) rate_limits: Option<String>,
}

/// Until when no event is sent.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    until: u64,
}

impl Limits {
    /// Whether events may be sent.
    pub(crate) const fn is_open(&self, now: u64) -> bool {
        now >= self.until
    }

    /// Learns from an answer. A limit is never shortened.
    pub(crate) fn learn(&mut self, reply: &Reply, now: u64) {
        let wait = match &reply.rate_limits {
            Some(limits) => limits.split(',').filter_map(wait_of).max(),
            None if reply.status == 429 => Some(reply.retry_after.unwrap_or(UNSAID_MS)),
            None => None,
        };
        if let Some(wait) = wait {
            self.until = self.until.max(now.saturating_add(wait));
        }
    }
}

/// How many ms a limit lasts, if it is one for events. `seconds:categories:scope:reason`; without categories it is one
/// for all of them. Scope and reason change nothing for a client of one project.
fn wait_of(limit: &str) -> Option<u64> {
    let mut parts = limit.trim().split(':');
    let millis = millis_of(parts.next()?)?;
    let categories = parts.next()?.trim();
    (categories.is_empty() || categories.split(';').any(|one| one.trim() == CATEGORY)).then_some(millis)
}

/// Seconds as text in ms, rounded up.
pub(crate) fn millis_of(seconds: &str) -> Option<u64> {
    let seconds: f64 = seconds.trim().parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds * 1000.0).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long no event is sent after an answer.
    fn closed(status: u16, retry_after: Option<u64>, rate_limits: Option<&str>) -> u64 {
        let mut limits = Limits::default();
        limits.learn(&Reply { status, retry_after, rate_limits: rate_limits.map(str::to_owned) }, 0);
        limits.until
    }

    #[test]
    fn limits_for_events_count_and_no_others() {
        for (limits, millis) in [
            ("60:error:organization:quota_exceeded", 60_000),
            ("60:transaction:key, 2700:default;error;security:organization", 2_700_000),
            ("60::organization, 30:error:key", 60_000),
            ("0.5:error:key", 500),
            ("60:transaction;attachment:key", 0),
            ("60:errors:key", 0),
            ("60:metric_bucket:organization:quota_exceeded:custom", 0),
            ("", 0),
            ("x:error:key, -1:error:key, NaN:error:key", 0),
            (" 60 : error : key ", 60_000),
        ] {
            assert_eq!(closed(200, None, Some(limits)), millis, "{limits}");
            // They are said in full: the rest of the answer says nothing more.
            assert_eq!(closed(429, Some(9_000_000), Some(limits)), millis, "{limits}");
        }
    }

    #[test]
    fn a_refusal_that_says_no_more_lasts_a_minute() {
        assert_eq!(closed(429, None, None), 60_000);
        assert_eq!(closed(429, Some(5_000), None), 5_000);
        assert_eq!(closed(503, Some(5_000), None), 0);
        assert_eq!(closed(200, None, None), 0);
    }

    #[test]
    fn a_limit_is_over_at_its_time_and_not_shortened_by_another() {
        let mut limits = Limits::default();
        let reply =
            |limits: &str| Reply { status: 200, rate_limits: Some(limits.to_owned()), ..Reply::default() };
        limits.learn(&reply("60:error:key"), 1_000);
        limits.learn(&reply("10:error:key"), 1_000);
        assert!(!limits.is_open(60_999));
        assert!(limits.is_open(61_000));
    }
}
