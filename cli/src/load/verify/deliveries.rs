//! What became of every event at every tracker: the table `deliveries`.

use super::run::Run;
use super::vendors::AtVendor;
use super::{Findings, Problem, VerifyError};
use event::account::{ALL_TRACKERS, LIVE, NO_TRACKER};
use rusqlite::Connection;
use serde::Serialize;

/// What became of the run's events at one tracker.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tracker {
    /// The vendor took it.
    pub delivered: u64,
    /// Our policy kept it back.
    pub filtered: u64,
    /// The vendor refused it for good.
    pub rejected: u64,
    /// It was given up, and can be replayed.
    pub dead: u64,
    /// Without an outcome, by the account of the whole warehouse.
    pub pending: i64,
    /// Without a row.
    pub missing: u64,
    /// With more than one row.
    pub repeated: u64,
    /// What the vendor says; absent where it was not asked.
    #[serde(flatten)]
    pub vendor: Option<AtVendor>,
}

/// The same, and what is known of each event.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// Summed up.
    pub sum: Tracker,
    /// By event: whether the vendor took it.
    pub delivered: Vec<bool>,
    /// By event: its rows.
    rows: Vec<u8>,
}

impl Outcomes {
    /// None yet.
    pub fn new(events: usize) -> Self {
        Self { sum: Tracker::default(), delivered: vec![false; events], rows: vec![0; events] }
    }

    fn add(&mut self, event: usize, outcome: &str) {
        self.rows[event] = self.rows[event].saturating_add(1);
        let count = match outcome {
            "delivered" => &mut self.sum.delivered,
            "filtered" => &mut self.sum.filtered,
            "rejected" => &mut self.sum.rejected,
            _ => &mut self.sum.dead,
        };
        *count += 1;
        self.delivered[event] |= outcome == "delivered";
    }
}

/// Looks at `deliveries`: of each payload that is there, one row for each event and tracker.
/// `days` are the first and the last one of receipt.
pub fn check(
    db: &Connection,
    run: &Run<'_>,
    days: &[String; 2],
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let mut is_accounted = vec![false; run.sent.len()];
    let mut strange = Vec::new();
    let sql = "SELECT payloadId, idx, eventId, tracker, outcome FROM deliveries
      WHERE substr(receivedAt, 1, 10) BETWEEN ?1 AND ?2 AND run = ?3";
    let mut rows = db.prepare(sql)?;
    let mut found = rows.query([&days[0], &days[1], LIVE])?;
    while let Some(row) = found.next()? {
        let text = |column| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
        let Some(payload) = run.payload(text(0)?) else { continue };
        is_accounted[payload] = true;
        let tracker = text(3)?;
        let event = match tracker {
            // Of a payload that was never opened: one row for all of it.
            ALL_TRACKERS => Some(run.events(payload).start),
            _ => run.event(payload, row.get(1)?, text(2)?),
        };
        let Some(event) = event else {
            strange.push(payload);
            continue;
        };
        if !findings.trackers.contains_key(tracker) {
            findings.trackers.insert(tracker.to_owned(), Outcomes::new(run.event_count()));
        }
        if let Some(outcomes) = findings.trackers.get_mut(tracker) {
            outcomes.add(event, text(4)?);
        }
    }
    let payloads = || 0..run.sent.len();
    let is_known = |payload: usize| run.sent[payload].acked || findings.in_raw[payload];
    let not_in_raw: Vec<_> =
        payloads().filter(|&payload| is_accounted[payload] && !is_known(payload)).collect();
    let there: Vec<_> = payloads().filter(|&payload| is_accounted[payload] || is_known(payload)).collect();
    findings.payloads(run, &strange, Problem::settled("rows of deliveries name an event that was not sent"));
    findings.payloads(run, &not_in_raw, Problem::waiting("payloads are in deliveries and not in raw"));
    compare(run, &there, findings);
    Ok(())
}

/// Neither more nor fewer rows than one.
fn compare(run: &Run<'_>, there: &[usize], findings: &mut Findings) {
    let trackers = &findings.trackers;
    let has_row = |tracker, event: usize| {
        trackers.get(tracker).is_some_and(|outcomes: &Outcomes| outcomes.rows[event] > 0)
    };
    let owed: Vec<_> = there
        .iter()
        .filter(|&&payload| !has_row(ALL_TRACKERS, run.events(payload).start))
        .flat_map(|&payload| run.events(payload).map(move |event| (payload, event)))
        .filter(|&(_, event)| !has_row(NO_TRACKER, event))
        .collect();
    let names: Vec<_> = trackers.keys().cloned().collect();
    if names.iter().all(|name| is_stand_in(name)) {
        let missing: Vec<_> = owed.iter().map(|(payload, _)| *payload).collect();
        findings.lose(run, &missing);
        findings.payloads(run, &missing, Problem::waiting("events have no row in deliveries"));
    }
    for name in names {
        let Some(outcomes) = findings.trackers.get_mut(&name) else { continue };
        let missing: Vec<_> = owed
            .iter()
            .filter(|(_, event)| !is_stand_in(&name) && outcomes.rows[*event] == 0)
            .map(|(payload, _)| *payload)
            .collect();
        let repeated: Vec<_> = there
            .iter()
            .flat_map(|&payload| run.events(payload).map(move |event| (payload, event)))
            .filter(|(_, event)| outcomes.rows[*event] > 1)
            .map(|(payload, _)| payload)
            .collect();
        outcomes.sum.missing = missing.len() as u64;
        outcomes.sum.repeated = repeated.len() as u64;
        findings.lose(run, &missing);
        let text = format!("events have no row in deliveries for {name}");
        findings.payloads(run, &missing, Problem::waiting(&text));
        let text = format!("events have more than one row in deliveries for {name}");
        findings.payloads(run, &repeated, Problem::settled(&text));
    }
}

/// Whether the name stands where there is no tracker.
fn is_stand_in(tracker: &str) -> bool {
    tracker == ALL_TRACKERS || tracker == NO_TRACKER
}
