//! `sparrow`: what people do with Sparrow from a terminal.

mod warehouse;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Sparrow's command line.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The warehouse that keeps every payload.
    #[command(subcommand)]
    Warehouse(warehouse::Command),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Warehouse(command) => warehouse::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sparrow: {error}");
            ExitCode::FAILURE
        }
    }
}
