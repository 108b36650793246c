//! The policy file, as the commands read it.

use allowlist::Policy;
use allowlist::policy::PolicyError;
use std::io;
use std::path::{Path, PathBuf};

/// Where it is in the project.
pub const FILE: &str = "allowlist/allowlist.toml";

/// What to say of a policy that is to be served: what it needs of Trace's settings.
pub fn needs(policy: &Policy) -> &'static str {
    if policy.needs_hash_key() { "; Trace needs the secret POLICY_HASH_KEY" } else { "" }
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    #[error("{0} cannot be read ({1}); run this in the project's folder, or say where the policy is")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{0}: {1}")]
    Faulty(PathBuf, PolicyError),
}

/// The text of a policy file.
///
/// # Errors
/// [`PolicyFileError::Unreadable`]
pub fn text(path: &Path) -> Result<String, PolicyFileError> {
    std::fs::read_to_string(path).map_err(|error| PolicyFileError::Unreadable(path.to_owned(), error))
}

/// The policy in a text that was read from `path`, for all trackers that there are.
///
/// # Errors
/// [`PolicyFileError::Faulty`], with every fault.
pub fn compile(path: &Path, text: &str) -> Result<Policy, PolicyFileError> {
    Policy::from_toml(text, &trackers::NAMES).map_err(|error| PolicyFileError::Faulty(path.to_owned(), error))
}

/// Both.
///
/// # Errors
/// [`PolicyFileError`]
pub fn read(path: &Path) -> Result<Policy, PolicyFileError> {
    compile(path, &text(path)?)
}
