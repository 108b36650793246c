//! `POST /open`: which events are these?

use crate::setup::Setup;
use event::Payload;
use event::wire::{OpenReply, OpenRequest, Opened};

/// Opens every payload under the present policy.
///
/// # Errors
/// None that can occur: allowed events always have a JSON form.
pub fn open(setup: &Setup, request: OpenRequest) -> Result<OpenReply, serde_json::Error> {
    let trackers = setup.tracker_names();
    let payloads = request.payloads.iter().map(|payload| open_one(setup, payload, &trackers));
    Ok(OpenReply { policy: setup.policy.version.clone(), payloads: payloads.collect::<Result<_, _>>()? })
}

fn open_one(setup: &Setup, payload: &Payload, trackers: &[&str]) -> Result<Opened, serde_json::Error> {
    #[cfg(feature = "faults")]
    edge::faults::poison("open", &payload.data);
    let opening = allowlist::open(&setup.policy, payload, trackers);
    let allowed = match opening.allowed.as_slice() {
        [] => None,
        allowed => Some(allowlist::hand_over(allowed)?),
    };
    Ok(Opened { id: payload.id.clone(), events: opening.events, allowed })
}
