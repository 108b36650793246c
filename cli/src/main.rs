//! `sparrow`: what people do with Sparrow from a terminal.

mod allowlist;
mod backfill;
mod bigquery;
mod clock;
mod completions;
mod config;
mod console;
mod doctor;
mod events;
mod faults;
mod follow;
mod forget;
#[cfg(test)]
mod help;
mod load;
mod policy;
mod policy_file;
mod progress;
mod query;
mod random;
mod reconcile;
mod replay;
mod scrub;
mod source;
mod span;
#[cfg(test)]
mod testing;
mod usage;
mod warehouse;
mod wrangler;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Sparrow's command line.
#[derive(Parser)]
#[command(name = "sparrow", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    config: config::Arguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask the warehouse in SQL.
    Query(Box<query::Query>),
    /// The warehouse that keeps every payload.
    #[command(subcommand)]
    Warehouse(warehouse::Command),
    /// The policy in force: what may leave, without a deploy.
    #[command(subcommand)]
    Policy(policy::Command),
    /// What may leave, and what comes of an event under it.
    #[command(subcommand)]
    Allowlist(allowlist::Command),
    /// Send events of the warehouse again to a tracker that lacks them.
    Backfill(Box<backfill::Backfill>),
    /// Try again what was given up.
    #[command(subcommand)]
    Replay(replay::Command),
    /// One event from end to end, and all of them as they pass.
    #[command(subcommand)]
    Events(events::Command),
    /// Compare our account of a tracker with the vendor's own export, by event and day.
    Reconcile(Box<reconcile::Reconcile>),
    /// Remove personal data and secrets from lines of text.
    Scrub(scrub::Scrub),
    /// Erase a person's events: raw, requests, the Outbox and dead letters, with a receipt.
    Forget(Box<forget::Forget>),
    /// Send events under load, then look for every one of them in the warehouse, its account and at the vendors.
    Load(Box<load::Load>),
    /// Look for what is wrong with the settings, the Workers, the warehouse and the vendors, and say how to mend it.
    Doctor(Box<doctor::Doctor>),
    /// Write what a shell needs to complete commands and options.
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    match parsed().and_then(|cli| run(cli.command)) {
        Ok(code) => code,
        Err(error) if is_unheard(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sparrow: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The arguments, with what `sparrow.toml` says where they do not.
fn parsed() -> Result<Cli, Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let command = config::configured(Cli::command(), &arguments)?;
    let matches = command.get_matches_from(arguments);
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Query(query) => query::run(&query)?,
        Command::Warehouse(command) => warehouse::run(&command)?,
        Command::Policy(command) => policy::run(&command)?,
        Command::Allowlist(command) => return Ok(allowlist::run(&command)?),
        Command::Backfill(backfill) => return Ok(backfill::run(&backfill)?),
        Command::Replay(command) => return Ok(replay::run(&command)?),
        Command::Events(command) => return Ok(events::run(&command)?),
        Command::Reconcile(reconcile) => return Ok(reconcile::run(&reconcile)?),
        Command::Scrub(scrub) => scrub::run(&scrub)?,
        Command::Forget(forget) => return Ok(forget::run(&forget)?),
        Command::Load(load) => return Ok(load::run(&load)?),
        Command::Doctor(doctor) => return Ok(doctor::run(&doctor)?),
        Command::Completions(completions) => completions::run(&completions, Cli::command())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether who reads the output has closed it, as `head` does that has enough.
fn is_unheard(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
