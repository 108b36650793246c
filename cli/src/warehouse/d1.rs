//! D1, by Wrangler: it knows the local database's place and the account of the remote one.

use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

/// Which database.
#[derive(Debug, Args)]
#[command(next_help_heading = "D1")]
pub struct Database {
    /// The environment in wrangler.toml; without it, the development one.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The database at Cloudflare in place of the local one.
    #[arg(long)]
    remote: bool,
    /// The folder of the local database, as given to `wrangler dev`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "remote")]
    persist_to: Option<PathBuf>,
}

/// Why the SQL was not run.
#[derive(Debug, thiserror::Error)]
pub enum D1Error {
    #[error("npx cannot be started ({0}); install Node.js, or run the SQL of --print yourself")]
    NoWrangler(io::Error),
    #[error("wrangler did not run the SQL; what it says stands above")]
    Refused,
    #[error("what wrangler says cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs SQL.
///
/// # Errors
/// [`D1Error`]
pub fn execute(database: &Database, sql: &str) -> Result<(), D1Error> {
    let mut wrangler = Command::new("npx");
    wrangler.args(["wrangler", "d1", "execute", "D1", "--yes", "--command", sql]);
    wrangler.arg(if database.remote { "--remote" } else { "--local" });
    if let Some(env) = &database.env {
        wrangler.args(["--env", env]);
    }
    if let Some(folder) = &database.persist_to {
        wrangler.arg("--persist-to").arg(folder);
    }
    // Its answer is a table of empty results; its errors go to the same stream.
    let output = wrangler.output().map_err(D1Error::NoWrangler)?;
    if output.status.success() {
        return Ok(());
    }
    io::stderr().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    Err(D1Error::Refused)
}
