//! The way of an event: scope, grouping, completion, `before_send`, sample rate, limits, `fetch`.

use crate::grouping::Verdict;
use crate::isolate::{Isolate, isolate};
use crate::{clock, image, stack, task};
use sentry::Hub;
use sentry::protocol::{ClientSdkInfo, ClientSdkPackage, Event};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

const NAME: &str = "sentry.rust.workers";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Reports an event, with the scope of the current request. What it leaves open is completed: id, platform, release,
/// environment, server name, request, trace, and a stack where there is an exception without one.
///
/// Events with equal fingerprints are told once and then counted: [`Options::windows`](crate::Options::windows). Without a
/// fingerprint, events are equal whose level, message, transaction and exceptions are.
///
/// Without [`init`](crate::init) it does nothing.
pub fn capture(event: Event<'static>) {
    let Some(isolate) = isolate() else { return };
    isolate.flush_due();
    isolate.capture(event);
}

impl Isolate {
    fn capture(self: &Rc<Self>, mut event: Event<'static>) {
        let task = task::current();
        if let Some(task) = &task {
            event.contexts.entry("trace".to_owned()).or_insert_with(|| task.trace().into());
        }
        let scope = Hub::current().configure_scope(|scope| scope.clone());
        let Some(mut event) = scope.apply_to_event(event) else {
            return self.count(|counts| counts.suppressed += 1);
        };
        let (key, now) = (fingerprint(&event), clock::millis());
        let room = self.room(now);
        let Ok(verdict) = self.groups.try_borrow_mut().map(|mut groups| groups.meet(key, now, room > 0))
        else {
            return;
        };
        if verdict == Verdict::Count {
            return self.count(|counts| counts.suppressed += 1);
        }
        self.complete(&mut event);
        if let Some(task) = &task {
            task.describe(&mut event, self.options.headers);
        }
        match verdict {
            Verdict::Tell(count) => {
                if !self.tell(event, count) {
                    self.count(|counts| counts.suppressed += 1);
                }
            }
            Verdict::Hold | Verdict::Count => {
                self.count(|counts| counts.suppressed += 1);
                if let Ok(mut groups) = self.groups.try_borrow_mut() {
                    groups.hold(key, event);
                }
            }
        }
    }

    fn complete(&self, event: &mut Event<'static>) {
        if event.event_id.is_nil() {
            event.event_id = sentry::types::random_uuid();
        }
        // Of those that Sentry knows, the one whose frames are looked up in WASM.
        event.platform = "native".into();
        let options = &self.options;
        for (own, default) in [
            (&mut event.release, &options.release),
            (&mut event.environment, &options.environment),
            (&mut event.server_name, &options.server_name),
        ] {
            if own.is_none() {
                own.clone_from(default);
            }
        }
        // The last one is what was caught; its causes have no place of their own.
        if let Some(exception) = event.exception.values.last_mut()
            && exception.stacktrace.is_none()
        {
            exception.stacktrace = stack::here();
            event.debug_meta = Cow::Owned(image::images());
        }
        event.sdk.get_or_insert_with(|| {
            Cow::Owned(ClientSdkInfo {
                name: NAME.to_owned(),
                version: VERSION.to_owned(),
                integrations: Vec::new(),
                packages: vec![ClientSdkPackage {
                    name: "cargo:sentry-workers".to_owned(),
                    version: VERSION.to_owned(),
                }],
            })
        });
    }

    /// Sends a complete event that stands for so many failures, unless it is dropped. Returns whether it was sent.
    pub(crate) fn tell(&self, mut event: Event<'static>, count: u64) -> bool {
        event.extra.insert("count".to_owned(), count.into());
        let event = match &self.options.before_send {
            Some(before_send) => before_send(event),
            None => Some(event),
        };
        let Some(event) = event else { return false };
        if !self.client.sample_should_send(self.options.sample_rate) {
            return false;
        }
        self.count(|counts| counts.sent += 1);
        self.client.send_envelope(event.into());
        true
    }
}

/// Whose equals are one issue. `{{ default }}` stands for what the event says, as it does at Sentry.
fn fingerprint(event: &Event<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in event.fingerprint.iter() {
        if matches!(part.as_ref(), "{{ default }}" | "{{default}}") {
            (event.level as u8, &event.message, &event.transaction, &event.culprit).hash(&mut hasher);
            for exception in &event.exception.values {
                (&exception.ty, &exception.value).hash(&mut hasher);
            }
        } else {
            part.hash(&mut hasher);
        }
    }
    hasher.finish()
}
