//! Why a call as a whole came to nothing, and what to do about it.
//!
//! Google's reasons decide and not the status: 400 and 403 stand for both kinds
//! (<https://cloud.google.com/bigquery/docs/error-messages>).

use serde::Deserialize;

/// A call that came to nothing. Its reason is one of Google's tokens that are known here, or made of the status; what
/// Google says in words may repeat values and is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Google answered {reason}: {}", self.hint())]
pub struct Failure {
    /// What to do.
    pub kind: Kind,
    /// Such as `quotaExceeded` or `http_502`.
    pub reason: String,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It may pass: the same call again, later and later, from 1 s to 32 s and more.
    Temporary,
    /// It will not pass by itself: the request, or the account's rights, the project or the names in the settings are
    /// wrong. What waits to be stored goes on waiting, since none of it is to blame.
    Permanent,
    /// The token is not accepted: once more with a new one. If that is not either, it is permanent.
    Renew,
    /// The request is too long: its halves.
    Split,
}

const RIGHTS: &str = "give the service account the role BigQuery User, and BigQuery Data Editor of a dataset that it did not make";
const NAMES: &str = "check project, dataset and location, and make the tables with `sparrow warehouse init`";
const CREDENTIALS: &str = "check that the service account's key is valid and the clock right";

const STREAMING_BUFFER: &str = "streaming_buffer";

const TABLE_DIFFERS: &str = "table_differs";

/// Reasons that need somebody, and what to do.
const HINTS: [(&str, &str); 11] = [
    ("accessDenied", RIGHTS),
    ("forbidden", RIGHTS),
    ("insufficientPermissions", RIGHTS),
    ("accessNotConfigured", "enable the BigQuery API for the project"),
    ("billingNotEnabled", "enable billing for the project"),
    ("notFound", NAMES),
    ("authError", CREDENTIALS),
    ("http_401", CREDENTIALS),
    ("invalid_grant", CREDENTIALS),
    (STREAMING_BUFFER, "rows that were streamed can be changed after 90 minutes; run this again then"),
    (TABLE_DIFFERS, "bring the tables up to date with `sparrow warehouse migrate`, then wait some minutes"),
];

/// The reasons that pass. `quotaExceeded` does so after ten minutes or more, a burst of inserts earlier.
const PASSING: [&str; 10] = [
    "backendError",
    "badGateway",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "quotaExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
    "userRateLimitExceeded",
];

/// The reasons that do not. `duplicate` is what was to be made and is there.
const LASTING: [&str; 23] = [
    "accessDenied",
    "accessNotConfigured",
    "authError",
    "badRequest",
    "billingNotEnabled",
    "billingTierLimitExceeded",
    "blocked",
    "conditionNotMet",
    "duplicate",
    "forbidden",
    "insufficientPermissions",
    "invalid",
    "invalidParameter",
    "invalidQuery",
    "invalidUser",
    "notFound",
    "notImplemented",
    "parseError",
    "required",
    "resourcesExceeded",
    "responseTooLarge",
    "stopped",
    "timeout",
];

/// Those of them that are about what was sent.
const OF_REQUEST: [&str; 6] =
    ["badRequest", "http_400", "invalid", "invalidParameter", "parseError", "required"];

/// How Google's words begin where a request is too long; the reason is `badRequest`, as of many others.
const TOO_LONG: &str = "Request payload size exceeds the limit";

/// What Google's words hold where DML meets rows that were streamed a short while ago; the reason is `invalidQuery`, as of many
/// others.
const IN_BUFFER: &str = "rows in the streaming buffer";

impl Failure {
    /// One that may pass.
    pub(super) fn temporary(reason: &str) -> Self {
        Self { kind: Kind::Temporary, reason: reason.to_owned() }
    }

    /// A reply of success that is none: what was asked may have been done.
    pub(super) fn unreadable() -> Self {
        Self::temporary("unreadable_reply")
    }

