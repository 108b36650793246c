//! The spans of Trace: one for each call to a vendor, and one for each event that came with a trace of its own.

use allowlist::{Allowed, Opening};
use edge::http::{Answer, NoAnswer};
use edge::otlp::{Budget, Kind, MAX_SPANS, Span};
use edge::transport;
use event::traceparent::{SampleRate, SpanId};
use event::{Millis, Payload, Traceparent};
use trackers::Call;

/// Most spans of events of one call of the Outbox's.
const MAX_EVENTS: usize = 100;

thread_local! {
    // No request's state: it bounds what all senders have recorded.
    static BUDGET: Budget = const { Budget::full() };
}

/// A payload in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traced<'a> {
    /// Its id.
    pub payload: &'a str,
    /// What its calls are children of.
    pub place: Traceparent,
}

/// The spans of a delivery's calls.
pub struct CallSpans<'a> {
    tracker: &'a str,
    /// Of each event of the delivery: its payload, where that is traced.
    payloads: Vec<Option<Traced<'a>>>,
    begun: usize,
    spans: Vec<Span>,
}

impl<'a> CallSpans<'a> {
    /// Of a delivery of events of these payloads.
    pub fn new(tracker: &'a str, payloads: Vec<Option<Traced<'a>>>) -> Self {
        Self { tracker, payloads, begun: 0, spans: Vec::new() }
    }

    /// A call's own place in the trace of the first of its events that is traced. `places` are those of its events.
    pub fn begin(&mut self, places: &[usize]) -> Option<Traceparent> {
        let first = self.traced(places).next().filter(|_| self.begun < MAX_SPANS)?;
        let id = SpanId::random(edge::random::bytes().ok()?);
        self.begun += 1;
        Some(first.place.child(id))
    }

    /// The call that began there has ended.
    pub fn end(
        &mut self,
        own: Traceparent,
        call: &Call,
        (places, events): (&[usize], &[&Allowed]),
        time: (Millis, Millis),
        answer: &Result<Answer, NoAnswer>,
    ) {
        let mut traced: Vec<_> = self.traced(places).collect();
        // Events of a payload stand together.
        traced.dedup();
        let Some((first, others)) = traced.split_first() else { return };
        // An address may hold a secret, but for its host.
        let (host, port) = transport::server(&call.url).unwrap_or_default();
        let reason = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => None,
            Ok(answer) => Some(format!("http_{}", answer.status)),
            Err(no_answer) => Some(no_answer.to_string()),
        };
        let span = Span::new(own, Some(first.place.parent), Kind::Client, format!("POST {host}"), time)
            .with("sparrow.tracker", self.tracker)
            .with("sparrow.payload.id", first.payload)
            .with("sparrow.events", places.len())
            .with_ids("sparrow.event.ids", places.iter().map(|&place| events[place].id()))
            .with("http.request.method", "POST")
            .with("server.address", host)
            .with_some("server.port", port)
            .with_some("http.response.status_code", answer.as_ref().ok().map(|answer| answer.status))
            .with_some("error.type", reason.as_deref())
            .linked_to(others.iter().map(|traced| traced.place))
            .failed(reason.as_deref());
        self.spans.push(span);
    }

    /// All of them.
    pub fn finish(self) -> Vec<Span> {
        self.spans
    }

    fn traced(&self, places: &[usize]) -> impl Iterator<Item = Traced<'a>> {
        places.iter().filter_map(|&place| self.payloads[place])
    }
}

/// The spans of a payload's events in their own traces, no more of them than there is room for: a server may send events of
/// many requests at once.
pub fn of_events(
    rate: SampleRate,
    payload: &Payload,
    opening: &Opening,
    now: Millis,
    spans: &mut Vec<Span>,
) -> worker::Result<()> {
    for (idx, place) in &opening.traces {
        let is_kept = BUDGET.with(|budget| budget.keeps(rate, Some(place)));
        let Some(event) = opening.events.get(*idx as usize).filter(|_| is_kept && spans.len() < MAX_EVENTS)
        else {
            continue;
        };
        let own = place.child(SpanId::random(edge::random::bytes()?));
        let name = format!("event {}", event.name);
        let span = Span::new(own, Some(place.parent), Kind::Consumer, name, (payload.received_at, now))
            .with("sparrow.event", event.name.as_str())
            .with("sparrow.event.id", event.id.as_str())
            .with("sparrow.payload.id", payload.id.as_str())
            .linked_to(payload.context.traceparent);
        spans.push(span);
    }
    Ok(())
}
