//! `sparrow allowlist compile`: the form in which Trace carries the policy.

use super::AllowlistError;
use crate::policy_file::{self, FILE};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `sparrow allowlist compile`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is written is what a build of Trace embeds, byte for byte.

Example:

    sparrow allowlist compile --out policy.json")]
pub struct Compile {
    /// The policy.
    #[arg(value_name = "FILE", default_value = FILE)]
    file: PathBuf,
    /// Where to write it [default: the output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the compiled policy.
///
/// # Errors
/// [`AllowlistError`]
pub fn run(compile: &Compile, out: &mut impl Write) -> Result<(), AllowlistError> {
    let json = policy_file::read(&compile.file)?.to_json()?;
    match &compile.out {
        Some(path) => fs::write(path, json).map_err(|error| AllowlistError::File(path.clone(), error)),
        None => Ok(out.write_all(json.as_bytes())?),
    }
}
