//! What `--warehouse bigquery` has to be told, by arguments or the environment.

use crate::bigquery::{Account, Credential};
use clap::Args;
use std::fmt::Display;
use std::path::PathBuf;
use url::{Host, Url};
use warehouse::bigquery::{Dataset, ENDPOINT, ServiceAccount, Setup};

/// Most days of a retention, as in the Workers: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// The arguments, as they came: what is wrong with them is told at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "BigQuery")]
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
    /// Where a new dataset is put and stays, such as EU or europe-west3. One that is there needs none.
    #[arg(long, env = "BIGQUERY_LOCATION", value_name = "PLACE")]
    location: Option<String>,
    /// What the service account shows: `jwt`, tokens that it signs itself, or `oauth`, those that it gets for them.
    #[arg(long, env = "BIGQUERY_AUTH", value_name = "WAY", default_value = "jwt")]
    auth: String,
    /// The address of an emulator.
    #[arg(long, env = "BIGQUERY_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
    /// How many days of `raw` are kept, 0 for ever; BigQuery deletes those that are older [default: as it is, and of a
    /// new table for ever].
    #[arg(long, env = "RAW_RETENTION_DAYS", value_name = "DAYS")]
    raw_days: Option<String>,
    /// The same of `deliveries` and `ledger`.
    #[arg(long, env = "DELIVERIES_RETENTION_DAYS", value_name = "DAYS")]
    deliveries_days: Option<String>,
    /// The same of `requests`.
    #[arg(long, env = "REQUESTS_RETENTION_DAYS", value_name = "DAYS")]
    requests_days: Option<String>,
    /// Allow that a table keeps fewer days than it does: BigQuery deletes the older ones at once.
    #[arg(long)]
    delete_older: bool,
}

/// What they come to.
pub struct Settings {
    /// Where BigQuery is.
    pub endpoint: Url,
    /// Who we are. An emulator does not ask.
    pub account: Option<Account>,
    /// What is brought up to date.
    pub dataset: Dataset,
    /// Whether a table may keep fewer days than it does.
    pub delete_older: bool,
    location: Option<String>,
    raw_days: Option<u32>,
    deliveries_days: Option<u32>,
    requests_days: Option<u32>,
}

/// Everything that is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[error("BigQuery's settings have {} fault(s):\n- {}", .0.len(), .0.join("\n- "))]
pub struct SettingsError(Vec<String>);

impl Settings {
    /// What is to be in the dataset.
    pub fn setup(&self) -> Setup<'_> {
        Setup {
            location: self.location.as_deref(),
            raw_days: self.raw_days,
            deliveries_days: self.deliveries_days,
            requests_days: self.requests_days,
        }
    }
}

impl Arguments {
    /// Reads them, and the key file. Where nothing is to be sent no key need be given.
    ///
    /// # Errors
    /// [`SettingsError`]
    pub fn settings(&self, is_sent: bool) -> Result<Settings, SettingsError> {
        let mut faults = Faults(Vec::new());
        let key = faults.take(self.service_account(is_sent));
        let endpoint = faults.take(self.endpoint());
        let credential = faults.take(self.credential());
        let location = faults.take(self.location());
        let dataset = self.dataset(key.as_ref(), &mut faults);
        let raw_days = faults.take(days("RAW_RETENTION_DAYS (--raw-days)", self.raw_days.as_deref()));
        let deliveries_days = faults
            .take(days("DELIVERIES_RETENTION_DAYS (--deliveries-days)", self.deliveries_days.as_deref()));
        let requests_days =
            faults.take(days("REQUESTS_RETENTION_DAYS (--requests-days)", self.requests_days.as_deref()));
        let account = match (key, credential) {
            (Some(Some(key)), Some(credential)) => faults.take(Account::new(key, credential).map(Some)),
            _ => Some(None),
        };
        let settings = (|| {
            Some(Settings {
                endpoint: endpoint?,
                account: account?,
                dataset: dataset?,
                delete_older: self.delete_older,
                location: location?,
                raw_days: raw_days?,
                deliveries_days: deliveries_days?,
                requests_days: requests_days?,
            })
        })();
        settings.filter(|_| faults.0.is_empty()).ok_or(SettingsError(faults.0))
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

    fn location(&self) -> Result<Option<String>, &'static str> {
        let location = given(self.location.as_deref());
        let is_plain = |place: &str| place.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if location.is_none_or(is_plain) {
            Ok(location.map(str::to_owned))
        } else {
            Err("BIGQUERY_LOCATION (--location) is a place such as `EU` or `europe-west3`")
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

struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: impl Display) {
        self.0.push(fault.to_string());
    }

    fn take<T>(&mut self, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }
}

/// A variable that is set to nothing says nothing.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn days(name: &str, text: Option<&str>) -> Result<Option<u32>, String> {
    let Some(text) = given(text) else { return Ok(None) };
    let days = text.parse().ok().filter(|days| *days <= MAX_DAYS);
    days.map(Some)
        .ok_or_else(|| format!("{name} must be a whole number of days up to {MAX_DAYS}, 0 for ever"))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bigquery::testing::key_file;
    use clap::builder::Resettable;
    use clap::{CommandFactory, FromArgMatches, Parser};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parsed(arguments: &[&str]) -> Arguments {
        // Without the environment, which may be set up for another warehouse.
        let command = Cli::command().mut_args(|argument| argument.env(Resettable::Reset));
        let matches = command.try_get_matches_from(["sparrow"].iter().chain(arguments)).unwrap();
        Cli::from_arg_matches(&matches).unwrap().arguments
    }

