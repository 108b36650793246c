//! `sparrow load`: sends events under load, then looks for every one of them.

mod answer;
mod latency;
mod pace;
mod publish;
mod report;
mod sent;
mod verify;
mod workload;

use clap::Args;
use jiff::SignedDuration;
use pace::{End, Pace};
use publish::Publisher;
use report::{Published, Report, Verified};
use sent::{FileError, Sent};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinError;
use url::Url;
use verify::{DatabaseError, Places, VerifyError};
use workload::Workload;

/// Payloads each second where nothing is said.
const RATE: f64 = 100.0;

/// How long payloads are sent where nothing is said.
const LENGTH: Duration = Duration::from_secs(10);

/// Arguments of `sparrow load`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, against `make dev`: 100 payloads a second for 30 seconds, then every one of them is looked for in D1 and at the
vendor sandbox:

    sparrow load --rate 100 --for 30s --sandbox http://127.0.0.1:8788")]
pub struct Load {
    /// The ingest path.
    #[arg(long, default_value = "http://127.0.0.1:8787/e")]
    url: Url,
    /// The write key.
    #[arg(long, default_value = "sparrow-development-key")]
    key: String,
    /// Payloads each second, however late the answers are [default: 100].
    #[arg(long, value_name = "N", conflicts_with = "connections", value_parser = rate)]
    rate: Option<f64>,
    /// Instead of a rate: so many payloads at once, each as soon as the one before is answered.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,
    /// How long, such as 60s or 5m [default: 10s].
    #[arg(long = "for", value_name = "TIME", conflicts_with = "count", value_parser = duration)]
    length: Option<Duration>,
    /// Instead of a time: how many payloads.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Events of each payload.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    events_per_request: u32,
    /// Length to which bodies are filled up; those of many events are longer.
    #[arg(long, value_name = "BYTES", default_value = "1400")]
    body_bytes: usize,
    /// What ids and bodies follow from, so that a run can be repeated [default: the time; it is printed].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Different devices.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..))]
    visitors: u64,
    /// How long to go on sending a payload again that was answered 503, 429 or nothing; 0s for once only.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    retry: Duration,
    /// How long to wait for an answer.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    timeout: Duration,
    /// The vendor sandbox, such as http://127.0.0.1:8788, to look for the events there as well.
    #[arg(long, value_name = "URL")]
    sandbox: Option<Url>,
    /// The file of the local D1 [default: the one that `wrangler dev` keeps in this folder].
    #[arg(long, value_name = "FILE")]
    d1: Option<PathBuf>,
    /// How long to wait until nothing is pending.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    settle: Duration,
    /// Send, and look for nothing.
    #[arg(long)]
    no_verify: bool,
    /// The first phase alone: write what was sent, and what was heard of it, to a file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_verify", "verify_only"])]
    publish_only: Option<PathBuf>,
    /// The second phase alone: look for what such a file says was sent.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_verify", "rate", "connections", "length", "count", "seed"])]
    verify_only: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error("no requests can be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error("a sender failed: {0}")]
    Sender(#[from] JoinError),
    #[error("the output takes nothing: {0}")]
    Output(#[from] io::Error),
}

/// Runs both phases, or the one that was asked for. Fails where something is lost or not accounted for.
///
/// # Errors
/// [`LoadError`]
pub fn run(load: &Load) -> Result<ExitCode, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_good = runtime.block_on(phases(load))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn phases(load: &Load) -> Result<bool, LoadError> {
    let client = client(load)?;
    // Before anything is sent: afterwards it would be too late to say that it cannot be looked for.
    let places = if load.no_verify || load.publish_only.is_some() { None } else { Some(places(load)?) };
    let (seed, sent) = match &load.verify_only {
        Some(file) => (None, sent::read(file)?),
        None => {
            let seed = load.seed.unwrap_or_else(|| crate::clock::now().0.unsigned_abs());
            writeln!(io::stderr(), "sending to {}; seed {seed}", load.url)?;
            (Some(seed), publish(load, seed, &client).await?)
        }
    };
    if let Some(file) = &load.publish_only {
        sent::write(file, &sent)?;
    }
    let published = Published::new(seed, &sent);
    let mut verified = None;
    if let Some(places) = &places {
        writeln!(io::stderr(), "looking for {} payloads in {}", sent.len(), places.database.display())?;
        verified = Some(Verified::new(verify::verify(&sent, places, &client).await?, &published));
    }
    let is_good = verified.as_ref().is_none_or(Verified::is_good);
    let report = Report { published, verified };
    let mut out = io::stdout().lock();
    if load.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.print(&mut out)?;
    }
    Ok(is_good)
}

async fn publish(load: &Load, seed: u64, client: &reqwest::Client) -> Result<Vec<Sent>, JoinError> {
    let pace = load.connections.map_or_else(|| Pace::Rate(load.rate.unwrap_or(RATE)), Pace::Connections);
    let end = load.count.map_or_else(|| End::After(load.length.unwrap_or(LENGTH)), End::Count);
    let workload = Workload {
        seed,
        visitors: load.visitors,
        events: load.events_per_request,
        body_bytes: load.body_bytes,
    };
    let publisher = Publisher {
        client: client.clone(),
        url: load.url.clone(),
        key: load.key.clone(),
        workload,
        retry: load.retry,
    };
    publisher.publish(pace, end).await
}

fn places(load: &Load) -> Result<Places, DatabaseError> {
    let database = match &load.d1 {
        Some(file) => file.clone(),
        None => verify::find(Path::new("."))?,
    };
    Ok(Places { database, sandbox: load.sandbox.clone(), settle: load.settle })
}

/// It goes through no proxy and follows no redirect: what is measured is the server.
fn client(load: &Load) -> Result<reqwest::Client, reqwest::Error> {
    // Fails where it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .user_agent(concat!("sparrow-load/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(load.timeout);
    if load.url.scheme() == "http" {
        // A machine without certificates can do without them here.
        client = client.tls_certs_only([]);
    }
    client.build()
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|_| "write it as 60s, 5m or 500ms".to_owned())?;
    Duration::try_from(duration).map_err(|_| "it cannot be negative".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is a number".to_owned())?;
    if (0.001..=1e6).contains(&rate) {
        Ok(rate)
    } else {
        Err("it is a number from 0.001 to 1000000".to_owned())
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
