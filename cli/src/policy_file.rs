//! The policy file, as the commands read it: the TOML that people review, or its compiled form.

use allowlist::Policy;
use allowlist::policy::{BadCompiled, PolicyError};
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
    #[error("{0} {1}")]
    Compiled(PathBuf, BadCompiled),
}

/// The text of a policy file.
///
/// # Errors
/// [`PolicyFileError::Unreadable`]
pub fn text(path: &Path) -> Result<String, PolicyFileError> {
    std::fs::read_to_string(path).map_err(|error| PolicyFileError::Unreadable(path.to_owned(), error))
}

/// The policy in a text that was read from `path`, for all trackers that there are. A file whose name ends with `.json` is a
/// compiled one, as `policy pull` and `allowlist compile` write it.
///
/// # Errors
/// [`PolicyFileError::Faulty`], with every fault, or [`PolicyFileError::Compiled`].
pub fn compile(path: &Path, text: &str) -> Result<Policy, PolicyFileError> {
    if path.extension().is_some_and(|extension| extension == "json") {
        // An editor or a shell may have ended the line.
        return Policy::from_json(text.trim_end(), &trackers::NAMES)
            .map_err(|error| PolicyFileError::Compiled(path.to_owned(), error));
    }
    Policy::from_toml(text, &trackers::NAMES).map_err(|error| PolicyFileError::Faulty(path.to_owned(), error))
}

/// Both.
///
/// # Errors
/// [`PolicyFileError`]
pub fn read(path: &Path) -> Result<Policy, PolicyFileError> {
    compile(path, &text(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiled_policy_is_the_same_policy_and_only_as_it_was_compiled() {
        let toml = text(&Path::new("..").join(FILE)).unwrap();
        let policy = compile(FILE.as_ref(), &toml).unwrap();
        let json = policy.to_json().unwrap();
        let read = |json: &str| compile("pulled.json".as_ref(), json);
        assert_eq!(read(&format!("{json}\n")).unwrap(), policy);
        let changed = json.replacen("true", "false", 1).replacen("string", "number", 1);
        let error = read(&changed).unwrap_err().to_string();
        assert!(error.starts_with("pulled.json "), "{error}");
        assert!(matches!(compile(FILE.as_ref(), &json), Err(PolicyFileError::Faulty(..))));
    }
}
