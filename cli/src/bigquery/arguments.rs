//! What is to be said of BigQuery by arguments or the environment, so that it can be asked.

use super::{Account, Credential};
use crate::faults::Faults;
use clap::Args;
use std::path::PathBuf;
use url::{Host, Url};
use warehouse::bigquery::{Dataset, ENDPOINT, ServiceAccount};

/// The arguments, as they came: what is wrong with them is told at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "BigQuery")]
#[group(skip)]
pub struct Arguments {
    /// The service account's key file. An emulator needs none.
    #[arg(long, env = "BIGQUERY_KEY_FILE", value_name = "FILE")]
    key: Option<PathBuf>,
    /// The project that has the dataset and pays [default: the key's].
    #[arg(long, env = "BIGQUERY_PROJECT", value_name = "ID")]
    project: Option<String>,
    /// The dataset that has tables and views.
    #[arg(long, env = "BIGQUERY_DATASET", value_name = "NAME", default_value = "sparrow")]
    dataset: String,
    /// What the service account shows: `jwt`, tokens that it signs itself, or `oauth`, those that it gets for them.
    #[arg(long, env = "BIGQUERY_AUTH", value_name = "WAY", default_value = "jwt")]
    auth: String,
    /// The address of an emulator.
    #[arg(long, env = "BIGQUERY_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
}

/// What they come to.
pub struct Connection {
    /// Where BigQuery is.
    pub endpoint: Url,
    /// Who we are. An emulator does not ask.
    pub account: Option<Account>,
    /// The dataset of tables and views.
    pub dataset: Dataset,
}

impl Arguments {
    /// Reads them, and the key file. Where nothing is to be sent no key need be given. Nothing where there are faults.
    pub fn connection(&self, is_sent: bool, faults: &mut Faults) -> Option<Connection> {
        let key = faults.take(self.service_account(is_sent));
        let endpoint = faults.take(self.endpoint());
        let credential = faults.take(self.credential());
        let dataset = self.dataset(key.as_ref(), faults);
        let account = match (key, credential) {
            (Some(Some(key)), Some(credential)) => faults.take(Account::new(key, credential).map(Some)),
            _ => Some(None),
        };
        Some(Connection { endpoint: endpoint?, account: account?, dataset: dataset? })
    }

    fn service_account(&self, is_sent: bool) -> Result<Option<ServiceAccount>, String> {
        let Some(path) = self.key.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
            let is_emulator = given(self.endpoint.as_deref()).is_some();
            return if is_emulator || !is_sent {
                Ok(None)
            } else {
                Err("BIGQUERY_KEY_FILE (--key) is missing: the service account's key file".to_owned())
            };
        };
        let file = std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read ({error}): name the key file", path.display()))?;
        ServiceAccount::read(&file).map(Some).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn endpoint(&self) -> Result<Url, String> {
        let text = given(self.endpoint.as_deref()).unwrap_or(ENDPOINT);
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        });
        let url = url.ok_or(
            "BIGQUERY_ENDPOINT (--endpoint) is an address such as `http://127.0.0.1:9050`, without a query",
        )?;
        // Whoever reads a token on its way has the warehouse for an hour.
        if self.key.is_some() && url.scheme() == "http" && !is_loopback(&url) {
            return Err("BIGQUERY_ENDPOINT (--endpoint) must be https, since there is a key; \
                plain http is for loopback"
                .to_owned());
        }
        Ok(url)
    }

    fn credential(&self) -> Result<Credential, &'static str> {
        match self.auth.as_str() {
            "jwt" => Ok(Credential::Jwt),
            "oauth" => Ok(Credential::OAuth),
            _ => Err("BIGQUERY_AUTH (--auth) is `jwt` or `oauth`"),
        }
    }

    /// `key` is nothing where it has faults, and holds nothing where there is none.
    fn dataset(&self, key: Option<&Option<ServiceAccount>>, faults: &mut Faults) -> Option<Dataset> {
        let project = match (given(self.project.as_deref()), key) {
            (Some(project), _) => Some(project),
            (None, Some(Some(key))) => Some(key.project()),
            (None, Some(None)) => {
                faults.add("BIGQUERY_PROJECT (--project) is missing: without a key nothing else names it");
                None
            }
            (None, None) => None,
        };
        // Each name beside one that is right, since of two that are wrong only the first is told.
        let named = faults.take(Dataset::new("any-project", &self.dataset));
        let owned = project.and_then(|project| faults.take(Dataset::new(project, "any")));
        Dataset::new(owned?.project(), named?.name()).ok()
    }
}

/// A variable that is set to nothing says nothing.
pub fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Whether it is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
