//! What differs that is not of one event: who may send, ids, and the page and the browser.

use super::difference::{Difference, Differences, Effect};
use super::values::openness;
use allowlist::Policy;
use allowlist::policy::{ContextRule, Treatment};
use event::{ENVIRONMENTS, IpPolicy};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for who may send.
pub const SOURCES: &str = "(sources)";

/// Stands for the ids of people and devices.
pub const IDENTITY: &str = "(identity)";

/// Stands for the page and the browser.
pub const CONTEXT: &str = "(context)";

/// Environments by what may send in them.
type Senders<'a> = BTreeMap<String, BTreeSet<&'a str>>;

/// Sites and write keys.
pub fn sources(old: &Policy, new: &Policy, found: &mut Vec<Difference>) {
    let mut to = Differences { of: SOURCES, found };
    let (old, new) = (senders(old), senders(new));
    let nowhere = BTreeSet::new();
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (old, new) = (old.get(name).unwrap_or(&nowhere), new.get(name).unwrap_or(&nowhere));
        for (effect, verb, where_) in
            [(Effect::More, "may send", new - old), (Effect::Less, "may send no more", old - new)]
        {
            if !where_.is_empty() {
                to.add(effect, Some(name), format!("{verb} in {}", environments(&where_)));
            }
        }
    }
}

fn senders(policy: &Policy) -> Senders<'_> {
    let mut senders = Senders::new();
    let origins = policy.sources.origins.iter().map(|rule| (rule.origin.clone(), &rule.environments));
    let keys = policy.sources.keys.iter().map(|rule| {
        // The start of a hash tells keys of one name from each other, and is no secret.
        (format!("key {:?} ({:.8})", rule.name, rule.sha256), &rule.environments)
    });
    for (name, environments) in origins.chain(keys) {
        let counts = senders.entry(name).or_default();
        match environments.as_slice() {
            [] => counts.extend(ENVIRONMENTS),
            some => counts.extend(some.iter().map(String::as_str)),
        }
    }
    senders
}

fn environments(some: &BTreeSet<&str>) -> String {
    if some.len() == ENVIRONMENTS.len() {
        return "every environment".to_owned();
    }
    ENVIRONMENTS.into_iter().filter(|one| some.contains(one)).collect::<Vec<_>>().join(", ")
}

/// Ids.
pub fn identity(old: &Policy, new: &Policy, found: &mut Vec<Difference>) {
    let mut to = Differences { of: IDENTITY, found };
    let (old, new) = (&old.identity, &new.identity);
    for (field, old, new) in
        [("userId", old.user_id, new.user_id), ("deviceId", old.device_id, new.device_id)]
    {
        // Of ids `scrub` and `hash` are no more and no less than each other: what is found in one leaves hashed or stays.
        let treatments = (&openness(old), &openness(new));
        match (old, new) {
            (Treatment::Hash, Treatment::Scrub) | (Treatment::Scrub, Treatment::Hash) => {
                let (old, new) = (treatments.0.1, treatments.1.1);
                to.add(Effect::Changes, Some(field), format!("{new}, was: {old}"));
            }
            _ => to.compare(field, treatments, |openness| openness.1.to_owned()),
        }
    }
}

/// Page and browser, for each tracker. What differs for all of them alike is told once.
pub fn context(old: &Policy, new: &Policy, found: &mut Vec<Difference>) {
    let mut trackers: Vec<(Difference, Vec<&str>)> = Vec::new();
    for tracker in trackers::NAMES {
        let mut of_tracker = Vec::new();
        let mut to = Differences { of: CONTEXT, found: &mut of_tracker };
        rule(&mut to, old.context.of(tracker), new.context.of(tracker));
        for difference in of_tracker {
            match trackers.iter_mut().find(|(told, _)| *told == difference) {
                Some((_, trackers)) => trackers.push(tracker),
                None => trackers.push((difference, vec![tracker])),
            }
        }
    }
    for (mut difference, of) in trackers {
        let whom = if of.len() == trackers::NAMES.len() { "every tracker".to_owned() } else { of.join(", ") };
        difference.what = format!("{} (for {whom})", difference.what);
        found.push(difference);
    }
}

fn rule(to: &mut Differences<'_>, old: &ContextRule, new: &ContextRule) {
    for (field, old, new) in [
        ("url", old.url, new.url),
        ("referrer", old.referrer, new.referrer),
        ("title", old.title, new.title),
        ("locale", old.locale, new.locale),
        ("screen", old.screen, new.screen),
        ("country", old.country, new.country),
        ("userAgent", old.user_agent, new.user_agent),
    ] {
        let told = |leaves: &bool| if *leaves { "leaves" } else { "stays" }.to_owned();
        to.compare(field, (&old, &new), told);
    }
    to.sets(
        "url",
        &old.url_parameters,
        &new.url_parameters,
        ("keeps the parameters", "loses the parameters"),
    );
    let kept = |policy: IpPolicy| match policy {
        IpPolicy::None => (0, "stays"),
        IpPolicy::Truncated => (1, "leaves truncated"),
        IpPolicy::Full => (2, "leaves in full"),
    };
    to.compare("ip", (&kept(old.ip), &kept(new.ip)), |kept| kept.1.to_owned());
}
