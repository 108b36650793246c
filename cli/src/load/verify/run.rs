//! The payloads of a run by id, and a number for each of their events.

use crate::load::sent::Sent;
use std::collections::HashMap;

/// What was sent, to be looked up.
pub struct Run<'a> {
    /// The payloads; their places are the numbers by which they are known here.
    pub sent: &'a [Sent],
    by_id: HashMap<&'a str, usize>,
    /// The number of each payload's first event, and behind the last payload the number of all events.
    first_events: Vec<usize>,
}

impl<'a> Run<'a> {
    /// Indexes what was sent.
    pub fn new(sent: &'a [Sent]) -> Self {
        let by_id = sent.iter().enumerate().map(|(number, payload)| (payload.id.as_str(), number)).collect();
        let mut first_events = vec![0];
        let mut events = 0;
        for payload in sent {
            events += payload.events.len();
            first_events.push(events);
        }
        Self { sent, by_id, first_events }
    }

    /// The payload with this id.
    pub fn payload(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// How many events there are.
    pub fn event_count(&self) -> usize {
        self.first_events.last().copied().unwrap_or_default()
    }

    /// The numbers of a payload's events.
    pub fn events(&self, payload: usize) -> std::ops::Range<usize> {
        self.first_events[payload]..self.first_events[payload + 1]
    }

    /// The number of the event at this place of a payload, where its id is this one.
    pub fn event(&self, payload: usize, idx: i64, id: &str) -> Option<usize> {
        let idx = usize::try_from(idx).ok()?;
        let own = self.sent[payload].events.get(idx)?;
        (own.to_string() == id).then(|| self.first_events[payload] + idx)
    }
}
