//! A payload as Trace opens it, and the requests that it makes of it.

use super::ExplainError;
use super::explained::{self, Explained, Leaving};
use super::settings;
use super::vendor::Vendor;
use allowlist::{HashKey, Policy};
use event::wire::MALFORMED;
use event::{ENVIRONMENTS, Millis, Payload};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use trackers::Secrets;
use trackers::settings::Settings;

/// What is to be opened, and how.
pub struct Opening<'a> {
    /// Its sources are those of the environment.
    pub policy: &'a Policy,
    /// A tracker without settings is off.
    pub settings: &'a Settings,
    /// As it was received.
    pub payload: &'a Payload,
    /// The trackers to tell of; where there are none, all.
    pub trackers: &'a [String],
    /// The event to tell of, by its place; else all. The requests are then those of this event alone.
    pub only: Option<u32>,
    /// When each tracker's attempt is made.
    pub at: &'a dyn Fn(&str) -> Millis,
}

/// What comes of it.
pub struct Opened {
    /// Why the body is no JSON, where it is none.
    pub malformed: Option<String>,
    /// In their order.
    pub events: Vec<Explained>,
    /// In the order of the registry.
    pub trackers: Vec<Vendor>,
    /// Whether there is a key to hash with.
    pub has_key: bool,
}

impl Opening<'_> {
    /// Opens it.
    ///
    /// # Errors
    /// [`ExplainError`], where the settings cannot be used.
    pub fn open(&self) -> Result<Opened, ExplainError> {
        let Self { policy, settings, payload, .. } = *self;
        let configured = trackers::configure(settings)?;
        let key = hash_key(settings, policy)?;
        let names: Vec<_> = configured.iter().map(|tracker| tracker.name()).collect();
        let mut opening = allowlist::open(policy, key.as_ref(), payload, &names);
        let malformed = malformed(&opening, payload);
        if let Some(only) = self.only {
            opening.events.retain(|event| event.idx == only);
            opening.allowed.retain(|(idx, _)| *idx == only);
        }
        let mut secrets = trackers::secrets(settings);
        let is_asked = |name: &str| self.trackers.is_empty() || self.trackers.iter().any(|one| one == name);
        let vendors = trackers::NAMES.into_iter().filter(|name| is_asked(name)).map(|name| {
            let Some(tracker) = configured.iter().find(|tracker| tracker.name() == name) else {
                return Vendor::off(name, "it has no settings");
            };
            let secrets = Secrets::new(secrets.remove(name).unwrap_or_default());
            let at = (self.at)(name);
            Vendor::plan(policy, tracker.as_ref(), &secrets, &opening.events, &opening.allowed, at)
        });
        let trackers = vendors.collect();
        let handed_over = allowlist::hand_over(&opening.allowed)?;
        let mut checked: BTreeMap<u32, Map<String, Value>> =
            serde_json::from_str::<Vec<_>>(handed_over.get())?.into_iter().collect();
        let mut pages: BTreeMap<u32, _> = opening
            .allowed
            .iter()
            .map(|(idx, event)| {
                let allowed = names.iter().filter_map(|name| event.for_tracker(policy, name));
                (*idx, allowed.map(|allowed| allowed.page().clone()).collect())
            })
            .collect();
        let events = opening.events.into_iter().map(|opened| {
            let leaving = checked.remove(&opened.idx).map(|checked| Leaving {
                checked,
                pages: pages.remove(&opened.idx).unwrap_or_default(),
                given_ip: payload.context.ip.as_deref(),
            });
            explained::explain(policy, opened, leaving)
        });
        Ok(Opened { malformed, events: events.collect(), trackers, has_key: key.is_some() })
    }
}

/// The settings that are given, or such that every tracker is on, and the environment that counts: the one that is asked for,
/// else that of the settings, where it stands from then on.
///
/// # Errors
/// [`ExplainError::Environment`]
pub fn settled(given: Option<Settings>, asked: Option<&str>) -> Result<(Settings, String), ExplainError> {
    let mut settings = given.unwrap_or_else(settings::placeholders);
    let environment = asked.or_else(|| settings.get("ENVIRONMENT").map(String::as_str));
    let environment = environment.unwrap_or(ENVIRONMENTS[0]).to_owned();
    if !ENVIRONMENTS.contains(&environment.as_str()) {
        return Err(ExplainError::Environment);
    }
    settings.insert("ENVIRONMENT".to_owned(), environment.clone());
    Ok((settings, environment))
}

/// Which settings there are, and what is not shown of them.
pub fn settings_in_words(file: Option<&Path>, has_key: bool) -> String {
    let settings = match file {
        None => "placeholders, POLICY_HASH_KEY included".to_owned(),
        Some(path) if has_key => path.display().to_string(),
        Some(path) => format!("{}, without POLICY_HASH_KEY", path.display()),
    };
    format!("{settings}; [secret] stands for their secrets, in whatever their text occurs")
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
fn malformed(opening: &allowlist::Opening, payload: &Payload) -> Option<String> {
    opening.events.iter().all(|event| event.name == MALFORMED).then_some(())?;
    let Some(body) = allowlist::readable(payload) else { return Some("cannot be decompressed".to_owned()) };
    let why = match str::from_utf8(&body) {
        Err(error) => error.to_string(),
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).err()?.to_string(),
    };
    Some(format!("is no JSON: {why}"))
}
