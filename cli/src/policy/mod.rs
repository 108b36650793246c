//! `sparrow policy`: the policy in KV, which stands in for the deployed one without a deploy.
//!
//! Trace reads `policy/current`, which points to a policy that never changes, `policy/{version}`, and counts only while
//! the deployed policy is the one that it stands in for. Trace itself notes that one as `policy/deployed`.

mod kv;
mod pull;
mod show;

use crate::policy_file::{self, FILE, PolicyFileError};
use allowlist::Policy;
use allowlist::policy::BadCompiled;
use allowlist::policy::pointer::{self, CURRENT, DEPLOYED, Pointer};
use kv::{KvError, Namespace};
use std::io::{self, Write};
use std::path::PathBuf;

/// What can be done with the policy in KV.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Put a policy file in force, without a deploy.
    #[command(after_help = PUSH)]
    Push(Push),
    /// Go back to the policy that was in force before the last push. Twice goes forth again.
    #[command(after_help = ROLLBACK)]
    Rollback(Namespace),
    /// Which policy is the current one, and which was deployed. What Trace refused it does not serve: its log tells.
    #[command(after_help = SHOW)]
    Show(show::Show),
    /// Fetch the policy in force, or another one that was pushed, in its compiled form.
    ///
    /// It is what Trace reads, and what every command takes in a policy file's place where the name ends with .json. Comments,
    /// descriptions and owners stand in the file that it was made of, and not in it.
    #[command(after_help = PULL)]
    Pull(pull::Pull),
}

const PUSH: &str = "\
Example, for `make dev`, and for production:

    sparrow policy push
    sparrow policy push --env production --remote";

const ROLLBACK: &str = "\
Example:

    sparrow policy rollback
    sparrow policy rollback --env production --remote";

const SHOW: &str = "\
Example:

    sparrow policy show
    sparrow policy show --env production --remote --json";

const PULL: &str = "\
Example:

    sparrow policy pull --out policy.json
    sparrow policy pull --env production --remote --out policy.json";

/// Options of `push`.
#[derive(Debug, clap::Args)]
pub struct Push {
    /// The policy file.
    #[arg(default_value = FILE)]
    file: PathBuf,
    /// The version that was deployed, where Trace did not note it yet.
    #[arg(long, value_name = "VERSION")]
    base: Option<String>,
    #[command(flatten)]
    namespace: Namespace,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum PolicyCommandError {
    #[error(transparent)]
    Kv(#[from] KvError),
    #[error(transparent)]
    File(#[from] PolicyFileError),
    #[error("the compiled policy {0}")]
    Compiled(#[from] BadCompiled),
    #[error("what was done cannot be said: {0}")]
    Output(#[from] io::Error),
    #[error("the policy has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
    #[error(
        "which policy is deployed is not known: Trace notes it with its first event after a deploy with the binding POLICY. Send one, or say it with --base. A wrong namespace id in trace/wrangler.toml looks the same"
    )]
    NoDeployed,
    #[error("{CURRENT} is no pointer; push the policy again")]
    BadPointer,
    #[error("nothing was pushed since {0} was deployed, so there is nothing to go back from")]
    NothingPushed(String),
    #[error(
        "{0} is not in KV: that holds what was pushed, and a deployed policy is a part of Trace. It is in no {1} either; say with --policy which file {0} was made of"
    )]
    NotPushed(String, PathBuf),
    #[error("{0} was never pushed: KV has no such version; `sparrow policy show` tells which there are")]
    Unknown(String),
    #[error("what KV has as {0} {1}")]
    Pulled(String, #[source] BadCompiled),
    #[error("{0} cannot be written: {1}")]
    Unwritten(PathBuf, #[source] io::Error),
}

/// Runs a command.
///
/// # Errors
/// [`PolicyCommandError`]
pub fn run(command: &Command) -> Result<(), PolicyCommandError> {
    let said = match command {
        Command::Push(push) => self::push(push)?,
        Command::Rollback(namespace) => rollback(namespace)?,
        Command::Show(show) => show::run(show)?,
        Command::Pull(pull) => return pull::run(pull),
    };
    Ok(writeln!(io::stdout(), "{said}")?)
}

const SOON: &str = "Trace takes it within a minute of KV's having it everywhere";

fn push(Push { file, base, namespace }: &Push) -> Result<String, PolicyCommandError> {
    let policy = policy_file::read(file)?;
    let json = policy.to_json()?;
    // As Trace will, before anybody's events meet it.
    Policy::from_json(&json, &trackers::NAMES)?;
    let base = match base {
        Some(base) => base.clone(),
        None => namespace.get(DEPLOYED)?.ok_or(PolicyCommandError::NoDeployed)?,
    };
    // One that cannot be read is what a push mends.
    let before = namespace.get(CURRENT)?.and_then(|text| Pointer::read(&text));
    let pointer = Pointer::push(before, &policy.version, &base);
    namespace.put(&pointer::key(&policy.version), &json)?;
    namespace.put(CURRENT, &pointer.to_json()?)?;
    let needs = policy_file::needs(&policy);
    Ok(format!("pushed {} in place of the deployed {base}{needs}; {SOON}", policy.version))
}

fn rollback(namespace: &Namespace) -> Result<String, PolicyCommandError> {
    let (deployed, pointer) = state(namespace)?;
    let Some(pointer) = pointer.filter(|pointer| pointer.base == deployed) else {
        return Err(PolicyCommandError::NothingPushed(deployed));
    };
    let pointer = pointer.roll_back();
    namespace.put(CURRENT, &pointer.to_json()?)?;
    Ok(format!("rolled back to {}; {SOON}", pointer.version))
}

/// The deployed version and the pointer.
fn state(namespace: &Namespace) -> Result<(String, Option<Pointer>), PolicyCommandError> {
    let deployed = namespace.get(DEPLOYED)?.ok_or(PolicyCommandError::NoDeployed)?;
    let pointer = match namespace.get(CURRENT)? {
        None => None,
        Some(text) => Some(Pointer::read(&text).ok_or(PolicyCommandError::BadPointer)?),
    };
    Ok((deployed, pointer))
}
