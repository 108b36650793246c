//! All of one event, put together.

use super::super::EventsError;
use super::super::outcome::Outcome;
use super::Explain;
use super::body::Sent;
use super::found::{Finder, Place, Recorded};
use super::request::{Kept, Made, Request};
use super::scrubbed::hidden;
use crate::allowlist::explain::explained::Explained;
use crate::allowlist::explain::opening::{Opened, Opening, settings_in_words};
use crate::allowlist::explain::vendor::Vendor;
use crate::span;
use allowlist::Policy;
use event::time::event_time;
use event::{Change, Millis, Payload};
use serde::Serialize;
use serde_json::Value;
use trackers::settings::Settings;

/// What is told of an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// Its id, as in the account.
    pub event_id: String,
    /// Its name, as the account or today's policy has it.
    pub event: String,
    /// The payload that it came in.
    pub payload_id: String,
    /// Its place in it.
    pub idx: u32,
    /// How many events the payload holds; absent where `raw` does not have it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<usize>,
    /// UTC day of receipt.
    pub day: String,
    /// The shard that took it.
    pub shard: Option<i64>,
    /// When it was received.
    pub received_at: String,
    /// When it happened, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Whether payload and context are shown as they came.
    pub is_raw: bool,
    /// What Dispatcher knew of the request.
    pub context: Value,
    /// What was sent of the event.
    pub payload: Value,
    /// What comes of it today; absent where `raw` does not have it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Today>,
    /// What was taken out when it was delivered, once for each policy that did so.
    pub then: Vec<Then>,
    /// In the order of the registry.
    pub trackers: Vec<AtTracker>,
}

/// Under today's policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Today {
    /// Its version, and where it stands.
    pub policy: String,
    /// Of which environment its sources count.
    pub environment: String,
    /// Which settings there are, and what is not shown of them.
    pub settings: String,
    /// Why the body is no JSON, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
    /// What is kept, changed and dropped.
    #[serde(flatten)]
    pub explained: Explained,
}

/// Under the policy of an outcome.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Then {
    /// The policy's version; absent where Trace was never reached.
    pub policy: Option<String>,
    /// Whether it is today's.
    pub is_today: bool,
    /// The runs in which it counted.
    pub runs: Vec<String>,
    /// What was dropped or altered, never its value.
    pub changes: Vec<Change>,
}

/// A tracker's part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AtTracker {
    /// Its name.
    pub tracker: String,
    /// In the order of time. Where there is none, it is pending or was never owed.
    pub history: Vec<AtRun>,
    /// What the vendor was sent, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Why today's code would send nothing, where nothing was kept either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// An outcome, and what made it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AtRun {
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Version of the policy.
    pub policy: Option<String>,
    /// Release of the Outbox.
    pub release: String,
}

/// Tells stories.
pub struct Teller<'a> {
    pub explain: &'a Explain,
    pub policy: &'a Policy,
    pub settings: &'a Settings,
    pub environment: String,
    pub now: Millis,
}

