//! What every vendor's file implements.

use allowlist::Allowed;
use event::Millis;

/// A vendor.
pub trait Tracker {
    /// Its name, as in the policy, the settings' prefix and the ledger.
    fn name(&self) -> &'static str;

    /// Groups events into requests within the vendor's limits, and says which it cannot express.
    ///
    /// Every event is in exactly one call or rejected. `now` is the time of this attempt; the same events
    /// give the same ids and event times on every attempt.
    fn plan(&self, events: &[&Allowed], now: Millis) -> Plan;

    /// Reads the vendor's reply: one verdict for each of `call.events`, in their order.
    fn verdicts(&self, call: &Call, reply: &Reply<'_>) -> Vec<Verdict>;

    /// The vendor's validation request for a call, for the calls that are to be checked. Its outcome
    /// changes no verdict.
    fn mirror(&self, _call: &Call) -> Option<Call> {
        None
    }

    /// What the reply to a [`Tracker::mirror`] complains of: stable codes and field paths, never values.
    fn complaints(&self, _reply: &Reply<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// How long a vendor takes an event, and how long it knows it again, by its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// How old an event may be when it arrives, in milliseconds since the event's time. `None`: the vendor documents no limit.
    pub age_ms: Option<i64>,
    /// Whether an event that arrives twice counts once.
    pub dedupe: Dedupe,
}

/// Whether and how long a vendor knows an event that it has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dedupe {
    /// It does not: what is sent twice counts twice.
    Never,
    /// By a key, for so many milliseconds since it took the event.
    For(i64),
    /// By a key, and nobody says for how long.
    Undocumented,
}

/// Requests to make, and events that are in none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In any order.
    pub calls: Vec<Call>,
    /// Index of the event, and why the vendor cannot take it: a stable token.
    pub rejected: Vec<(usize, &'static str)>,
}

/// One HTTP `POST`.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// May hold a credential: never to be logged.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Sent as it is.
    pub body: String,
    /// Indices of the events it carries, in the order of the request.
    pub events: Vec<usize>,
}

/// Without address, headers and body: each can hold credentials or values.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("bytes", &self.body.len())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// A vendor's answer.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<&'a str>,
    /// The body, or its beginning where it is long.
    pub body: &'a [u8],
}

impl Reply<'_> {
    /// Seconds of `Retry-After`. Its other form, a date, counts as none: a tracker has no clock.
    pub fn wait(&self) -> Option<u32> {
        self.retry_after.and_then(|text| text.trim().parse().ok())
    }
}

/// What a reply means for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The vendor has it.
    Delivered,
    /// The vendor will never take it.
    Rejected(&'static str),
    /// The vendor may take it later.
    Retry {
        /// Seconds that the vendor asked to wait.
        after: Option<u32>,
        /// A stable token.
        reason: String,
    },
    /// Refused only because of other events in the request: send it again at once, without them. At least one
    /// event of the call has another verdict.
    Again,
    /// The request as a whole was refused and one event may be the cause: send the halves. It is the verdict of
    /// all events of a call or of none, and never that of a call of one event.
    Split,
}

impl Verdict {
    /// The same verdict for every event of a call.
    pub fn for_all(self, call: &Call) -> Vec<Self> {
        vec![self; call.events.len()]
    }

    /// The vendor refused our credentials, project or settings: no event is to blame, and all of them wait
    /// until somebody has put it right.
    pub fn misconfigured() -> Self {
        Self::Retry { after: None, reason: "misconfigured".to_owned() }
    }

    /// A temporary failure, told by its status.
    pub fn retry(reply: &Reply<'_>) -> Self {
        Self::Retry { after: reply.wait(), reason: format!("http_{}", reply.status) }
    }

    /// A refusal of the whole request: the halves are sent, until one event stands alone and is rejected.
    pub fn split_or_reject(call: &Call, reason: &'static str) -> Vec<Self> {
        if call.events.len() > 1 { Self::Split.for_all(call) } else { Self::Rejected(reason).for_all(call) }
    }

    /// What a status means where the vendor says nothing of its own about it.
    ///
    /// The statuses that a wrong key, address or plan gives are [`Verdict::misconfigured`], redirects
    /// included: they are not followed. Timeouts, too many requests and the server's own faults are
    /// temporary. Any other refusal is of what was sent.
    pub fn by_status(call: &Call, reply: &Reply<'_>) -> Vec<Self> {
        match reply.status {
            200..=299 => Self::Delivered.for_all(call),
            413 => Self::split_or_reject(call, "too_large"),
            300..=399 | 401..=405 | 407 | 410 | 421 | 451 => Self::misconfigured().for_all(call),
            408 | 425 | 429 => Self::retry(reply).for_all(call),
            400..=499 => Self::split_or_reject(call, "refused"),
            _ => Self::retry(reply).for_all(call),
        }
    }
}
