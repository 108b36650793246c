//! Where an event is in the warehouse, and what is there of it.

use super::super::EventsError;
use super::super::outcome::{Outcome, Row};
use super::request::Kept;
use crate::source::{Param, Source};
use crate::span;
use event::account::DELIVERY_COLUMNS;
use event::{Change, Context, Millis, Payload};
use std::cmp::Reverse;
use warehouse::{bigquery, d1};

const DAY_MS: i64 = 86_400_000;

/// How many days before an event's the first payload of a call that carried it can have come: as long as calls are tried
/// again (`RETRY_WINDOW`).
const CALL_DAYS: i64 = 3;

/// Asks the warehouse.
pub struct Finder<'a> {
    pub source: Source,
    /// The day that the event is to be of.
    pub day: Option<&'a str>,
    pub now: Millis,
}

/// One event.
#[derive(Debug, PartialEq)]
pub struct Place {
    pub payload_id: String,
    pub idx: u32,
    pub received_at: Millis,
    /// In the order of time.
    pub history: Vec<Recorded>,
}

/// An outcome, and what was written down with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub outcome: Outcome,
    /// The event's name, as in the account.
    pub event: String,
    pub event_id: String,
    pub changes: Vec<Change>,
    pub policy: Option<String>,
    pub release: String,
    pub shard: i64,
}

