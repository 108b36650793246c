//! A payload as Trace would open it, and the requests that it would make.

use super::explained::{self, Explained};
use super::settings;
use super::vendor::Vendor;
use super::{Explain, ExplainError};
use allowlist::policy::OriginRule;
use allowlist::{HashKey, Policy};
use event::{Context, ENVIRONMENTS, Millis, Payload};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::iter;
use trackers::Secrets;
use trackers::settings::Settings;

/// What stands for the page where nothing is said of the source. No vendor sees it.
const SOME_SITE: &str = "https://a-page-of-an-allowed-site.invalid";

/// What values are hashed with where no key was given.
const SOME_KEY: &str = "a-placeholder-for-POLICY_HASH_KEY";

/// Everything that is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The policy's version.
    pub policy: String,
    /// From where it is taken to come.
    pub source: String,
    /// Which settings there are.
    pub settings: String,
    /// Why the body is no JSON, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
    /// In their order.
    pub events: Vec<Explained>,
    /// In the order of the registry.
    pub trackers: Vec<Vendor>,
}

/// Explains a payload that is received `now`.
///
/// # Errors
/// [`ExplainError`], where the settings cannot be used.
pub fn explanation(
    explain: &Explain,
    mut policy: Policy,
    given: Option<Settings>,
    body: Vec<u8>,
    now: Millis,
) -> Result<Explanation, ExplainError> {
    let mut settings = given.unwrap_or_else(settings::placeholders);
    let environment = explain.env.clone().or_else(|| settings.get("ENVIRONMENT").cloned());
    let environment = environment.unwrap_or_else(|| ENVIRONMENTS[0].to_owned());
    if !ENVIRONMENTS.contains(&environment.as_str()) {
        return Err(ExplainError::Environment);
    }
    settings.insert("ENVIRONMENT".to_owned(), environment.clone());
    policy.restrict_to(&environment);
    let source = source(explain, &environment, &mut policy);
    let secret = settings.get("POLICY_HASH_KEY").map(String::as_str).filter(|secret| !secret.is_empty());
    let key = HashKey::new(secret.unwrap_or(SOME_KEY))?;
    let configured = trackers::configure(&settings)?;
    let names: Vec<_> = configured.iter().map(|tracker| tracker.name()).collect();

    let malformed = serde_json::from_slice::<IgnoredAny>(&body).err();
    let given_names = names_of(&body);
    let payload = Payload::new("payload".to_owned(), now, body, context(explain));
    let opening = allowlist::open(&policy, Some(&key), &payload, &names);

    let mut secrets = trackers::secrets(&settings);
    let is_asked = |name: &str| explain.tracker.is_empty() || explain.tracker.iter().any(|one| one == name);
    let vendors = trackers::NAMES.into_iter().filter(|name| is_asked(name)).map(|name| {
        let Some(tracker) = configured.iter().find(|tracker| tracker.name() == name) else {
            return Vendor::off(name, "it has no settings");
        };
        let secrets = Secrets::new(secrets.remove(name).unwrap_or_default());
        Vendor::plan(&policy, tracker.as_ref(), &secrets, &opening.events, &opening.allowed, now)
    });
    let trackers = vendors.collect();
    let handed_over = allowlist::hand_over(&opening.allowed)?;
    let mut checked: BTreeMap<u32, Map<String, Value>> =
        serde_json::from_str::<Vec<_>>(handed_over.get())?.into_iter().collect();
    let events = opening.events.into_iter().map(|opened| {
        let checked = checked.remove(&opened.idx);
        let name = given_names.get(opened.idx as usize).and_then(Option::as_deref);
        explained::explain(&policy, opened, checked.as_ref(), name)
    });
    Ok(Explanation {
        source,
        settings: settings_in_words(explain, secret.is_some()),
        malformed: malformed.map(|error| format!("is no JSON: {error}")),
        events: events.collect(),
        trackers,
        policy: format!("{} of {}", policy.version, explain.policy.display()),
    })
}

fn settings_in_words(explain: &Explain, has_key: bool) -> String {
    match &explain.settings {
        None => "placeholders, POLICY_HASH_KEY included".to_owned(),
        Some(path) if has_key => path.display().to_string(),
        Some(path) => format!(
            "{}; a placeholder stands for POLICY_HASH_KEY, without which Trace keeps back what is hashed here",
            path.display()
        ),
    }
}

/// Where it is said to come from; where nothing is said, the policy is made to allow it.
fn source(explain: &Explain, environment: &str, policy: &mut Policy) -> String {
    match (&explain.origin, &explain.key) {
        (None, None) => {
            policy.sources.origins.push(OriginRule { origin: SOME_SITE.to_owned(), environments: vec![] });
            "a page of an allowed site; --origin or --key say another, which is then checked".to_owned()
        }
        (Some(origin), None) => format!("a page of {origin}, in {environment}"),
        (Some(origin), Some(_)) => format!("a page of {origin} with a write key, in {environment}"),
        (None, Some(_)) => format!("a server with a write key, in {environment}"),
    }
}

/// What Dispatcher would know of the request.
fn context(explain: &Explain) -> Context {
    let is_unsaid = explain.origin.is_none() && explain.key.is_none();
    Context {
        origin: if is_unsaid { Some(SOME_SITE.to_owned()) } else { explain.origin.clone() },
        write_key_sha256: explain.key.as_ref().map(|key| hex::encode(Sha256::digest(key))),
        ip: explain.ip.clone(),
        country: explain.country.clone(),
        user_agent: explain.user_agent.clone(),
        ..Context::default()
    }
}

/// The names that the events were sent with, in their order.
fn names_of(body: &[u8]) -> Vec<Option<String>> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = |event: &Value| event["event"].as_str().map(str::to_owned);
    match body.get("batch").and_then(Value::as_array) {
        Some(events) => events.iter().map(name).collect(),
        None => iter::once(name(&body)).collect(),
    }
}
