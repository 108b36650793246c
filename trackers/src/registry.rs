//! Every vendor there is.

use crate::settings::{Section, Settings, SettingsError};
use crate::tracker::{Tracker, Windows};
use crate::{amplitude, ga4, heap, webhook};
use std::collections::BTreeMap;

/// Reads a vendor's section; what it returns is used only if there was no fault.
type Configure = fn(&mut Section<'_>) -> Box<dyn Tracker>;

const REGISTRY: [(&str, Windows, Configure); 4] = [
    (ga4::NAME, ga4::WINDOWS, ga4::configure),
    (amplitude::NAME, amplitude::WINDOWS, amplitude::configure),
    (heap::NAME, heap::WINDOWS, heap::configure),
    (webhook::NAME, webhook::WINDOWS, webhook::configure),
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

/// How long a vendor takes an event and knows it again; `None` where there is no such vendor.
pub fn windows(name: &str) -> Option<Windows> {
    REGISTRY.iter().find(|(vendor, ..)| *vendor == name).map(|(_, windows, _)| *windows)
}

/// The vendors that have settings.
///
/// # Errors
/// Every fault of every vendor's settings at once.
pub fn configure(settings: &Settings) -> Result<Vec<Box<dyn Tracker>>, SettingsError> {
    let mut trackers = Vec::new();
    let mut faults = Vec::new();
    for (name, _, configure) in REGISTRY {
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
    let secrets = REGISTRY.map(|(name, _, configure)| {
        let mut section = Section::new(name, settings);
        configure(&mut section);
        (name, section.into_secrets())
    });
    secrets.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::Dedupe;

    /// What is sent again is lost past the first and counted twice past the second: commands warn by these.
    #[test]
    fn windows_are_the_documented_ones() {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        let windows = NAMES.map(|name| windows(name).map(|windows| (windows.age_ms, windows.dedupe)));
        assert_eq!(
            windows,
            [
                Some((Some(72 * HOUR_MS), Dedupe::Never)),
                Some((None, Dedupe::For(7 * 24 * HOUR_MS))),
                Some((None, Dedupe::Undocumented)),
                Some((None, Dedupe::Undocumented)),
            ]
        );
        assert_eq!(super::windows("mixpanel"), None);
    }

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
