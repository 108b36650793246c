//! `sparrow warehouse migrate`: the tables, and the views that follow from the allowlist.

use super::bigquery::{self, BigQueryError};
use super::d1::{self, D1Error};
use super::settings::{Arguments, SettingsError};
use crate::policy_file::{self, FILE, PolicyFileError};
use clap::ValueEnum;
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Warehouse {
    D1,
    #[value(name = "bigquery")]
    BigQuery,
}

/// Arguments of `sparrow warehouse migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, for the D1 of `make dev`, for production's, and for a dataset of BigQuery that is made where it is missing:

    sparrow warehouse migrate
    sparrow warehouse migrate --env production --remote
    sparrow warehouse migrate --warehouse bigquery --key key.json --location EU")]
pub struct Migrate {
    /// The warehouse, or several with commas.
    #[arg(long, env = "WAREHOUSE", value_name = "NAMES", value_delimiter = ',', default_value = "d1")]
    warehouse: Vec<Warehouse>,
    /// The policy whose properties become columns.
    #[arg(long, default_value = FILE, value_name = "FILE")]
    policy: PathBuf,
    /// Print the SQL, and for BigQuery the requests, and do nothing.
    #[arg(long)]
    print: bool,
    /// Say as JSON what was brought up to date.
    #[arg(long, conflicts_with = "print")]
    json: bool,
    #[command(flatten)]
    d1: d1::Database,
    #[command(flatten)]
    bigquery: Arguments,
}

/// Why the warehouse was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{0}\n{1}")]
    Both(PolicyFileError, SettingsError),
    #[error(transparent)]
    D1(#[from] D1Error),
    #[error(transparent)]
    BigQuery(#[from] BigQueryError),
    #[error("the SQL cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs the migration. Nothing is done before all settings are known to be right.
///
/// # Errors
/// [`MigrateError`]
pub fn run(migrate: &Migrate) -> Result<(), MigrateError> {
    let settings = if migrate.warehouse.contains(&Warehouse::BigQuery) {
        migrate.bigquery.settings(!migrate.print).map(Some)
    } else {
        Ok(None)
    };
    let (columns, settings) = match (policy_file::read(&migrate.policy), settings) {
        (Ok(policy), Ok(settings)) => (policy.columns(), settings),
        (Err(error), Ok(_)) => return Err(error.into()),
        (Ok(_), Err(faults)) => return Err(faults.into()),
        (Err(error), Err(faults)) => return Err(MigrateError::Both(error, faults)),
    };
    if migrate.warehouse.contains(&Warehouse::D1) {
        let sql = warehouse::d1::migration(&columns).join(";\n\n") + ";\n";
        if migrate.print {
            io::stdout().write_all(sql.as_bytes())?;
        } else {
            d1::execute(&migrate.d1, &sql)?;
        }
    }
    let mut steps = Vec::new();
    if let Some(settings) = settings {
        if migrate.print {
            bigquery::print(&settings, &columns, &mut io::stdout())?;
        } else if migrate.json {
            bigquery::migrate(settings, &columns, &mut steps)?;
        } else {
            bigquery::migrate(settings, &columns, &mut io::stderr())?;
        }
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    if migrate.json {
        let warehouses: Vec<_> = migrate.warehouse.iter().filter_map(ValueEnum::to_possible_value).collect();
        let warehouses: Vec<_> = warehouses.iter().map(|value| value.get_name()).collect();
        let steps = String::from_utf8_lossy(&steps);
        let steps: Vec<_> = steps.lines().collect();
        let done = json!({ "upToDate": warehouses, "columns": names, "steps": steps });
        writeln!(io::stdout(), "{done:#}")?;
    } else if !migrate.print {
        let names = names.join(", ");
        writeln!(io::stderr(), "tables and views are up to date; properties with a column: {names}")?;
    }
    Ok(())
}
