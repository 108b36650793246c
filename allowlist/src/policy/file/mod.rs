//! From the file that people write, `allowlist.toml`, to the compiled policy, with every fault told at once.

mod context;
mod fault;
mod names;
mod property;
mod read;
mod reserved;
mod sources;

pub use fault::{Fault, PolicyError, nearest};

use super::compiled::first_version;
use super::{EventRule, Policy};
use fault::Faults;
use read::{Entry, Node};
use toml::de::{DeTable, DeValue};

impl Policy {
    /// Reads and checks a policy file. `trackers` are the names that it may use.
    ///
    /// # Errors
    /// [`PolicyError`], with every fault.
    pub fn from_toml(text: &str, trackers: &[&str]) -> Result<Self, PolicyError> {
        let faults = Faults::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            // The parser's message is of TOML, and names may hold any character.
            let hint =
                if error.message().contains("unquoted key") { "; put other names in quotes" } else { "" };
            faults.add(at, "", format!("{}{hint}", error.message()), None);
        }
        let root = DeValue::Table(table.into_inner());
        let policy = policy(&Node::root(&faults, &root), trackers);
        let found = faults.into_sorted();
        match policy {
            Some(policy) if found.is_empty() => Ok(policy),
            _ => Err(PolicyError(found)),
        }
    }
}

/// Nothing where there is no number; other faults leave gaps.
fn policy(root: &Node<'_>, trackers: &[&str]) -> Option<Policy> {
    let table = root.table(&["version", "sources", "identity", "context", "common", "events"])?;
    let number = table.required("version").and_then(|node| node.whole(0, u32::MAX.into()));
    let common = table.get("common").and_then(|node| node.table(&["properties"]));
    let common = common.and_then(|table| table.required("properties"));
    let events = table.required("events");
    let mut policy = Policy {
        version: String::new(),
        sources: table.required("sources").map(|node| sources::sources(&node)).unwrap_or_default(),
        identity: table.get("identity").map(|node| context::identity(&node)).unwrap_or_default(),
        context: table.get("context").map(|node| context::context(&node, trackers)).unwrap_or_default(),
        common: common.map(|node| property::properties(&node, trackers)).unwrap_or_default(),
        events: events
            .iter()
            .flat_map(Node::entries)
            .filter_map(|entry| Some((entry.name.to_owned(), event(&entry, trackers)?)))
            .collect(),
    };
    names::check(&policy, root);
    policy.version = first_version(number?, &policy);
    Some(policy)
}

fn event(entry: &Entry<'_>, trackers: &[&str]) -> Option<EventRule> {
    if entry.name.is_empty() || entry.name.starts_with('(') {
        entry.fault("a name may not be empty nor start with a parenthesis");
    }
    let table = entry.node.table(&["description", "owner", "trackers", "properties"])?;
    for key in ["description", "owner"] {
        let Some(node) = table.required(key) else { continue };
        if node.text().is_some_and(|text| text.trim().is_empty()) {
            node.fault("is empty; say it for those who review");
        }
    }
    let named = |node: Node<'_>| {
        let texts = node.texts().into_iter();
        texts.filter_map(|(name, node)| node.known(name, trackers, "tracker")).map(str::to_owned).collect()
    };
    let properties = table.get("properties").map(|node| property::properties(&node, trackers));
    Some(EventRule { trackers: table.get("trackers").map(named), properties: properties.unwrap_or_default() })
}

#[cfg(test)]
mod tests;
