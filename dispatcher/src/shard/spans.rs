//! The spans of a shard's calls, and their export: one at a time, so that a receiver that is slow takes no connection
//! from warehouses and trackers.

use edge::otlp::{self, Kind, Span, Tracing};
use event::wire::{DeliverReply, EventOutcome, OpenReply};
use event::{Millis, Outcome};
use outbox::{DeliverBatch, Failure, OpenBatch, RawBatch, Refused, Traced};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Most spans that wait. What comes when they are there is left out.
const MAX_WAITING: usize = 4 * otlp::MAX_SPANS;

/// Spans that wait for their export.
pub struct Spans {
    tracing: Rc<Tracing>,
    waiting: RefCell<Vec<Span>>,
    busy: Cell<bool>,
}

/// When a call was made, when it was answered, and by which shard.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub started: Millis,
    pub ended: Millis,
    pub shard: u32,
}

impl Spans {
    pub fn new(tracing: Rc<Tracing>) -> Rc<Self> {
        Rc::new(Self { tracing, waiting: RefCell::default(), busy: Cell::new(false) })
    }

    /// Takes spans. Says whether somebody has to [`send`](Self::send) them.
    pub fn take(&self, spans: Vec<Span>) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let room = MAX_WAITING - waiting.len();
        otlp::left_out(spans.len().saturating_sub(room));
        waiting.extend(spans.into_iter().take(room));
        !waiting.is_empty() && !self.busy.replace(true)
    }

    /// Exports what waits, and what comes meanwhile.
    pub async fn send(self: Rc<Self>) {
        loop {
            let spans = {
                let mut waiting = self.waiting.borrow_mut();
                let most = waiting.len().min(otlp::MAX_SPANS);
                waiting.drain(..most).collect::<Vec<_>>()
            };
            if spans.is_empty() {
                break;
            }
            self.tracing.clone().export(spans).await;
        }
        self.busy.set(false);
    }
}

/// Of payloads that were written to a warehouse.
pub fn of_raw(batch: &RawBatch, result: &Result<Vec<Refused>, Failure>, made: Made) -> Vec<Span> {
    let span = |(place, traced): (usize, Traced<'_>)| {
        let reason = match result {
            Ok(refused) => refused.iter().find(|one| one.place == place).map(|one| one.reason.as_str()),
            Err(failure) => Some(failure.reason.as_str()),
        };
        span(traced, "log raw", made)
            .with("sparrow.warehouse", batch.warehouse.as_str())
            .with("sparrow.payloads", batch.payloads())
            .with_some("sparrow.reason", reason)
            .failed(reason)
    };
    batch.traced().map(span).collect()
}

/// Of payloads that Trace was asked to open. What it left for the next call has a span of that.
pub fn of_open(batch: &OpenBatch, result: &Result<OpenReply, Failure>, made: Made) -> Vec<Span> {
    let span = |traced: Traced<'_>| {
        let span = span(traced, "open", made);
        let reply = match result {
            Ok(reply) => reply,
            Err(Failure { reason, .. }) => {
                return Some(span.with("sparrow.reason", reason.as_str()).failed(Some(reason)));
            }
        };
        let opened = reply.payloads.iter().find(|opened| opened.id == traced.payload)?;
        let ids = opened.events.iter().map(|event| event.id.as_str());
        let span = span.with("sparrow.policy", reply.policy.as_str()).with("sparrow.events", ids.len());
        Some(span.with_ids("sparrow.event.ids", ids))
    };
    batch.traced().filter_map(span).collect()
}

/// Of payloads whose events Trace was asked to deliver.
pub fn of_deliver(batch: &DeliverBatch, result: &Result<DeliverReply, Failure>, made: Made) -> Vec<Span> {
    let traced: Vec<_> = batch.traced().collect();
    let told = match result {
        Ok(reply) if !traced.is_empty() => told(&traced, &reply.outcomes),
        Ok(_) => Vec::new(),
        Err(failure) => vec![Told::retry(&failure.reason); traced.len()],
    };
    let span = |((attempt, traced), told): ((u32, Traced<'_>), Told<'_>)| {
        span(traced, format!("deliver {}", batch.tracker), made)
            .with("sparrow.tracker", batch.tracker.as_str())
            .with("sparrow.run", batch.run.as_str())
            .with("sparrow.attempt", attempt)
            .with("sparrow.events", told.events)
            .with_some("sparrow.outcome", told.outcome)
            .with_some("sparrow.reason", told.reason)
            .failed(told.reason.filter(|_| told.failed))
    };
    traced.into_iter().zip(told).map(span).collect()
}

/// What became of each of these payloads.
fn told<'a>(traced: &[(u32, Traced<'_>)], outcomes: &'a [EventOutcome]) -> Vec<Told<'a>> {
    let mut told = vec![Told::default(); traced.len()];
    // Outcomes of a payload stand together, so that each is looked for once.
    for outcomes in outcomes.chunk_by(|one, next| one.payload == next.payload) {
        let place = traced.iter().position(|(_, traced)| traced.payload == outcomes[0].payload);
        if let Some(place) = place {
            outcomes.iter().for_each(|outcome| told[place].add(outcome));
        }
    }
    told
}

fn span(traced: Traced<'_>, name: impl Into<String>, made: Made) -> Span {
    let parent = Some(traced.span.parent.parent);
    Span::new(traced.span.own(), parent, Kind::Client, name, (made.started, made.ended))
        .with("sparrow.payload.id", traced.payload)
        .with("sparrow.shard", made.shard)
}

/// What became of a payload's events in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told<'a> {
    events: usize,
    /// Theirs, or `mixed`.
    outcome: Option<&'a str>,
    /// The first that was told, that of a failure before any other.
    reason: Option<&'a str>,
    failed: bool,
}

impl<'a> Told<'a> {
    /// Nothing is known of any event but that they are tried again.
    fn retry(reason: &'a str) -> Self {
        Self { events: 0, outcome: Some("retry"), reason: Some(reason), failed: true }
    }

    fn add(&mut self, event: &'a EventOutcome) {
        let name = event.outcome.name();
        let failed = matches!(event.outcome, Outcome::Rejected { .. } | Outcome::Retry { .. });
        self.events += 1;
        self.outcome = match self.outcome {
            Some(before) if before != name => Some("mixed"),
            _ => Some(name),
        };
        if self.reason.is_none() || failed && !self.failed {
            self.reason = event.outcome.reason().or(self.reason);
        }
        self.failed |= failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(outcome: Outcome) -> EventOutcome {
        let (payload, tracker) = ("p".to_owned(), "ga4".to_owned());
        EventOutcome { payload, idx: 0, tracker, outcome, status: None, changes: None, named: None }
    }

    #[test]
    fn of_many_outcomes_the_failure_is_told() {
        let filtered = outcome(Outcome::Filtered { reason: "duplicate".into() });
        let rejected = outcome(Outcome::Rejected { reason: "refused".into() });
        let delivered = outcome(Outcome::Delivered);
        let told = |events: &[&EventOutcome]| {
            let mut told = Told::default();
            events.iter().for_each(|event| told.add(event));
            (told.events, told.outcome.unwrap().to_owned(), told.reason.map(str::to_owned), told.failed)
        };
        let reason = |text: &str| Some(text.to_owned());
        assert_eq!(told(&[&delivered, &delivered]), (2, "delivered".into(), None, false));
        assert_eq!(told(&[&filtered]), (1, "filtered".into(), reason("duplicate"), false));
        let mixed = [&delivered, &filtered, &rejected, &filtered];
        assert_eq!(told(&mixed), (4, "mixed".into(), reason("refused"), true));
    }
}
