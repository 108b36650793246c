//! Sampled copies of calls, sent to a vendor's validation endpoint: the only way to learn what GA4, which
//! answers 2xx to anything, thinks of an event. They change no outcome.

use crate::policy::Shared;
use edge::http::post;
use serde_json::json;
use trackers::{Call, Reply};

/// Sends the copies one after the other and logs what the vendor complains of.
pub async fn send(setup: Shared, tracker: String, calls: Vec<Call>) {
    let Ok(setup) = &*setup else { return };
    let Some(tracker) = setup.tracker(&tracker) else { return };
    for call in calls {
        let Ok(answer) = post(&call.url, &call.headers, &call.body, setup.deadline).await else { continue };
        let reply =
            Reply { status: answer.status, retry_after: answer.retry_after.as_deref(), body: &answer.body };
        let complaints = tracker.complaints(&reply);
        if !complaints.is_empty() {
            edge::log::error(
                "vendor_complains",
                json!({"tracker": tracker.name(), "complaints": complaints}),
            );
        }
    }
}
