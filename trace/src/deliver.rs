//! `POST /deliver/{tracker}`: events of one or more payloads to one vendor.

use crate::lane::{self, Settled};
use crate::setup::Setup;
use crate::take::take;
use event::Outcome;
use event::wire::{DeliverReply, DeliverRequest, EventOutcome};
use trackers::Call;

/// The platform lets six outgoing connections wait for an answer; a seventh call would be queued behind them.
const MAX_OPEN_CALLS: usize = 6;

/// Delivers what was asked for, and says what came of each event.
pub async fn deliver(setup: &Setup, tracker: &str, request: DeliverRequest) -> (DeliverReply, Vec<Call>) {
    let mut outcomes = Vec::new();
    let mut owed = Vec::new();
    for payload in &request.payloads {
        let events = match setup.tracker(tracker) {
            Some(_) => take(setup, tracker, request.policy.as_deref(), payload),
            None => payload.events.iter().map(|&idx| (idx, Err(tracker_off()))).collect(),
        };
        for (idx, taken) in events {
            match taken {
                Ok(event) => owed.push((payload.id.as_str(), idx, event)),
                Err(outcome) => {
                    let settled = Settled { outcome, status: None };
                    outcomes.push(event_outcome(&payload.id, idx, tracker, settled));
                }
            }
        }
    }
    let mut mirrors = Vec::new();
    if let (Some(vendor), false) = (setup.tracker(tracker), owed.is_empty()) {
        let events: Vec<_> = owed.iter().map(|(_, _, event)| event).collect();
        #[cfg(feature = "faults")]
        edge::faults::poison("deliver", &format!("{events:?}"));
        let delivery = lane::deliver(vendor, &events, MAX_OPEN_CALLS, setup.deadline).await;
        for ((payload, idx, _), settled) in owed.iter().zip(delivery.settled) {
            outcomes.push(event_outcome(payload, *idx, tracker, settled));
        }
        mirrors = delivery.mirrors;
    }
    (DeliverReply { policy: setup.policy.version.clone(), outcomes }, mirrors)
}

fn tracker_off() -> Outcome {
    Outcome::Filtered { reason: "tracker_off".to_owned() }
}

fn event_outcome(payload: &str, idx: u32, tracker: &str, settled: Settled) -> EventOutcome {
    EventOutcome {
        payload: payload.to_owned(),
        idx,
        tracker: tracker.to_owned(),
        outcome: settled.outcome,
        status: settled.status,
    }
}
