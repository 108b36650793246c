//! One look into KV: which policy is to be served from now on.

use super::store::Store;
use crate::setup::Setup;
use allowlist::Policy;
use allowlist::policy::pointer::Pointer;
use edge::problem::Problem;
use edge::settings::Vars;
use worker::KvError;

/// What a look came to.
pub struct Look {
    pub found: Found,
    /// What somebody has to know.
    pub findings: Vec<Finding>,
}

/// The policy that counts.
pub enum Found {
    /// The one that is served, or, at an isolate's start, the deployed one.
    Same,
    /// Another one.
    Other(Box<Setup>),
    /// None of those that KV names can be served.
    None,
}

/// Something that somebody has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    code: &'static str,
    version: String,
    why: String,
}

impl Finding {
    fn refused(version: &str, why: impl Into<String>) -> Self {
        Self { code: "policy_refused", version: version.to_owned(), why: why.into() }
    }

    fn superseded(pointer: Pointer, deployed: &str) -> Self {
        let why = format!("a deploy with {deployed} took over: push the policy again if it is still wanted");
        let version = pointer.versions().next().unwrap_or_default();
        Self { code: "policy_superseded", version, why }
    }

    /// KV did not answer.
    pub fn unavailable(error: &KvError) -> Self {
        Self { code: "policy_unavailable", version: String::new(), why: error.to_string() }
    }

    /// One line in the log.
    pub fn tell(&self) {
        let severity = if self.code == "policy_unavailable" { Problem::warning } else { Problem::new };
        severity(self.code).by("policy", &self.version).with("why", &self.why).tell();
    }
}

/// Looks which policy counts. `served` is the one that is served, which is the deployed one at an isolate's start.
pub async fn look(store: &Store, vars: &Vars, deployed: &str, served: &str) -> Result<Look, KvError> {
    let mut findings = Vec::new();
    let found = match store.current().await? {
        None => back_to_deployed(vars, deployed, served),
        Some(text) => match Pointer::read(&text) {
            None => {
                findings.push(Finding::refused("", "policy/current is no pointer: push the policy again"));
                Found::None
            }
            Some(pointer) if pointer.is_superseded(deployed) => {
                findings.push(Finding::superseded(pointer, deployed));
                back_to_deployed(vars, deployed, served)
            }
            Some(pointer) => servable(store, vars, pointer, deployed, served, &mut findings).await?,
        },
    };
    Ok(Look { found, findings })
}

/// The best of a pointer's policies that can be served.
async fn servable(
    store: &Store,
    vars: &Vars,
    pointer: Pointer,
    deployed: &str,
    served: &str,
    findings: &mut Vec<Finding>,
) -> Result<Found, KvError> {
    for version in pointer.versions() {
        if version == deployed {
            return Ok(back_to_deployed(vars, deployed, served));
        }
        if version == served {
            return Ok(Found::Same);
        }
        match store.policy(&version).await? {
            None => findings.push(Finding::refused(&version, "it is not in KV, or not yet")),
            Some(json) => match accepted(vars, &version, &json) {
                Ok(setup) => return Ok(Found::Other(Box::new(setup))),
                Err(why) => findings.push(Finding::refused(&version, why)),
            },
        }
    }
    Ok(Found::None)
}

fn back_to_deployed(vars: &Vars, deployed: &str, served: &str) -> Found {
    if deployed == served {
        return Found::Same;
    }
    // It was served at this isolate's start, with the same settings.
    Setup::deployed(vars).map_or(Found::None, |setup| Found::Other(Box::new(setup)))
}

/// The setup with a policy out of KV, or why it cannot be served.
fn accepted(vars: &Vars, version: &str, json: &str) -> Result<Setup, String> {
    let policy = Policy::from_json(json, &trackers::NAMES).map_err(|error| format!("it {error}"))?;
    if policy.version != version {
        return Err(format!("it is {} under another's name", policy.version));
    }
    Setup::with(vars, policy).map_err(|faults| faults.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use allowlist::policy::{Identity, Treatment};

    /// What Trace was deployed with is a policy that Trace takes.
    fn deployed() -> Policy {
        Policy::from_json(crate::setup::POLICY, &trackers::NAMES).unwrap()
    }

    fn vars() -> Vars {
        Vars::from([("ENVIRONMENT".to_owned(), "production".to_owned())])
    }

    #[test]
    fn a_policy_from_kv_is_restricted_as_the_deployed_one_is() {
        let policy = deployed();
        assert!(policy.sources.origins.iter().any(|rule| rule.origin.starts_with("http://")));
        let setup = accepted(&vars(), &policy.version, &policy.to_json().unwrap()).ok().unwrap();
        assert!(!setup.policy.sources.origins.iter().any(|rule| rule.origin.starts_with("http://")));
    }

    #[test]
    fn a_policy_that_cannot_be_served_says_why() {
        let policy = deployed();
        let json = policy.to_json().unwrap();
        let why = |version: &str, json: &str| accepted(&vars(), version, json).err().unwrap();
        assert!(why("9-other", &json).contains("under another's name"));
        assert!(why(&policy.version, "{}").contains("no compiled policy"));
        assert!(why(&policy.version, &json.replace("http://", "http://x")).contains("does not mean"));
    }

    /// It would be served by dropping what it wants hashed.
    #[test]
    fn a_policy_that_hashes_is_refused_without_a_key() {
        let toml = include_str!("../../../allowlist/allowlist.toml");
        assert!(!toml.contains("hash\""), "the deployed one needs a key itself");
        let mut policy = deployed();
        policy.identity = Identity { user_id: Treatment::Hash, ..Identity::default() };
        let faults = Setup::with(&vars(), policy).err().unwrap();
        assert!(faults[0].contains("POLICY_HASH_KEY is missing"), "{faults:?}");
    }
}
