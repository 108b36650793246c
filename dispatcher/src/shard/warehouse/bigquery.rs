//! Calls to BigQuery.

use super::settings::BigQuerySettings;
use super::token::{Account, passing};
use edge::http::{Answer, post};
use edge::problem::Problem;
use outbox::{Cause, Failure, Refused, RefusedRow};
use std::time::Duration;
use warehouse::bigquery::{self, Dataset, Insert, Kind, Request, Table};

/// An insert takes some hundred ms. One that is given up may have been carried out; its rows have the same `insertId`
/// the next time.
const DEADLINE: Duration = Duration::from_secs(30);

/// BigQuery, or an emulator of it.
pub struct BigQuery {
    endpoint: String,
    dataset: Dataset,
    account: Option<Account>,
}

impl BigQuery {
    pub fn new(settings: &BigQuerySettings) -> Self {
        let BigQuerySettings { endpoint, dataset, .. } = settings.clone();
        Self { endpoint, dataset, account: Account::new(settings) }
    }

    /// Inserts raw payloads: a JSON array of rows.
    pub async fn write_raw(&self, rows: &str) -> Result<Vec<Refused>, Failure> {
        let refused = self.insert(Table::Raw, rows).await?;
        Ok(refused.into_iter().map(|row| Refused { place: row.place, reason: row.reason }).collect())
    }

    /// Inserts rows of other tables. Where one of them fails all are inserted again, later.
    pub async fn write_accounts(
        &self,
        tables: &[(outbox::Table, String)],
    ) -> Result<Vec<RefusedRow>, Failure> {
        let mut all = Vec::new();
        for (table, rows) in tables {
            let into = match table {
                outbox::Table::Deliveries => Table::Deliveries,
                outbox::Table::Ledger => Table::Ledger,
                outbox::Table::Requests => Table::Requests,
            };
            let refused = self.insert(into, rows).await?;
            let row =
                |row: bigquery::Refused| RefusedRow { table: *table, place: row.place, reason: row.reason };
            all.extend(refused.into_iter().map(row));
        }
        Ok(all)
    }

    async fn insert(&self, table: Table, rows: &str) -> Result<Vec<bigquery::Refused>, Failure> {
        let mut insert = Insert::new(&self.dataset, table, rows)
            .map_err(|error| told("rows", Cause::Row, &error.to_string()))?;
        while let Some(batch) = insert.next() {
            // Of what came to nothing before Google looked at rows, none is to blame.
            let asked = self.ask(&insert.request(&batch)).await;
            let answer = asked.map_err(|failure| of(&failure, Cause::Elsewhere))?;
            let body = String::from_utf8_lossy(&answer.body);
            insert.answered(batch, answer.status, &body).map_err(|failure| {
                let cause = if failure.is_of_request() { Cause::Unknown } else { Cause::Elsewhere };
                of(&failure, cause)
            })?;
        }
        let refused = insert.refused();
        for row in &refused {
            Problem::new("row_refused").by("table", table.name()).by("reason", &row.reason).tell();
        }
        Ok(refused)
    }

    /// Sends a request; once more, with a new token, where the one that it had is not accepted.
    async fn ask(&self, request: &Request) -> Result<Answer, bigquery::Failure> {
        let url = format!("{}{}", self.endpoint, request.path);
        let body = request.body.as_deref().unwrap_or_default();
        let mut may_renew = true;
        loop {
            let token = match &self.account {
                Some(account) => Some((account, account.token().await?)),
                None => None,
            };
            let mut headers = vec![("content-type", "application/json".to_owned())];
            headers.extend(
                token.iter().map(|(_, token)| ("authorization", format!("Bearer {}", token.bearer()))),
            );
            let answer = post(&url, &headers, body, DEADLINE).await;
            let answer = answer.map_err(|error| passing(&error.to_string()))?;
            match &token {
                Some((account, token)) if answer.status == 401 => {
                    account.forget(token);
                    if !std::mem::take(&mut may_renew) {
                        return Ok(answer);
                    }
                }
                _ => return Ok(answer),
            }
        }
    }
}

/// Google refuses rows by themselves, so that of a batch that it refuses as a whole a row is to blame only where the
/// request is what it does not like.
fn of(failure: &bigquery::Failure, cause: Cause) -> Failure {
    if failure.kind == Kind::Temporary {
        return Failure { reason: failure.reason.clone(), cause };
    }
    told(&failure.reason, cause, &failure.to_string())
}

/// A failure that needs somebody: the log says what to do.
fn told(reason: &str, cause: Cause, problem: &str) -> Failure {
    Problem::new("bigquery_failed").by("reason", reason).with("problem", problem).tell();
    Failure { reason: reason.to_owned(), cause }
}
