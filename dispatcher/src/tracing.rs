//! The trace that a request belongs to, and the request's own span.

use crate::query::Query;
use edge::otlp::{Budget, Kind, Span, Tracing};
use edge::report;
use event::traceparent::{SampleRate, SpanId, TraceId};
use event::{Millis, Payload, Traceparent};
use std::rc::Rc;
use worker::{Context, Request, Result};

thread_local! {
    // No request's state: it bounds what all of them have recorded.
    static BUDGET: Budget = const { Budget::full() };
}

/// A request's own place in a trace.
pub struct Own {
    /// For the payload's context. Its flag says whether the request is recorded; where nothing is, it is what came.
    pub traceparent: Option<Traceparent>,
    recording: Option<Recording>,
}

struct Recording {
    tracing: Rc<Tracing>,
    own: Traceparent,
    parent: Option<SpanId>,
    started: Millis,
}

impl Own {
    /// Goes on with the trace that the header names, else with that of the query, else with a new one.
    pub fn begin(request: &Request, query: &Query, tracing: Option<&Rc<Tracing>>) -> Result<Self> {
        let header = request.headers().get("traceparent")?;
        let given = header.as_deref().and_then(Traceparent::parse).or(query.traceparent);
        let Some(tracing) = tracing else { return Ok(Self { traceparent: given, recording: None }) };
        let random = edge::random::bytes()?;
        let traceparent = BUDGET.with(|budget| place(tracing.rate, budget, given, random));
        let recording = traceparent.filter(|own| own.is_sampled).map(|own| Recording {
            tracing: tracing.clone(),
            own,
            parent: given.map(|given| given.parent),
            started: edge::clock::now(),
        });
        Ok(Self { traceparent, recording })
    }

    /// Exports the request's span, where it is recorded, and keeps nobody waiting.
    pub fn end(self, ctx: &Context, route: &str, payload: &Payload, status: u16) {
        let Some(Recording { tracing, own, parent, started }) = self.recording else { return };
        let time = (started, edge::clock::now());
        let span = Span::new(own, parent, Kind::Server, format!("POST {route}"), time)
            .with("http.request.method", "POST")
            .with("http.route", route)
            .with("http.response.status_code", status)
            .with("sparrow.payload.id", payload.id.as_str())
            .with_some("sparrow.shard", payload.context.shard)
            .failed((status >= 500).then_some("not_stored"));
        ctx.wait_until(report::task("spans".into(), ctx.into(), tracing.export(vec![span])));
    }
}

/// The request's place in the trace that is given, or in a new one that is recorded. A new one that is not would be of no
/// use to anybody.
fn place(
    rate: SampleRate,
    budget: &Budget,
    given: Option<Traceparent>,
    random: [u8; 24],
) -> Option<Traceparent> {
    let [a, b, c] = [0, 8, 16].map(|from| std::array::from_fn::<u8, 8, _>(|i| random[from + i]));
    let (parent, is_sampled) = (SpanId::random(c), budget.keeps(rate, given.as_ref()));
    match given {
        Some(Traceparent { trace, .. }) => Some(Traceparent { trace, parent, is_sampled }),
        None => {
            let trace = TraceId::random(std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] }));
            rate.takes(trace).then_some(Traceparent { trace, parent, is_sampled: true })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn placed(rate: f64, given: Option<&str>) -> Option<Traceparent> {
        let given = given.and_then(Traceparent::parse);
        place(SampleRate::new(rate).unwrap(), &Budget::full(), given, std::array::from_fn(|i| i as u8))
    }

    #[test]
    fn a_trace_that_came_goes_on_under_an_own_span_whether_it_is_recorded_or_not() {
        let text = |rate, given| placed(rate, Some(given)).map(|place| place.to_string()).unwrap();
        let own = "00-4bf92f3577b34da6a3ce929d0e0e4736-1011121314151617";
        assert_eq!(text(1.0, GIVEN), format!("{own}-01"));
        assert_eq!(text(0.0, GIVEN), format!("{own}-00"));
        assert_eq!(
            text(1.0, &GIVEN.replace("-01", "-00")),
            format!("{own}-00"),
            "its sender did not record it"
        );
    }

    #[test]
    fn a_new_trace_is_begun_only_to_be_recorded() {
        let new = placed(1.0, None).map(|place| place.to_string());
        assert_eq!(new.as_deref(), Some("00-000102030405060708090a0b0c0d0e0f-1011121314151617-01"));
        assert_eq!(placed(0.0, None), None);
    }
}
