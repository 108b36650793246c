//! `sparrow events`: one event from end to end, and all of them as they pass.

mod explain;
mod outcome;
mod tail;

use crate::allowlist::explain::ExplainError;
use crate::source::SourceError;
use std::io;
use std::process::ExitCode;

/// What can be asked of events.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Tell everything of one event: what came, what leaves of it and why, and what became of it at each tracker.
    Explain(Box<explain::Explain>),
    /// Tell events as they pass, with what becomes of them at each tracker, until Ctrl-C.
    Tail(Box<tail::Tail>),
}

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Explain(#[from] ExplainError),
    #[error("{0}")]
    NotFound(String),
    #[error("{0} has no event {1}: it holds {2}, counted from 0")]
    NoPlace(String, u32, usize),
    #[error(
        "the warehouse's row of {0} is not of the form that this release writes; use the command of its release"
    )]
    Row(&'static str),
    #[error("what was found has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs a command.
///
/// # Errors
/// [`EventsError`]
pub fn run(command: &Command) -> Result<ExitCode, EventsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Explain(explain) => explain::run(explain).await,
            Command::Tail(tail) => tail::run(tail).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
