//! `sparrow`: what people do with Sparrow from a terminal.

mod bigquery;
mod clock;
mod load;
mod policy;
#[cfg(test)]
mod testing;
mod warehouse;

use clap::{Parser, Subcommand};
use std::error::Error;
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
    /// The policy in force: what may leave, without a deploy.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Send events under load, then look for every one of them in the warehouse, its account and at the vendors.
    Load(Box<load::Load>),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sparrow: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Warehouse(command) => warehouse::run(&command)?,
        Command::Policy(command) => policy::run(&command)?,
        Command::Load(load) => return Ok(load::run(&load)?),
    }
    Ok(ExitCode::SUCCESS)
}
