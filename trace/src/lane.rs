//! One tracker's events on their way to the vendor: plan, calls, verdicts, split and again, within a deadline.

use crate::calls::{CallLog, Ended};
use crate::failures::Failures;
use crate::spans::CallSpans;
use allowlist::Allowed;
use edge::http::{Answer, NoAnswer, post};
use edge::otlp::Span;
use edge::report;
use event::{Millis, Outcome, Traceparent};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;
use trackers::{Call, Reply, Secrets, Tracker, Verdict};

/// Calls that a lane makes beyond those it planned first, against a vendor that refuses every batch. Isolating
/// one culprit among 1,000 events takes about 20.
const MAX_EXTRA_CALLS: usize = 100;

/// So many calls in a row that came to nothing end the lane: a vendor that is away is not asked hundreds of times.
const MAX_FAILED_CALLS: usize = 3;

/// What came of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The outcome and its reason.
    pub outcome: Outcome,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<u16>,
}

/// What came of a lane.
pub struct Delivery<'a> {
    /// One for each event, in their order.
    pub settled: Vec<Settled>,
    /// Validation requests for calls that the vendor took.
    pub mirrors: Vec<Call>,
    /// The log, if there was to be one, with every call that was made.
    pub log: Option<CallLog<'a>>,
    /// Calls of which the vendor did not take everything.
    pub failures: Failures,
    /// Those of traced calls.
    pub spans: Vec<Span>,
}

/// A call, and where its events stand in the lane.
struct Job {
    call: Call,
    events: Vec<usize>,
    /// Its own place in a trace, where it is traced.
    own: Option<Traceparent>,
}

/// How a delivery is made.
pub struct Way<'a> {
    /// Calls open at once.
    pub open_calls: usize,
    /// After it no call is waited for, and what is not settled is to be tried again.
    pub deadline: Duration,
    /// Where calls are noted, if they are.
    pub log: Option<CallLog<'a>>,
    /// The tracker's, where requests and replies that failed are to be shown.
    pub shown_without: Option<&'a Secrets>,
    /// Where traced calls are noted, if any are.
    pub spans: Option<CallSpans<'a>>,
}

/// Delivers `events` to `tracker`.
pub async fn deliver<'a>(tracker: &'a dyn Tracker, events: &'a [&'a Allowed], way: Way<'a>) -> Delivery<'a> {
    let Way { open_calls, deadline, log, shown_without, spans } = way;
    let started = edge::clock::now();
    let settled = vec![None; events.len()];
    let mut lane = Lane {
        tracker,
        events,
        settled,
        queue: VecDeque::new(),
        failed: 0,
        stopped: None,
        log,
        failures: Failures::default(),
        shown_without,
        spans,
    };
    lane.plan((0..events.len()).collect(), started);
    let mut mirrors = Vec::new();
    let mut open = FuturesUnordered::new();
    let max_calls = lane.queue.len() + MAX_EXTRA_CALLS;
    let mut calls = 0;
    loop {
        while open.len() < open_calls && calls < max_calls && lane.stopped.is_none() {
            let now = edge::clock::now();
            let left = remaining(started, now, deadline);
            let Some(mut job) = lane.queue.pop_front().filter(|_| !left.is_zero()) else { break };
            calls += 1;
            job.own = lane.spans.as_mut().and_then(|spans| spans.begin(&job.events));
            open.push(send(job, now, left));
        }
        let Some((job, sent_at, answer)) = open.next().await else { break };
        if matches!(&answer, Ok(answer) if answer.status < 300) {
            mirrors.extend(tracker.mirror(&job.call));
        }
        lane.settle(job, sent_at, answer);
    }
    let unsettled = if calls == max_calls { "call_limit" } else { "deadline" };
    let stopped = lane.stopped.take();
    let rest = stopped.unwrap_or_else(|| Outcome::Retry { after: None, reason: unsettled.to_owned() });
    let (log, failures) = (lane.log.take(), std::mem::take(&mut lane.failures));
    let spans = lane.spans.take().map(CallSpans::finish).unwrap_or_default();
    Delivery { settled: lane.finish(rest), mirrors, log, failures, spans }
}

fn remaining(started: Millis, now: Millis, deadline: Duration) -> Duration {
    let passed = now.0.saturating_sub(started.0);
    deadline.saturating_sub(Duration::from_millis(u64::try_from(passed).unwrap_or_default()))
}

async fn send(job: Job, now: Millis, deadline: Duration) -> (Job, Millis, Result<Answer, NoAnswer>) {
    let headers = match job.own {
        None => Cow::Borrowed(&job.call.headers),
        Some(own) => {
            let own = ("traceparent", own.to_string());
            Cow::Owned(job.call.headers.iter().cloned().chain([own]).collect())
        }
    };
    let answer = post(&job.call.url, &headers, &job.call.body, deadline).await;
    (job, now, answer)
}

