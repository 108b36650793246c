//! Replies of a vendor that were no success: gathered over a delivery, told once for each status and reason.

use allowlist::Allowed;
use allowlist::scrub::excerpt;
use edge::http::{Answer, NoAnswer};
use edge::problem::Problem;
use std::collections::BTreeMap;
use trackers::{Call, Secrets, Verdict};

/// Event ids that are told of one kind of failure.
const MAX_IDS: usize = 5;

/// Characters of a reply and of a request that are attached, where payloads are.
const MAX_REPLY: usize = 2048;
const MAX_REQUEST: usize = 8192;

/// What tells failures apart: the status, where there was an answer, and a stable token.
type Kind = (Option<u16>, String);

/// The failures of one delivery.
#[derive(Debug, Default)]
pub struct Failures(BTreeMap<Kind, Failed>);

#[derive(Debug, Default)]
struct Failed {
    calls: usize,
    events: usize,
    ids: Vec<String>,
    is_passing: bool,
    /// What was sent and answered first.
    shown: Option<(String, Option<String>)>,
}

impl Failures {
    /// Takes down a call, unless the vendor took all of it. `secrets` are given where requests and replies are to be
    /// attached.
    pub fn note(
        &mut self,
        call: &Call,
        events: &[&Allowed],
        verdicts: &[Verdict],
        answer: &Result<Answer, NoAnswer>,
        secrets: Option<&Secrets>,
    ) {
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let Some((reason, is_passing)) = verdicts.iter().find_map(reason) else { return };
        let failed = self.0.entry((status, reason)).or_default();
        failed.calls += 1;
        failed.events += events.len();
        failed.is_passing = is_passing;
        let room = MAX_IDS - failed.ids.len();
        failed.ids.extend(events.iter().take(room).map(|event| event.id().to_owned()));
        if let Some(secrets) = secrets
            && failed.calls == 1
        {
            let reply = answer
                .as_ref()
                .ok()
                .map(|answer| excerpt(&secrets.hide(&String::from_utf8_lossy(&answer.body)), MAX_REPLY));
            failed.shown = Some((excerpt(&secrets.hide(&call.body), MAX_REQUEST), reply));
        }
    }

    /// Tells of them.
    pub fn tell(self, tracker: &str) {
        for ((status, reason), failed) in self.0 {
            let code = "vendor_failed";
            let problem = if failed.is_passing { Problem::warning(code) } else { Problem::new(code) };
            let status = status.map_or("none".to_owned(), |status| status.to_string());
            let mut problem = problem
                .by("tracker", tracker)
                .by("status", status)
                .by("reason", reason)
                .with("calls", failed.calls)
                .with("events", failed.events)
                .with("event", failed.ids);
            if let Some((request, reply)) = failed.shown {
                problem = problem.attach("request", request);
                if let Some(reply) = reply {
                    problem = problem.attach("reply", reply);
                }
            }
            problem.tell();
        }
    }
}

/// Why the vendor did not take an event, and whether it may take it later. Nothing where it took it, or refused it for
/// another event's sake.
fn reason(verdict: &Verdict) -> Option<(String, bool)> {
    match verdict {
        Verdict::Delivered | Verdict::Again => None,
        Verdict::Rejected(reason) => Some(((*reason).to_owned(), false)),
        Verdict::Split => Some(("refused".to_owned(), false)),
        Verdict::Retry { reason, .. } => Some((reason.clone(), *verdict != Verdict::misconfigured())),
    }
}
