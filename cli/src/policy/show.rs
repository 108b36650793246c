//! `sparrow policy show`

use super::kv::Namespace;
use super::{PolicyCommandError, state};
use allowlist::policy::pointer::Pointer;
use serde_json::json;

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    namespace: Namespace,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// Which policy is the current one.
///
/// # Errors
/// [`PolicyCommandError`]
pub fn run(show: &Show) -> Result<String, PolicyCommandError> {
    let (deployed, pointer) = state(&show.namespace)?;
    let (current, other) = match pointer {
        None => (deployed.clone(), None),
        Some(Pointer { version, previous, base }) if base == deployed => {
            (version, Some(Other::Before(previous.unwrap_or(base))))
        }
        Some(Pointer { version, base, .. }) => (deployed.clone(), Some(Other::Ended(version, base))),
    };
    if show.json {
        let mut told = json!({ "deployed": deployed, "current": current });
        match other {
            None => {}
            Some(Other::Before(version)) => told["before"] = version.into(),
            Some(Other::Ended(version, base)) => told["ended"] = json!({ "version": version, "base": base }),
        }
        return Ok(format!("{told:#}"));
    }
    let other = match other {
        None => String::new(),
        Some(Other::Before(version)) => format!("\nbefore    {version}"),
        Some(Other::Ended(version, base)) => format!("\nended     {version}, which stood in for {base}"),
    };
    Ok(format!("deployed  {deployed}\ncurrent   {current}{other}"))
}

/// The policy beside the current one.
enum Other {
    /// That a rollback would go to.
    Before(String),
    /// That a deploy ended, and the one that it stood in for.
    Ended(String, String),
}
