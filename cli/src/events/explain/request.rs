//! What a vendor was sent of an event: as it was kept, else as it would be made today.

use super::super::EventsError;
use super::super::outcome::Row;
use crate::allowlist::explain::vendor;
use serde::Serialize;
use serde_json::Value;

/// The request, and which of the two it is.
#[derive(Debug, Serialize)]
#[serde(tag = "from", rename_all = "camelCase")]
pub enum Request {
    /// As `requests` has it.
    Requests(Kept),
    /// As this release makes it under today's policy.
    Today(Made),
}

/// A call as it was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    #[serde(skip)]
    pub tracker: String,
    /// Which attempt of the event it was.
    pub attempt: Option<i64>,
    /// `live`, or a replay or backfill.
    pub run: String,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<i64>,
    /// When it was sent.
    pub timestamp: String,
    /// How many events it carried. Of the body this one alone is told.
    pub events: i64,
    /// The HTTP method.
    pub method: String,
    /// With `[secret]` for each secret.
    pub url: String,
    /// As JSON where it is that, else as text.
    pub body: Value,
}

/// A call as it would be made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// For an attempt at this time.
    pub at: String,
    /// The request.
    #[serde(flatten)]
    pub request: vendor::Request,
}

impl Kept {
    /// Reads a row of what is asked for calls.
    ///
    /// # Errors
    /// [`EventsError::Row`]
    pub fn read(values: Vec<Value>) -> Result<Self, EventsError> {
        let columns =
            ["tracker", "attempt", "run", "method", "url", "body", "status", "timestamp", "place", "events"];
        let mut row = Row { columns: &columns, values };
        let events = row.int("events")?;
        let place = usize::try_from(row.int("place")?).map_err(|_| EventsError::Row("requests"))?;
        Ok(Self {
            tracker: row.text("tracker")?,
            attempt: row.take("attempt").as_i64(),
            run: row.text("run")?,
            status: row.take("status").as_i64(),
            timestamp: row.text("timestamp")?,
            events,
            method: row.text("method")?,
            url: row.text("url")?,
            body: narrowed(&row.text("body")?, place, events),
        })
    }
}

/// The body of a call without the other events that it carried: they are those of other people, maybe.
///
/// Every vendor that takes several takes them as an array in the order of `requests.events`.
fn narrowed(body: &str, place: usize, events: i64) -> Value {
    let json = serde_json::from_str(body).ok();
    if events == 1 {
        return json.unwrap_or_else(|| body.into());
    }
    let mut json: Value = json.unwrap_or_default();
    let mut lists = json.as_object_mut().into_iter().flatten().filter_map(|(_, member)| match member {
        Value::Array(items) if i64::try_from(items.len()) == Ok(events) => Some(items),
        _ => None,
    });
    match lists.next().filter(|items| place < items.len()) {
        Some(items) => *items = vec![items.swap_remove(place)],
        None => {
            return format!("[a body of {events} events that was cut, in which this one is not found]")
                .into();
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_body_of_many_events_the_one_that_was_asked_for_is_told() {
        let body = json!({"client_id": "c", "events": [{"name": "a"}, {"name": "b"}], "x": [1]});
        let one = json!({"client_id": "c", "events": [{"name": "b"}], "x": [1]});
        assert_eq!(narrowed(&body.to_string(), 1, 2), one);
        assert_eq!(narrowed(r#"{"type": "a", "tags": ["x"]}"#, 0, 1), json!({"type": "a", "tags": ["x"]}));
        assert_eq!(narrowed("a=b", 0, 1), json!("a=b"));
        let cut = narrowed(r#"{"events":[{"name": "a"},{"na [2000 bytes, cut]"#, 0, 2);
        assert_eq!(cut, json!("[a body of 2 events that was cut, in which this one is not found]"));
    }
}
