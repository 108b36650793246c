//! `sparrow policy`: the policy in KV, which stands in for the deployed one without a deploy.
//!
//! Trace reads `policy/current`, which points to a policy that never changes, `policy/{version}`, and counts only while
//! the deployed policy is the one that it stands in for. Trace itself notes that one as `policy/deployed`.

mod kv;

use crate::policy_file::{self, FILE, PolicyFileError};
use allowlist::Policy;
use allowlist::policy::BadCompiled;
use allowlist::policy::pointer::{self, CURRENT, DEPLOYED, Pointer};
use kv::{KvError, Namespace};
use serde_json::json;
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
    Show(Show),
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

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Say it as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    namespace: Namespace,
}

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
}

/// Runs a command.
///
/// # Errors
/// [`PolicyCommandError`]
pub fn run(command: &Command) -> Result<(), PolicyCommandError> {
    let said = match command {
        Command::Push(push) => self::push(push)?,
        Command::Rollback(namespace) => rollback(namespace)?,
        Command::Show(show) => self::show(show)?,
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

fn show(show: &Show) -> Result<String, PolicyCommandError> {
    let (deployed, pointer) = state(&show.namespace)?;
    if show.json {
        let (in_force, ended) = match pointer {
            Some(pointer) if pointer.base == deployed => (Some(pointer), None),
            pointer => (None, pointer),
        };
        let current = in_force.as_ref().map_or(&deployed, |pointer| &pointer.version);
        let before = in_force.as_ref().map(|pointer| pointer.previous.as_ref().unwrap_or(&pointer.base));
        let ended = ended.map(|pointer| json!({ "version": pointer.version, "base": pointer.base }));
        return Ok(format!(
            "{:#}",
            json!({ "deployed": deployed, "current": current, "before": before, "ended": ended })
        ));
    }
    Ok(match pointer {
        None => format!("deployed  {deployed}\ncurrent   {deployed}"),
        Some(Pointer { version, previous, base }) if base == deployed => {
            let before = previous.unwrap_or(base);
            format!("deployed  {deployed}\ncurrent   {version}\nbefore    {before}")
        }
        Some(Pointer { version, base, .. }) => {
            format!(
                "deployed  {deployed}\ncurrent   {deployed}\nended     {version}, which stood in for {base}"
            )
        }
    })
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
