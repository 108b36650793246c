//! A payload as Trace would open it, and the requests that it would make.

use super::explained::{self, Explained, Leaving};
use super::settings;
use super::vendor::Vendor;
use super::{Explain, ExplainError};
use allowlist::policy::OriginRule;
use allowlist::{HashKey, Opening, Policy};
use event::wire::MALFORMED;
use event::{Context, ENVIRONMENTS, Millis, Payload};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use trackers::Secrets;
use trackers::settings::Settings;

/// What stands for the page where nothing is said of the source. No vendor sees it.
const SOME_SITE: &str = "https://a-page-of-an-allowed-site.invalid";

/// Everything that is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The policy's version.
    pub policy: String,
    /// From where it is taken to come.
    pub source: String,
    /// Which settings there are, and what is not shown of them.
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
    let (settings, environment) = settled(given, explain.env.as_deref())?;
    policy.restrict_to(&environment);
    let source = source(explain, &environment, &mut policy);
    let configured = trackers::configure(&settings)?;
    let key = hash_key(&settings, &policy)?;
    let names: Vec<_> = configured.iter().map(|tracker| tracker.name()).collect();

    let payload = Payload::new("payload".to_owned(), now, body.clone(), context(explain));
    let opening = allowlist::open(&policy, key.as_ref(), &payload, &names);
    let malformed = malformed(&opening, &body);

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
    let mut pages: BTreeMap<u32, _> = opening
        .allowed
        .iter()
        .map(|(idx, event)| {
            let allowed = names.iter().filter_map(|name| event.for_tracker(&policy, name));
            (*idx, allowed.map(|allowed| allowed.page().clone()).collect())
        })
        .collect();
    let events = opening.events.into_iter().map(|opened| {
        let leaving = checked.remove(&opened.idx).map(|checked| Leaving {
            checked,
            pages: pages.remove(&opened.idx).unwrap_or_default(),
            given_ip: explain.ip.as_deref(),
        });
        explained::explain(&policy, opened, leaving)
    });
    Ok(Explanation {
        source,
        settings: settings_in_words(explain, key.is_some()),
        malformed,
        events: events.collect(),
        trackers,
        policy: format!("{} of {}", policy.version, explain.policy.display()),
    })
}

/// The settings that are given, or such that every tracker is on, and the environment that counts.
///
/// # Errors
/// [`ExplainError::Environment`]
pub fn settled(
    given: Option<Settings>,
    environment: Option<&str>,
) -> Result<(Settings, String), ExplainError> {
    let mut settings = given.unwrap_or_else(settings::placeholders);
    let environment = environment.or_else(|| settings.get("ENVIRONMENT").map(String::as_str));
    let environment = environment.unwrap_or(ENVIRONMENTS[0]).to_owned();
    if !ENVIRONMENTS.contains(&environment.as_str()) {
        return Err(ExplainError::Environment);
    }
    settings.insert("ENVIRONMENT".to_owned(), environment.clone());
    Ok((settings, environment))
}

/// As Trace does (`trace/src/setup.rs`): an empty setting counts as left out.
///
/// # Errors
/// [`ExplainError`], where it is missing and needed, or is none.
pub fn hash_key(settings: &Settings, policy: &Policy) -> Result<Option<HashKey>, ExplainError> {
    match settings.get("POLICY_HASH_KEY").map_or("", String::as_str) {
        "" if policy.needs_hash_key() => Err(ExplainError::NoHashKey),
        "" => Ok(None),
        secret => Ok(Some(HashKey::new(secret)?)),
    }
}

/// Why the body is no JSON, where Trace's own parser made no event of it: that one mends some, and gives no reasons.
fn malformed(opening: &Opening, body: &[u8]) -> Option<String> {
    opening.events.iter().all(|event| event.name == MALFORMED).then_some(())?;
    let why = match str::from_utf8(body) {
        Err(error) => error.to_string(),
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).err()?.to_string(),
    };
    Some(format!("is no JSON: {why}"))
}

fn settings_in_words(explain: &Explain, has_key: bool) -> String {
    let settings = match &explain.settings {
        None => "placeholders, POLICY_HASH_KEY included".to_owned(),
        Some(path) if has_key => path.display().to_string(),
        Some(path) => format!("{}, without POLICY_HASH_KEY", path.display()),
    };
    format!("{settings}; [secret] stands for their secrets, in whatever their text occurs")
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
