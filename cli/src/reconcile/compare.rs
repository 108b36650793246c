//! Both sides beside each other, and what may explain where they differ.

use super::PROCESSING_MS;
use super::names::Names;
use super::ours::{Days, Line, Ours};
use super::vendor_csv::Theirs;
use event::Millis;
use event::account::UNOPENED;
use serde::Serialize;
use std::collections::BTreeMap;

/// The comparison.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The tracker.
    pub tracker: String,
    /// The first day, by the events' own time.
    pub day: String,
    /// The last day.
    pub to: String,
    /// Minutes between the vendor's days and UTC's.
    pub utc_offset_minutes: i64,
    /// The UTC days of receipt that were read.
    pub received: [String; 2],
    /// By day and name.
    pub rows: Vec<Row>,
    /// What has no name at the vendor: what the allowlist does not have, or nobody could read.
    pub unnamed: Vec<Cause>,
    /// Delivered events.
    pub ours: u64,
    /// Those that the vendor has, without its own; absent where there is no export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<u64>,
    /// Lines of the export that are of other days.
    pub other_days: u64,
    /// Days that are so young that the vendor may still count.
    pub young: Vec<String>,
    /// Whether some row differs by more than the tolerance.
    pub differs: bool,
}

/// An event and day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The day, in the vendor's zone.
    pub day: String,
    /// The event, as the vendor calls it.
    pub event: String,
    /// What we call it, where that is something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent_as: Vec<String>,
    /// Delivered events.
    pub ours: u64,
    /// Those that the vendor has; absent where there is no export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<u64>,
    /// Theirs less ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<i64>,
    /// Of ours; absent where we have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Whether that is more than the tolerance.
    pub differs: bool,
    /// What may explain it.
    pub causes: Vec<Cause>,
}

/// What the account has on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// A stable token.
    pub cause: &'static str,
    /// The reason of an outcome, or the name of what has none at the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many events.
    pub events: u64,
}

#[derive(Default)]
struct Sum {
    sent_as: Vec<String>,
    ours: u64,
    causes: BTreeMap<(&'static str, Option<String>), u64>,
}

impl Sum {
    fn add(&mut self, cause: &'static str, reason: Option<String>, events: u64) {
        if events > 0 {
            *self.causes.entry((cause, reason)).or_default() += events;
        }
    }

    fn count(&mut self, line: &Line) {
        match line.outcome.as_str() {
            "delivered" => self.ours += line.events,
            "dead" => self.add("dead", line.reason.clone(), line.events),
            "rejected" => self.add("rejected", line.reason.clone(), line.events),
            _ => self.add("filtered", line.reason.clone(), line.events),
        }
        self.add("delivered_again", None, line.again);
        self.add("retried", None, line.retried);
        if line.outcome == "delivered" {
            self.add("received_later", None, line.later);
            self.add("own_time_unknown", None, line.untimed);
        }
        self.add("delivered_late", None, line.slow);
    }

    fn causes(&mut self) -> Vec<Cause> {
        let causes = std::mem::take(&mut self.causes).into_iter();
        causes.map(|((cause, reason), events)| Cause { cause, reason, events }).collect()
    }
}

impl Comparison {
    /// Puts both sides beside each other.
    pub fn new(
        tracker: &str,
        days: &Days,
        names: &Names,
        ours: Ours,
        theirs: Option<Theirs>,
        tolerance: f64,
        now: Millis,
    ) -> Self {
        let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
        let mut unnamed = Sum::default();
        for line in &ours.lines {
            if line.event.starts_with('(') {
                let why = line.reason.clone().unwrap_or_else(|| line.event.clone());
                unnamed.add("filtered", Some(why), line.events);
                continue;
            }
            let shown = names.shown(&line.event);
            let sum = sums.entry((line.day.clone(), shown.clone())).or_default();
            if shown != line.event && !sum.sent_as.contains(&line.event) {
                sum.sent_as.push(line.event.clone());
            }
            sum.count(line);
        }
        for (event, day, events) in ours.pending {
            if event == UNOPENED || !(days.first.as_str()..=days.last.as_str()).contains(&day.as_str()) {
                unnamed.add("pending", Some(event), events);
            } else {
                sums.entry((day, names.shown(&event))).or_default().add("pending", None, events);
            }
        }
        let has_theirs = theirs.is_some();
        let theirs = theirs.unwrap_or_default();
        for (name, day) in theirs.counts.keys() {
            sums.entry((day.clone(), name.clone())).or_default();
        }
        let rows: Vec<Row> = sums
            .into_iter()
            .map(|((day, event), mut sum)| {
                let count = theirs.counts.get(&(event.clone(), day.clone())).copied().unwrap_or_default();
                let is_vendors = sum.ours == 0 && names.is_vendors_own(&event);
                if is_vendors {
                    sum.add("made_by_the_vendor", None, count);
                } else if has_theirs && sum.ours == 0 {
                    sum.add("only_at_the_vendor", None, count);
                } else if has_theirs && count == 0 {
                    sum.add("only_here", None, sum.ours);
                }
                let difference = signed(count) - signed(sum.ours);
                let percent = (sum.ours > 0).then(|| difference as f64 * 100.0 / sum.ours as f64);
                let is_beyond = percent.map_or(difference != 0, |percent| percent.abs() > tolerance);
                Row {
                    day,
                    event,
                    ours: sum.ours,
                    theirs: has_theirs.then_some(count),
                    difference: has_theirs.then_some(difference),
                    percent: percent.filter(|_| has_theirs),
                    differs: has_theirs && is_beyond && !is_vendors,
                    causes: sum.causes(),
                    sent_as: sum.sent_as,
                }
            })
            .collect();
        let is_vendors = |row: &Row| row.causes.iter().any(|cause| cause.cause == "made_by_the_vendor");
        let counted = rows.iter().filter(|row| !is_vendors(row)).filter_map(|row| row.theirs).sum();
        let mut young: Vec<String> = rows.iter().map(|row| row.day.clone()).collect();
        young.dedup();
        young.retain(|day| now.0 < days.end(day).0 + PROCESSING_MS);
        Self {
            tracker: tracker.to_owned(),
            day: days.first.clone(),
            to: days.last.clone(),
            utc_offset_minutes: days.offset_minutes,
            received: ours.received.into(),
            ours: rows.iter().map(|row| row.ours).sum(),
            theirs: has_theirs.then_some(counted),
            differs: rows.iter().any(|row| row.differs),
            unnamed: unnamed.causes(),
            other_days: theirs.other_days,
            young,
            rows,
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
