//! `sparrow warehouse`

mod bigquery;
mod d1;
mod migrate;
mod present;
mod settings;

/// What can be done with the warehouse.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make the tables and views, or bring them up to date. Can be run again at any time; data stays as it is.
    #[command(visible_alias = "init")]
    Migrate(Box<migrate::Migrate>),
}

/// Runs a command.
///
/// # Errors
/// [`migrate::MigrateError`]
pub fn run(command: &Command) -> Result<(), migrate::MigrateError> {
    match command {
        Command::Migrate(migrate) => migrate::run(migrate),
    }
}