impl Finder<'_> {
    /// The events with this id, the latest first. One at least.
    pub async fn by_id(&mut self, id: &str) -> Result<Vec<Place>, EventsError> {
        let mut places = self.recorded(id).await?;
        if places.is_empty() {
            places = self.unrecorded(id).await?;
        }
        let (from, to) = self.days();
        self.wanted(places, || {
            format!(
                "no event {id}: neither has it an outcome, nor is it among the payloads that came from {from} to {to} (UTC). Name \
                its day with --day, or its payload with --payload and --idx; another warehouse with --warehouse"
            )
        })
    }

    /// The event at this place of the payload, however often that came.
    pub async fn by_payload(&mut self, id: &str, idx: u32) -> Result<Vec<Place>, EventsError> {
        let places = self.receipts(id, idx).await?;
        self.wanted(places, || {
            format!(
                "no payload {id} is in `raw`, which may be deleted after a while: its events are found by their ids then"
            )
        })
    }

    fn wanted(&self, mut places: Vec<Place>, why: impl Fn() -> String) -> Result<Vec<Place>, EventsError> {
        places.retain(|place| self.day.is_none_or(|day| place.received_at.day() == day));
        if places.is_empty() { Err(EventsError::NotFound(why())) } else { Ok(places) }
    }

    /// The events with this id that have outcomes.
    async fn recorded(&mut self, id: &str) -> Result<Vec<Place>, EventsError> {
        let mut places: Vec<Place> = Vec::new();
        for (payload_id, idx, received_at, recorded) in self.outcomes(id).await? {
            let known = places.iter_mut().find(|place| {
                place.payload_id == payload_id && place.idx == idx && place.received_at == received_at
            });
            match known {
                Some(place) => place.history.insert(0, recorded),
                None => places.push(Place { payload_id, idx, received_at, history: vec![recorded] }),
            }
        }
        places.sort_by_key(|place| Reverse(place.received_at));
        Ok(places)
    }

    /// The outcomes of the event at `place`, whose id is known by now.
    pub async fn history(&mut self, id: &str, place: &Place) -> Result<Vec<Recorded>, EventsError> {
        let places = self.recorded(id).await?;
        let is_it = |other: &Place| {
            (&other.payload_id, other.idx, other.received_at)
                == (&place.payload_id, place.idx, place.received_at)
        };
        Ok(places.into_iter().find(is_it).map(|place| place.history).unwrap_or_default())
    }

    async fn outcomes(&mut self, id: &str) -> Result<Vec<(String, u32, Millis, Recorded)>, EventsError> {
        let sql = match &self.source {
            Source::BigQuery(bigquery) => bigquery::story::outcomes(&bigquery.dataset),
            _ => d1::story::OUTCOMES.to_owned(),
        };
        let columns: Vec<&str> = DELIVERY_COLUMNS.into_iter().filter(|column| *column != "eventId").collect();
        let mut found = Vec::new();
        for values in self.source.rows(&sql, &[Param::Text(id)]).await?.rows {
            let mut row = Row { columns: &columns, values };
            let changes = row.maybe_text("changes");
            let recorded = Recorded {
                event: row.text("event")?,
                event_id: id.to_owned(),
                // Those of a release that knew other rules are not told.
                changes: changes.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
                policy: row.maybe_text("policy"),
                release: row.text("release")?,
                shard: row.int("shard")?,
                outcome: row.outcome()?,
            };
            let received_at = time(&row.text("receivedAt")?, self.now)?;
            let idx = u32::try_from(row.int("idx")?).map_err(|_| EventsError::Row("idx"))?;
            found.push((row.text("payloadId")?, idx, received_at, recorded));
        }
        Ok(found)
    }

    /// An event that no tracker has an outcome for: by its place, where its id tells it, else among the bodies of some days.
    async fn unrecorded(&mut self, id: &str) -> Result<Vec<Place>, EventsError> {
        // An id of its own has no full stop.
        if let Some((payload, idx)) = id.rsplit_once('.')
            && let Ok(idx) = idx.parse()
        {
            return self.receipts(payload, idx).await;
        }
        let sql = match &self.source {
            Source::BigQuery(bigquery) => bigquery::story::places(&bigquery.dataset),
            _ => d1::story::PLACES.to_owned(),
        };
        let (from, to) = self.days();
        let rows = self.source.rows(&sql, &[Param::Text(id), Param::Day(&from), Param::Day(&to)]).await?;
        let mut places = Vec::new();
        for values in rows.rows {
            let mut row = Row { columns: &["payloadId", "idx", "receivedAt"], values };
            let idx = u32::try_from(row.int("idx")?).map_err(|_| EventsError::Row("idx"))?;
            let received_at = time(&row.text("receivedAt")?, self.now)?;
            places.push(Place { payload_id: row.text("payloadId")?, idx, received_at, history: Vec::new() });
        }
        Ok(places)
    }

    async fn receipts(&mut self, payload: &str, idx: u32) -> Result<Vec<Place>, EventsError> {
        let sql = match &self.source {
            Source::BigQuery(bigquery) => bigquery::story::receipts(&bigquery.dataset),
            _ => d1::story::RECEIPTS.to_owned(),
        };
        let rows = self.source.rows(&sql, &[Param::Text(payload)]).await?.rows;
        let place = |values| {
            let at = Row { columns: &["timestamp"], values }.text("timestamp")?;
            let received_at = time(&at, self.now)?;
            Ok(Place { payload_id: payload.to_owned(), idx, received_at, history: Vec::new() })
        };
        rows.into_iter().map(place).collect()
    }

    /// The payload of an event, where `raw` has it.
    pub async fn payload(&mut self, place: &Place) -> Result<Option<Payload>, EventsError> {
        let sql = match &self.source {
            Source::BigQuery(bigquery) => bigquery::story::payload(&bigquery.dataset),
            _ => d1::story::PAYLOAD.to_owned(),
        };
        let params = [Param::Text(&place.payload_id), Param::Time(place.received_at)];
        let Some(values) = self.source.rows(&sql, &params).await?.rows.pop() else { return Ok(None) };
        let mut row = Row { columns: &["data", "context"], values };
        let context: Context =
            serde_json::from_str(&row.text("context")?).map_err(|_| EventsError::Row("context"))?;
        let (id, received_at) = (place.payload_id.clone(), place.received_at);
        Ok(Some(Payload { id, received_at, data: row.text("data")?, context }))
    }

    /// The latest call of each tracker that carried the event, where `requests` has one.
    pub async fn calls(&mut self, place: &Place) -> Result<Vec<Kept>, EventsError> {
        let sql = match &self.source {
            Source::BigQuery(bigquery) => bigquery::story::calls(&bigquery.dataset),
            _ => d1::story::CALLS.to_owned(),
        };
        let from = Millis(place.received_at.0 - CALL_DAYS * DAY_MS).day();
        let to = place.received_at.day();
        let params = [
            Param::Day(&from),
            Param::Day(&to),
            Param::Text(&place.payload_id),
            Param::Int(place.idx.into()),
        ];
        self.source.rows(&sql, &params).await?.rows.into_iter().map(Kept::read).collect()
    }

    /// The days among whose payloads an event without an outcome is looked for.
    fn days(&self) -> (String, String) {
        match self.day {
            Some(day) => (day.to_owned(), day.to_owned()),
            None => (Millis(self.now.0 - DAY_MS).day(), self.now.day()),
        }
    }
}

fn time(text: &str, now: Millis) -> Result<Millis, EventsError> {
    span::since(text, now).ok_or(EventsError::Row("a time"))
}
