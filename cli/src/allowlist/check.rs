//! `sparrow allowlist check`: every fault of the file at once.

use super::AllowlistError;
use crate::policy_file::{self, FILE, PolicyFileError};
use allowlist::Policy;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `sparrow allowlist check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each fault is a line `file:line:column: what; suggestion`, and the exit code is 1. Example, as in CI:

    sparrow allowlist check")]
pub struct Check {
    /// The policy.
    #[arg(value_name = "FILE", default_value = FILE)]
    file: PathBuf,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Tells faults, or what the policy holds; whether there was no fault.
///
/// # Errors
/// [`AllowlistError`], where the file cannot be read.
pub fn run(check: &Check, out: &mut impl Write) -> Result<bool, AllowlistError> {
    let file = check.file.display();
    match policy_file::read(&check.file) {
        Ok(policy) if check.json => {
            let trackers = receivers(&policy);
            let found = json!({
                "file": file.to_string(), "faults": [], "version": policy.version, "events": policy.events.len(),
                "properties": properties(&policy), "columns": policy.columns().len(), "trackers": trackers,
                "needsHashKey": policy.needs_hash_key(),
            });
            writeln!(out, "{found:#}")?;
            Ok(true)
        }
        Ok(policy) => {
            writeln!(
                out,
                "{file}: version {}, {} events, {} properties ({} with a column), for {}{}",
                policy.version,
                policy.events.len(),
                properties(&policy),
                policy.columns().len(),
                some(&receivers(&policy).join(", ")),
                policy_file::needs(&policy),
            )?;
            Ok(true)
        }
        Err(PolicyFileError::Faulty(_, error)) => {
            if check.json {
                let faults: Vec<_> = error.0.iter().map(|fault| {
                    json!({"line": fault.line, "column": fault.column, "path": fault.path, "what": fault.what,
                        "suggestion": fault.suggestion})
                }).collect();
                writeln!(out, "{:#}", json!({"file": file.to_string(), "faults": faults}))?;
            } else {
                for fault in &error.0 {
                    writeln!(out, "{file}:{fault}")?;
                }
            }
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Those that at least one event may go to.
fn receivers(policy: &Policy) -> Vec<&'static str> {
    let receives = |tracker: &&str| policy.events.values().any(|event| event.goes_to(tracker));
    trackers::NAMES.into_iter().filter(receives).collect()
}

fn properties(policy: &Policy) -> usize {
    policy.common.len() + policy.events.values().map(|event| event.properties.len()).sum::<usize>()
}

fn some(text: &str) -> &str {
    if text.is_empty() { "no tracker" } else { text }
}
