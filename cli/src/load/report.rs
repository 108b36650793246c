//! What came of a run, for people and for programs.

use super::latency::{Latency, Percentiles};
use super::sent::Sent;
use super::verify::Findings;
use super::verify::accounts::Accounts;
use super::verify::deliveries::Tracker;
use super::verify::raw::Raw;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The whole report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What the first phase sent and heard.
    #[serde(flatten)]
    pub published: Published,
    /// What the second phase found; absent where there was none.
    #[serde(flatten)]
    pub verified: Option<Verified>,
}

/// The first phase.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The seed; absent where the payloads came from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Payloads.
    pub sent: usize,
    /// Payloads of which the server said that it has them.
    pub acknowledged: usize,
    /// Answers that were no success, by status.
    pub refused: BTreeMap<String, u64>,
    /// Events in all payloads.
    pub events: usize,
    /// Payloads each second, from the first to the last one's first attempt.
    pub payloads_per_second: f64,
    /// Of the answers that were a success.
    pub latency_ms: Percentiles,
}

/// The second phase.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Acknowledged payloads of which something is missing.
    pub lost: usize,
    /// `raw` and `raw_normalized`.
    pub raw: Raw,
    /// The view `accounts`; null where the warehouse has none.
    pub accounts: Option<Accounts>,
    /// By tracker.
    pub trackers: BTreeMap<String, Tracker>,
    /// What is not as it should be; nothing where all is well.
    pub problems: Vec<String>,
}

impl Published {
    /// Sums up what was sent.
    pub fn new(seed: Option<u64>, sent: &[Sent]) -> Self {
        let mut latency = Latency::new();
        let mut refused = BTreeMap::new();
        for payload in sent {
            payload.latency_us.into_iter().for_each(|micros| latency.record_us(micros));
            for (status, count) in &payload.refused {
                *refused.entry(status.clone()).or_default() += count;
            }
        }
        Self {
            seed,
            sent: sent.len(),
            acknowledged: sent.iter().filter(|payload| payload.acked).count(),
            refused,
            events: sent.iter().map(|payload| payload.events.len()).sum(),
            payloads_per_second: rate(sent),
            latency_ms: latency.percentiles(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "neither has 2^53")]
fn rate(sent: &[Sent]) -> f64 {
    let starts = || sent.iter().map(|payload| payload.first_at);
    let millis = starts().max().unwrap_or_default() - starts().min().unwrap_or_default();
    // So many intervals lie between so many payloads.
    sent.len().saturating_sub(1) as f64 * 1000.0 / millis.max(1) as f64
}

impl Verified {
    /// Sums up what was found.
    pub fn new(findings: Findings, published: &Published) -> Self {
        let mut problems: Vec<_> = findings.problems.into_iter().map(|problem| problem.text).collect();
        if published.acknowledged == 0 {
            problems.push("nothing was acknowledged: is the address right, and does it answer?".to_owned());
        }
        Self {
            lost: findings.lost.iter().filter(|is_lost| **is_lost).count(),
            raw: findings.raw,
            accounts: findings.accounts,
            trackers: findings.trackers.into_iter().map(|(name, outcomes)| (name, outcomes.sum)).collect(),
            problems,
        }
    }

    /// Whether nothing is lost and everything is accounted for.
    pub fn is_good(&self) -> bool {
        self.lost == 0 && self.problems.is_empty()
    }
}

impl Report {
    /// Writes it for people.
    ///
    /// # Errors
    /// Where the output takes nothing.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Published { sent, acknowledged, refused, events, payloads_per_second, latency_ms, .. } =
            &self.published;
        writeln!(
            out,
            "sent            {sent} payloads, {events} events, {payloads_per_second:.1} payloads/s"
        )?;
        writeln!(out, "acknowledged    {acknowledged}")?;
        for (status, count) in refused {
            writeln!(out, "answered        {status}: {count}")?;
        }
        let Percentiles { p50, p90, p99, max } = latency_ms;
        writeln!(out, "200 after       p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")?;
        match &self.verified {
            Some(verified) => verified.print(out),
            None => Ok(()),
        }
    }
}

impl Verified {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Raw { payloads, missing, repeated, altered, events, events_missing, events_repeated } = self.raw;
        writeln!(out, "lost            {}", self.lost)?;
        writeln!(
            out,
            "raw             {payloads} payloads, {missing} missing, {repeated} repeated, {altered} altered"
        )?;
        writeln!(
            out,
            "raw_normalized  {events} events, {events_missing} missing, {events_repeated} repeated"
        )?;
        if let Some(Accounts { pending, unaccounted }) = self.accounts {
            writeln!(out, "accounts        {pending} pending, {unaccounted} unaccounted")?;
        }
        if !self.trackers.is_empty() {
            self.print_trackers(out)?;
        }
        writeln!(out)?;
        for problem in &self.problems {
            writeln!(out, "✗ {problem}")?;
        }
        if self.is_good() {
            writeln!(out, "nothing is lost, and every event is accounted for")?;
        }
        Ok(())
    }

    fn print_trackers(&self, out: &mut impl Write) -> io::Result<()> {
        const COLUMNS: [&str; 12] = [
            "",
            "delivered",
            "filtered",
            "rejected",
            "dead",
            "pending",
            "missing",
            "repeated",
            "not there",
            "duplicates",
            "p50 ms",
            "p99 ms",
        ];
        writeln!(out, "\n{:93}at the vendor", "")?;
        row(out, &COLUMNS.map(str::to_owned))?;
        for (name, tracker) in &self.trackers {
            let Tracker { delivered, filtered, rejected, dead, pending, missing, repeated, vendor } = tracker;
            let mut cells = vec![name.clone()];
            cells.extend([delivered, filtered, rejected, dead].map(u64::to_string));
            cells.extend([pending.to_string(), missing.to_string(), repeated.to_string()]);
            if let Some(vendor) = vendor {
                let latency = vendor.vendor_latency_ms;
                cells
                    .extend([vendor.vendor_missing, vendor.vendor_duplicates].map(|count| count.to_string()));
                cells.extend([latency.p50, latency.p99].map(|millis| format!("{millis:.0}")));
            }
            row(out, &cells)?;
        }
        Ok(())
    }
}

/// The first cell to the left, numbers to the right.
fn row(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    let (name, numbers) = cells.split_first().map_or(("", cells), |(name, rest)| (name.as_str(), rest));
    let numbers: String = numbers.iter().map(|cell| format!("{cell:>11}")).collect();
    writeln!(out, "{name:14}{numbers}")
}
