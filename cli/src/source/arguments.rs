//! Which warehouse, by arguments or the environment.

use super::bigquery::BigQuery;
use super::d1_file::{D1File, find};
use super::{Source, SourceError};
use crate::bigquery as google;
use crate::faults::Faults;
use clap::Args;
use std::path::PathBuf;

/// The warehouses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Warehouse {
    D1,
    #[value(name = "bigquery")]
    BigQuery,
}

/// Which warehouse is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Warehouse")]
#[group(skip)]
pub struct Arguments {
    /// The warehouse; of several with commas the first is asked.
    #[arg(long, env = "WAREHOUSE", value_name = "NAME", value_delimiter = ',', default_value = "d1")]
    warehouse: Vec<Warehouse>,
    /// The file of the local D1 [default: that of `make dev` in this folder].
    #[arg(long, env = "D1_FILE", value_name = "FILE")]
    d1: Option<PathBuf>,
    #[command(flatten)]
    bigquery: google::Arguments,
}

impl Arguments {
    /// Opens it.
    ///
    /// # Errors
    /// [`SourceError`], with every fault of the settings.
    pub fn open(&self) -> Result<Source, SourceError> {
        match self.warehouse.first() {
            Some(Warehouse::BigQuery) => {
                let mut faults = Faults::default();
                match self.bigquery.connection(true, &mut faults) {
                    Some(connection) if faults.0.is_empty() => {
                        Ok(Source::BigQuery(Box::new(BigQuery::new(connection)?)))
                    }
                    _ => Err(SourceError::Settings(faults.0)),
                }
            }
            _ => {
                let path = match &self.d1 {
                    Some(path) => path.clone(),
                    None => find(".".as_ref())?,
                };
                Ok(Source::File(D1File::open(&path)?))
            }
        }
    }
}