impl Teller<'_> {
    /// Puts together what there is of the event at `place`.
    ///
    /// # Errors
    /// [`EventsError`]
    pub async fn tell(&self, finder: &mut Finder<'_>, place: &Place) -> Result<Story, EventsError> {
        let payload = finder.payload(place).await?;
        let sent = payload.as_ref().and_then(|payload| Sent::read(payload, place.idx));
        let sent = match sent {
            Some(Err(of)) => return Err(EventsError::NoPlace(place.payload_id.clone(), place.idx, of)),
            Some(Ok(sent)) => Some(sent),
            None => None,
        };
        let mut history = place.history.clone();
        if let Some(payload) = payload.as_ref().filter(|_| history.is_empty()) {
            let opened = self.open(payload, place, &[])?;
            if let Some(event) = opened.events.first() {
                history = finder.history(&event.id, place).await?;
            }
        }
        if history.is_empty() {
            // Of an event that was erased the outcomes are kept, under an id that names nobody.
            let erased = event::id::erased_id(&place.payload_id, place.idx);
            history = finder.history(&erased, place).await?;
        }
        let opened = payload.as_ref().map(|payload| self.open(payload, place, &history)).transpose()?;
        let calls = finder.calls(place).await?;
        Ok(self.story(place, payload, sent, history, opened, calls))
    }

    /// Of a tracker with outcomes the request is that of its last attempt: later, an event may be too old.
    fn open(&self, payload: &Payload, place: &Place, history: &[Recorded]) -> Result<Opened, EventsError> {
        let at = |tracker: &str| self.attempted_at(tracker, history);
        let opening = Opening {
            policy: self.policy,
            settings: self.settings,
            payload,
            trackers: &self.explain.tracker,
            only: Some(place.idx),
            at: &at,
        };
        Ok(opening.open()?)
    }

    fn attempted_at(&self, tracker: &str, history: &[Recorded]) -> Millis {
        let last = history.iter().rev().find(|recorded| recorded.outcome.tracker == tracker);
        last.and_then(|recorded| span::since(&recorded.outcome.timestamp, self.now)).unwrap_or(self.now)
    }

    fn story(
        &self,
        place: &Place,
        payload: Option<Payload>,
        sent: Option<Sent>,
        history: Vec<Recorded>,
        opened: Option<Opened>,
        calls: Vec<Kept>,
    ) -> Story {
        let is_raw = self.explain.raw;
        let then = self.then(&history);
        let (mut vendors, mut today) = (Vec::new(), None);
        if let Some(mut opened) = opened {
            vendors = opened.trackers;
            today = opened.events.pop().map(|explained| Today {
                policy: format!("{} of {}", self.policy.version, self.explain.policy.display()),
                environment: self.environment.clone(),
                settings: settings_in_words(self.explain.settings.as_deref(), opened.has_key),
                malformed: opened.malformed,
                explained,
            });
        }
        let recorded = history.last();
        let explained = today.as_ref().map(|today| &today.explained);
        let context = payload.as_ref().map(|payload| &payload.context);
        let shown = context.and_then(|context| serde_json::to_value(context).ok()).unwrap_or_default();
        let claimed = sent.as_ref().map(|sent| sent.claimed().map(Millis));
        let sent_at = context.and_then(|context| context.sent_at).map(Millis);
        Story {
            event_id: recorded
                .map(|recorded| recorded.event_id.clone())
                .or_else(|| explained.map(|explained| explained.id.clone()))
                .unwrap_or_default(),
            event: explained
                .map(|explained| explained.name.clone())
                .or_else(|| recorded.map(|recorded| recorded.event.clone()))
                .unwrap_or_default(),
            payload_id: place.payload_id.clone(),
            idx: place.idx,
            events: sent.as_ref().map(|sent| sent.of),
            day: place.received_at.day(),
            shard: recorded
                .map(|recorded| recorded.shard)
                .or_else(|| context.and_then(|context| context.shard).map(i64::from)),
            received_at: place.received_at.to_string(),
            timestamp: claimed.map(|claimed| event_time(place.received_at, sent_at, claimed).to_string()),
            is_raw,
            context: if is_raw { shown } else { hidden(shown) },
            payload: sent.map(|sent| sent.shown(is_raw)).unwrap_or_default(),
            today,
            then,
            trackers: self.trackers(place, history, vendors, calls),
        }
    }

    fn then(&self, history: &[Recorded]) -> Vec<Then> {
        let mut told: Vec<Then> = Vec::new();
        for Recorded { outcome, changes, policy, .. } in history {
            let known = told.iter_mut().find(|then| then.policy == *policy && then.changes == *changes);
            match known {
                Some(then) if then.runs.contains(&outcome.run) => {}
                Some(then) => then.runs.push(outcome.run.clone()),
                None => told.push(Then {
                    policy: policy.clone(),
                    is_today: policy.as_ref() == Some(&self.policy.version),
                    runs: vec![outcome.run.clone()],
                    changes: changes.clone(),
                }),
            }
        }
        told
    }

    fn trackers(
        &self,
        place: &Place,
        history: Vec<Recorded>,
        vendors: Vec<Vendor>,
        mut calls: Vec<Kept>,
    ) -> Vec<AtTracker> {
        let asked = &self.explain.tracker;
        let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
        // What is not opened yet, or had no tracker, has a name of its own there.
        let mut names: Vec<String> = trackers::NAMES.map(str::to_owned).into();
        for recorded in &history {
            if !names.contains(&recorded.outcome.tracker) {
                names.push(recorded.outcome.tracker.clone());
            }
        }
        names.retain(|name| is_asked(name));
        let mut vendors = vendors.into_iter();
        let tracker = |name: String| {
            let at = self.attempted_at(&name, &history).to_string();
            let of_it = history.iter().filter(|recorded| recorded.outcome.tracker == name);
            let kept = calls.iter().position(|call| call.tracker == name).map(|at| calls.swap_remove(at));
            let vendor = vendors.by_ref().find(|vendor| vendor.tracker == name);
            let (request, without) = match kept {
                Some(kept) => (Some(Request::Requests(kept)), None),
                None => made(vendor, place, at),
            };
            let history = of_it.map(|recorded| AtRun {
                outcome: recorded.outcome.clone(),
                policy: recorded.policy.clone(),
                release: recorded.release.clone(),
            });
            AtTracker { history: history.collect(), tracker: name, request, without }
        };
        names.into_iter().map(tracker).collect()
    }
}

/// What today's code would send, or why it would not.
fn made(vendor: Option<Vendor>, place: &Place, at: String) -> (Option<Request>, Option<String>) {
    let Some(mut vendor) = vendor else { return (None, None) };
    if let Some(off) = vendor.off {
        return (None, Some(format!("the tracker is off: {off}")));
    }
    if let Some(without) = vendor.without.iter().find(|without| without.idx == place.idx) {
        return (None, Some(format!("{} ({}): {}", without.outcome, without.reason, without.why)));
    }
    (vendor.requests.pop().map(|request| Request::Today(Made { at, request })), None)
}
