//! The warehouse's copy of what was sent: `raw`, byte for byte, and `raw_normalized`, event by event.

use super::run::Run;
use super::{Findings, Problem, VerifyError};
use rusqlite::Connection;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What `raw` and `raw_normalized` hold of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Raw {
    /// Payloads with a row.
    pub payloads: u64,
    /// Acknowledged payloads without one.
    pub missing: u64,
    /// Payloads with more than one.
    pub repeated: u64,
    /// Payloads with a row that holds other bytes.
    pub altered: u64,
    /// Events with a row in `raw_normalized`.
    pub events: u64,
    /// Events of payloads in `raw` without one.
    pub events_missing: u64,
    /// Events with more than one.
    pub events_repeated: u64,
}

/// Looks at `raw`. Payloads that were not acknowledged may be there or not.
pub fn check_raw(db: &Connection, run: &Run<'_>, findings: &mut Findings) -> Result<(), VerifyError> {
    let mut rows = db.prepare("SELECT data FROM raw WHERE eventId = ?1")?;
    let (mut missing, mut repeated, mut altered) = (Vec::new(), Vec::new(), Vec::new());
    for (number, payload) in run.sent.iter().enumerate() {
        let mut copies = 0;
        let mut is_altered = false;
        let mut found = rows.query([&payload.id])?;
        while let Some(row) = found.next()? {
            copies += 1;
            let data = row.get_ref(0)?;
            let bytes = data.as_bytes().map_err(rusqlite::Error::from)?;
            is_altered |= hex::encode(Sha256::digest(bytes)) != payload.sha256;
        }
        match copies {
            0 if payload.acked => missing.push(number),
            0 => {}
            _ => findings.in_raw[number] = true,
        }
        if copies > 1 {
            repeated.push(number);
        }
        if is_altered {
            altered.push(number);
        }
    }
    let raw = &mut findings.raw;
    raw.payloads = findings.in_raw.iter().filter(|is_in_raw| **is_in_raw).count() as u64;
    raw.missing = missing.len() as u64;
    raw.repeated = repeated.len() as u64;
    raw.altered = altered.len() as u64;
    findings.lose(run, &missing);
    findings.lose(run, &altered);
    findings.payloads(run, &missing, Problem::waiting("acknowledged payloads are not in raw"));
    findings.payloads(run, &repeated, Problem::settled("payloads are in raw more than once"));
    findings.payloads(run, &altered, Problem::settled("payloads are in raw with other bytes"));
    Ok(())
}

/// Looks at `raw_normalized`, for the payloads that are in `raw`. `days` are the first and the last one of receipt.
pub fn check_normalized(
    db: &Connection,
    run: &Run<'_>,
    days: &[String; 2],
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let mut copies = vec![0_u8; run.event_count()];
    let sql = "SELECT payloadId, idx, eventId FROM raw_normalized WHERE day BETWEEN ?1 AND ?2";
    let mut rows = db.prepare(sql)?;
    let mut found = rows.query([&days[0], &days[1]])?;
    while let Some(row) = found.next()? {
        let Some(payload) = run.payload(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else {
            continue;
        };
        let id = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        if let Some(event) = run.event(payload, row.get(1)?, id) {
            copies[event] = copies[event].saturating_add(1);
        }
    }
    let with = |wrong: fn(u8) -> bool| -> Vec<usize> {
        let numbers = (0..run.sent.len()).filter(|&payload| findings.in_raw[payload]);
        numbers
            .flat_map(|payload| {
                run.events(payload).filter(|&event| wrong(copies[event])).map(move |_| payload)
            })
            .collect()
    };
    let (missing, repeated) = (with(|copies| copies == 0), with(|copies| copies > 1));
    let raw = &mut findings.raw;
    raw.events = copies.iter().filter(|copies| **copies > 0).count() as u64;
    raw.events_missing = missing.len() as u64;
    raw.events_repeated = repeated.len() as u64;
    findings.payloads(run, &missing, Problem::settled("events of payloads in raw are not in raw_normalized"));
    findings.payloads(run, &repeated, Problem::settled("events are in raw_normalized more than once"));
    Ok(())
}
