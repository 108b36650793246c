//! Which warehouse, by arguments or the environment.

use super::bigquery::BigQuery;
use super::d1_api::{Address, D1Api};
use super::d1_file::{D1File, find};
use super::{Source, SourceError};
use crate::bigquery::{self as google, given, is_loopback};
use crate::faults::Faults;
use crate::wrangler::{Worker, is_placeholder};
use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use url::Url;

/// The variable that has Cloudflare's API token. It is no argument, which everybody on the machine could read.
const TOKEN: &str = "CLOUDFLARE_API_TOKEN";

/// Bytes of what `--max-gb` counts in, as Google bills.
const GB: u64 = 1 << 30;

/// The warehouses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Warehouse {
    /// Cloudflare's.
    D1,
    /// Google's.
    #[value(name = "bigquery")]
    BigQuery,
}

/// Which warehouse is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Warehouse")]
#[group(skip)]
pub struct Arguments {
    /// The warehouse; of several with commas the first is asked.
    #[arg(long, env = "WAREHOUSE", value_name = "NAME", value_delimiter = ',', default_value = "d1")]
    warehouse: Vec<Warehouse>,
    /// The file of the local D1 [default: that of `make dev` in this folder].
    #[arg(long, env = "D1_FILE", value_name = "FILE")]
    d1: Option<PathBuf>,
    /// The D1 at Cloudflare in place of a local one, with the variable CLOUDFLARE_API_TOKEN.
    #[arg(long, env = "D1_REMOTE", value_parser = FalseyValueParser::new())]
    pub remote: bool,
    /// The environment in wrangler.toml whose D1 it is.
    #[arg(long, env = "SPARROW_ENV", value_name = "NAME")]
    pub env: Option<String>,
    /// The id of the D1 at Cloudflare [default: that of the environment in wrangler.toml].
    #[arg(long, env = "D1_DATABASE_ID", value_name = "ID")]
    d1_database: Option<String>,
    /// The account at Cloudflare [default: that in wrangler.toml].
    #[arg(long, env = "CLOUDFLARE_ACCOUNT_ID", value_name = "ID")]
    cloudflare_account: Option<String>,
    /// The address of Cloudflare's API.
    #[arg(
        long,
        env = "CLOUDFLARE_API_BASE",
        value_name = "URL",
        default_value = "https://api.cloudflare.com",
        hide = true
    )]
    cloudflare_api_base: String,
    /// What a question may read of BigQuery, in GiB; one that would read more is refused and costs nothing.
    #[arg(long, env = "BIGQUERY_MAX_GB", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_gb: Option<u64>,
    #[command(flatten)]
    bigquery: google::Arguments,
}

impl Arguments {
    /// The warehouse that is asked.
    pub fn warehouse(&self) -> Warehouse {
        self.warehouse.first().copied().unwrap_or(Warehouse::D1)
    }

    /// The others of several.
    pub fn others(&self) -> Vec<String> {
        let names = self.warehouse.iter().skip(1).filter_map(ValueEnum::to_possible_value);
        names.map(|name| name.get_name().to_owned()).collect()
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`SourceError`], with every fault of the settings.
    pub fn open(&self) -> Result<Source, SourceError> {
        let mut faults = Faults::default();
        match self.warehouse() {
            Warehouse::BigQuery => match self.bigquery.connection(true, &mut faults) {
                Some(connection) if faults.0.is_empty() => {
                    let mut bigquery = BigQuery::new(connection)?;
                    bigquery.max_bytes = self.max_gb.map(|gb| gb * GB);
                    Ok(Source::BigQuery(Box::new(bigquery)))
                }
                _ => Err(SourceError::Settings(faults.0)),
            },
            Warehouse::D1 if self.remote => {
                let token = std::env::var(TOKEN).unwrap_or_default();
                match self.address(Path::new("wrangler.toml"), &token, &mut faults) {
                    Some(address) if faults.0.is_empty() => Ok(Source::Api(Box::new(D1Api::new(&address)?))),
                    _ => Err(SourceError::Settings(faults.0)),
                }
            }
            Warehouse::D1 => {
                let path = match &self.d1 {
                    Some(path) => path.clone(),
                    None => find(".".as_ref())?,
                };
                Ok(Source::File(D1File::open(&path)?))
            }
        }
    }

    /// Where the D1 at Cloudflare is. The file is read for what is not said otherwise.
    fn address(&self, file: &Path, token: &str, faults: &mut Faults) -> Option<Address> {
        let (account, database) =
            (given(self.cloudflare_account.as_deref()), given(self.d1_database.as_deref()));
        let worker = if database.is_none() {
            faults.take(Worker::read(file, self.env.as_deref()))
        } else {
            Worker::read(file, self.env.as_deref()).ok()
        };
        let account = account.or_else(|| worker.as_ref()?.account());
        let account = is_id(account, 32, "CLOUDFLARE_ACCOUNT_ID (--cloudflare-account)", faults);
        let database = match (database, &worker) {
            (Some(database), _) => is_id(Some(database), 36, "D1_DATABASE_ID (--d1-database)", faults),
            (None, Some(worker)) => {
                let id = worker.binding("d1_databases", "D1", "database_id");
                if id.is_none_or(is_placeholder) {
                    let env = self.env.as_deref().unwrap_or("development");
                    faults.add(format!(
                        "wrangler.toml has no id of {env}'s D1 yet: say which one with --env NAME or D1_DATABASE_ID (--d1-database)"
                    ));
                    None
                } else {
                    is_id(id, 36, "database_id in wrangler.toml", faults)
                }
            }
            (None, None) => None,
        };
        if token.is_empty() {
            faults.add(format!(
                "{TOKEN} is missing: make one with the permission D1 Read, and set the variable"
            ));
        } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.add(format!("{TOKEN} has characters that no token has; copy it anew"));
        }
        let base = faults.take(self.base());
        Some(Address { base: base?, account: account?, database: database?, token: token.to_owned() })
    }

    fn base(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.cloudflare_api_base)
            .ok()
            .filter(|url| url.query().is_none() && url.fragment().is_none() && url.has_host());
        // Whoever reads the token on its way has the database.
        url.filter(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
            .ok_or("CLOUDFLARE_API_BASE is an address with https; plain http is for loopback")
    }
}

/// An id of hexadecimal digits and hyphens, which can stand in a path as it is.
fn is_id(id: Option<&str>, length: usize, name: &str, faults: &mut Faults) -> Option<String> {
    let Some(id) = id else {
        faults
            .add(format!("{name} is missing: `npx wrangler whoami` and `npx wrangler d1 list` tell the ids"));
        return None;
    };
    if id.len() == length && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Some(id.to_owned());
    }
    faults.add(format!(
        "{name} is no id: it has {length} hexadecimal digits{}",
        if length == 36 { " and hyphens" } else { "" }
    ));
    None
}

#[cfg(test)]
mod tests;
