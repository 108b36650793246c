//! `sparrow completions`: what a shell needs to complete commands and options.

use clap::Command;
use clap_complete::Shell;
use std::io::{self, Write};

/// Arguments of `sparrow completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, for bash, for zsh with a folder that is in $fpath, and for fish:

    sparrow completions bash > ~/.local/share/bash-completion/completions/sparrow
    sparrow completions zsh > ~/.zfunc/_sparrow
    sparrow completions fish > ~/.config/fish/completions/sparrow.fish")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Writes the script.
///
/// # Errors
/// Where the output takes nothing.
pub fn run(completions: &Completions, mut command: Command) -> io::Result<()> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut command, "sparrow", &mut script);
    io::stdout().write_all(&script)
}
