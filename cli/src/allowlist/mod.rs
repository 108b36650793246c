//! `sparrow allowlist`: what the policy file says, and what comes of an event under it.

mod check;
mod compile;
mod diff;
pub mod explain;
pub mod invisible;
mod limits;
mod pair;
mod try_;
mod types;
mod typescript;

use crate::clock;
use crate::policy_file::PolicyFileError;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What can be done with the allowlist.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Tell every fault of the policy file with line and column; fail where there is one.
    Check(check::Check),
    /// Tell what of an event is kept, changed and dropped and why, and show the requests that vendors would get.
    Explain(Box<explain::Explain>),
    /// Tell what a changed policy would admit or stop, by the policies alone.
    Diff(diff::Diff),
    /// Count what a changed policy would have admitted or stopped, over the events that were logged.
    Try(Box<try_::Try>),
    /// Make TypeScript types of the policy, so that an event that it does not know does not compile.
    Types(types::Types),
    /// Compile the policy to the JSON that Trace reads.
    Compile(compile::Compile),
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AllowlistError {
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    #[error(transparent)]
    Explain(#[from] explain::ExplainError),
    #[error(transparent)]
    Pair(#[from] pair::PairError),
    #[error(transparent)]
    Try(#[from] try_::TryError),
    #[error("the policy has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0} cannot be written: {1}")]
    File(PathBuf, #[source] io::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs a command. A finding, such as a fault in the policy, is no error but a failure.
///
/// # Errors
/// [`AllowlistError`]
pub fn run(command: &Command) -> Result<ExitCode, AllowlistError> {
    let mut out = io::stdout().lock();
    let is_good = match command {
        Command::Check(check) => check::run(check, &mut out)?,
        Command::Explain(explain) => {
            explain::run(explain, clock::now(), &mut out)?;
            true
        }
        Command::Diff(diff) => diff::run(diff, &mut out)?,
        Command::Try(tried) => {
            try_::run(tried, clock::now(), &mut out)?;
            true
        }
        Command::Types(types) => types::run(types, &mut out)?,
        Command::Compile(compile) => {
            compile::run(compile, &mut out)?;
            true
        }
    };
    out.flush()?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
