//! `POST /deliver/{tracker}`: events of one or more payloads to one vendor.

use crate::calls::CallLog;
use crate::lane::{self, Settled};
use crate::setup::Setup;
use crate::take::take;
use event::Outcome;
use event::wire::{CallMade, DeliverReply, DeliverRequest, EventOutcome};
use serde_json::json;
use trackers::Call;

/// The platform lets six outgoing connections wait for an answer; a seventh call would be queued behind them.
const MAX_OPEN_CALLS: usize = 6;

/// Delivers what was asked for, and says what came of each event.
pub async fn deliver(setup: &Setup, tracker: &str, request: DeliverRequest) -> (DeliverReply, Vec<Call>) {
    let mut outcomes = Vec::new();
    let mut owed = Vec::new();
    for (place, payload) in request.payloads.iter().enumerate() {
        let events = match setup.tracker(tracker) {
            Some(_) => take(setup, tracker, request.policy.as_deref(), payload),
            None => payload.events.iter().map(|&idx| (idx, Err(tracker_off()))).collect(),
        };
        for (idx, taken) in events {
            match taken {
                Ok(event) => owed.push((place, idx, event)),
                Err(outcome) => {
                    let settled = Settled { outcome, status: None };
                    outcomes.push(event_outcome(&payload.id, idx, tracker, settled));
                }
            }
        }
    }
    let (mut calls, mut mirrors) = (Vec::new(), Vec::new());
    if let (Some(vendor), false) = (setup.tracker(tracker), owed.is_empty()) {
        let events: Vec<_> = owed.iter().map(|(_, _, event)| event).collect();
        #[cfg(feature = "faults")]
        edge::faults::poison("deliver", &format!("{events:?}"));
        let log = setup.told.zip(setup.secrets.get(tracker)).map(|(told, secrets)| {
            CallLog::new(told, secrets, owed.iter().map(|(place, idx, _)| (*place, *idx)).collect())
        });
        let delivery = lane::deliver(vendor, &events, MAX_OPEN_CALLS, setup.deadline, log).await;
        for ((place, idx, _), settled) in owed.iter().zip(delivery.settled) {
            outcomes.push(event_outcome(&request.payloads[*place].id, *idx, tracker, settled));
        }
        mirrors = delivery.mirrors;
        calls = delivery.log.map(|log| told(tracker, log)).unwrap_or_default();
    }
    (DeliverReply { policy: setup.policy.version.clone(), outcomes, calls }, mirrors)
}

/// The calls that are told of. What there is no room for leaves a line in the log.
fn told(tracker: &str, log: CallLog<'_>) -> Vec<CallMade> {
    let (calls, left_out) = log.finish();
    if left_out > 0 {
        edge::log::error("requests_left_out", json!({"tracker": tracker, "calls": left_out}));
    }
    calls
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
