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
