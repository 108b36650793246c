//! A payload that is given, as Trace would take it if it came now.

use super::explained::Explained;
use super::opening::{self, Opening};
use super::vendor::Vendor;
use super::{Explain, ExplainError};
use allowlist::Policy;
use allowlist::policy::OriginRule;
use event::{Context, Millis, Payload};
use serde::Serialize;
use sha2::{Digest, Sha256};
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
    let (settings, environment) = opening::settled(given, explain.env.as_deref())?;
    policy.restrict_to(&environment);
    let source = source(explain, &environment, &mut policy);
    let payload = Payload::new("payload".to_owned(), now, body, context(explain));
    let opening = Opening {
        policy: &policy,
        settings: &settings,
        payload: &payload,
        trackers: &explain.tracker,
        only: None,
        at: &|_| now,
    };
    let opened = opening.open()?;
    Ok(Explanation {
        source,
        settings: opening::settings_in_words(explain.settings.as_deref(), opened.has_key),
        malformed: opened.malformed,
        events: opened.events,
        trackers: opened.trackers,
        policy: format!("{} of {}", policy.version, explain.policy.display()),
    })
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
