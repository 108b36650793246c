//! The statements of both warehouses.

use crate::bigquery::CallError;
use crate::source::{Param, Source, SourceError};
use event::{Millis, Payload};
use outbox::admin::ErasedEvents;
use serde_json::Value;
use warehouse::bigquery::Dataset;
use warehouse::bigquery::erase as google;
use warehouse::d1::erase as d1;

/// Most events of one statement, but for one payload, which has as many at most: their ids are some 100 kB, and D1 takes
/// parameters of 2 MB.
const AT_ONCE: usize = 1000;

/// A statement in the warehouse's SQL.
fn sql(source: &Source, d1: &'static str, google: fn(&Dataset) -> String) -> String {
    source.dataset().map_or_else(|| d1.to_owned(), google)
}

/// Whether rows cannot be changed yet, since they were streamed a short while ago.
pub fn is_too_new(error: &SourceError) -> bool {
    matches!(error, SourceError::BigQuery(CallError::Failure(failure)) if failure.is_streaming_buffer())
}

/// The days from this one on of which there are payloads.
pub async fn days(source: &mut Source, since: &str) -> Result<Vec<String>, SourceError> {
    let sql = sql(source, d1::RAW_DAYS, google::raw_days);
    let rows = source.rows(&sql, &[Param::Day(since)]).await?.rows;
    Ok(rows.into_iter().filter_map(|row| Some(row.first()?.as_str()?.to_owned())).collect())
}

/// Hands the payloads of a day to `take` in which one of the ids may stand.
pub async fn candidates<E: From<SourceError>>(
    source: &mut Source,
    day: &str,
    ids: &[String],
    mut take: impl FnMut(Payload) -> Result<(), E>,
) -> Result<(), E> {
    let sql = sql(source, d1::RAW_CANDIDATES, google::raw_candidates);
    let each = |row: Vec<Value>| match payload(&row) {
        Some(payload) => take(payload),
        None => Ok(()),
    };
    source.each(&sql, &[Param::Day(day), Param::Texts(ids)], each).await.map(|_| ())
}

/// A row of `raw`; none has another form.
fn payload(row: &[Value]) -> Option<Payload> {
    let [id, time, data, context] = row else { return None };
    let received_at: jiff::Timestamp = time.as_str()?.parse().ok()?;
    Some(Payload {
        id: id.as_str()?.to_owned(),
        received_at: Millis(received_at.as_millisecond()),
        data: data.as_str()?.to_owned(),
        context: serde_json::from_str(context.as_str()?).ok()?,
    })
}

/// Rows of the account.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accounts {
    /// Of `deliveries`.
    pub deliveries: u64,
    /// Of `requests`.
    pub requests: u64,
}

/// Counts what is known of events of a day, and erases it where that is meant.
pub async fn accounts(
    source: &mut Source,
    day: &str,
    events: &[ErasedEvents],
    is_erased: bool,
) -> Result<Accounts, SourceError> {
    let mut sum = Accounts::default();
    let mut rest = events;
    while let Some((first, others)) = rest.split_first() {
        let mut room = AT_ONCE.saturating_sub(first.idx.len());
        let mut fits = |of: &&ErasedEvents| {
            let left = room.checked_sub(of.idx.len());
            room = left.unwrap_or_default();
            left.is_some()
        };
        let (some, left) = rest.split_at(1 + others.iter().take_while(&mut fits).count());
        rest = left;
        let place = |of: &ErasedEvents, idx: &u32| format!("{}.{idx}", of.payload);
        let places: Vec<String> =
            some.iter().flat_map(|of| of.idx.iter().map(|idx| place(of, idx))).collect();
        let places = places.as_slice();
        // An event has its own id or that of its place.
        let own = some.iter().flat_map(|of| &of.ids);
        let ids: Vec<String> = own.chain(places).cloned().collect();
        let of_day = [Param::Texts(places), Param::Day(day)];
        let of_ids = [Param::Texts(&ids), Param::Texts(places)];
        let by_id = if source.dataset().is_some() { of_day } else { of_ids };
        if is_erased {
            let deliveries = sql(source, d1::ERASE_DELIVERIES, google::erase_deliveries);
            sum.deliveries += source.change(&deliveries, &by_id).await?;
            let requests = sql(source, d1::ERASE_REQUESTS, google::erase_requests);
            sum.requests += source.change(&requests, &of_day).await?;
        } else {
            let deliveries = sql(source, d1::COUNT_DELIVERIES, google::count_deliveries);
            sum.deliveries += count(source, &deliveries, &by_id).await?;
            let requests = sql(source, d1::COUNT_REQUESTS, google::count_requests);
            sum.requests += count(source, &requests, &of_day).await?;
        }
    }
    Ok(sum)
}

async fn count(source: &mut Source, sql: &str, params: &[Param<'_>]) -> Result<u64, SourceError> {
    let rows = source.rows(sql, params).await?.rows;
    Ok(rows.first().and_then(|row| row.first()?.as_u64()).unwrap_or_default())
}

/// Deletes payloads of a day.
pub async fn delete(source: &mut Source, day: &str, payloads: &[&Payload]) -> Result<(), SourceError> {
    if payloads.is_empty() {
        return Ok(());
    }
    let sql = sql(source, d1::DELETE_RAW, google::delete_raw);
    if source.dataset().is_some() {
        let keys: Vec<_> = payloads.iter().map(|one| format!("{} {}", one.id, one.received_at.0)).collect();
        source.change(&sql, &[Param::Texts(&keys), Param::Day(day)]).await?;
    } else {
        let ids: Vec<_> = payloads.iter().map(|one| one.id.clone()).collect();
        let keys: Vec<_> = payloads.iter().map(|one| format!("{} {}", one.id, one.received_at)).collect();
        source.change(&sql, &[Param::Texts(&ids), Param::Texts(&keys)]).await?;
    }
    Ok(())
}

/// Keeps a payload in another form.
pub async fn rewrite(source: &mut Source, payload: &Payload) -> Result<(), SourceError> {
    let sql = sql(source, d1::REWRITE_RAW, google::rewrite_raw);
    let context = serde_json::to_string(&payload.context).unwrap_or_default();
    let time = Param::Time(payload.received_at);
    let params = [Param::Text(&payload.id), time, Param::Text(&payload.data), Param::Text(&context)];
    source.change(&sql, &params).await.map(|_| ())
}

/// Receipts.
pub mod receipts {
    use super::{Dataset, Source, d1, google, sql};

    macro_rules! statements {
        ($($name:ident: $d1:ident, $google:ident;)*) => {$(
            pub fn $name(source: &Source) -> String {
                let google: fn(&Dataset) -> String = google::$google;
                sql(source, d1::$d1, google)
            }
        )*};
    }
    statements! {
        begin: BEGIN_ERASURE, begin_erasure;
        note: NOTE_ERASURE, note_erasure;
        finish: FINISH_ERASURE, finish_erasure;
        unfinished: UNFINISHED_ERASURE, unfinished_erasure;
        all: ERASURES, erasures;
    }
}
