//! `[identity]` and `[context]`: what leaves of people, pages and browsers.

use super::read::{Node, Table};
use crate::policy::{ContextRule, ContextRules, Identity, Treatment};
use event::IpPolicy;

const IDS: [(&str, Treatment); 4] = [
    ("scrub", Treatment::Scrub),
    ("keep", Treatment::Keep),
    ("hash", Treatment::Hash),
    ("drop", Treatment::Drop),
];

const FIELDS: [&str; 9] =
    ["url", "url_parameters", "referrer", "title", "locale", "screen", "country", "user_agent", "ip"];

pub fn identity(node: &Node<'_>) -> Identity {
    let Some(table) = node.table(&["user_id", "device_id"]) else { return Identity::default() };
    let id = |key: &str| table.get(key).and_then(|node| node.one_of(&IDS)).unwrap_or_default();
    Identity { user_id: id("user_id"), device_id: id("device_id") }
}

/// The rules. Those of a tracker begin with the general one.
pub fn context(node: &Node<'_>, trackers: &[&str]) -> ContextRules {
    let keys: Vec<_> = FIELDS.iter().chain(trackers).copied().collect();
    let Some(table) = node.table(&keys) else { return ContextRules::default() };
    let rule = rule(&table, ContextRule::default());
    let own = |tracker: &&str| {
        let table = table.get(tracker)?.table(&FIELDS)?;
        Some(((*tracker).to_owned(), self::rule(&table, rule.clone())))
    };
    let trackers = trackers.iter().filter_map(own).collect();
    ContextRules { rule, trackers }
}

fn rule(table: &Table<'_>, from: ContextRule) -> ContextRule {
    let is_let_out = |key: &str, from: bool| table.get(key).and_then(|node| node.boolean()).unwrap_or(from);
    let referrer = table.get("referrer").and_then(|node| node.one_of(&[("host", true), ("none", false)]));
    let ip = [("none", IpPolicy::None), ("truncated", IpPolicy::Truncated), ("full", IpPolicy::Full)];
    ContextRule {
        url: is_let_out("url", from.url),
        url_parameters: table.get("url_parameters").map_or(from.url_parameters, |node| parameters(&node)),
        referrer: referrer.unwrap_or(from.referrer),
        title: is_let_out("title", from.title),
        locale: is_let_out("locale", from.locale),
        screen: is_let_out("screen", from.screen),
        country: is_let_out("country", from.country),
        user_agent: is_let_out("user_agent", from.user_agent),
        ip: table.get("ip").and_then(|node| node.one_of(&ip)).unwrap_or(from.ip),
    }
}

fn parameters(node: &Node<'_>) -> Vec<String> {
    let mut parameters = Vec::new();
    for (name, node) in node.texts() {
        let plain = name.strip_suffix('*').unwrap_or(name);
        if plain.is_empty() {
            node.fault("must be the name of a parameter, or its beginning with a `*` after it");
        } else if plain.contains('*') {
            node.fault("may have a `*` at its end and nowhere else");
        }
        parameters.push(name.to_owned());
    }
    parameters
}
