//! The statements of both warehouses.

use crate::bigquery::CallError;
use crate::source::{Param, Source, SourceError};
use event::{Millis, Payload};
use outbox::admin::{ErasedEvents, RewrittenPayload};
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

/// A payload in which one of the ids may stand.
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Nothing where it cannot be read.
    pub payload: Option<Payload>,
    /// Its row in D1.
    pub row: i64,
}

/// Whether candidates come in pages: D1 answers in one piece.
pub fn is_paged(source: &Source) -> bool {
    source.dataset().is_none()
}

/// Hands the candidates of a day to `take`: in D1 a page of them, behind the row `after`, and none where there are no more.
pub async fn candidates<E: From<SourceError>>(
    source: &mut Source,
    day: &str,
    ids: &[String],
    after: i64,
    mut take: impl FnMut(Candidate) -> Result<(), E>,
) -> Result<(), E> {
    let sql = sql(source, d1::RAW_CANDIDATES, google::raw_candidates);
    let each = |row: Vec<Value>| {
        let id = row.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = row.get(4).and_then(Value::as_i64).unwrap_or_default();
        take(Candidate { id, payload: payload(&row), row: number })
    };
    let params = [Param::Day(day), Param::Texts(ids), Param::Int(after)];
    let params = if is_paged(source) { &params[..] } else { &params[..2] };
    source.each(&sql, params, each).await.map(|_| ())
}

/// A row of `raw`.
fn payload(row: &[Value]) -> Option<Payload> {
    let [id, time, data, context, ..] = row else { return None };
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

/// What is to be done with the accounts of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// They are counted.
    Counted,
    /// They are erased.
    Erased,
    /// They are erased, and the events' own ids are not known any more: a receipt does not repeat them.
    ErasedByPlace,
}

/// Counts what is known of events of a day, or erases it.
pub async fn accounts(
    source: &mut Source,
    day: &str,
    events: &[ErasedEvents],
    known: Known,
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
        let is_google = source.dataset().is_some();
        let place = |of: &ErasedEvents, idx: &u32| format!("{}.{idx}", of.payload);
        let places: Vec<String> =
            some.iter().flat_map(|of| of.idx.iter().map(|idx| place(of, idx))).collect();
        // A payload's id may come again later, with other events.
        let time = |at: Millis| if is_google { at.0.to_string() } else { at.to_string() };
        let timed = |of: &ErasedEvents, idx: &u32| format!("{}@{}", place(of, idx), time(of.received_at));
        let timed: Vec<String> = some.iter().flat_map(|of| of.idx.iter().map(|idx| timed(of, idx))).collect();
        // An event has its own id or that of its place.
        let own = some.iter().flat_map(|of| &of.ids);
        let ids: Vec<String> = own.chain(&places).cloned().collect();
        let of_day = [Param::Texts(&places), Param::Day(day)];
        let by_id = if is_google || known == Known::ErasedByPlace {
            [Param::Texts(&timed), Param::Day(day)]
        } else {
            [Param::Texts(&ids), Param::Texts(&timed)]
        };
        if known != Known::Counted {
            let in_d1 = match known {
                Known::ErasedByPlace => d1::ERASE_DELIVERIES_OF_DAY,
                Known::Counted | Known::Erased => d1::ERASE_DELIVERIES,
            };
            let deliveries = sql(source, in_d1, google::erase_deliveries);
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

/// What a body is known by when it is written again: in D1 itself, in BigQuery its SHA-256.
pub fn was(is_paged: bool, data: &str) -> String {
    if is_paged { data.to_owned() } else { RewrittenPayload::print(data) }
}

/// Keeps a payload in another form, where it still is what it was read as. Returns whether it was.
pub async fn rewrite(source: &mut Source, payload: &Payload, was: &str) -> Result<bool, SourceError> {
    let sql = sql(source, d1::REWRITE_RAW, google::rewrite_raw);
    let context = serde_json::to_string(&payload.context).unwrap_or_default();
    let time = Param::Time(payload.received_at);
    let (id, data, context) = (&payload.id, &payload.data, &context);
    let params = [Param::Text(id), time, Param::Text(data), Param::Text(context), Param::Text(was)];
    Ok(source.change(&sql, &params).await? > 0)
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
