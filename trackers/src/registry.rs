//! Every vendor there is.

use crate::settings::{Section, Settings, SettingsError};
use crate::tracker::Tracker;
use crate::{amplitude, ga4, heap, webhook};

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
