//! Policy, trackers and settings: what every request works with.

use crate::calls::Told;
use allowlist::{HashKey, Policy};
use edge::otlp::Tracing;
use edge::settings::Vars;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use trackers::{Secrets, Tracker};

/// The policy as the build compiled it.
pub const POLICY: &str = include_str!(concat!(env!("OUT_DIR"), "/policy.json"));

/// Ten seconds: vendors answer within one, and the runtime ends work that goes on for 30 s after the answer.
const DEFAULT_DEADLINE_MS: u64 = 10_000;

/// What every request works with.
pub struct Setup {
    /// Restricted to this environment.
    pub policy: Policy,
    /// `POLICY_HASH_KEY`: what values are hashed with that leave only so.
    pub hash_key: Option<HashKey>,
    /// Those that have settings.
    pub trackers: Vec<Box<dyn Tracker>>,
    /// How long one tracker may take for one request, all its calls together.
    pub deadline: Duration,
    /// Which calls are told of, where any are.
    pub told: Option<Told>,
    /// Of each tracker, to be kept out of what is told of its calls.
    pub secrets: BTreeMap<&'static str, Secrets>,
    /// Where spans go, if anywhere.
    pub tracing: Option<Rc<Tracing>>,
}

impl Setup {
    /// With the policy that the Worker was deployed with, or every fault in the settings.
    pub fn deployed(vars: &Vars) -> Result<Self, Vec<String>> {
        match Policy::from_json(POLICY, &trackers::NAMES) {
            Ok(policy) => Self::with(vars, policy),
            Err(error) => Err(vec![format!("the deployed policy {error}")]),
        }
    }

    /// With a policy, or every fault in the settings.
    pub fn with(vars: &Vars, mut policy: Policy) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let environment = edge::settings::environment(vars, &mut faults);
        let deadline = match vars.get("TRACKER_DEADLINE_MS").map(|text| text.parse()) {
            None => DEFAULT_DEADLINE_MS,
            Some(Ok(ms @ 1..=25_000)) => ms,
            Some(_) => {
                faults.push("TRACKER_DEADLINE_MS must be a whole number from 1 to 25000".to_owned());
                DEFAULT_DEADLINE_MS
            }
        };
        let told = told(vars).unwrap_or_else(|fault| {
            faults.push(fault.to_owned());
            None
        });
        let secrets = trackers::secrets(vars);
        let trackers = trackers::configure(vars).unwrap_or_else(|error| {
            faults.extend(error.0);
            Vec::new()
        });
        edge::report::check(vars, &mut faults);
        policy.restrict_to(&environment);
        let hash_key = hash_key(vars, &policy).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let tracing = Tracing::read(vars, "sparrow-trace", &environment, &mut faults);
        if faults.is_empty() {
            Ok(Self {
                tracing,
                policy,
                hash_key,
                trackers,
                deadline: Duration::from_millis(deadline),
                told,
                secrets: secrets.into_iter().map(|(name, secrets)| (name, Secrets::new(secrets))).collect(),
            })
        } else {
            Err(faults)
        }
    }

    /// The names of the configured trackers.
    pub fn tracker_names(&self) -> Vec<&'static str> {
        self.trackers.iter().map(|tracker| tracker.name()).collect()
    }

    /// A configured tracker.
    pub fn tracker(&self, name: &str) -> Option<&dyn Tracker> {
        self.trackers.iter().find(|tracker| tracker.name() == name).map(AsRef::as_ref)
    }
}

/// An empty setting counts as left out. Without one, user ids in which personal data is found stay, and a policy that
/// hashes anything else cannot be served.
fn hash_key(vars: &Vars, policy: &Policy) -> Result<Option<HashKey>, String> {
    match vars.get("POLICY_HASH_KEY").map_or("", String::as_str) {
        "" if policy.needs_hash_key() => Err(
            "POLICY_HASH_KEY is missing, and the policy hashes values: make one with `openssl rand -hex 32`"
                .to_owned(),
        ),
        "" => Ok(None),
        secret => HashKey::new(secret).map(Some).map_err(|error| format!("POLICY_HASH_KEY {error}")),
    }
}

/// An empty setting counts as left out, as those of trackers do.
fn told(vars: &Vars) -> Result<Option<Told>, &'static str> {
    match vars.get("REQUESTS_LOG").map_or("", String::as_str) {
        "" | "off" => Ok(None),
        "failures" => Ok(Some(Told::Failures)),
        "sample" => Ok(Some(Told::Sample)),
        "all" => Ok(Some(Told::All)),
        _ => Err("REQUESTS_LOG must be `off`, `failures`, `sample` or `all`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allowlist::policy::Treatment;

    fn vars(pairs: &[(&str, &str)]) -> Vars {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_tracker_without_settings_is_off() {
        let setup = Setup::deployed(&vars(&[("ENVIRONMENT", "staging"), ("HEAP_APP_ID", "1")])).ok().unwrap();
        assert_eq!(setup.tracker_names(), ["heap"]);
    }

    #[test]
    fn faults_of_all_settings_are_listed_together() {
        let faults = Setup::deployed(&vars(&[
            ("TRACKER_DEADLINE_MS", "0"),
            ("POLICY_HASH_KEY", "short"),
            ("REQUESTS_LOG", "All"),
            ("OTLP_ENDPOINT", "otlp.example"),
            ("GA4_API_SECRET", "x"),
            ("HEAP_APPID", "1"),
        ]));
        let faults = faults.err().unwrap().join("\n");
        let parts = [
            "ENVIRONMENT must",
            "TRACKER_DEADLINE_MS must",
            "POLICY_HASH_KEY must",
            "REQUESTS_LOG must",
            "OTLP_ENDPOINT must",
            "GA4_MEASUREMENT_ID",
            "HEAP_APPID",
        ];
        for part in parts {
            assert!(faults.contains(part), "{faults}");
        }
    }

    #[test]
    fn a_policy_that_hashes_needs_a_key_and_a_key_a_length() {
        let key = |policy: &Policy, key: &str| {
            hash_key(&vars(&[("POLICY_HASH_KEY", key)]), policy).map(|key| key.is_some())
        };
        let mut policy = Policy::default();
        assert_eq!(key(&policy, ""), Ok(false));
        assert_eq!(key(&policy, &"k".repeat(32)), Ok(true));
        let fault = key(&policy, "secret").unwrap_err();
        assert!(
            fault.starts_with("POLICY_HASH_KEY must be at least 32") && !fault.contains("secret"),
            "{fault}"
        );
        policy.identity.user_id = Treatment::Hash;
        assert!(key(&policy, "").unwrap_err().contains("POLICY_HASH_KEY is missing"));
        assert_eq!(key(&policy, &"k".repeat(32)), Ok(true));
    }

    #[test]
    fn calls_are_told_of_only_where_that_is_said() {
        let told = |text| {
            Setup::deployed(&vars(&[("ENVIRONMENT", "staging"), ("REQUESTS_LOG", text)])).ok().unwrap().told
        };
        assert_eq!(Setup::deployed(&vars(&[("ENVIRONMENT", "staging")])).ok().unwrap().told, None);
        let settings = ["", "off", "failures", "sample", "all"];
        let expected = [None, None, Some(Told::Failures), Some(Told::Sample), Some(Told::All)];
        assert_eq!(settings.map(told), expected);
    }
}