    /// The table has other columns than the rows.
    pub(super) fn table_differs() -> Self {
        Self { kind: Kind::Permanent, reason: TABLE_DIFFERS.to_owned() }
    }

    /// Of a reply with `status` and a body that does not explain it.
    pub(super) fn of_status(status: u16) -> Self {
        let kind = match status {
            401 => Kind::Renew,
            408 | 429 | 500.. => Kind::Temporary,
            413 => Kind::Split,
            _ => Kind::Permanent,
        };
        Self { kind, reason: format!("http_{status}") }
    }

    /// By one of Google's reasons, where it is a known one.
    pub(super) fn of_reason(reason: &str) -> Option<Self> {
        let known = |kind| Self { kind, reason: reason.to_owned() };
        if PASSING.contains(&reason) {
            Some(known(Kind::Temporary))
        } else if LASTING.contains(&reason) {
            Some(known(Kind::Permanent))
        } else {
            None
        }
    }

    /// Of a job that ended with an error of this reason.
    pub(super) fn of_query(reason: &str) -> Self {
        Self::of_reason(reason)
            .unwrap_or_else(|| Self { kind: Kind::Permanent, reason: "query_failed".to_owned() })
    }

    /// Of a reply that is no success.
    fn of(status: u16, body: &str) -> Self {
        let by_status = Self::of_status(status);
        let Details { message, errors } = details(body);
        if message.starts_with(TOO_LONG) {
            return Self { kind: Kind::Split, ..by_status };
        }
        if message.contains(IN_BUFFER) {
            return Self { kind: Kind::Permanent, reason: STREAMING_BUFFER.to_owned() };
        }
        let Some(known) = errors.iter().find_map(|error| Self::of_reason(&error.reason)) else {
            return by_status;
        };
        match by_status.kind {
            Kind::Renew | Kind::Split => Self { kind: by_status.kind, ..known },
            _ => known,
        }
    }

    /// Whether it is the request that Google does not like, whoever sends it: a row of it may be the cause.
    pub fn is_of_request(&self) -> bool {
        self.kind == Kind::Permanent && OF_REQUEST.contains(&self.reason.as_str())
    }

    /// Whether what was to be made is there already.
    pub fn is_duplicate(&self) -> bool {
        self.reason == "duplicate"
    }

    /// Whether a statement would change rows that were streamed a short while ago, at most 90 minutes.
    pub fn is_streaming_buffer(&self) -> bool {
        self.reason == STREAMING_BUFFER
    }

    /// Whether there is no such dataset, table or job. Inserts say so also for minutes after a table was made.
    pub fn is_not_found(&self) -> bool {
        self.reason == "notFound"
    }

    /// Whether rights or a key are refused, which Google also does for a minute or two after they were given
    /// (<https://cloud.google.com/iam/docs/access-change-propagation>).
    pub fn is_of_access(&self) -> bool {
        self.kind == Kind::Renew || ["accessDenied", "invalid_grant"].contains(&self.reason.as_str())
    }

    fn hint(&self) -> &'static str {
        match HINTS.iter().find(|(reason, _)| *reason == self.reason) {
            Some((_, hint)) => hint,
            None if self.kind == Kind::Temporary => "try again later",
            None => "see https://cloud.google.com/bigquery/docs/error-messages",
        }
    }
}

/// Whether a call succeeded, by the status and the body of its reply.
///
/// # Errors
/// [`Failure`]
pub fn succeeded(status: u16, body: &str) -> Result<(), Failure> {
    if (200..300).contains(&status) { Ok(()) } else { Err(Failure::of(status, body)) }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    message: String,
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

/// What the body of an error says, nothing where a proxy made it.
fn details(body: &str) -> Details {
    #[derive(Deserialize)]
    struct Body {
        error: Details,
    }
    serde_json::from_str(body).map_or_else(|_| Details::default(), |body: Body| body.error)
}
