//! `POST /forward`: one payload, opened and delivered to all its trackers at once.

use crate::deliver::{MAX_OPEN_CALLS, event_outcome};
use crate::lane::{self, Delivery, Settled};
use crate::setup::Setup;
use allowlist::{Allowed, Opening};
use event::wire::{DeliverReply, EventOutcome, OpenedEvent, Owed};
use event::{Change, Outcome, Payload};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use std::collections::BTreeMap;
use trackers::{Call, Tracker};

/// Events of a payload that are listed in the log, and changes of all of them together. Workers Logs cuts a line
/// at 256 kB.
const MAX_LOGGED: usize = 100;
const MAX_LOGGED_CHANGES: usize = 500;

/// Opens the payload and delivers it. Each tracker has one call open at a time, so one that hangs takes
/// nobody's place.
pub async fn forward(setup: &Setup, payload: &Payload) -> (DeliverReply, Vec<(&'static str, Vec<Call>)>) {
    let opening = allowlist::open(&setup.policy, payload, &setup.tracker_names());
    let lanes = setup.trackers.iter().map(|tracker| lane(setup, tracker.as_ref(), &opening));
    let mut outcomes = filtered(payload, &opening.events);
    let mut mirrors = Vec::new();
    let mut lanes = stream::iter(lanes).buffer_unordered(MAX_OPEN_CALLS);
    while let Some((tracker, places, delivery)) = lanes.next().await {
        for (idx, settled) in places.into_iter().zip(delivery.settled) {
            outcomes.push(event_outcome(&payload.id, idx, tracker, settled));
        }
        mirrors.push((tracker, delivery.mirrors));
    }
    drop(lanes);
    log(&payload.id, &setup.policy.version, &opening.events, &outcomes);
    (DeliverReply { policy: setup.policy.version.clone(), outcomes }, mirrors)
}

async fn lane(setup: &Setup, tracker: &dyn Tracker, opening: &Opening) -> (&'static str, Vec<u32>, Delivery) {
    let is_owed = |idx: u32| opening.events[idx as usize].trackers.get(tracker.name()) == Some(&Owed::Owed);
    let (places, events): (Vec<u32>, Vec<&Allowed>) =
        opening.allowed.iter().filter(|(idx, _)| is_owed(*idx)).map(|(idx, event)| (*idx, event)).unzip();
    let delivery = lane::deliver(tracker, &events, 1, setup.deadline).await;
    (tracker.name(), places, delivery)
}

/// The outcomes of what no lane has to deliver.
fn filtered(payload: &Payload, events: &[OpenedEvent]) -> Vec<EventOutcome> {
    let mut outcomes = Vec::new();
    for event in events {
        for (tracker, owed) in &event.trackers {
            if let Owed::Filtered(reason) = owed {
                let outcome = Outcome::Filtered { reason: reason.clone() };
                let settled = Settled { outcome, status: None };
                outcomes.push(event_outcome(&payload.id, event.idx, tracker, settled));
            }
        }
    }
    outcomes
}

/// One event in the log: ids, allowlisted names and reasons.
#[derive(Serialize)]
struct Logged<'a> {
    id: &'a str,
    event: &'a str,
    trackers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    changes: &'a [Change],
}

#[derive(Serialize)]
struct Line<'a> {
    payload: &'a str,
    policy: &'a str,
    events: Vec<Logged<'a>>,
    /// Events past [`MAX_LOGGED`] and changes past [`MAX_LOGGED_CHANGES`].
    omitted: usize,
}

fn log(payload: &str, policy: &str, events: &[OpenedEvent], outcomes: &[EventOutcome]) {
    let mut omitted = events.len().saturating_sub(MAX_LOGGED);
    let mut room = MAX_LOGGED_CHANGES;
    let mut logged = Vec::new();
    for event in events.iter().take(MAX_LOGGED) {
        let of_event = outcomes.iter().filter(|outcome| outcome.idx == event.idx);
        let trackers =
            of_event.map(|outcome| (outcome.tracker.as_str(), in_words(&outcome.outcome))).collect();
        let changes = &event.changes[..event.changes.len().min(room)];
        room -= changes.len();
        omitted += event.changes.len() - changes.len();
        logged.push(Logged { id: &event.id, event: &event.name, trackers, changes });
    }
    edge::log::info("forwarded", Line { payload, policy, events: logged, omitted });
}

fn in_words(outcome: &Outcome) -> String {
    match outcome.reason() {
        Some(reason) => format!("{}({reason})", outcome.name()),
        None => outcome.name().to_owned(),
    }
}
