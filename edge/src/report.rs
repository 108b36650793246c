//! Reports to Sentry, where the secret `SENTRY_DSN` is set: every [`Problem`], and panics.
//!
//! An isolate serves many requests at once, so each has a scope of its own; what equal failures have in common is
//! counted for the isolate. Nothing here fails: without reports the work is the same.

use crate::panics;
use crate::problem::{Problem, Severity};
use crate::settings::Vars;
use crate::transport::may_be_called;
use sentry_workers::protocol::{Exception, Level, Value};
use sentry_workers::{Dsn, Lifetime, Options};
pub use sentry_workers::{Panicked, caught};
use std::borrow::Cow;
use std::cell::Cell;
use std::future::Future;
use worker::{Env, Request};

/// A header that an answer has where a panic was caught.
pub const PANICKED: &str = "x-sparrow-panicked";

/// A header in which Trace tells a shard how many reports it has sent and suppressed since its last answer.
pub const REPORTS: &str = "x-sparrow-reports";

/// Headers that are told: none holds a value of an event, a credential or somebody's name.
const HEADERS: [&str; 6] =
    ["cf-ray", "content-encoding", "content-length", "content-type", "host", "sec-fetch-site"];

thread_local! {
    // No request's state: settings cannot change while an isolate lives.
    static WORKER: Cell<&str> = const { Cell::new("") };
    static PAYLOADS: Cell<bool> = const { Cell::new(false) };
    static TOLD: Cell<Counts> = const { Cell::new(Counts { sent: 0, suppressed: 0 }) };
}

/// Reports of this isolate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sent.
    pub sent: u64,
    /// Failures that were counted, and not sent one by one.
    pub suppressed: u64,
}

impl Counts {
    /// As [`REPORTS`] has them; `None` where there is nothing to tell.
    pub fn header(self) -> Option<String> {
        (self != Self::default()).then(|| format!("{},{}", self.sent, self.suppressed))
    }

    /// Reads [`REPORTS`].
    pub fn read(header: &str) -> Option<Self> {
        let (sent, suppressed) = header.split_once(',')?;
        Some(Self { sent: sent.parse().ok()?, suppressed: suppressed.parse().ok()? })
    }
}

/// What the operator chose.
#[derive(Debug, Clone, Default, PartialEq)]
struct Settings {
    /// `SENTRY_DSN`: where reports go. Without it there are none.
    dsn: Option<Dsn>,
    /// `SENTRY_SAMPLE_RATE`, 0 to 1.
    sample_rate: f32,
    /// `SENTRY_PAYLOADS`: whether scrubbed payloads are attached.
    payloads: bool,
}

impl Settings {
    /// An empty setting counts as left out. No fault repeats the DSN: it is a secret.
    fn read(vars: &Vars, faults: &mut Vec<String>) -> Self {
        let get = |name: &str| vars.get(name).map_or("", String::as_str);
        let environment = get("ENVIRONMENT");
        let dsn = match get("SENTRY_DSN") {
            "" => None,
            text => {
                let address = |dsn: &Dsn| format!("{}://{}", dsn.scheme(), dsn.host());
                let dsn = text.parse().ok().filter(|dsn| may_be_called(&address(dsn), environment));
                if dsn.is_none() {
                    faults.push(
                        "SENTRY_DSN must be a project's DSN, such as https://KEY@o1.ingest.sentry.io/1"
                            .to_owned(),
                    );
                }
                dsn
            }
        };
        let sample_rate = match get("SENTRY_SAMPLE_RATE") {
            "" => 1.0,
            text => text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).unwrap_or_else(|| {
                faults.push("SENTRY_SAMPLE_RATE must be a number from 0 to 1".to_owned());
                1.0
            }),
        };
        let payloads = match get("SENTRY_PAYLOADS") {
            "" | "off" => false,
            "on" => true,
            _ => {
                faults.push("SENTRY_PAYLOADS must be `off` or `on`".to_owned());
                false
            }
        };
        Self { dsn, sample_rate, payloads }
    }
}

/// Adds what is wrong with the settings of reports to `faults`.
pub fn check(vars: &Vars, faults: &mut Vec<String>) {
    Settings::read(vars, faults);
}

/// Starts reports of this isolate, where they are set and were not started. Panics are logged in our own form from now on.
pub fn start(env: &Env, worker: &'static str) {
    sentry_workers::init(|| {
        panics::install();
        let vars = crate::settings::settings(env);
        let settings = Settings::read(&vars, &mut Vec::new());
        WORKER.set(worker);
        PAYLOADS.set(settings.payloads && settings.dsn.is_some());
        Some(Options {
            release: Some(concat!("sparrow@", env!("CARGO_PKG_VERSION")).into()),
            environment: vars.get("ENVIRONMENT").cloned().map(Into::into),
            server_name: Some(worker.into()),
            sample_rate: settings.sample_rate,
            headers: &HEADERS,
            before_send: Some(Box::new(|mut event| {
                event.tags.insert("worker".to_owned(), worker.to_owned());
                Some(event)
            })),
            ..Options::new(settings.dsn?)
        })
    });
}

