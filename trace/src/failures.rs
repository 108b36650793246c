//! Replies of a vendor that were no success: gathered over a delivery, told once for each status and reason.

use allowlist::Allowed;
use allowlist::scrub::excerpt;
use edge::http::{Answer, NoAnswer};
use edge::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
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
        let mut kinds = BTreeSet::new();
        for (event, verdict) in events.iter().zip(verdicts) {
            let Some((reason, is_passing)) = reason(verdict) else { continue };
            let failed = self.0.entry((status, reason.clone())).or_default();
            failed.is_passing = is_passing;
            failed.events += 1;
            if failed.ids.len() < MAX_IDS {
                failed.ids.push(event.id().to_owned());
            }
            kinds.insert(reason);
        }
        for reason in kinds {
            let failed = self.0.entry((status, reason)).or_default();
            failed.calls += 1;
            if let (Some(secrets), 1) = (secrets, failed.calls) {
                failed.shown = Some(shown(call, answer, secrets));
            }
        }
    }

    /// Tells of them.
    pub fn tell(self, tracker: &str) {
        for ((status, reason), failed) in self.0 {
            let problem = if reason == NoAnswer::Limit.to_string() {
                // That one is ours, and not the vendor's.
                Problem::new("limit_exceeded")
            } else if failed.is_passing {
                Problem::warning("vendor_failed")
            } else {
                Problem::new("vendor_failed")
            };
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

/// What was sent, and answered.
fn shown(call: &Call, answer: &Result<Answer, NoAnswer>, secrets: &Secrets) -> (String, Option<String>) {
    let reply = answer.as_ref().ok().map(|answer| String::from_utf8_lossy(&answer.body));
    let reply = reply.map(|reply| excerpt(&secrets.hide(&reply), MAX_REPLY));
    (excerpt(&secrets.hide(&call.body), MAX_REQUEST), reply)
}

/// Why the vendor did not take an event, and whether it may take it later. Nothing where it took it, or refused it for
/// another event's sake.
fn reason(verdict: &Verdict) -> Option<(String, bool)> {
    match verdict {
        Verdict::Delivered | Verdict::Again => None,
        Verdict::Rejected(reason) => Some(((*reason).to_owned(), false)),
        // The halves are sent.
        Verdict::Split => Some(("split".to_owned(), true)),
        Verdict::Retry { reason, .. } => Some((reason.clone(), *verdict != Verdict::misconfigured())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::events;

    fn answer(status: u16) -> Result<Answer, NoAnswer> {
        Ok(Answer { status, retry_after: None, body: b"{}".to_vec() })
    }

    /// Reason, status, calls, events, ids.
    type Told<'a> = (&'a str, Option<u16>, usize, usize, Vec<&'a str>);

    fn told(failures: &Failures) -> Vec<Told<'_>> {
        failures
            .0
            .iter()
            .map(|((status, reason), failed)| {
                let ids = failed.ids.iter().map(String::as_str).collect();
                (reason.as_str(), *status, failed.calls, failed.events, ids)
            })
            .collect()
    }

    #[test]
    fn an_event_counts_under_its_own_reason_and_not_where_it_was_taken_or_is_sent_again() {
        let call =
            Call { url: String::new(), headers: vec![], body: String::new(), events: vec![0, 1, 2, 3] };
        let events = events(["a", "b", "c", "d"].map(str::to_owned));
        let events: Vec<&Allowed> = events.iter().collect();
        let throttled = Verdict::Retry { after: None, reason: "throttled".into() };
        let mut failures = Failures::default();
        let verdicts = [Verdict::Again, Verdict::Rejected("invalid"), throttled, Verdict::Delivered];
        for _ in 0..2 {
            failures.note(&call, &events, &verdicts, &answer(400), None);
        }
        let expected =
            [("invalid", Some(400), 2, 2, vec!["b", "b"]), ("throttled", Some(400), 2, 2, vec!["c", "c"])];
        assert_eq!(told(&failures), expected);
        assert!(!failures.0[&(Some(400), "invalid".into())].is_passing);
        assert!(failures.0[&(Some(400), "throttled".into())].is_passing);
    }

    #[test]
    fn ids_are_bounded_and_counts_are_not() {
        let events = events((0..100).map(|n| format!("e{n}")));
        let events: Vec<&Allowed> = events.iter().collect();
        let call =
            Call { url: String::new(), headers: vec![], body: String::new(), events: (0..100).collect() };
        let mut failures = Failures::default();
        failures.note(&call, &events, &vec![Verdict::Split; 100], &answer(413), None);
        failures.note(&call, &events, &vec![Verdict::Rejected("x"); 100], &Err(NoAnswer::Timeout), None);
        let failures = told(&failures);
        assert_eq!(
            failures.iter().map(|told| (told.0, told.3, told.4.len())).collect::<Vec<_>>(),
            [("x", 100, MAX_IDS), ("split", 100, MAX_IDS)]
        );
    }
}
