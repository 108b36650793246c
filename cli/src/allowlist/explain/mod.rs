//! `sparrow allowlist explain`: what becomes of an event, and what each vendor would be sent. Nothing is sent.

pub mod explained;
mod explanation;
pub mod opening;
mod page;
pub mod reason;
pub mod report;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod vendor;

use crate::policy_file::{self, FILE, PolicyFileError};
use allowlist::BadSecret;
use clap::builder::PossibleValuesParser;
use event::{ENVIRONMENTS, Millis};
use explanation::explanation;
pub use opening::{hash_key, settled};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use trackers::SettingsError;
use trackers::settings::Settings;

/// Longest body that Dispatcher takes, in bytes: `dispatcher/src/ingest.rs`.
const MAX_BODY: usize = 1024 * 1024;

/// Arguments of `sparrow allowlist explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file holds what is sent to Sparrow: one event, or {\"batch\": [...]}. Nothing is sent to anybody. Of what is
dropped only the name is shown. The id of an event without `eventId` is another one in every payload.

Example:

    echo '{\"event\": \"sign up\", \"deviceId\": \"d1\", \"properties\": {\"plan\": \"team\", \"mail\": \"x\"}}' |
      sparrow allowlist explain - --tracker ga4")]
pub struct Explain {
    /// The payload; `-` reads it from the input.
    #[arg(value_name = "EVENT.json")]
    file: PathBuf,
    /// The policy.
    #[arg(long, value_name = "FILE", default_value = FILE)]
    policy: PathBuf,
    /// Vendors' settings, such as trace/.dev.vars: a vendor that has none is off, as in Trace [default: placeholders for
    /// all].
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// These vendors alone.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(trackers::NAMES))]
    tracker: Vec<String>,
    /// The site whose page sends it, as browsers write it in `Origin` [default: one that is allowed].
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// The write key with which it comes; without --origin, from a server.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Which of the policy's sources count [default: ENVIRONMENT of the settings, or development].
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ENVIRONMENTS))]
    env: Option<String>,
    /// The browser's address, as Dispatcher's IP_POLICY leaves it.
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// The browser's country.
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// The browser's description of itself.
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Print the explanation as JSON.
    #[arg(long)]
    json: bool,
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{0}: {1}")]
    NoSettings(PathBuf, settings::NoSetting),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("ENVIRONMENT must be one of {}", ENVIRONMENTS.join(", "))]
    Environment,
    #[error("POLICY_HASH_KEY {0}")]
    HashKey(#[from] BadSecret),
    #[error(
        "POLICY_HASH_KEY is missing, and the policy hashes values: make one with `openssl rand -hex 32`; without one Trace sends nothing"
    )]
    NoHashKey,
    #[error(
        "the body has {0} bytes; Dispatcher answers 413 to one of more than 1 MiB, and nothing comes of it"
    )]
    TooLong(usize),
    #[error("the explanation has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Explains a payload that is received `now`.
///
/// # Errors
/// [`ExplainError`]
pub fn run(explain: &Explain, now: Millis, out: &mut impl Write) -> Result<(), ExplainError> {
    let policy = policy_file::read(&explain.policy)?;
    let settings = explain.settings.as_deref().map(settings).transpose()?;
    let body = read(&explain.file)?;
    if body.len() > MAX_BODY {
        return Err(ExplainError::TooLong(body.len()));
    }
    let explanation = explanation(explain, policy, settings, body, now)?;
    if explain.json {
        serde_json::to_writer_pretty(&mut *out, &explanation).map_err(|error| {
            if error.is_io() { io::Error::from(error).into() } else { ExplainError::from(error) }
        })?;
        writeln!(out)?;
    } else {
        out.write_all(report::text(&explanation).as_bytes())?;
    }
    Ok(())
}

/// The settings in a file.
///
/// # Errors
/// [`ExplainError`]
pub fn settings(path: &Path) -> Result<Settings, ExplainError> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    settings::parse(&text).map_err(|error| ExplainError::NoSettings(path.to_owned(), error))
}

fn read(path: &Path) -> Result<Vec<u8>, ExplainError> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|error| ExplainError::Unreadable(path.to_owned(), error))
}
