//! The calls of a shard, and what is told of them: to the shard what came of it, to the log and to Sentry what failed, and
//! to a receiver of traces what is recorded.

use super::pump::Pump;
use super::spans::{self, Made};
use super::trace;
use edge::otlp::Span;
use edge::problem::Problem;
use edge::report::Counts;
use event::Millis;
use futures_util::FutureExt;
use outbox::sql::SqlError;
use outbox::{Failure, Work};
use std::panic::AssertUnwindSafe;

impl Pump {
    /// Makes a call and tells the shard what came of it.
    pub async fn perform(&self, work: Work) -> Result<(), SqlError> {
        let started = edge::clock::now();
        match work {
            Work::Raw(batch) => {
                let result = caught(self.warehouses.write_raw(&batch)).await;
                self.export(started, |made| spans::of_raw(&batch, &result, made));
                let by = |failed: Problem| failed.by("warehouse", &batch.warehouse);
                self.tell_of(&result, "raw", |failed| by(failed).with("payloads", batch.payloads()));
                self.shard().logged(&batch, result, edge::clock::now())
            }
            Work::Accounts(batch) => {
                let result = caught(self.warehouses.write_accounts(&batch)).await;
                self.tell_of(&result, "accounts", |failed| failed.by("warehouse", &batch.warehouse));
                self.shard().accounted(&batch, result, edge::clock::now())
            }
            Work::Open(batch) => {
                let ask =
                    trace::ask(&self.env, "/open", &batch.body, |counts| self.note_reports("trace", counts));
                let result = caught(ask).await;
                self.export(started, |made| spans::of_open(&batch, &result, made));
                self.tell_of(&result, "open", |failed| of_payloads(failed, batch.payload_ids()));
                self.shard().opened(batch, result, edge::clock::now())
            }
            Work::Deliver(batch) => {
                let path = format!("/deliver/{}", batch.tracker);
                let ask =
                    trace::ask(&self.env, &path, &batch.body, |counts| self.note_reports("trace", counts));
                let result = caught(ask).await;
                self.export(started, |made| spans::of_deliver(&batch, &result, made));
                self.tell_of(&result, &batch.tracker, |failed| of_payloads(failed, batch.payload_ids()));
                self.shard().delivered(&batch, result, edge::clock::now())
            }
        }
    }

    /// Exports the spans of a call, and keeps nobody waiting.
    fn export(&self, started: Millis, spans: impl FnOnce(Made) -> Vec<Span>) {
        let Some(queue) = &self.spans else { return };
        let made = Made { started, ended: edge::clock::now(), shard: self.shard().number() };
        if queue.take(spans(made)) {
            self.in_background("spans".into(), queue.clone().send());
        }
    }

    /// Error reports that a Worker has made since it said so before.
    pub fn note_reports(&self, worker: &str, counts: Counts) {
        let [sent, suppressed] =
            [counts.sent, counts.suppressed].map(|count| i64::try_from(count).unwrap_or_default());
        self.shard().reported(worker, sent, suppressed);
    }

    /// Tells of a call that failed.
    fn tell_of<T>(&self, result: &Result<T, Failure>, lane: &str, more: impl FnOnce(Problem) -> Problem) {
        if let Err(failure) = result {
            let failed = Problem::new("call_failed").by("lane", lane).by("reason", &failure.reason);
            more(failed).with("shard", self.shard().number()).tell();
        }
    }
}

/// A panic is a failure like any other, and ends no lane.
async fn caught<T>(call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| Err(Failure::temporary("panic")))
}

/// How many of a call's payloads there are, and the first of them by id: in `raw` stands what they hold.
fn of_payloads<'a>(failed: Problem, ids: impl ExactSizeIterator<Item = &'a str>) -> Problem {
    const TOLD: usize = 5;
    let count = ids.len();
    failed.with("payloads", count).with("payload", ids.take(TOLD).collect::<Vec<_>>())
}
