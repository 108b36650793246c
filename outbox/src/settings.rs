//! The Outbox's settings.

use crate::duration;
use std::collections::BTreeMap;

/// Most shards. Beyond it, listing them would take more calls than one invocation may make.
const MAX_SHARDS: i64 = 256;

/// What the operator chose. Times are in ms, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `OUTBOX_SHARDS`: how many objects share the load.
    pub shards: u32,
    /// `WAREHOUSE`: the names of those that get every row, such as `d1` or `bigquery,d1`; one at least.
    pub warehouses: Vec<String>,
    /// `OUTBOX_INTERVAL`: a lane starts a call at most this often, unless a full batch waits.
    pub interval: i64,
    /// `OUTBOX_BATCH_EVENTS`: most payloads or events of a call.
    pub batch_events: usize,
    /// `OUTBOX_BATCH_BYTES`: most bytes of a call to the warehouse, encoded, and half of those of one to Trace. A single
    /// payload may be more.
    pub batch_bytes: i64,
    /// `OUTBOX_MAX_BYTES`: with more than this waiting, payloads are refused.
    pub max_bytes: i64,
    /// `OUTBOX_DRAIN_RATE`: events per second of a backlog that go to one tracker.
    pub drain_rate: i64,
    /// `RETRY_WINDOW`: an event that is older than this and fails is a dead letter.
    pub retry_window: i64,
    /// `RETRY_BASE`: upper bound of the first wait; each failure doubles it.
    pub retry_base: i64,
    /// `RETRY_MAX`: upper bound of any wait that the vendor did not ask for.
    pub retry_max: i64,
    /// `DEDUPE_WINDOW`: ids of payloads and events are remembered at least so long.
    pub dedupe_window: i64,
    /// `DEAD_RETENTION`: how long a dead letter can be replayed.
    pub dead_retention: i64,
}

impl Settings {
    /// Reads the settings, `shards` where nothing is said of their number. Every fault is added to `faults`. Which
    /// warehouses there are is the caller's to know: here any word is a name.
    pub fn read(vars: &BTreeMap<String, String>, shards: u32, faults: &mut Vec<String>) -> Self {
        let mut reader = Reader { vars, faults };
        let shards = reader.number("OUTBOX_SHARDS", i64::from(shards), 1..=MAX_SHARDS);
        let interval = reader.duration("OUTBOX_INTERVAL", "150ms", 10);
        let batch_events = reader.number("OUTBOX_BATCH_EVENTS", 500, 1..=1000);
        // D1 takes parameters of 2 MB; Trace takes calls of 8 MiB.
        let batch_bytes = reader.number("OUTBOX_BATCH_BYTES", 1_000_000, 1000..=1_500_000);
        // A Durable Object holds 10 GB; the account needs room, too.
        let max_bytes = reader.number("OUTBOX_MAX_BYTES", 2_000_000_000, 100_000..=8_000_000_000);
        let drain_rate = reader.number("OUTBOX_DRAIN_RATE", 1000, 1..=100_000);
        let retry_window = reader.duration("RETRY_WINDOW", "72h", 1);
        let retry_base = reader.duration("RETRY_BASE", "1s", 1);
        let retry_max = reader.duration("RETRY_MAX", "5m", 1);
        let dedupe_window = reader.duration("DEDUPE_WINDOW", "24h", 1);
        let dead_retention = reader.duration("DEAD_RETENTION", "30d", 1);
        Self {
            shards: u32::try_from(shards).unwrap_or(1),
            warehouses: reader.names("WAREHOUSE", "d1"),
            interval,
            batch_events: usize::try_from(batch_events).unwrap_or(1),
            batch_bytes,
            max_bytes,
            drain_rate,
            retry_window,
            retry_base,
            retry_max,
            dedupe_window,
            dead_retention,
        }
    }

    /// Most bytes of a call to Trace, which has no limit as low as D1's.
    pub fn call_bytes(&self) -> i64 {
        self.batch_bytes * 2
    }

    /// Whether a call to Trace with so many payloads takes no further one, with which it would have so many bytes.
    pub fn fills_call(&self, payloads: usize, bytes: i64) -> bool {
        payloads >= self.batch_events || (payloads > 0 && bytes > self.call_bytes())
    }
}

struct Reader<'a> {
    vars: &'a BTreeMap<String, String>,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn number(&mut self, name: &str, default: i64, range: std::ops::RangeInclusive<i64>) -> i64 {
        match self.vars.get(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(number)) if range.contains(&number) => number,
            Some(_) => {
                let (from, to) = range.into_inner();
                self.faults.push(format!("{name} must be a whole number from {from} to {to}"));
                default
            }
        }
    }

    fn names(&mut self, name: &str, default: &str) -> Vec<String> {
        let text = self.vars.get(name).map_or(default, String::as_str);
        let mut names: Vec<String> = Vec::new();
        for word in text.split(',').map(str::trim) {
            let is_name = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_name || names.iter().any(|known| known == word) {
                self.faults.push(format!(
                    "{name} must be names with commas between them, each once, such as {default}"
                ));
                return vec![default.to_owned()];
            }
            names.push(word.to_owned());
        }
        names
    }

    fn duration(&mut self, name: &str, default: &str, least: i64) -> i64 {
        let text = self.vars.get(name).map_or(default, String::as_str);
        match duration::parse(text) {
            Some(millis) if millis >= least => millis,
            _ => {
                self.faults.push(format!("{name} must be a duration such as {default}, at least {least}ms"));
                least
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told() {
        let vars = [("OUTBOX_SHARDS", "0"), ("RETRY_WINDOW", "3 days"), ("OUTBOX_INTERVAL", "1ms")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut faults = Vec::new();
        Settings::read(&vars, 1, &mut faults);
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn the_defaults_are_without_fault() {
        let mut faults = Vec::new();
        let settings = Settings::read(&BTreeMap::new(), 8, &mut faults);
        assert!(faults.is_empty());
        assert_eq!((settings.shards, settings.retry_window), (8, 259_200_000));
    }
}
