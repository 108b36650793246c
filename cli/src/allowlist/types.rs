//! `sparrow allowlist types`: the policy as the editor of those who send events knows it.

use super::AllowlistError;
use super::typescript::{Descriptions, declarations};
use crate::policy_file::{self, FILE};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `sparrow allowlist types`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Put the file among those of your product that tsconfig.json includes; nothing has to import it. From then on `track` of
@sparrow/sdk takes the events of the policy and their properties alone. Example, to write it and to check in CI
that it is up to date:

    sparrow allowlist types --out sparrow-events.d.ts
    sparrow allowlist types --out sparrow-events.d.ts --check")]
pub struct Types {
    /// The policy.
    #[arg(value_name = "FILE", default_value = FILE)]
    file: PathBuf,
    /// Where to write the types [default: the output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Declare the global `sparrow`, too, for pages with the script tag.
    #[arg(long)]
    global: bool,
    /// Write nothing, and fail where the file is not what the policy says.
    #[arg(long, requires = "out")]
    check: bool,
}

/// Writes the types, or compares them; whether there is nothing to complain of.
///
/// # Errors
/// [`AllowlistError`]
pub fn run(types: &Types, out: &mut impl Write) -> Result<bool, AllowlistError> {
    let text = policy_file::text(&types.file)?;
    let policy = policy_file::compile(&types.file, &text)?;
    let declarations = declarations(&policy, &Descriptions::read(&text), types.global);
    match &types.out {
        None => out.write_all(declarations.as_bytes())?,
        Some(path) if types.check => {
            // A file that is not there is as wrong as another one. Git may have made its lines end as Windows' do.
            let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
            if written != declarations {
                let (path, global) = (path.display(), if types.global { " --global" } else { "" });
                let again = format!("sparrow allowlist types {} --out {path}{global}", types.file.display());
                writeln!(out, "{path} is not what the policy says; make it anew: {again}")?;
                return Ok(false);
            }
        }
        Some(path) => {
            fs::write(path, declarations).map_err(|error| AllowlistError::File(path.clone(), error))?;
        }
    }
    Ok(true)
}
