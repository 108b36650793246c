//! Names that must differ from each other: of columns, and of properties as trackers call them.

use super::read::Node;
use crate::policy::{BASE_COLUMNS, MAX_COLUMNS, Policy, PropertyRule};
use std::collections::BTreeMap;

/// Checks the names of all properties. `root` is the file, for the places of what is wrong.
pub fn check(policy: &Policy, root: &Node<'_>) {
    let common = root.find(&["common", "properties"]);
    let mut columns = Columns::new();
    columns.check(&policy.common, common.as_ref());
    check_renames(&policy.common, &BTreeMap::new(), common.as_ref(), None);
    for (name, event) in &policy.events {
        let own = root.find(&["events", name, "properties"]);
        columns.check(&event.properties, own.as_ref());
        check_renames(&event.properties, &policy.common, own.as_ref(), common.as_ref());
    }
    let count = columns.taken.len() - BASE_COLUMNS.len();
    if count > MAX_COLUMNS {
        root.fault(format!(
            "{count} properties have a column; {MAX_COLUMNS} can, the others are in the column `properties`"
        ));
    }
}

/// Column names are compared without case, as both SQLite and BigQuery do.
struct Columns<'p> {
    taken: BTreeMap<String, &'p str>,
}

impl<'p> Columns<'p> {
    fn new() -> Self {
        Self { taken: BASE_COLUMNS.iter().map(|column| (column.to_ascii_lowercase(), "")).collect() }
    }

    fn check(&mut self, properties: &'p BTreeMap<String, PropertyRule>, node: Option<&Node<'_>>) {
        for (property, rule) in properties {
            let Some(column) = &rule.column else { continue };
            let before = *self.taken.entry(column.to_ascii_lowercase()).or_insert(property);
            if before == property.as_str() {
                continue;
            }
            let whose =
                if before.is_empty() { "every event".to_owned() } else { format!("property `{before}`") };
            if let Some(node) = node.and_then(|node| node.find(&[property, "column"])) {
                node.fault(format!("would be column `{column}`, which {whose} has already"));
            }
        }
    }
}

/// A tracker that got two properties under one name would have only one of them.
fn check_renames(
    own: &BTreeMap<String, PropertyRule>,
    common: &BTreeMap<String, PropertyRule>,
    own_node: Option<&Node<'_>>,
    common_node: Option<&Node<'_>>,
) {
    let inherited = common.iter().filter(|(name, _)| !own.contains_key(*name));
    let all: Vec<_> = inherited.chain(own).collect();
    for (property, rule) in &all {
        for (tracker, name) in &rule.rename {
            let has_name = |(other, rule): &&(&String, &PropertyRule)| {
                other != property && rule.rename.get(tracker).unwrap_or(other) == name
            };
            let Some((other, _)) = all.iter().find(has_name) else { continue };
            let node = if own.contains_key(*property) { own_node } else { common_node };
            if let Some(node) = node.and_then(|node| node.find(&[property, "rename", tracker])) {
                node.fault(format!("`{name}` is what {tracker} gets property `{other}` as"));
            }
        }
    }
}
