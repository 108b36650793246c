//! Calls to D1.

use super::settings::Retention;
use edge::problem::Problem;
use edge::timer::within;
use event::Millis;
use outbox::{Cause, Failure, Table};
use warehouse::d1::{self, Statement};
use worker::{D1Database, D1PreparedStatement, Env, Error, Result};

/// D1 ends a query after 30 s (<https://developers.cloudflare.com/d1/platform/limits/>).
const DEADLINE_MS: u32 = 35_000;

/// Calls of one cleaning. Each deletes thousands of rows; what is left goes the day after.
const MAX_CLEANING_CALLS: usize = 200;

/// SQLite's words where the tables are not those of this release: no row is to blame.
const OUTDATED: [&str; 3] = ["no such table", "no such column", "has no column named"];

/// SQLite's words for a row that it will never take.
const REFUSALS: [&str; 4] = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "too big"];

/// Writes raw payloads: a JSON array of rows. Those that are there already stay as they are.
pub async fn write_raw(env: &Env, rows: &str) -> std::result::Result<(), Failure> {
    let statement = d1::insert_raw(rows).ok_or_else(|| Failure::temporary("raw_rows"))?;
    let work = async {
        let database = env.d1("D1")?;
        write(vec![prepare(&database, &statement)?], &database).await
    };
    #[cfg(feature = "faults")]
    let work = edge::faults::around(env, "raw", work);
    run(work).await
}

/// Writes rows of other tables, all or none.
pub async fn write_accounts(env: &Env, tables: &[(Table, String)]) -> std::result::Result<(), Failure> {
    let work = async {
        let database = env.d1("D1")?;
        let mut statements = Vec::new();
        for (table, rows) in tables {
            let sql = match table {
                Table::Deliveries => d1::INSERT_DELIVERIES,
                Table::Ledger => d1::INSERT_LEDGER,
                Table::Requests => d1::INSERT_REQUESTS,
            };
            statements.push(database.prepare(sql).bind(&[rows.as_str().into()])?);
        }
        write(statements, &database).await
    };
    #[cfg(feature = "faults")]
    let work = edge::faults::around(env, "accounts", work);
    run(work).await
}

/// Deletes what is older than its retention, and ledger lines that newer ones replace.
pub async fn clean(env: &Env, retention: Retention, now: Millis) -> std::result::Result<(), Failure> {
    let mut statements = vec![d1::compact_ledger(now)];
    statements.extend(d1::retention(retention.raw, retention.deliveries, retention.requests, now));
    let mut failed = Ok(());
    for _ in 0..MAX_CLEANING_CALLS {
        let Some(statement) = statements.first() else { break };
        let mut deleted = 0;
        let done = run(async {
            let database = env.d1("D1")?;
            let result = prepare(&database, statement)?.run().await?;
            deleted = result.meta()?.and_then(|meta| meta.changes).unwrap_or(0);
            Ok(())
        });
        // What one table cannot do keeps no other from it.
        let done = done.await;
        if deleted == 0 || done.is_err() {
            statements.remove(0);
        }
        failed = failed.and(done);
    }
    failed
}

fn prepare(database: &D1Database, statement: &Statement) -> Result<D1PreparedStatement> {
    let parameters: Vec<_> = statement.parameters.iter().map(|text| text.as_str().into()).collect();
    database.prepare(statement.sql).bind(&parameters)
}

async fn write(mut statements: Vec<D1PreparedStatement>, database: &D1Database) -> Result<()> {
    // A batch is a transaction, and costs more than a statement.
    if statements.len() == 1 {
        statements.remove(0).run().await?;
    } else {
        database.batch(statements).await?;
    }
    Ok(())
}

async fn run(work: impl Future<Output = Result<()>>) -> std::result::Result<(), Failure> {
    match within(DEADLINE_MS, work).await {
        None => Err(Failure::temporary("d1_timeout")),
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(failure(&error)),
    }
}

fn failure(error: &Error) -> Failure {
    let words = match error {
        Error::D1(error) => error.cause(),
        other => other.to_string(),
    };
    if OUTDATED.iter().any(|words_of| words.contains(words_of)) {
        let problem = "D1's tables are not up to date; run `sparrow warehouse migrate`";
        Problem::new("d1_outdated").with("problem", problem).tell();
        return Failure { reason: "d1_outdated".to_owned(), cause: Cause::Elsewhere };
    }
    if REFUSALS.iter().any(|refusal| words.contains(refusal)) {
        Failure { reason: "d1_refused".to_owned(), cause: Cause::Row }
    } else {
        Failure::temporary("d1_failed")
    }
}
