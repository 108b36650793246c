//! Which events are meant, asked of the warehouse and noted in the spool.

use super::spool::{Meant, Outcome, Spool};
use crate::source::{Param, Source, SourceError};
use event::Millis;
use serde_json::Value;
use warehouse::d1::backfill::PAGE;
use warehouse::{bigquery, d1};

/// What people say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// A condition on `raw_normalized`.
    Where(String),
    /// A query with `payloadId`, `idx`, `receivedAt` and `event`.
    Sql(String),
    /// What is dead or was rejected, of what was received since then.
    Failed(Millis),
}

/// Why nothing is known of the events.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the events cannot be noted on this machine's disk: {0}")]
    Spool(#[from] rusqlite::Error),
    #[error(
        "{0}; --sql takes a query with the columns payloadId, idx, receivedAt and event, as latest_outcomes and raw_normalized have them"
    )]
    Columns(SourceError),
    #[error("the warehouse answered with another column than expected; run `sparrow warehouse migrate`")]
    Row,
}

/// Notes the events that are meant, and what became of them at the tracker.
///
/// # Errors
/// [`SelectionError`]
pub async fn select(
    source: &mut Source,
    spool: &Spool,
    selection: &Selection,
    tracker: &str,
    now: Millis,
) -> Result<(), SelectionError> {
    let days = match selection {
        Selection::Failed(since) => days_between(*since, now),
        Selection::Where(condition) => {
            events_where(source, spool, condition).await?;
            spool.days()?
        }
        Selection::Sql(query) => {
            let sql = match source.dataset() {
                None => d1::backfill::events_of(query),
                Some(_) => bigquery::backfill::events_of(query),
            };
            note(source, spool, &sql, &[]).await.map_err(|error| match error {
                SelectionError::Source(error) => SelectionError::Columns(error),
                error => error,
            })?;
            spool.days()?
        }
    };
    for day in &days {
        outcomes(source, spool, day, tracker, selection).await?;
    }
    if let Selection::Failed(_) = selection {
        spool.mean_failed()?;
    }
    Ok(())
}

async fn events_where(source: &mut Source, spool: &Spool, condition: &String) -> Result<(), SelectionError> {
    if let Some(dataset) = source.dataset() {
        let sql = bigquery::backfill::events_where(dataset, condition);
        return note(source, spool, &sql, &[]).await.map(|_| ());
    }
    let sql = d1::backfill::events_where(condition);
    let days = source.rows(d1::backfill::DAYS, &[]).await?.rows;
    for day in days {
        let day = text(&day, 0).ok_or(SelectionError::Row)?;
        let mut last = String::new();
        while let (PAGE, Some(payload)) =
            note(source, spool, &sql, &[Param::Text(day), Param::Text(&last)]).await?
        {
            last = payload;
        }
    }
    Ok(())
}

/// Notes the events of a statement that people have a part in, so that it may only read. Returns how many they are, and the
/// last one's payload.
async fn note(
    source: &mut Source,
    spool: &Spool,
    sql: &str,
    params: &[Param<'_>],
) -> Result<(usize, Option<String>), SelectionError> {
    let (mut count, mut last) = (0, None);
    spool.begin()?;
    source
        .ask(sql, params, |_, row| {
            let event = Meant {
                payload: text(&row, 0).ok_or(SelectionError::Row)?,
                idx: row.get(1).and_then(Value::as_i64).ok_or(SelectionError::Row)?,
                received_at: text(&row, 2).ok_or(SelectionError::Row)?,
                name: text(&row, 3),
                time: text(&row, 4),
            };
            count += 1;
            last = Some(event.payload.to_owned());
            Ok::<_, SelectionError>(spool.mean(&event)?)
        })
        .await?;
    spool.commit()?;
    Ok((count, last))
}

/// The first day of which there is an account: of those before nobody knows what was delivered.
pub async fn first_day(source: &mut Source) -> Result<Option<String>, SourceError> {
    let sql =
        source.dataset().map_or_else(|| d1::backfill::FIRST_DAY.to_owned(), bigquery::backfill::first_day);
    let rows = source.rows(&sql, &[]).await?.rows;
    Ok(rows.first().and_then(|row| text(row, 0)).map(str::to_owned))
}

/// Notes what became of the events of a day, page by page where the answer comes in one piece.
async fn outcomes(
    source: &mut Source,
    spool: &Spool,
    day: &str,
    tracker: &str,
    selection: &Selection,
) -> Result<(), SelectionError> {
    let since = match selection {
        Selection::Failed(since) => since.to_string(),
        _ => String::new(),
    };
    let paged = source.dataset().is_none();
    let sql =
        source.dataset().map_or_else(|| d1::backfill::OUTCOMES.to_owned(), bigquery::backfill::outcomes);
    let mut last = (-1, -1);
    loop {
        let mut count = 0;
        let all = [Param::Day(day), Param::Text(tracker), Param::Int(last.0), Param::Int(last.1)];
        let params = if paged { &all[..] } else { &all[..2] };
        spool.begin()?;
        source
            .each(&sql, params, |row| {
                let outcome = outcome(&row)?;
                count += 1;
                last = (outcome.shard, outcome.seq);
                if outcome.received_at >= since.as_str() {
                    spool.add(&outcome)?;
                }
                Ok::<_, SelectionError>(())
            })
            .await?;
        spool.commit()?;
        if !paged || count < PAGE {
            return Ok(());
        }
    }
}

fn outcome(row: &[Value]) -> Result<Outcome<'_>, SelectionError> {
    let text = |place| self::text(row, place).ok_or(SelectionError::Row);
    let int = |place: usize| row.get(place).and_then(Value::as_i64).ok_or(SelectionError::Row);
    Ok(Outcome {
        payload: text(0)?,
        idx: int(1)?,
        received_at: text(2)?,
        name: text(3)?,
        outcome: text(4)?,
        reason: self::text(row, 5),
        attempts: int(6)?,
        at: text(7)?,
        shard: int(8)?,
        seq: int(9)?,
    })
}

fn text(row: &[Value], place: usize) -> Option<&str> {
    row.get(place).and_then(Value::as_str)
}

/// The days from the one to the other.
fn days_between(since: Millis, now: Millis) -> Vec<String> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let first = since.0.div_euclid(DAY_MS);
    (first..=now.0.div_euclid(DAY_MS)).map(|day| Millis(day * DAY_MS).day()).collect()
}
