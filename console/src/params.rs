//! What a request asks with: the query, or the members of a JSON body, under the same names.

use event::Millis;
use outbox::admin::DeadFilter;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest name of an event, in bytes. The allowlist's are far shorter.
const MAX_EVENT_LENGTH: usize = 256;

/// Parameters that wait to be taken, and every fault found so far.
#[derive(Debug, Default)]
pub struct Params {
    values: BTreeMap<String, String>,
    known: Vec<&'static str>,
    faults: Vec<String>,
}

impl Params {
    /// Those of a URL's query.
    pub fn of_url(url: &str) -> Self {
        let mut params = Self::default();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if params.values.contains_key(&*name) {
                params.faults.push(format!("{name} is given twice"));
            }
            params.values.insert(name.into_owned(), value.into_owned());
        }
        params
    }

    /// Those of a JSON body. A query beside it is a fault.
    pub fn of_body(url: &str, body: &[u8]) -> Self {
        let Self { values, mut faults, .. } = Self::of_url(url);
        faults.extend(values.into_keys().map(|name| format!("{name} belongs in the body")));
        let mut params = Self { faults, ..Self::default() };
        let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
            params.faults.push(r#"the body must be a JSON object such as {"tracker": "ga4"}"#.to_owned());
            return params;
        };
        for (name, value) in members {
            match value {
                Value::String(text) => {
                    params.values.insert(name, text);
                }
                _ => params.faults.push(format!("{name} must be a text")),
            }
        }
        params
    }

    /// Takes a parameter that may be absent. `read` says what it is, or that it is none, and `form` how it
    /// must look.
    pub fn take<T>(&mut self, name: &'static str, form: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.known.push(name);
        let value = read(&self.values.remove(name)?);
        if value.is_none() {
            self.fault(format!("{name} must be {form}"));
        }
        value
    }

    /// Whether a parameter is given, and not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Something else is wrong.
    pub fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// Done: what was not taken is not known.
    ///
    /// # Errors
    /// Every fault.
    pub fn finish(mut self) -> Result<(), Vec<String>> {
        let known = match &*self.known {
            [] => "there are none here".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        self.faults.extend(self.values.keys().map(|name| format!("{name} is no parameter; {known}")));
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }

    /// `tracker`
    pub fn tracker(&mut self) -> Option<String> {
        self.take("tracker", "a tracker's name such as ga4, or a lane's such as (open) or (raw d1)", |text| {
            let lane = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            let is_known = lane.map_or_else(|| is_name(text), |lane| lane.split(' ').all(is_name));
            is_known.then(|| text.to_owned())
        })
    }

    /// `tracker`, `event`, `from` and `to`.
    pub fn dead_filter(&mut self) -> DeadFilter {
        const TIME: &str = "a time such as 2026-11-01T09:30:00Z (in a query, + is written %2B)";
        let filter = DeadFilter {
            tracker: self.tracker(),
            event: self.take("event", "the name of an event, of 1 to 256 bytes", |text| {
                (1..=MAX_EVENT_LENGTH).contains(&text.len()).then(|| text.to_owned())
            }),
            from: self.take("from", TIME, time),
            to: self.take("to", TIME, time),
        };
        if matches!((filter.from, filter.to), (Some(from), Some(to)) if from >= to) {
            self.fault("from must be before to".to_owned());
        }
        filter
    }
}

/// Whether a tracker can have this name.
pub fn is_name(text: &str) -> bool {
    event::id::is_id(text)
}

/// A UTC day.
pub fn day(text: &str) -> Option<String> {
    let day: jiff::civil::Date = text.parse().ok()?;
    (day.to_string() == text).then(|| text.to_owned())
}

/// `live`, `replay:<id>` or `backfill:<id>`.
pub fn run(text: &str) -> Option<String> {
    let is_run = match text.split_once(':') {
        None => text == event::account::LIVE,
        Some(("replay" | "backfill", id)) => event::id::is_id(id),
        Some(_) => false,
    };
    is_run.then(|| text.to_owned())
}

