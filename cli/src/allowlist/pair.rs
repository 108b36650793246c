//! Two policies: one that was changed, and the one that it is compared with.

use crate::policy_file::{self, FILE, PolicyFileError};
use allowlist::Policy;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which policies.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// The changed policy.
    #[arg(value_name = "FILE", default_value = FILE)]
    file: PathBuf,
    /// The policy that it is compared with [default: FILE as it is committed, in git's HEAD].
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// A policy, and where it is from.
pub struct Named {
    /// For people.
    pub name: String,
    pub policy: Policy,
}

/// Both.
pub struct Pair {
    /// The one that was.
    pub old: Named,
    /// The changed one.
    pub new: Named,
}

/// Why there are no two policies.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    #[error("git cannot be asked for the committed policy ({0}); name another one with --against FILE")]
    NoGit(#[source] io::Error),
    #[error("git has no committed {0}; name the policy to compare with: --against FILE")]
    NotCommitted(String),
}

impl Arguments {
    /// Reads both.
    ///
    /// # Errors
    /// [`PairError`]
    pub fn read(&self) -> Result<Pair, PairError> {
        let new = Named { name: self.file.display().to_string(), policy: policy_file::read(&self.file)? };
        let old = match &self.against {
            Some(path) => Named { name: path.display().to_string(), policy: policy_file::read(path)? },
            None => committed(&self.file)?,
        };
        Ok(Pair { old, new })
    }
}

/// The policy as it is in git's HEAD.
fn committed(path: &Path) -> Result<Named, PairError> {
    let name = format!("HEAD:{}", path.display());
    let not_committed = || PairError::NotCommitted(path.display().to_string());
    let file = path.file_name().ok_or_else(not_committed)?;
    // A path that begins with `./` is one in the folder where git is run.
    let mut object = OsString::from("HEAD:./");
    object.push(file);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let git = Command::new("git").arg("-C").arg(folder).arg("show").arg(object).output();
    let git = git.map_err(PairError::NoGit)?;
    if !git.status.success() {
        return Err(not_committed());
    }
    let policy = policy_file::compile(Path::new(&name), &String::from_utf8_lossy(&git.stdout))?;
    Ok(Named { name, policy })
}
