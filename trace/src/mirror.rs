//! Sampled copies of calls, sent to a vendor's validation endpoint: the only way to learn what GA4, which
//! answers 2xx to anything, thinks of an event. They change no outcome.

use crate::policy::Shared;
use edge::http::post;
use edge::problem::Problem;
use trackers::{Call, Reply};

/// Sends the copies one after the other and logs what the vendor complains of.
pub async fn send(setup: Shared, tracker: String, calls: Vec<Call>) {
    let Ok(setup) = &*setup else { return };
    let Some(tracker) = setup.tracker(&tracker) else { return };
    for call in calls {
        let answer = match post(&call.url, &call.headers, &call.body, setup.deadline).await {
            Ok(answer) => answer,
            Err(reason) => {
                Problem::warning("vendor_not_checked")
                    .by("tracker", tracker.name())
                    .by("reason", reason)
                    .tell();
                continue;
            }
        };
        if !(200..300).contains(&answer.status) {
            let reason = format!("http_{}", answer.status);
            Problem::warning("vendor_not_checked").by("tracker", tracker.name()).by("reason", reason).tell();
        }
        let reply =
            Reply { status: answer.status, retry_after: answer.retry_after.as_deref(), body: &answer.body };
        let complaints = tracker.complaints(&reply);
        if !complaints.is_empty() {
            Problem::new("vendor_complains")
                .by("tracker", tracker.name())
                .with("complaints", complaints)
                .tell();
        }
    }
}
