//! `POST /open`: which events are these?

use crate::setup::Setup;
use event::Payload;
use event::wire::{ENOUGH_EVENTS, OpenReply, OpenRequest, Opened};

/// Opens payloads under the present policy, until there are [`ENOUGH_EVENTS`].
///
/// # Errors
/// None that can occur: allowed events always have a JSON form.
pub fn open(setup: &Setup, request: OpenRequest) -> Result<OpenReply, serde_json::Error> {
    let trackers = setup.tracker_names();
    let (mut payloads, mut events) = (Vec::with_capacity(request.payloads.len()), 0);
    for payload in &request.payloads {
        let opened = open_one(setup, payload, &trackers)?;
        events += opened.events.len();
        payloads.push(opened);
        if events >= ENOUGH_EVENTS {
            break;
        }
    }
    Ok(OpenReply { policy: setup.policy.version.clone(), payloads })
}

fn open_one(setup: &Setup, payload: &Payload, trackers: &[&str]) -> Result<Opened, serde_json::Error> {
    #[cfg(feature = "faults")]
    edge::faults::poison("open", &payload.data);
    let opening = allowlist::open(&setup.policy, setup.hash_key.as_ref(), payload, trackers);
    let allowed = match opening.allowed.as_slice() {
        [] => None,
        allowed => Some(allowlist::hand_over(allowed)?),
    };
    Ok(Opened { id: payload.id.clone(), events: opening.events, allowed })
}
