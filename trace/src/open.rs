//! `POST /open`: which events are these?

use crate::setup::Setup;
use crate::spans;
use edge::otlp::Span;
use event::Payload;
use event::wire::{ENOUGH_EVENTS, OpenReply, OpenRequest, Opened};

/// Opens payloads under the present policy, until there are [`ENOUGH_EVENTS`]; with the spans of their events.
///
/// # Errors
/// None that can occur: allowed events always have a JSON form.
pub fn open(setup: &Setup, request: OpenRequest) -> worker::Result<(OpenReply, Vec<Span>)> {
    let trackers = setup.tracker_names();
    let mut spans = Vec::new();
    let (mut payloads, mut events) = (Vec::with_capacity(request.payloads.len()), 0);
    for payload in &request.payloads {
        let opened = open_one(setup, payload, &trackers, &mut spans)?;
        events += opened.events.len();
        payloads.push(opened);
        if events >= ENOUGH_EVENTS {
            break;
        }
    }
    Ok((OpenReply { policy: setup.policy.version.clone(), payloads }, spans))
}

fn open_one(
    setup: &Setup,
    payload: &Payload,
    trackers: &[&str],
    spans: &mut Vec<Span>,
) -> worker::Result<Opened> {
    #[cfg(feature = "faults")]
    edge::faults::poison("open", &payload.data);
    let opening = allowlist::open(&setup.policy, setup.hash_key.as_ref(), payload, trackers);
    if let Some(tracing) = &setup.tracing {
        spans::of_events(tracing.rate, payload, &opening, edge::clock::now(), spans)?;
    }
    let allowed = match opening.allowed.as_slice() {
        [] => None,
        allowed => Some(allowlist::hand_over(allowed)?),
    };
    Ok(Opened { id: payload.id.clone(), events: opening.events, allowed })
}
