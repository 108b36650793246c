//! `sparrow.toml`: what stands for options that neither the command line nor the environment says.
//!
//! Every option with an environment variable can stand there under that variable's name in lower case: at the top, and in a table such
//! as `[production]` that is chosen with `--profile`.

use clap::{Arg, ArgMatches, Command};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use strsim::jaro_winkler;
use toml::{Table, Value};

/// Where it is, in the folder in which the command runs.
pub const FILE: &str = "sparrow.toml";

/// How alike a name must be to be told as what was meant.
const ALIKE: f64 = 0.8;

/// Names that stand for secrets, and what to do with them. A file is read by more people than the environment.
const SECRETS: [(&str, &str); 4] = [
    ("console_token", "name its file with `console_token_file`, or set the variable CONSOLE_TOKEN"),
    ("cloudflare_api_token", "set the variable CLOUDFLARE_API_TOKEN"),
    ("bigquery_key", "name the key's file with `bigquery_key_file`"),
    ("cloudflare_api_key", "make an API token, and set the variable CLOUDFLARE_API_TOKEN"),
];

/// How names of secrets end that are not among them.
const SECRET_ENDS: [&str; 4] = ["_token", "_secret", "_password", "_key"];

/// Where the file is and which of its tables counts: for every command.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file with options [default: sparrow.toml in this folder, where it is there].
    #[arg(long, global = true, env = "SPARROW_CONFIG", value_name = "FILE", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// The table of it that counts before what stands at its top.
    #[arg(long, global = true, env = "SPARROW_PROFILE", value_name = "NAME", help_heading = "Configuration")]
    profile: Option<String>,
}

/// What is wrong with the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It was named, and is not there.
    #[error("{0} cannot be read ({1}); name another with --config (SPARROW_CONFIG)")]
    Unreadable(String, String),
    /// A table was named, and there is no file.
    #[error(
        "there is no {FILE} in this folder that could have the profile `{0}`; name the file with --config"
    )]
    NoFile(String),
    /// It is no TOML. What stands there may be a secret, and is not repeated.
    #[error("{0} is no TOML: {1}")]
    NotToml(String, String),
    /// It does not have the table.
    #[error("{0} has no profile `{1}`; it has {2}")]
    NoProfile(String, String, String),
    /// All that is wrong with its names and values.
    #[error("{file} has {} fault(s):\n- {}", .faults.len(), .faults.join("\n- "))]
    Faults {
        /// The file.
        file: String,
        /// Each of them.
        faults: Vec<String>,
    },
}

/// The command's options with what the file says in place of their defaults.
///
/// # Errors
/// [`ConfigError`]
pub fn configured(command: Command, arguments: &[std::ffi::OsString]) -> Result<Command, ConfigError> {
    // What else is wrong with the arguments is told later, by the command that has the file's values.
    let early = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok();
    let (path, profile) = early.as_ref().map_or((None, None), chosen);
    let file = path.as_deref().unwrap_or(Path::new(FILE));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(_) if path.is_none() => {
            return profile.map_or(Ok(command), |profile| Err(ConfigError::NoFile(profile)));
        }
        Err(error) => return Err(ConfigError::Unreadable(file.display().to_string(), error.to_string())),
    };
    let values = read(&file.display().to_string(), &text, profile.as_deref(), &names(&command))?;
    Ok(with(command, &values))
}

/// The two arguments of [`Arguments`], wherever they stand.
fn chosen(matches: &ArgMatches) -> (Option<PathBuf>, Option<String>) {
    let given = |text: &String| !text.is_empty();
    let path = matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let profile = matches.try_get_one::<String>("profile").ok().flatten().filter(|name| given(name)).cloned();
    (path.filter(|path| !path.as_os_str().is_empty()), profile)
}

/// An option's name in the file.
fn name(argument: &Arg) -> Option<String> {
    let is_own = matches!(argument.get_id().as_str(), "config" | "profile");
    let variable = argument.get_env().filter(|_| !is_own)?;
    Some(variable.to_str()?.to_ascii_lowercase())
}

/// The names of all options of all commands that can stand in the file.
fn names(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(name);
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

type Values = BTreeMap<String, String>;

fn read(
    file: &str,
    text: &str,
    profile: Option<&str>,
    known: &BTreeSet<String>,
) -> Result<Values, ConfigError> {
    let root: Table = toml::from_str(text)
        .map_err(|error| ConfigError::NotToml(file.to_owned(), error.message().to_owned()))?;
    let mut faults = Vec::new();
    let mut values = Values::new();
    let mut profiles = BTreeMap::new();
    for (name, value) in &root {
        match value {
            Value::Table(table) => {
                let mut own = Values::new();
                table
                    .iter()
                    .for_each(|(key, value)| take(Some(name), key, value, known, &mut own, &mut faults));
                profiles.insert(name.as_str(), own);
            }
            value => take(None, name, value, known, &mut values, &mut faults),
        }
    }
    if !faults.is_empty() {
        return Err(ConfigError::Faults { file: file.to_owned(), faults });
    }
    if let Some(profile) = profile {
        let Some(own) = profiles.remove(profile) else {
            let names: Vec<_> = profiles.into_keys().collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(ConfigError::NoProfile(file.to_owned(), profile.to_owned(), names));
        };
        values.extend(own);
    }
    Ok(values)
}

/// Takes a value, or tells what is wrong with it.
fn take(
    profile: Option<&str>,
    key: &str,
    value: &Value,
    known: &BTreeSet<String>,
    values: &mut Values,
    faults: &mut Vec<String>,
) {
    let whole = profile.map_or_else(|| key.to_owned(), |profile| format!("{profile}.{key}"));
    let lower = key.to_ascii_lowercase();
    if let Some((_, instead)) = SECRETS.iter().find(|(secret, _)| *secret == lower) {
        faults.push(format!("`{whole}` is a secret and does not stand in a file: {instead}"));
    } else if known.contains(key) {
        match text(value) {
            Some(text) => drop(values.insert(key.to_owned(), text)),
            None => faults.push(format!("`{whole}` is a text, a number, true or false, or a list of texts")),
        }
    } else if SECRET_ENDS.iter().any(|end| lower.ends_with(end)) {
        faults.push(format!(
            "`{whole}` looks like a secret, which does not stand in a file: set the variable {}",
            key.to_ascii_uppercase()
        ));
    } else {
        let alike = known.iter().map(|name| (jaro_winkler(name, &lower), name));
        let alike = alike.filter(|(likeness, _)| *likeness >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
        let meant = alike.map_or_else(
            || "the names are those of the variables in `--help`, in lower case".to_owned(),
            |(_, name)| format!("did you mean `{name}`?"),
        );
        faults.push(format!("there is no option `{whole}`; {meant}"));
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is) => Some(is.to_string()),
        // As on the command line.
        Value::Array(items) => Some(items.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?.join(",")),
        _ => None,
    }
}

/// Puts the values in place of defaults, which is where clap looks last.
fn with(command: Command, values: &Values) -> Command {
    let command = command.mut_args(|argument| match name(&argument).and_then(|name| values.get(&name)) {
        Some(text) => argument.required(false).default_value(text),
        None => argument,
    });
    command.mut_subcommands(|command| with(command, values))
}

#[cfg(test)]
mod tests;
