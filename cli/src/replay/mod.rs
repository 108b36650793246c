//! `sparrow replay`: what was given up, tried again.

mod dead;
mod letters;
mod report;
#[cfg(test)]
mod tests;

pub use dead::ReplayError;

use std::process::ExitCode;

/// What can be replayed.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Try dead letters of a tracker again; without --yes say what that would do.
    Dead(Box<dead::Dead>),
}

/// Runs a command.
///
/// # Errors
/// [`ReplayError`]
pub fn run(command: &Command) -> Result<ExitCode, ReplayError> {
    match command {
        Command::Dead(dead) => dead::run(dead),
    }
}
