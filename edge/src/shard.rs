//! Where a shard of the Outbox is: every Worker must address the same object.

use crate::settings::Vars;
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Error, ObjectNamespace, Result, Stub};

/// Jurisdictions that Cloudflare offers
/// (<https://developers.cloudflare.com/durable-objects/reference/data-location/>).
const JURISDICTIONS: [&str; 2] = ["eu", "fedramp"];

/// Location hints, from the same page.
const LOCATIONS: [&str; 9] = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];

/// Where the shards live. Where nothing is said, near the first request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardSettings {
    /// `OUTBOX_JURISDICTION`: where they must stay. Another one means other objects.
    pub jurisdiction: Option<String>,
    /// `OUTBOX_LOCATION`: where they should be made.
    pub location: Option<String>,
}

impl ShardSettings {
    /// Reads the settings. Every fault is added to `faults`.
    pub fn read(vars: &Vars, faults: &mut Vec<String>) -> Self {
        let mut choice = |name: &str, choices: &[&str]| {
            let chosen = vars.get(name).filter(|chosen| !chosen.is_empty())?;
            if !choices.contains(&chosen.as_str()) {
                faults.push(format!("{name} must be empty or one of {}", choices.join(", ")));
            }
            Some(chosen.clone())
        };
        Self {
            jurisdiction: choice("OUTBOX_JURISDICTION", &JURISDICTIONS),
            location: choice("OUTBOX_LOCATION", &LOCATIONS),
        }
    }
}

/// The way to a shard.
///
/// # Errors
/// Where the binding OUTBOX is missing, or the runtime does not know the jurisdiction.
pub fn stub(env: &Env, settings: &ShardSettings, shard: u32) -> Result<Stub> {
    let namespace = match &settings.jurisdiction {
        None => env.durable_object("OUTBOX")?,
        Some(jurisdiction) => within(env, jurisdiction)?,
    };
    let name = format!("outbox-{shard}");
    match &settings.location {
        None => namespace.get_by_name(&name),
        Some(location) => namespace.get_by_name_with_location_hint(&name, location),
    }
}

/// The namespace's part within a jurisdiction; the `worker` crate has no name for it.
fn within(env: &Env, jurisdiction: &str) -> Result<ObjectNamespace> {
    let namespace: JsValue = Reflect::get(env, &"OUTBOX".into())?;
    let method: Function = Reflect::get(&namespace, &"jurisdiction".into())?
        .dyn_into()
        .map_err(|_| Error::from("this runtime knows no jurisdictions; leave OUTBOX_JURISDICTION empty"))?;
    Ok(method.call1(&namespace, &jurisdiction.into())?.unchecked_into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_is_a_fault_and_none_is_a_choice() {
        let mut faults = Vec::new();
        let vars = |name: &str, value: &str| Vars::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(ShardSettings::read(&vars("OUTBOX_LOCATION", ""), &mut faults), ShardSettings::default());
        ShardSettings::read(&vars("OUTBOX_LOCATION", "weur"), &mut faults);
        assert!(faults.is_empty());
        ShardSettings::read(&vars("OUTBOX_JURISDICTION", "moon"), &mut faults);
        assert_eq!(faults.len(), 1);
    }
}
