//! `sparrow policy pull`: a policy as Trace reads it.

use super::kv::Namespace;
use super::{PolicyCommandError, state};
use crate::policy_file::{self, FILE};
use allowlist::Policy;
use allowlist::policy::pointer;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

/// What `--version` says of the policy that Trace was deployed with.
const DEPLOYED: &str = "deployed";

/// Options of `pull`. Its `--version` is not that of the command.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub struct Pull {
    /// Which one: a version such as 1-bd1ef471, or `deployed` [default: the one in force].
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Where to write it [default: the output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the deployed one is read, which KV does not hold: the file counts where it has that version.
    #[arg(long, value_name = "FILE", default_value = FILE)]
    policy: PathBuf,
    #[command(flatten)]
    namespace: Namespace,
}

/// Writes the policy, and says which one it is, apart from it.
///
/// # Errors
/// [`PolicyCommandError`], where there is none that could be served.
pub fn run(pull: &Pull) -> Result<(), PolicyCommandError> {
    let (version, is_deployed) = version(pull)?;
    let json = match pull.namespace.get(&pointer::key(&version))? {
        Some(json) => {
            let policy = Policy::from_json(&json, &trackers::NAMES);
            let policy = policy.map_err(|error| PolicyCommandError::Pulled(version.clone(), error))?;
            // The version is a part of what was hashed: under another one's key it is another policy.
            if policy.version != version {
                return Err(PolicyCommandError::Unknown(version));
            }
            json
        }
        None if is_deployed => match policy_file::read(&pull.policy) {
            Ok(policy) if policy.version == version => policy.to_json()?,
            _ => return Err(PolicyCommandError::NotPushed(version, pull.policy.clone())),
        },
        None => return Err(PolicyCommandError::Unknown(version)),
    };
    match &pull.out {
        Some(path) => {
            fs::write(path, &json).map_err(|error| PolicyCommandError::Unwritten(path.clone(), error))?
        }
        None => io::stdout().write_all(json.as_bytes())?,
    }
    let to = pull.out.as_ref().map(|path| format!(", in {}", path.display())).unwrap_or_default();
    writeln!(
        io::stderr(),
        "pulled {version}{to}: the compiled form, without comments, descriptions and owners"
    )?;
    Ok(())
}

/// The version that is asked for, and whether Trace was deployed with it.
fn version(pull: &Pull) -> Result<(String, bool), PolicyCommandError> {
    match pull.version.as_deref() {
        Some(version) if version != DEPLOYED => Ok((version.to_owned(), false)),
        asked => {
            let (deployed, pointer) = state(&pull.namespace)?;
            let current = pointer.filter(|pointer| asked.is_none() && !pointer.is_superseded(&deployed));
            Ok(current.map_or((deployed.clone(), true), |pointer| {
                let is_deployed = pointer.version == deployed;
                (pointer.version, is_deployed)
            }))
        }
    }
}
