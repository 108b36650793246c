//! `[sources]`: who may send.

use super::read::{Node, Table};
use crate::policy::{KeyRule, OriginRule, Sources};

pub fn sources(node: &Node<'_>) -> Sources {
    let Some(table) = node.table(&["origins", "keys"]) else { return Sources::default() };
    Sources { origins: origins(&table), keys: keys(&table) }
}

fn origins(table: &Table<'_>) -> Vec<OriginRule> {
    let mut origins: Vec<OriginRule> = Vec::new();
    for node in table.get("origins").iter().flat_map(Node::items) {
        let Some(table) = node.table(&["origin", "environments"]) else { continue };
        let environments = environments(&table);
        let Some(node) = table.required("origin") else { continue };
        let Some(origin) = node.text() else { continue };
        if let Some(fault) = origin_fault(origin) {
            node.fault(format!("`{origin}` {fault}"));
        } else if origins.iter().any(|before| before.origin == origin) {
            node.fault(format!("`{origin}` is there twice"));
        }
        origins.push(OriginRule { origin: origin.to_owned(), environments });
    }
    origins
}

fn origin_fault(origin: &str) -> Option<&'static str> {
    let concrete = origin.replacen("://*.", "://", 1);
    if concrete.contains('*') {
        return Some("may have `*.` in front of the host and no other wildcard");
    }
    if concrete != origin && !concrete.split_once("://").is_some_and(|(_, host)| host.contains('.')) {
        return Some("would allow a whole top-level domain");
    }
    let Ok(url) = url::Url::parse(&concrete) else {
        return Some("is no origin; write it as `https://shop.example`");
    };
    if url.origin().ascii_serialization() != concrete {
        return Some("is no origin; write scheme, host and port alone, as `https://shop.example`");
    }
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return Some("must be https; plain http is for loopback addresses only");
    }
    None
}

fn keys(table: &Table<'_>) -> Vec<KeyRule> {
    let mut keys: Vec<KeyRule> = Vec::new();
    for node in table.get("keys").iter().flat_map(Node::items) {
        let Some(table) = node.table(&["name", "sha256", "environments"]) else { continue };
        let environments = environments(&table);
        let name = table.required("name").and_then(|node| Some((node.text()?, node)));
        let digest = table.required("sha256").and_then(|node| Some((node.text()?, node)));
        let (Some((name, name_node)), Some((sha256, digest_node))) = (name, digest) else { continue };
        if name.trim().is_empty() {
            name_node.fault("is empty; say who holds the key");
        }
        if keys.iter().any(|before| before.name == name) {
            name_node.fault(format!("`{name}` is there twice"));
        }
        // Not shown: somebody may have written the key itself.
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            digest_node.fault("must be 64 lower-case hex digits (`printf %s \"$KEY\" | sha256sum`)");
        } else if keys.iter().any(|before| before.sha256 == sha256) {
            digest_node.fault("is the key of somebody above");
        }
        keys.push(KeyRule { name: name.to_owned(), sha256: sha256.to_owned(), environments });
    }
    keys
}

fn environments(table: &Table<'_>) -> Vec<String> {
    let given = table.get("environments");
    let named = given.iter().flat_map(Node::texts);
    named
        .filter_map(|(name, node)| node.known(name, &event::ENVIRONMENTS, "environment"))
        .map(str::to_owned)
        .collect()
}
