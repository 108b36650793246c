//! What the command says.

use super::ForgetError;
use super::counts::{Counts, Left};
use super::receipt::Waiting;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// What was found, or erased.
#[derive(Serialize)]
pub struct Report {
    /// Whether it is erased, but for what waits.
    pub erased: bool,
    /// The receipt's id, where there was something to do.
    pub receipt: Option<String>,
    /// By UTC day of receipt; of an erasure that was begun before, all of it.
    pub days: Counts,
    /// Payloads that name the person elsewhere, and stay.
    pub mentioned: Left,
    /// Payloads that cannot be opened, and stay.
    pub unreadable: Left,
    /// What cannot be erased yet.
    pub waiting: Vec<Waiting>,
    /// How many payloads wait that the receipt does not name.
    pub more: u64,
    /// After which time it can.
    pub again: Option<String>,
    /// Warehouses that were not looked at.
    pub others: Vec<String>,
}

impl Report {
    /// Writes it as text or as JSON.
    pub fn write(&self, is_json: bool, out: &mut impl Write) -> Result<(), ForgetError> {
        if is_json {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)?;
            return Ok(());
        }
        let done = if self.erased { "erased" } else { "to be erased" };
        for (day, counts) in &self.days.0 {
            let figures = counts.figures().into_iter().filter(|(_, count)| *count > 0);
            let figures: Vec<_> = figures.map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(out, "{day}  {}", figures.join("; "))?;
        }
        match (&self.receipt, self.days.0.is_empty()) {
            (_, true) => writeln!(out, "nothing of this person is there")?,
            (Some(receipt), _) => writeln!(out, "{done}; receipt {receipt}")?,
            (None, _) => writeln!(out, "{done}; nothing is changed without --yes")?,
        }
        let left = [
            (&self.mentioned, "name the person elsewhere than as its user or device, and stay as they are"),
            (
                &self.unreadable,
                "cannot be opened, so that nobody can say whose they are, and stay as they are",
            ),
        ];
        for (left, what) in left.into_iter().filter(|(left, _)| left.payloads > 0) {
            writeln!(out, "{} payload(s) {what}: {} …", left.payloads, left.first.join(", "))?;
        }
        for other in &self.others {
            writeln!(out, "{other} was not looked at; run it again with --warehouse {other}")?;
        }
        if let Some(again) = &self.again {
            let events: usize = self.waiting.iter().map(|waiting| waiting.idx.len()).sum();
            writeln!(
                out,
                "{events} event(s) of {} payload(s) cannot be erased from BigQuery yet; run it again after {again}",
                self.waiting.len()
            )?;
            if self.more > 0 {
                writeln!(out, "nor can {} payload(s) more, which the receipt does not name", self.more)?;
            }
        }
        Ok(())
    }
}

/// Writes receipts: rows of id, timestamp, subjects, counts, waiting, finished.
pub fn write_receipts(rows: &[Vec<Value>], is_json: bool, out: &mut impl Write) -> Result<(), ForgetError> {
    let parsed = |value: &Value| value.as_str().and_then(|text| serde_json::from_str(text).ok());
    let receipts: Vec<Value> = rows
        .iter()
        .filter_map(|row| {
            let [id, timestamp, subjects, counts, waiting, finished] = &row[..] else { return None };
            let (subjects, counts): (Value, Value) = (parsed(subjects)?, parsed(counts)?);
            let waiting: Value = parsed(waiting)?;
            Some(json!({
                "id": id, "timestamp": timestamp, "subjects": subjects, "days": counts, "waiting": waiting,
                "finished": finished,
            }))
        })
        .collect();
    if is_json {
        serde_json::to_writer_pretty(&mut *out, &receipts)?;
        writeln!(out)?;
        return Ok(());
    }
    for receipt in &receipts {
        let text = |name: &str| receipt[name].as_str().unwrap_or("not finished").to_owned();
        let subjects = receipt["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let subjects: Vec<&str> = subjects.collect();
        let waiting = receipt["waiting"].as_array().map_or(0, Vec::len);
        writeln!(
            out,
            "{}  {}  finished: {}  waiting: {waiting}",
            text("id"),
            text("timestamp"),
            text("finished")
        )?;
        subjects.iter().try_for_each(|subject| writeln!(out, "  {subject}"))?;
    }
    if receipts.is_empty() {
        writeln!(out, "there are no receipts")?;
    }
    Ok(())
}