/// RFC 3339.
fn time(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_is_read_the_same_from_a_query_and_from_a_body() {
        let mut query = Params::of_url(
            "https://c/api/dead?tracker=(open)&event=sign+up&from=2026-11-01T01:00:00%2B01:00&to=2026-11-01T00:00:00.250Z",
        );
        let body = r#"{"tracker": "(open)", "event": "sign up", "from": "2026-11-01T00:00:00Z", "to": "2026-11-01T00:00:00.250Z"}"#;
        let mut body = Params::of_body("https://c/api/dead/replay", body.as_bytes());
        let expected = DeadFilter {
            tracker: Some("(open)".into()),
            event: Some("sign up".into()),
            from: Some(Millis(1_793_491_200_000)),
            to: Some(Millis(1_793_491_200_250)),
        };
        assert_eq!(query.dead_filter(), expected);
        assert_eq!(body.dead_filter(), expected);
        assert_eq!((query.finish(), body.finish()), (Ok(()), Ok(())));
    }

    #[test]
    fn lanes_are_named_as_shards_name_them() {
        let tracker = |name: &str| {
            let mut params = Params::of_body("https://c/", json!({"tracker": name}).to_string().as_bytes());
            params.tracker()
        };
        for good in ["ga4", "(open)", "(raw d1)", "(accounts bigquery)", "(none)"] {
            assert_eq!(tracker(good).as_deref(), Some(good));
        }
        for bad in ["", "raw d1", "(raw d1", "()", "(raw )", "(raw 'd1')", "*"] {
            assert_eq!(tracker(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_absent_does_not_restrict() {
        let mut params = Params::of_url("https://c/api/dead");
        assert_eq!(params.dead_filter(), DeadFilter::default());
        assert_eq!(params.finish(), Ok(()));
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let mut params =
            Params::of_url("https://c/api/dead?tracker=a b&event=&from=yesterday&to=1&x=1&y=2&y=3");
        params.dead_filter();
        let faults = params.finish().unwrap_err();
        for (fault, start) in
            faults.iter().zip(["y is given", "tracker", "event", "from", "to", "x is no", "y is no"])
        {
            assert!(fault.starts_with(start), "{fault}");
        }
        assert_eq!(faults.len(), 7, "{faults:?}");
    }

    #[test]
    fn a_body_that_is_no_object_of_texts_is_a_fault() {
        for body in ["", "[]", "{", "\"ga4\"", r#"{"tracker": 1}"#, r#"{"tracker": null}"#] {
            let mut params = Params::of_body("https://c/api/dead/replay", body.as_bytes());
            params.dead_filter();
            assert_eq!(params.finish().unwrap_err().len(), 1, "{body}");
        }
    }

    #[test]
    fn a_range_that_holds_no_time_is_a_fault() {
        let filter = |from: &str, to: &str| {
            let mut params = Params::of_url(&format!("?from={from}&to={to}"));
            params.dead_filter();
            params.finish()
        };
        assert!(filter("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z").is_err());
        assert!(filter("2026-11-01T00:00:00Z", "2026-11-01T00:00:01Z").is_ok());
    }

    #[test]
    fn days_and_runs_are_those_that_a_ledger_can_have() {
        assert!(day("2028-02-29").is_some());
        for bad in ["2026-02-29", "2026-1-1", "20261101", "2026-11-01T00:00:00", ""] {
            assert_eq!(day(bad), None, "{bad}");
        }
        for good in ["live", "replay:0193a5a4-7c1e", "backfill:x"] {
            assert!(run(good).is_some(), "{good}");
        }
        for bad in ["", "dead", "replay", "replay:", "live:1", "replay:a b"] {
            assert_eq!(run(bad), None, "{bad}");
        }
    }
}
