//! Requests of several events, cut by their number and by encoded bytes.

use crate::tracker::{Call, Plan};
use serde_json::{Map, Value};

/// What the requests have in common.
pub struct Batch {
    /// Where they go.
    pub url: String,
    /// The members of the body beside `events`. There is at least one.
    pub envelope: Map<String, Value>,
    /// Most events of a request.
    pub max_events: usize,
    /// Most bytes of a body.
    pub max_bytes: usize,
}

impl Batch {
    /// Adds the requests that carry `events`, in their order. An event that exceeds the bytes by itself is
    /// rejected as `too_large`.
    pub fn fill(&self, events: Vec<(usize, Value)>, plan: &mut Plan) {
        // `{"events":[` + events + `],` + the envelope without its opening brace.
        let head = "{\"events\":[";
        let envelope = Value::from(self.envelope.clone()).to_string();
        let tail = format!("],{}", envelope.strip_prefix('{').unwrap_or(&envelope));
        let mut body = String::new();
        let mut indices = Vec::new();
        for (index, event) in events {
            // Not `to_string`, which passes the formatter and takes three times as long. A value always has a JSON form.
            let event = serde_json::to_string(&event).unwrap_or_default();
            if head.len() + event.len() + tail.len() > self.max_bytes {
                plan.rejected.push((index, "too_large"));
                continue;
            }
            // One byte for the comma before the event.
            let full = body.len() + 1 + event.len() + tail.len() > self.max_bytes;
            if !indices.is_empty() && (full || indices.len() == self.max_events) {
                plan.calls.push(self.call(std::mem::take(&mut body), &tail, std::mem::take(&mut indices)));
            }
            body.push_str(if indices.is_empty() { head } else { "," });
            body.push_str(&event);
            indices.push(index);
        }
        if !indices.is_empty() {
            plan.calls.push(self.call(body, &tail, indices));
        }
    }

    fn call(&self, mut body: String, tail: &str, events: Vec<usize>) -> Call {
        body.push_str(tail);
        Call { url: self.url.clone(), headers: json_headers(), body, events }
    }
}

/// The headers of a JSON body.
pub fn json_headers() -> Vec<(&'static str, String)> {
    vec![("content-type", "application/json".to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fill(texts: &[&str], max_events: usize, max_bytes: usize) -> Plan {
        let envelope = Map::from_iter([("key".to_owned(), json!("k"))]);
        let batch = Batch { url: "https://vendor.example".into(), envelope, max_events, max_bytes };
        let mut plan = Plan::default();
        batch.fill(texts.iter().map(|text| Value::from(*text)).enumerate().collect(), &mut plan);
        plan
    }

    fn events(plan: &Plan) -> Vec<Vec<usize>> {
        plan.calls.iter().map(|call| call.events.clone()).collect()
    }

    #[test]
    fn bodies_are_cut_exactly_at_the_limit() {
        let whole = r#"{"events":["a","b"],"key":"k"}"#;
        let plan = fill(&["a", "b"], 9, whole.len());
        assert_eq!(plan.calls[0].body, whole);
        assert_eq!(events(&fill(&["a", "b"], 9, whole.len() - 1)), [[0], [1]]);
        assert_eq!(events(&fill(&["a", "b", "c"], 2, 1000)), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn an_event_too_large_by_itself_leaves_the_others_alone() {
        let plan = fill(&["a", "123456789", "b"], 9, 30);
        assert_eq!(events(&plan), [[0, 2]]);
        assert_eq!(plan.rejected, [(1, "too_large")]);
    }

    #[test]
    fn no_event_is_no_call() {
        assert_eq!(fill(&[], 9, 1000), Plan::default());
    }
}