    /// Those of a test, at an emulator.
    pub fn settings(endpoint: &Url, more: &[&str]) -> Settings {
        let arguments = ["--endpoint", endpoint.as_str(), "--project", "shop-4711"];
        parsed(&[&arguments, more].concat()).settings(true).unwrap()
    }

    /// A key file that is there until the test ends.
    struct Key(PathBuf);

    impl Key {
        fn new(test: &str, content: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sparrow-{}-{test}.json", std::process::id()));
            std::fs::write(&path, content).unwrap();
            Self(path)
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for Key {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn faults(arguments: &[&str]) -> Vec<String> {
        parsed(arguments).settings(true).err().map_or_else(Vec::new, |SettingsError(faults)| faults)
    }

    #[test]
    fn a_key_is_all_that_must_be_given() {
        let key = Key::new("alone", &key_file("https://oauth2.googleapis.com/token"));
        let settings = parsed(&["--key", key.path()]).settings(true).unwrap();
        assert_eq!(settings.endpoint.as_str(), "https://bigquery.googleapis.com/");
        assert_eq!((settings.dataset.project(), settings.dataset.name()), ("shop-4711", "sparrow"));
        assert!(settings.account.is_some());
        let nothing = Setup { location: None, raw_days: None, deliveries_days: None, requests_days: None };
        assert_eq!(settings.setup(), nothing, "no place and no days unless somebody says so");
        assert!(!settings.delete_older);
        let empty = ["--location=", "--raw-days=", "--deliveries-days=", "--requests-days="];
        let settings = parsed(&[&["--key", key.path()][..], &empty].concat()).settings(true).unwrap();
        assert_eq!(settings.setup(), nothing, "what is empty says nothing");
    }

    #[test]
    fn what_is_given_counts() {
        let key = Key::new("given", &key_file("https://oauth2.googleapis.com/token"));
        let arguments = [
            ["--key", key.path()],
            ["--project", "data-4712"],
            ["--dataset", "events"],
            ["--location", "europe-west3"],
            ["--auth", "oauth"],
            ["--endpoint", "http://localhost:9050"],
            ["--raw-days", "400"],
            ["--deliveries-days", "30"],
            ["--requests-days", "0"],
        ];
        let arguments = [arguments.as_flattened(), &["--delete-older"]].concat();
        let settings = parsed(&arguments).settings(true).unwrap();
        assert!(settings.delete_older);
        assert_eq!(settings.endpoint.as_str(), "http://localhost:9050/");
        assert_eq!((settings.dataset.project(), settings.dataset.name()), ("data-4712", "events"));
        let expected = Setup {
            location: Some("europe-west3"),
            raw_days: Some(400),
            deliveries_days: Some(30),
            requests_days: Some(0),
        };
        assert_eq!(settings.setup(), expected);
        assert_eq!(settings.account.unwrap().token_uri(), Some("https://oauth2.googleapis.com/token"));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let key = Key::new("faults", "{}");
        let arguments = [
            ["--key", key.path()],
            ["--project", "Shop"],
            ["--dataset", "a-b"],
            ["--location", "E U"],
            ["--auth", "password"],
            ["--endpoint", "127.0.0.1:9050"],
            ["--raw-days", "1.5"],
            ["--deliveries-days", "36501"],
            ["--requests-days", "many"],
        ];
        let faults = faults(arguments.as_flattened());
        let parts = [
            "private_key",
            "ENDPOINT",
            "AUTH",
            "LOCATION",
            "`a-b`",
            "`Shop`",
            "RAW_",
            "DELIVERIES_",
            "REQUESTS_",
        ];
        assert_eq!(faults.len(), parts.len(), "{faults:#?}");
        for (fault, part) in faults.iter().zip(parts) {
            assert!(fault.contains(part), "{fault:?} names {part}");
        }
    }

    #[test]
    fn without_a_key_there_must_be_an_emulator_and_a_project() {
        let project = ["--project", "shop-4711"];
        assert_eq!(faults(&project).len(), 1);
        assert!(parsed(&project).settings(false).is_ok(), "the key is for sending");
        let [fault] = &faults(&["--endpoint", "http://bigquery:9050"])[..] else { panic!("one fault") };
        assert!(fault.contains("BIGQUERY_PROJECT"), "{fault}");
        assert_eq!(faults(&["--endpoint", "http://bigquery:9050", "--project", "shop-4711"]), [""; 0]);
    }

    #[test]
    fn a_key_is_never_used_over_plain_http_but_on_this_machine() {
        let key = Key::new("plain", &key_file("https://oauth2.googleapis.com/token"));
        let with = |endpoint| faults(&["--key", key.path(), "--endpoint", endpoint]).len();
        for safe in ["https://proxy.example", "http://127.0.0.2:1", "http://[::1]:1", "http://localhost"] {
            assert_eq!(with(safe), 0, "{safe}");
        }
        for unsafe_one in ["http://proxy.example", "http://10.0.0.1", "http://localhost.example", "ftp://x"] {
            assert_eq!(with(unsafe_one), 1, "{unsafe_one}");
        }
    }

    #[test]
    fn no_fault_repeats_what_the_key_file_says() {
        let file = key_file("https://oauth2.googleapis.com/token").replace("MII", "no-key");
        let key = Key::new("secret", &file);
        let faults = faults(&["--key", key.path()]);
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert!(fault.contains("`private_key`") && !fault.contains("no-key"), "{fault}");
    }
}
