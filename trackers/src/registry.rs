//! Every vendor there is.

use crate::settings::{Section, Settings, SettingsError};
use crate::tracker::Tracker;
use crate::{amplitude, ga4, heap, webhook};
use std::collections::BTreeMap;

/// Reads a vendor's section; what it returns is used only if there was no fault.
type Configure = fn(&mut Section<'_>) -> Box<dyn Tracker>;

const REGISTRY: [(&str, Configure); 4] = [
    (ga4::NAME, ga4::configure),
    (amplitude::NAME, amplitude::configure),
    (heap::NAME, heap::configure),
    (webhook::NAME, webhook::configure),
];

/// The names of all vendors, in the order of the registry.
pub const NAMES: [&str; REGISTRY.len()] = {
    let mut names = [""; REGISTRY.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = REGISTRY[i].0;
        i += 1;
    }
    names
};

/// The vendors that have settings.
///
/// # Errors
/// Every fault of every vendor's settings at once.
pub fn configure(settings: &Settings) -> Result<Vec<Box<dyn Tracker>>, SettingsError> {
    let mut trackers = Vec::new();
    let mut faults = Vec::new();
    for (name, configure) in REGISTRY {
        let mut section = Section::new(name, settings);
        if !section.is_empty() {
            trackers.push(configure(&mut section));
            faults.extend(section.into_faults());
        }
    }
    if faults.is_empty() { Ok(trackers) } else { Err(SettingsError(faults)) }
}

/// The secrets of each vendor, which no log may show.
pub fn secrets(settings: &Settings) -> BTreeMap<&'static str, Vec<String>> {
    let secrets = REGISTRY.map(|(name, configure)| {
        let mut section = Section::new(name, settings);
        configure(&mut section);
        (name, section.into_secrets())
    });
    secrets.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is no secret is shown.
    #[test]
    fn secrets_are_told_by_vendor() {
        let settings = [
            ("GA4_MEASUREMENT_ID", "G-1"),
            ("GA4_API_SECRET", "ga4"),
            ("AMPLITUDE_API_KEY", "amplitude"),
            ("HEAP_APP_ID", "1"),
            ("WEBHOOK_URL", "https://shop.example/in?token=a"),
            ("WEBHOOK_SECRET", "whsec_bmV3 b2xk"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected: [(&str, &[&str]); 4] = [
            ("amplitude", &["amplitude"]),
            ("ga4", &["ga4"]),
            ("heap", &[]),
            ("webhook", &["token=a", "bmV3", "b2xk"]),
        ];
        let secrets = secrets(&settings);
        assert!(
            secrets
                .iter()
                .map(|(name, secrets)| (*name, secrets.iter().map(String::as_str).collect()))
                .eq(expected.map(|(name, secrets)| (name, secrets.to_vec()))),
            "{secrets:?}"
        );
        assert!(super::secrets(&Settings::new()).values().all(Vec::is_empty));
    }
}
