//! `POST /deliver/{tracker}`: events of one or more payloads to one vendor.

use crate::calls::CallLog;
use crate::lane::{self, Settled, Way};
use crate::setup::Setup;
use crate::spans::{CallSpans, Traced};
use crate::take::{Taken, take};
use allowlist::Allowed;
use edge::otlp::Span;
use edge::problem::Problem;
use edge::report;
use event::account::LIVE;
use event::wire::{CallMade, DeliverReply, DeliverRequest, EventOutcome, Named};
use event::{Change, Outcome};
use trackers::Call;

/// The platform lets six outgoing connections wait for an answer; a seventh call would be queued behind them.
const MAX_OPEN_CALLS: usize = 6;

/// Most changes that a reply tells of events that were opened again. A shard takes 16 MiB of a reply, and a hostile call
/// could make twice as much. For events past them what was told at their opening stays.
const MAX_CHANGES: usize = 10_000;

/// An event for the vendor: the place of its payload in the request, and its own in that.
struct Owed {
    place: usize,
    idx: u32,
    event: Allowed,
    told: Told,
}

/// What is told again of an event besides its outcome.
#[derive(Clone)]
struct Told {
    changes: Option<Vec<Change>>,
    named: Option<Named>,
}

/// Delivers what was asked for, and says what came of each event; with validation requests, and the spans of all calls.
pub async fn deliver(
    setup: &Setup,
    tracker: &str,
    request: DeliverRequest,
) -> (DeliverReply, Vec<Call>, Vec<Span>) {
    let mut outcomes = Vec::new();
    let mut owed = Vec::new();
    let mut room = MAX_CHANGES;
    let is_again = request.run != LIVE;
    for (place, payload) in request.payloads.iter().enumerate() {
        let events = match setup.tracker(tracker) {
            Some(_) => take(setup, tracker, request.policy.as_deref(), payload),
            None => payload.events.iter().map(|&idx| tracker_off(idx)).collect(),
        };
        for Taken { idx, event, changes, named } in events {
            let changes = changes.filter(|changes| changes.len() <= room);
            room -= changes.as_ref().map_or(0, Vec::len);
            let told = Told { changes, named: named.filter(|_| is_again) };
            match event {
                Ok(event) => owed.push(Owed { place, idx, event, told }),
                Err(outcome) => {
                    let settled = Settled { outcome, status: None };
                    outcomes.push(event_outcome(&payload.id, idx, tracker, settled, told));
                }
            }
        }
    }
    let (mut calls, mut mirrors, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    if let (Some(vendor), false) = (setup.tracker(tracker), owed.is_empty()) {
        let events: Vec<_> = owed.iter().map(|owed| &owed.event).collect();
        #[cfg(feature = "faults")]
        edge::faults::poison("deliver", &format!("{events:?}"));
        let secrets = setup.secrets.get(tracker);
        let log = setup.told.zip(secrets).map(|(told, secrets)| {
            CallLog::new(told, secrets, owed.iter().map(|owed| (owed.place, owed.idx)).collect())
        });
        let way = Way {
            open_calls: MAX_OPEN_CALLS,
            deadline: setup.deadline,
            log,
            shown_without: secrets.filter(|_| report::wants_payloads()),
            spans: call_spans(setup, tracker, &request, &owed),
        };
        let delivery = lane::deliver(vendor, &events, way).await;
        delivery.failures.tell(tracker);
        for (owed, settled) in owed.iter().zip(delivery.settled) {
            let payload = &request.payloads[owed.place].id;
            outcomes.push(event_outcome(payload, owed.idx, tracker, settled, owed.told.clone()));
        }
        mirrors = delivery.mirrors;
        spans = delivery.spans;
        calls = delivery.log.map(|log| told(tracker, log)).unwrap_or_default();
    }
    (DeliverReply { policy: setup.policy.version.clone(), outcomes, calls }, mirrors, spans)
}

/// For the spans of calls, where a payload is traced.
fn call_spans<'a>(
    setup: &Setup,
    tracker: &'a str,
    request: &'a DeliverRequest,
    owed: &[Owed],
) -> Option<CallSpans<'a>> {
    let rate = setup.tracing.as_ref()?.rate;
    let traced = |owed: &Owed| {
        let payload = &request.payloads[owed.place];
        let place = payload.traceparent.filter(|place| rate.keeps(place))?;
        Some(Traced { payload: &payload.id, place })
    };
    let payloads: Vec<_> = owed.iter().map(traced).collect();
    payloads.iter().any(Option::is_some).then(|| CallSpans::new(tracker, payloads))
}

/// The calls that are told of. What there is no room for leaves a line in the log.
fn told(tracker: &str, log: CallLog<'_>) -> Vec<CallMade> {
    let (calls, left_out) = log.finish();
    if left_out > 0 {
        Problem::new("requests_left_out").by("tracker", tracker).with("calls", left_out).tell();
    }
    calls
}

fn tracker_off(idx: u32) -> Taken {
    let event = Err(Outcome::Filtered { reason: "tracker_off".to_owned() });
    Taken { idx, event, changes: None, named: None }
}

fn event_outcome(
    payload: &str,
    idx: u32,
    tracker: &str,
    settled: Settled,
    Told { changes, named }: Told,
) -> EventOutcome {
    EventOutcome {
        changes,
        named,
        payload: payload.to_owned(),
        idx,
        tracker: tracker.to_owned(),
        outcome: settled.outcome,
        status: settled.status,
    }
}