struct Lane<'a> {
    tracker: &'a dyn Tracker,
    events: &'a [&'a Allowed],
    settled: Vec<Option<Settled>>,
    queue: VecDeque<Job>,
    /// Calls in a row that came to nothing.
    failed: usize,
    /// What becomes of the events whose calls are not started any more.
    stopped: Option<Outcome>,
    log: Option<CallLog<'a>>,
    failures: Failures,
    shown_without: Option<&'a Secrets>,
    spans: Option<CallSpans<'a>>,
}

impl Lane<'_> {
    /// Plans the events at these places, and settles those that the vendor cannot take.
    fn plan(&mut self, places: Vec<usize>, now: Millis) {
        let events: Vec<&Allowed> = places.iter().map(|&place| self.events[place]).collect();
        let plan = self.tracker.plan(&events, now);
        for (event, reason) in plan.rejected {
            let outcome = Outcome::Rejected { reason: reason.to_owned() };
            self.settled[places[event]] = Some(Settled { outcome, status: None });
        }
        for call in plan.calls {
            let events = call.events.iter().map(|&event| places[event]).collect();
            self.queue.push_back(Job { call, events, own: None });
        }
    }

    fn settle(&mut self, job: Job, sent_at: Millis, answer: Result<Answer, NoAnswer>) {
        let Job { call, events, own } = job;
        report::step(|| {
            let answer = answer.as_ref().map_or_else(ToString::to_string, |answer| answer.status.to_string());
            format!("{}: a call with {} events: {answer}", self.tracker.name(), events.len())
        });
        if let (Some(spans), Some(own)) = (&mut self.spans, own) {
            let time = (sent_at, edge::clock::now());
            spans.end(own, &call, (&events, self.events), time, &answer);
        }
        let (verdicts, status) = match &answer {
            Err(no_answer) => {
                let retry = Verdict::Retry { after: None, reason: no_answer.to_string() };
                (retry.for_all(&call), None)
            }
            Ok(answer) => {
                let reply = Reply {
                    status: answer.status,
                    retry_after: answer.retry_after.as_deref(),
                    body: &answer.body,
                };
                (self.tracker.verdicts(&call, &reply), Some(answer.status))
            }
        };
        if let (Some(log), Some(&first)) = (&mut self.log, events.first()) {
            let delivered = verdicts.iter().all(|verdict| *verdict == Verdict::Delivered);
            log.note(&call, &events, self.events[first], Ended { sent_at, status, delivered });
        }
        if verdicts.iter().any(|verdict| *verdict != Verdict::Delivered) {
            let carried: Vec<&Allowed> = events.iter().map(|&event| self.events[event]).collect();
            self.failures.note(&call, &carried, &verdicts, &answer, self.shown_without);
        }
        self.stop_if_useless(&verdicts);
        let mut again = Vec::new();
        let mut split = Vec::new();
        for (place, verdict) in events.into_iter().zip(verdicts) {
            let outcome = match verdict {
                Verdict::Delivered => Outcome::Delivered,
                Verdict::Rejected(reason) => Outcome::Rejected { reason: reason.to_owned() },
                Verdict::Retry { after, reason } => Outcome::Retry { after, reason },
                Verdict::Again => {
                    again.push(place);
                    continue;
                }
                Verdict::Split => {
                    split.push(place);
                    continue;
                }
            };
            self.settled[place] = Some(Settled { outcome, status });
        }
        if !again.is_empty() {
            self.plan(again, edge::clock::now());
        }
        self.split(split);
    }

    /// A vendor that asks for time, refuses our credentials or is away is not called again now.
    fn stop_if_useless(&mut self, verdicts: &[Verdict]) {
        let retry = |verdict: &Verdict| match verdict {
            Verdict::Retry { after, reason } => Some((*after, reason.clone())),
            _ => None,
        };
        let all = verdicts.iter().all(|verdict| retry(verdict).is_some());
        self.failed = if all { self.failed + 1 } else { 0 };
        let is_over = |(after, reason): &(Option<u32>, String)| {
            after.is_some()
                || Verdict::misconfigured() == Verdict::Retry { after: None, reason: reason.clone() }
        };
        let useless = verdicts.iter().filter_map(retry).find(is_over);
        let away = || (self.failed >= MAX_FAILED_CALLS).then(|| verdicts.iter().find_map(retry)).flatten();
        if let Some((after, reason)) = useless.or_else(away) {
            self.stopped = Some(Outcome::Retry { after, reason });
        }
    }

    /// Sends the halves. A single event cannot be halved: it is what the vendor refuses.
    fn split(&mut self, mut places: Vec<usize>) {
        if places.len() > 1 {
            let second = places.split_off(places.len() / 2);
            let now = edge::clock::now();
            self.plan(places, now);
            self.plan(second, now);
        } else if let Some(place) = places.pop() {
            let outcome = Outcome::Rejected { reason: "refused".to_owned() };
            self.settled[place] = Some(Settled { outcome, status: None });
        }
    }

    /// What no call settled comes to `rest`.
    fn finish(self, rest: Outcome) -> Vec<Settled> {
        let unsettled = || Settled { outcome: rest.clone(), status: None };
        self.settled.into_iter().map(|settled| settled.unwrap_or_else(unsettled)).collect()
    }
}
