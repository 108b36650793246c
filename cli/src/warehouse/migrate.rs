//! `sparrow warehouse migrate`: the tables, and the views that follow from the allowlist.

use allowlist::Policy;
use allowlist::policy::PolicyError;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

/// Arguments of `sparrow warehouse migrate`.
#[derive(clap::Args)]
pub struct Migrate {
    /// The policy whose properties become columns.
    #[arg(long, default_value = "allowlist/allowlist.toml", value_name = "FILE")]
    policy: PathBuf,
    /// The environment in wrangler.toml; without it, the development one.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The database at Cloudflare in place of the local one.
    #[arg(long)]
    remote: bool,
    /// The folder of the local database, as given to `wrangler dev`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "remote")]
    persist_to: Option<PathBuf>,
    /// Print the SQL and do nothing.
    #[arg(long)]
    print: bool,
}

/// Why the warehouse was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("{0} cannot be read ({1}); run this in the project's folder or name the policy with --policy")]
    NoPolicy(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Policy(PathBuf, PolicyError),
    #[error("npx cannot be started ({0}); install Node.js, or run the SQL of --print yourself")]
    NoWrangler(io::Error),
    #[error("wrangler did not run the SQL; what it says stands above")]
    Refused,
    #[error("the SQL cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs the migration.
pub fn run(migrate: &Migrate) -> Result<(), MigrateError> {
    let text = std::fs::read_to_string(&migrate.policy)
        .map_err(|error| MigrateError::NoPolicy(migrate.policy.clone(), error))?;
    let policy = Policy::from_toml(&text, &trackers::NAMES)
        .map_err(|error| MigrateError::Policy(migrate.policy.clone(), error))?;
    let columns = policy.columns();
    let sql = warehouse::d1::migration(&columns).join(";\n\n") + ";\n";
    if migrate.print {
        io::stdout().write_all(sql.as_bytes())?;
        return Ok(());
    }
    execute(migrate, &sql)?;
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    writeln!(
        io::stderr(),
        "tables and views are up to date; properties with a column: {}",
        names.join(", ")
    )?;
    Ok(())
}

/// Wrangler runs the SQL: it knows the local database's place and the account of the remote one.
fn execute(migrate: &Migrate, sql: &str) -> Result<(), MigrateError> {
    let mut wrangler = Command::new("npx");
    wrangler.args(["wrangler", "d1", "execute", "D1", "--yes", "--command", sql]);
    wrangler.arg(if migrate.remote { "--remote" } else { "--local" });
    if let Some(env) = &migrate.env {
        wrangler.args(["--env", env]);
    }
    if let Some(folder) = &migrate.persist_to {
        wrangler.arg("--persist-to").arg(folder);
    }
    // Its answer is a table of empty results; its errors go to the same stream.
    let output = wrangler.output().map_err(MigrateError::NoWrangler)?;
    if output.status.success() {
        return Ok(());
    }
    io::stderr().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    Err(MigrateError::Refused)
}
