//! Trace's KV namespace, by Wrangler: it knows the local one's place and the account of the remote one.

use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

/// Which namespace: that of the binding `POLICY` in trace/wrangler.toml.
#[derive(Debug, Args)]
pub struct Namespace {
    /// The environment in trace/wrangler.toml; without it, the development one.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The namespace at Cloudflare in place of the local one.
    #[arg(long)]
    remote: bool,
    /// The folder of the local namespace, as given to `wrangler dev`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "remote", default_value = ".wrangler/state")]
    persist_to: PathBuf,
}

/// Why the namespace was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    #[error("npx cannot be started ({0}); install Node.js, and run this in the project's folder")]
    NoWrangler(io::Error),
    #[error("wrangler did not do it; what it says stands above")]
    Refused,
    #[error("a file for wrangler cannot be written: {0}")]
    File(#[from] io::Error),
}

/// What Wrangler says where there is no such key.
const NOT_FOUND: &str = "Value not found";

impl Namespace {
    /// The value of a key, where there is one. Of a remote namespace that is not there either, Cloudflare says the same.
    ///
    /// # Errors
    /// [`KvError`]
    pub fn get(&self, key: &str) -> Result<Option<String>, KvError> {
        let output = self.run(&["get", key, "--text"])?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let is_absent = [&output.stdout, &output.stderr].iter().any(|said| {
            let said = String::from_utf8_lossy(said);
            said.contains(NOT_FOUND) || said.contains("404: Not Found")
        });
        match (is_absent, output.status.success()) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(text)),
            (false, false) => Err(refused(&output)?),
        }
    }

    /// Writes a value.
    ///
    /// # Errors
    /// [`KvError`]
    pub fn put(&self, key: &str, value: &str) -> Result<(), KvError> {
        // A policy may be longer than an argument.
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(value.as_bytes())?;
        let path = file.path().to_string_lossy();
        let output = self.run(&["put", key, "--path", &path])?;
        if output.status.success() { Ok(()) } else { Err(refused(&output)?) }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, KvError> {
        let mut wrangler = Command::new("npx");
        wrangler.args(["wrangler", "kv", "key"]).args(arguments);
        wrangler.args(["--binding", "POLICY", "-c", "trace/wrangler.toml"]);
        if let Some(env) = &self.env {
            wrangler.args(["--env", env]);
        }
        if self.remote {
            wrangler.arg("--remote");
        } else {
            wrangler.arg("--local").arg("--persist-to").arg(&self.persist_to);
        }
        wrangler.output().map_err(KvError::NoWrangler)
    }
}

fn refused(output: &Output) -> Result<KvError, io::Error> {
    io::stderr().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    Ok(KvError::Refused)
}
