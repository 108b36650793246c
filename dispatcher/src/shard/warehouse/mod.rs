//! Calls to warehouses: rows go to the one that a batch names.

mod bigquery;
mod d1;
mod settings;
mod token;

pub use settings::Settings;

use bigquery::BigQuery;
use event::Millis;
use outbox::{AccountsBatch, Failure, RawBatch, Refused, RefusedRow};
use settings::BIGQUERY;
use worker::Env;

/// The warehouses that are configured.
pub struct Warehouses {
    env: Env,
    settings: Settings,
    bigquery: Option<BigQuery>,
}

impl Warehouses {
    pub fn new(env: Env, settings: &Settings) -> Self {
        let bigquery = settings.bigquery.as_ref().map(BigQuery::new);
        Self { env, settings: settings.clone(), bigquery }
    }

    /// Writes raw payloads. What is there already stays as it is. Says which rows were refused for good.
    pub async fn write_raw(&self, batch: &RawBatch) -> Result<Vec<Refused>, Failure> {
        match &self.bigquery {
            Some(bigquery) if batch.warehouse == BIGQUERY => bigquery.write_raw(&batch.rows).await,
            _ => d1::write_raw(&self.env, &batch.rows).await.map(|()| Vec::new()),
        }
    }

    /// Writes what became of events. Says which rows were refused for good.
    pub async fn write_accounts(&self, batch: &AccountsBatch) -> Result<Vec<RefusedRow>, Failure> {
        match &self.bigquery {
            Some(bigquery) if batch.warehouse == BIGQUERY => bigquery.write_accounts(&batch.tables).await,
            _ => d1::write_accounts(&self.env, &batch.tables).await.map(|()| Vec::new()),
        }
    }

    /// Deletes what is too old, where the warehouse does not do so by itself.
    pub async fn clean(&self, now: Millis) -> Result<(), Failure> {
        match self.settings.d1 {
            Some(retention) => d1::clean(&self.env, retention, now).await,
            None => Ok(()),
        }
    }
}