/// Whether scrubbed payloads are to be attached.
pub fn wants_payloads() -> bool {
    PAYLOADS.get()
}

/// Serves a request: what it comes to is reported with it.
pub async fn request<F: Future>(
    request: Request,
    lifetime: Lifetime,
    serve: impl FnOnce(Request) -> F,
) -> F::Output {
    sentry_workers::in_request(request, lifetime, serve).await
}

/// Does something that no request waits for.
pub async fn task<T>(name: Cow<'static, str>, lifetime: Lifetime, work: impl Future<Output = T>) -> T {
    sentry_workers::in_task(name, lifetime, work).await
}

/// Says of everything that this request reports from now on what it has in common.
pub fn tag(name: &'static str, value: &str) {
    if sentry_workers::is_on() {
        sentry_workers::configure_scope(|scope| scope.set_tag(name, value));
    }
}

/// Attaches a scrubbed text to everything that this request reports from now on.
pub fn attach(name: &'static str, text: String) {
    if sentry_workers::is_on() {
        sentry_workers::configure_scope(|scope| scope.set_extra(name, text.into()));
    }
}

/// A step on the way to a problem, of ids, names, codes and counts.
pub fn step(message: impl FnOnce() -> String) {
    if sentry_workers::is_on() {
        sentry_workers::add_breadcrumb(sentry_workers::breadcrumb("step", message()));
    }
}

/// Reports since this was asked last.
pub fn counted() -> Counts {
    let now = sentry_workers::counts();
    let before = TOLD.replace(Counts { sent: now.sent, suppressed: now.suppressed });
    Counts { sent: now.sent - before.sent, suppressed: now.suppressed - before.suppressed }
}

/// Reports a problem.
pub(crate) fn send(problem: Problem) {
    if !sentry_workers::is_on() {
        return;
    }
    let level = match problem.severity {
        Severity::Warning => Level::Warning,
        Severity::Error => Level::Error,
    };
    let mut event = sentry_workers::event(level);
    let what: Vec<&str> = problem.by.iter().map(|(_, value)| value.as_str()).collect();
    event.message = Some(format!("{}: {}", problem.code, what.join(", ")).trim_end_matches(": ").to_owned());
    event.fingerprint = [WORKER.get().to_owned(), problem.code.to_owned()]
        .into_iter()
        .chain(problem.by.iter().map(|(name, value)| format!("{name}={value}")))
        .map(Into::into)
        .collect::<Vec<_>>()
        .into();
    event.tags.insert("code".to_owned(), problem.code.to_owned());
    event.tags.extend(problem.by.into_iter().map(|(name, value)| (name.to_owned(), value)));
    event.extra.extend(problem.details);
    event
        .extra
        .extend(problem.attached.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))));
    // Sentry wants the innermost first.
    let exception =
        |text: String| Exception { ty: problem.code.to_owned(), value: Some(text), ..Exception::default() };
    event.exception = problem.causes.into_iter().rev().map(exception).collect::<Vec<_>>().into();
    sentry_workers::capture(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let mut faults = Vec::new();
        let vars = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (Settings::read(&vars, &mut faults), faults)
    }

    #[test]
    fn without_a_dsn_there_are_no_reports_and_an_empty_setting_is_none() {
        let empty = [("SENTRY_DSN", ""), ("SENTRY_SAMPLE_RATE", ""), ("SENTRY_PAYLOADS", "")];
        for vars in [&[][..], &empty] {
            let (settings, faults) = read(vars);
            assert_eq!((settings.dsn, settings.sample_rate, settings.payloads), (None, 1.0, false));
            assert!(faults.is_empty());
        }
    }

    #[test]
    fn counts_that_are_told_are_read_and_nothing_else_is() {
        let counts = Counts { sent: 3, suppressed: 500 };
        assert_eq!(counts.header().as_deref().and_then(Counts::read), Some(counts));
        assert_eq!(Counts::default().header(), None);
        for header in ["", "3", "3,", "-1,2", "1,2,3"] {
            assert_eq!(Counts::read(header), None, "{header}");
        }
    }

    #[test]
    fn every_fault_is_listed_and_the_dsn_is_not_repeated() {
        let wrong = [("SENTRY_DSN", "s3cret"), ("SENTRY_SAMPLE_RATE", "2"), ("SENTRY_PAYLOADS", "yes")];
        let (_, faults) = read(&wrong);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(!faults.join(" ").contains("s3cret"));
    }

    #[test]
    fn reports_leave_by_https_but_for_a_loopback_address_outside_production() {
        let faults = |environment, dsn| read(&[("ENVIRONMENT", environment), ("SENTRY_DSN", dsn)]).1.len();
        assert_eq!(faults("production", "https://key@o1.ingest.sentry.io/1"), 0);
        assert_eq!(faults("development", "http://key@127.0.0.1:9000/1"), 0);
        assert_eq!(faults("production", "http://key@127.0.0.1:9000/1"), 1);
        assert_eq!(faults("development", "http://key@sentry.example/1"), 1);
    }
}
