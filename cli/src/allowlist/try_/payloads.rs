//! The payloads of a day, out of either warehouse.

use super::TryError;
use crate::source::{Param, Source};
use event::{Context, Millis, Payload};
use serde_json::Value;
use warehouse::{bigquery, d1};

/// Payloads that are asked of D1 at once. Each may be 2 MB, and most have a thousandth of it.
const PAGE: i64 = 500;

/// The UTC days that have payloads from `since` on, and how many.
///
/// # Errors
/// [`TryError`]
pub async fn days(source: &mut Source, since: &str) -> Result<Vec<(String, u64)>, TryError> {
    let sql = match source {
        Source::BigQuery(bigquery) => bigquery::payloads_by_day(&bigquery.dataset),
        _ => d1::PAYLOADS_BY_DAY.to_owned(),
    };
    let found = source.rows(&sql, &[Param::Day(since)]).await?;
    let day = |row: Vec<Value>| Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_u64()?));
    found.rows.into_iter().map(|row| day(row).ok_or(TryError::Row)).collect()
}

/// Hands over one payload after the other, or nothing where its row cannot be read.
///
/// # Errors
/// [`TryError`]
pub async fn each(
    source: &mut Source,
    day: &str,
    mut take: impl FnMut(Option<Payload>),
) -> Result<(), TryError> {
    if let Source::BigQuery(bigquery) = source {
        let sql = bigquery::payloads_of_day(&bigquery.dataset);
        let params = [Param::Day(day)];
        let taken = source.each(&sql, &params, |row| {
            take(payload(&row));
            Ok::<_, TryError>(())
        });
        return taken.await.map(|_| ());
    }
    let mut after = 0;
    loop {
        let (before, mut count) = (after, 0);
        let params = [Param::Day(day), Param::Int(before), Param::Int(PAGE)];
        let taken = source.each(d1::PAYLOADS_OF_DAY, &params, |row| {
            count += 1;
            after = row.get(4).and_then(Value::as_i64).ok_or(TryError::Row)?;
            take(payload(&row));
            Ok::<_, TryError>(())
        });
        taken.await?;
        if count < PAGE {
            return Ok(());
        }
    }
}

fn payload(row: &[Value]) -> Option<Payload> {
    let text = |place: usize| row.get(place)?.as_str();
    let received_at: jiff::Timestamp = text(1)?.parse().ok()?;
    let context: Context = serde_json::from_str(text(3)?).ok()?;
    let received_at = Millis(received_at.as_millisecond());
    Some(Payload { id: text(0)?.to_owned(), received_at, data: text(2)?.to_owned(), context })
}
