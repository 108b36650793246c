//! Sending spans. Nothing waits for it and nothing is sent twice: what a receiver does not take is counted and gone.

use super::encode::encode;
use super::settings::Tracing;
use super::span::Span;
use crate::http::{Answer, post};
use crate::problem::Problem;
use event::Millis;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Most spans of an export: a megabyte at most, a tenth of that as a rule.
pub const MAX_SPANS: usize = 256;

/// A receiver that takes longer is taken for one that is away.
const DEADLINE: Duration = Duration::from_secs(5);

/// A failure is told at most so often, in ms.
const TELL_EVERY: i64 = 60_000;

/// A receiver that asks for time is waited for so long at most, in ms.
const MAX_WAIT: i64 = 60_000;

thread_local! {
    // No request's state: the receiver is the same for all of them.
    static LOSSES: RefCell<Losses> = const { RefCell::new(Losses::new()) };
}

/// What was not taken, and was not told of yet.
#[derive(Debug)]
struct Losses {
    spans: usize,
    told_at: Option<Millis>,
    /// The receiver asked for time until then.
    not_before: Millis,
}

/// Why spans were not taken.
#[derive(Debug, PartialEq, Eq)]
struct Loss {
    spans: usize,
    /// A stable token, such as `timeout` or `http_429`.
    reason: String,
    /// How long the receiver asks to be left alone, in ms.
    wait: i64,
}

impl Tracing {
    /// Sends the first [`MAX_SPANS`] of these spans. What fails disturbs nobody.
    pub async fn export(self: Rc<Self>, mut spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        left_out(spans.len().saturating_sub(MAX_SPANS));
        spans.truncate(MAX_SPANS);
        let count = spans.len();
        if LOSSES.with_borrow(|losses| crate::clock::now() < losses.not_before) {
            return lost(Loss { spans: count, reason: "asked_to_wait".to_owned(), wait: 0 });
        }
        let Ok(body) = encode(&self.service, &spans) else { return };
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let loss = match post(&self.url, &headers, &body, DEADLINE).await {
            Ok(answer) => loss(&answer, count),
            Err(no_answer) => Loss { spans: count, reason: no_answer.to_string(), wait: 0 },
        };
        lost(loss);
    }
}

/// Counts spans that there was no room for.
pub fn left_out(spans: usize) {
    lost(Loss { spans, reason: "too_many".to_owned(), wait: 0 });
}

/// What an answer says was not taken.
fn loss(answer: &Answer, spans: usize) -> Loss {
    if (200..300).contains(&answer.status) {
        return Loss { spans: rejected(&answer.body).min(spans), reason: "rejected".to_owned(), wait: 0 };
    }
    let seconds: i64 = answer.retry_after.as_deref().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let wait = seconds.clamp(0, MAX_WAIT / 1000) * 1000;
    Loss { spans, reason: format!("http_{}", answer.status), wait }
}

/// `partialSuccess.rejectedSpans` of an answer. It is looked for and not parsed: receivers may answer anything.
fn rejected(body: &[u8]) -> usize {
    let body = String::from_utf8_lossy(body);
    let Some((_, rest)) = body.split_once("\"rejectedSpans\"") else { return 0 };
    let rest = rest.trim_start_matches([':', ' ', '"']);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    digits.parse().unwrap_or(0)
}

fn lost(loss: Loss) {
    if loss.spans == 0 {
        return;
    }
    let now = crate::clock::now();
    if let Some(spans) = LOSSES.with_borrow_mut(|losses| losses.add(&loss, now)) {
        Problem::warning("otlp_failed").by("reason", loss.reason).with("spans", spans).tell();
    }
}

impl Losses {
    const fn new() -> Self {
        Self { spans: 0, told_at: None, not_before: Millis(0) }
    }

    /// How many are to be told of now, with those of before.
    fn add(&mut self, loss: &Loss, now: Millis) -> Option<usize> {
        self.spans += loss.spans;
        self.not_before = self.not_before.max(Millis(now.0 + loss.wait));
        if self.told_at.is_some_and(|told_at| now.0 - told_at.0 < TELL_EVERY) {
            return None;
        }
        self.told_at = Some(now);
        Some(std::mem::take(&mut self.spans))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Answer {
        Answer { status, retry_after: retry_after.map(str::to_owned), body: body.into() }
    }

    #[test]
    fn a_failure_is_told_once_a_minute_with_all_that_was_lost_since() {
        let mut losses = Losses::new();
        let loss = |spans| Loss { spans, reason: "timeout".into(), wait: 0 };
        let times = [(0, 3), (1, 4), (59_999, 5), (60_000, 1), (60_001, 1)];
        let told = times.map(|(now, spans)| losses.add(&loss(spans), Millis(now)));
        assert_eq!(told, [Some(3), None, None, Some(10), None]);
    }

    #[test]
    fn whatever_a_receiver_answers_is_understood_or_passed_over() {
        let lost = |status, body: &str| loss(&answer(status, None, body), 5).spans;
        for body in ["", "{}", "garbage", "[]", r#"{"partialSuccess": 1}"#, r#"{"partialSuccess": {}}"#] {
            assert_eq!((lost(200, body), lost(503, body)), (0, 5), "{body}");
        }
        let partly =
            |count| format!(r#"{{"partialSuccess": {{"rejectedSpans": "{count}", "errorMessage": "x"}}}}"#);
        assert_eq!((lost(200, &partly("2")), lost(200, &partly("-1"))), (2, 0));
        assert_eq!(lost(200, &partly("900")), 5, "no more than were sent");
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_up_to_a_bound() {
        let wait = |text| loss(&answer(429, text, ""), 1).wait;
        let texts = [None, Some("7"), Some("86400"), Some("-1"), Some("Sun, 22 Nov 2026 00:00:00 GMT")];
        assert_eq!(texts.map(wait), [0, 7_000, 60_000, 0, 0]);
    }
}
