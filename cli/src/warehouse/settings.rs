//! What `--warehouse bigquery` has to be told, by arguments or the environment.

use crate::bigquery::{self, Account, Connection, given};
use crate::faults::Faults;
use clap::Args;
use url::Url;
use warehouse::bigquery::{Dataset, Setup};

/// Most days of a retention, as in the Workers: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// The arguments, as they came: what is wrong with them is told at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "BigQuery")]
pub struct Arguments {
    #[command(flatten)]
    connection: bigquery::Arguments,
    /// Where a new dataset is put and stays, such as EU or europe-west3. One that is there needs none.
    #[arg(long, env = "BIGQUERY_LOCATION", value_name = "PLACE")]
    location: Option<String>,
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
        let mut faults = Faults::default();
        let connection = self.connection.connection(is_sent, &mut faults);
        let location = faults.take(self.location());
        let raw_days = faults.take(days("RAW_RETENTION_DAYS (--raw-days)", self.raw_days.as_deref()));
        let deliveries_days = faults
            .take(days("DELIVERIES_RETENTION_DAYS (--deliveries-days)", self.deliveries_days.as_deref()));
        let requests_days =
            faults.take(days("REQUESTS_RETENTION_DAYS (--requests-days)", self.requests_days.as_deref()));
        let settings = (|| {
            let Connection { endpoint, account, dataset } = connection?;
            Some(Settings {
                endpoint,
                account,
                dataset,
                delete_older: self.delete_older,
                location: location?,
                raw_days: raw_days?,
                deliveries_days: deliveries_days?,
                requests_days: requests_days?,
            })
        })();
        settings.filter(|_| faults.0.is_empty()).ok_or(SettingsError(faults.0))
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
}

fn days(name: &str, text: Option<&str>) -> Result<Option<u32>, String> {
    let Some(text) = given(text) else { return Ok(None) };
    let days = text.parse().ok().filter(|days| *days <= MAX_DAYS);
    days.map(Some)
        .ok_or_else(|| format!("{name} must be a whole number of days up to {MAX_DAYS}, 0 for ever"))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bigquery::testing::key_file;
    use clap::builder::Resettable;
    use clap::{CommandFactory, FromArgMatches, Parser};
    use std::path::PathBuf;

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
            "`a-b`",
            "`Shop`",
            "LOCATION",
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
