//! The command as it is given.

/// The command with these arguments.
pub fn load(arguments: &[&str]) -> Result<super::Load, clap::Error> {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        load: super::Load,
    }
    let all = ["load"].iter().chain(arguments);
    <Cli as clap::Parser>::try_parse_from(all).map(|cli| cli.load)
}
