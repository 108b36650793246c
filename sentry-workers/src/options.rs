//! What an isolate reports, and where to.

use sentry::protocol::Event;
use sentry::types::Dsn;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A last look at each event: it may change it, or drop it by returning nothing.
pub type BeforeSend = Box<dyn Fn(Event<'static>) -> Option<Event<'static>>>;

/// What an isolate reports, and where to. Start from [`Options::new`].
pub struct Options {
    /// Where reports go: the project's DSN.
    pub dsn: Dsn,
    /// The release that runs, such as `my-worker@1.2.0`.
    pub release: Option<Cow<'static, str>>,
    /// Such as `production`.
    pub environment: Option<Cow<'static, str>>,
    /// Name of the Worker.
    pub server_name: Option<Cow<'static, str>>,
    /// The share of events that is sent, from 0 to 1. Each event that would be sent has its own throw of the dice.
    pub sample_rate: f32,
    /// Names of the request headers that may be told, in lower case. `authorization`, `cookie` and
    /// `proxy-authorization` are never told.
    pub headers: &'static [&'static str],
    /// Runs last, on the complete event.
    pub before_send: Option<BeforeSend>,
    /// How long after an event its equals are only counted: after the first event, after the second, after every later one.
    /// The last is also how long a failure must not be seen to be forgotten.
    pub windows: [Duration; 3],
}

impl Options {
    /// Every event is sent, no header is told, equal events are told after 1 minute, then 10 minutes, then each hour.
    #[must_use]
    pub fn new(dsn: Dsn) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            dsn,
            release: None,
            environment: None,
            server_name: None,
            sample_rate: 1.0,
            headers: &[],
            before_send: None,
            windows: [MINUTE, 10 * MINUTE, 60 * MINUTE],
        }
    }
}

// The DSN holds a key.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("release", &self.release)
            .field("environment", &self.environment)
            .field("server_name", &self.server_name)
            .field("sample_rate", &self.sample_rate)
            .field("headers", &self.headers)
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}
