//! Which warehouses there are, and where.

use edge::settings::Vars;
use edge::transport;
use std::rc::Rc;
use warehouse::bigquery::{Dataset, ENDPOINT, ServiceAccount};

/// The name of D1 in `WAREHOUSE`.
const D1: &str = "d1";

/// The name of BigQuery in `WAREHOUSE`.
pub const BIGQUERY: &str = "bigquery";

/// D1 holds 10 GB, so that it keeps rows for this many days where nothing is said.
const DEFAULT_RETENTION_DAYS: u32 = 30;

/// What the operator chose; of each warehouse only where it is used.
#[derive(Debug, Clone)]
pub struct Settings {
    pub d1: Option<Retention>,
    pub bigquery: Option<BigQuerySettings>,
}

/// How long rows are kept in D1, in days; 0 is for ever. BigQuery deletes by itself what is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// `RAW_RETENTION_DAYS`
    pub raw: u32,
    /// `DELIVERIES_RETENTION_DAYS`, of `ledger`, too.
    pub deliveries: u32,
    /// `REQUESTS_RETENTION_DAYS`
    pub requests: u32,
}

/// Where rows go, and who we are there.
#[derive(Debug, Clone)]
pub struct BigQuerySettings {
    /// `BIGQUERY_ENDPOINT`, without a trailing slash: Google's, or an emulator's.
    pub endpoint: String,
    /// `BIGQUERY_PROJECT` and `BIGQUERY_DATASET`.
    pub dataset: Dataset,
    /// `BIGQUERY_KEY`; an emulator needs none.
    pub account: Option<Rc<ServiceAccount>>,
    /// `BIGQUERY_AUTH`: whether tokens are exchanged for Google's before they are used.
    pub exchanges: bool,
}

impl Settings {
    /// Reads the settings of the warehouses with these names. Every fault is added to `faults`.
    pub fn read(vars: &Vars, names: &[String], environment: &str, faults: &mut Vec<String>) -> Self {
        let is_used = |name: &str| names.iter().any(|one| one == name);
        for name in names.iter().filter(|name| ![D1, BIGQUERY].contains(&name.as_str())) {
            faults.push(format!(
                "WAREHOUSE must name {D1} or {BIGQUERY}, or both with a comma; `{name}` is neither"
            ));
        }
        let d1 = is_used(D1).then(|| Retention {
            raw: days(vars, "RAW_RETENTION_DAYS", faults),
            deliveries: days(vars, "DELIVERIES_RETENTION_DAYS", faults),
            requests: days(vars, "REQUESTS_RETENTION_DAYS", faults),
        });
        let bigquery = is_used(BIGQUERY).then(|| bigquery(vars, environment, faults)).flatten();
        Self { d1, bigquery }
    }
}

fn bigquery(vars: &Vars, environment: &str, faults: &mut Vec<String>) -> Option<BigQuerySettings> {
    let given = |name: &str| vars.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let before = faults.len();
    let account = given("BIGQUERY_KEY").and_then(|file| match ServiceAccount::read(file) {
        Ok(account) => Some(Rc::new(account)),
        Err(error) => {
            faults.push(format!("BIGQUERY_KEY: {error}"));
            None
        }
    });
    let endpoint = given("BIGQUERY_ENDPOINT").unwrap_or(ENDPOINT).trim_end_matches('/').to_owned();
    if !transport::may_be_called(&endpoint, environment) {
        faults.push(
            "BIGQUERY_ENDPOINT must be an https address (plain http is for loopback, outside production)"
                .to_owned(),
        );
    }
    if account.as_ref().is_some_and(|account| !transport::may_be_called(account.token_uri(), environment)) {
        faults.push("BIGQUERY_KEY: `token_uri` must be https in production".to_owned());
    }
    // An emulator is on this machine.
    if given("BIGQUERY_KEY").is_none() && endpoint.starts_with("https") {
        faults.push(
            "BIGQUERY_KEY is missing: the service account's key file, as a secret (`wrangler secret put BIGQUERY_KEY < key.json`)"
                .to_owned(),
        );
    }
    let project = given("BIGQUERY_PROJECT").or(account.as_ref().map(|account| account.project()));
    let dataset =
        match Dataset::new(project.unwrap_or_default(), given("BIGQUERY_DATASET").unwrap_or("sparrow")) {
            Ok(dataset) => Some(dataset),
            // Where the key is missing or damaged, that is the fault.
            Err(_) if project.is_none() && faults.len() > before => None,
            Err(error) => {
                faults.push(format!("BIGQUERY_PROJECT, BIGQUERY_DATASET: {error}"));
                None
            }
        };
    let exchanges = match given("BIGQUERY_AUTH") {
        None | Some("jwt") => false,
        Some("oauth") => true,
        Some(_) => {
            faults.push("BIGQUERY_AUTH must be jwt or oauth".to_owned());
            false
        }
    };
    Some(BigQuerySettings { endpoint, dataset: dataset?, account, exchanges })
}

fn days(vars: &Vars, name: &str, faults: &mut Vec<String>) -> u32 {
    match vars.get(name).map(|text| text.parse()) {
        None => DEFAULT_RETENTION_DAYS,
        Some(Ok(days @ 0..=36_500)) => days,
        Some(_) => {
            faults.push(format!("{name} must be a whole number of days, 0 for ever"));
            DEFAULT_RETENTION_DAYS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(names: &[&str], environment: &str, pairs: &[(&str, &str)]) -> Vec<String> {
        let vars = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut faults = Vec::new();
        Settings::read(&vars, &names, environment, &mut faults);
        faults
    }

    #[test]
    fn an_emulator_needs_a_project_and_no_key() {
        let emulator =
            [("BIGQUERY_ENDPOINT", "http://127.0.0.1:9050"), ("BIGQUERY_PROJECT", "local-project")];
        assert!(faults(&["bigquery"], "development", &emulator).is_empty());
        let of_production = faults(&["bigquery"], "production", &emulator);
        assert_eq!(of_production.len(), 1, "{of_production:?}");
    }

    #[test]
    fn whoever_is_not_on_this_machine_wants_a_key() {
        let regional = [
            ("BIGQUERY_ENDPOINT", "https://bigquery.eu.rep.googleapis.com"),
            ("BIGQUERY_PROJECT", "shop-4711"),
        ];
        let faults = faults(&["bigquery"], "production", &regional);
        assert!(faults.len() == 1 && faults[0].starts_with("BIGQUERY_KEY is missing"), "{faults:?}");
    }

    #[test]
    fn what_is_not_used_need_not_be_right() {
        assert!(faults(&["d1"], "production", &[("BIGQUERY_AUTH", "magic")]).is_empty());
        assert_eq!(
            faults(&["bigquery"], "production", &[("RAW_RETENTION_DAYS", "-1")]).len(),
            1,
            "the key alone"
        );
    }

    #[test]
    fn every_fault_is_told_and_no_secret() {
        let wrong = [
            ("BIGQUERY_KEY", "{\"private_key\":\"hush\"}"),
            ("BIGQUERY_ENDPOINT", "http://bigquery.example"),
            ("BIGQUERY_DATASET", "no dataset"),
            ("BIGQUERY_PROJECT", "shop-4711"),
            ("BIGQUERY_AUTH", "magic"),
        ];
        let faults = faults(&["bigquery", "oracle"], "staging", &wrong);
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert!(!faults.join(" ").contains("hush"));
    }
}
