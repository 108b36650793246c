//! `sparrow doctor`: what is wrong, and how to mend it. It changes nothing, and never shows a secret.

mod bindings;
mod clock;
mod database;
mod dataset;
mod findings;
mod secrets;
mod shards;
mod vendors;
mod workers;

use crate::policy_file::{self, FILE};
use crate::source::{self, Source, Warehouse};
use crate::{allowlist, console};
use ::allowlist::Policy;
use findings::Findings;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use url::Url;

/// Arguments of `sparrow doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, for `make dev` with the vendors' credentials, and for production:

    sparrow doctor --vendors
    sparrow doctor --remote --env production --dispatcher https://e.shop.example

Each line is `ok`, `warn`, `FAULT` or `?` (cannot be found out), and below what is not ok stands how
to mend it. The exit code is 1 where there is a fault. --remote asks Cloudflare for the names of
secrets (`npx wrangler secret list`) and for D1. --vendors sends each vendor a request that records
nothing; without it none is asked.")]
pub struct Doctor {
    /// Say it as JSON.
    #[arg(long)]
    json: bool,
    /// Dispatcher's address.
    #[arg(long, env = "SPARROW_DISPATCHER", value_name = "URL", default_value = "http://127.0.0.1:8787")]
    dispatcher: Url,
    /// The policy.
    #[arg(long, value_name = "FILE", default_value = FILE)]
    policy: PathBuf,
    /// Ask the vendors whether they take the credentials.
    #[arg(long)]
    vendors: bool,
    /// The vendors' settings with their secrets.
    #[arg(long, value_name = "FILE", default_value = "trace/.dev.vars")]
    settings: PathBuf,
    #[command(flatten)]
    source: source::Arguments,
    #[command(flatten)]
    console: console::Arguments,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    #[error("no requests can be made on this machine: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the output takes nothing: {0}")]
    Output(#[from] io::Error),
}

/// Looks, and says what it found; fails where there is a fault.
///
/// # Errors
/// [`DoctorError`]
pub fn run(doctor: &Doctor) -> Result<ExitCode, DoctorError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = runtime.block_on(look(doctor))?;
    let mut out = io::stdout().lock();
    if doctor.json {
        writeln!(out, "{:#}", findings.to_json())?;
    } else {
        write!(out, "{findings}")?;
    }
    Ok(if findings.faults() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(doctor: &Doctor) -> Result<Findings, DoctorError> {
    let mut findings = Findings::default();
    let env = doctor.source.env.as_deref();
    let is_bigquery = doctor.source.warehouse() == Warehouse::BigQuery;
    let policy = policy(doctor, &mut findings);
    let configurations = bindings::look(env, &mut findings);
    if let Some(configurations) = &configurations {
        bindings::written(&configurations.dispatcher, is_bigquery, &mut findings);
    }
    secrets::look(doctor, configurations.as_ref(), policy.as_ref(), &mut findings);
    let http = workers::client()?;
    workers::dispatcher(&http, &doctor.dispatcher, &mut findings).await;
    workers::console(&http, doctor.console.url(), &mut findings).await;
    shards::look(&doctor.console, &mut findings).await;
    let area = if is_bigquery { "BigQuery" } else { "D1" };
    match (doctor.source.open(), &policy) {
        (Err(error), _) => {
            findings.fault(area, "settings", error, "give what it asks for; see `sparrow query --help`")
        }
        (Ok(_), None) => findings.unknown(area, "tables and views", "the policy names their columns"),
        (Ok(Source::BigQuery(bigquery)), Some(policy)) => {
            dataset::look(*bigquery, &policy.columns(), &mut findings).await;
        }
        (Ok(mut source), Some(policy)) => database::look(&mut source, &policy.columns(), &mut findings).await,
    }
    if doctor.vendors {
        vendors::look(&http, &doctor.settings, &mut findings).await;
    }
    Ok(findings)
}

fn policy(doctor: &Doctor, findings: &mut Findings) -> Option<Policy> {
    match policy_file::read(&doctor.policy) {
        Ok(policy) => {
            let (version, needs) = (&policy.version, policy_file::needs(&policy));
            findings.ok("policy", doctor.policy.display(), format!("version {version}{needs}"));
            Some(policy)
        }
        Err(error) => {
            let mend = "run `sparrow allowlist check`, which tells each fault with its line";
            findings.fault("policy", doctor.policy.display(), error, mend);
            None
        }
    }
}

/// Settings of a file such as `trace/.dev.vars`, where it is there and readable.
fn settings(path: &std::path::Path) -> Result<trackers::settings::Settings, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read ({error})"))?;
    allowlist::explain::settings::parse(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
