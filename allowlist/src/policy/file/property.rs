//! Properties: their types, limits and treatments.

use super::read::{Node, Table};
use super::reserved::is_column;
use crate::policy::{
    DEFAULT_MAX_ITEMS, DEFAULT_MAX_LENGTH, Kind, MAX_DEPTH, MAX_ITEMS, MAX_LENGTH, MAX_PATTERNED_LENGTH,
    Pattern, PropertyRule, Treatment, ValueRule, column_name,
};
use std::collections::BTreeMap;

/// The keys of every value.
const VALUE: [&str; 10] = [
    "type",
    "treatment",
    "max_length",
    "pattern",
    "min",
    "max",
    "values",
    "items",
    "max_items",
    "properties",
];
/// Those of a property besides.
const PROPERTY: [&str; 2] = ["column", "rename"];

/// What a type is called, and which keys belong to it.
const TYPES: [(&str, Type); 7] = [
    ("string", Type::String),
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("boolean", Type::Boolean),
    ("enum", Type::Enum),
    ("array", Type::Array),
    ("object", Type::Object),
];

/// Whole numbers that every JSON reader takes for the same ones.
const MAX_SAFE: i64 = (1 << 53) - 1;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Number,
    Integer,
    Boolean,
    Enum,
    Array,
    Object,
}

impl Type {
    fn name(self) -> &'static str {
        TYPES.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| *name)
    }

    /// The types that a key belongs to; all, where it is none of a type's own.
    fn of_key(key: &str) -> &'static [Self] {
        match key {
            "max_length" | "pattern" => &[Self::String],
            "min" | "max" => &[Self::Number, Self::Integer],
            "values" => &[Self::Enum],
            "items" | "max_items" => &[Self::Array],
            "properties" => &[Self::Object],
            "column" => &[Self::String, Self::Number, Self::Integer, Self::Boolean, Self::Enum],
            _ => &[
                Self::String,
                Self::Number,
                Self::Integer,
                Self::Boolean,
                Self::Enum,
                Self::Array,
                Self::Object,
            ],
        }
    }

    fn is_plain(self) -> bool {
        !matches!(self, Self::Array | Self::Object)
    }
}

/// The properties of an event, or those of all.
pub fn properties(node: &Node<'_>, trackers: &[&str]) -> BTreeMap<String, PropertyRule> {
    let mut rules = BTreeMap::new();
    for entry in node.entries() {
        if entry.name.is_empty() {
            entry.fault("a name may not be empty");
        }
        if let Some(rule) = property(entry.name, &entry.node, trackers) {
            rules.insert(entry.name.to_owned(), rule);
        }
    }
    rules
}

fn property(name: &str, node: &Node<'_>, trackers: &[&str]) -> Option<PropertyRule> {
    let keys: Vec<_> = VALUE.into_iter().chain(PROPERTY).collect();
    let table = node.table(&keys)?;
    let rename = table.get("rename").iter().flat_map(|node| renames(node, trackers)).collect();
    let column = table.get("column").and_then(|node| Some((node.boolean()?, node)));
    let column = column.and_then(|(is_column, node)| if is_column { column_of(name, &node) } else { None });
    Some(PropertyRule { value: value(node, &table, &keys, 0)?, column, rename })
}

fn renames(node: &Node<'_>, trackers: &[&str]) -> Vec<(String, String)> {
    let mut renames = Vec::new();
    for entry in node.entries() {
        let (Some(tracker), Some(name)) = (entry.known(trackers, "tracker"), entry.node.text()) else {
            continue;
        };
        if name.is_empty() {
            entry.node.fault("a name may not be empty");
        }
        renames.push((tracker.to_owned(), name.to_owned()));
    }
    renames
}

fn column_of(name: &str, node: &Node<'_>) -> Option<String> {
    let column = column_name(name);
    if name.contains(['"', '\\']) {
        node.fault("a name with a quote or a backslash cannot be a column");
    } else if !is_column(&column) {
        node.fault(
            "as a column its name is too long, or one that BigQuery keeps for itself; it is in `properties` without `column`",
        );
    }
    Some(column)
}

/// `depth`: in how many arrays and objects it lies.
fn value(node: &Node<'_>, table: &Table<'_>, keys: &[&str], depth: usize) -> Option<ValueRule> {
    let of_type = table.required("type")?.one_of(&TYPES)?;
    for key in keys {
        let types = Type::of_key(key);
        if let Some(entry) = table.entry(key).filter(|_| !types.contains(&of_type)) {
            let types: Vec<_> = types.iter().map(|one| one.name()).collect();
            entry.fault(format!("is for type {}, not for `{}`", types.join(", "), of_type.name()));
        }
    }
    if !of_type.is_plain() && depth == MAX_DEPTH {
        node.fault(format!("arrays and objects may lie {MAX_DEPTH} deep in one another and no deeper"));
        return None;
    }
    let treatment = treatment(table, of_type);
    Some(ValueRule { kind: kind(table, of_type, depth)?, treatment })
}

fn treatment(table: &Table<'_>, of_type: Type) -> Treatment {
    let words = [
        ("keep", Treatment::Keep),
        ("scrub", Treatment::Scrub),
        ("hash", Treatment::Hash),
        ("drop", Treatment::Drop),
    ];
    let default = match of_type {
        Type::Boolean | Type::Enum => Treatment::Keep,
        _ => Treatment::Scrub,
    };
    let Some(node) = table.get("treatment") else { return default };
    let Some(treatment) = node.one_of(&words) else { return default };
    match (of_type, treatment) {
        (Type::Boolean | Type::Enum, Treatment::Scrub | Treatment::Hash) => {
            node.fault("`scrub` and `hash` are for strings and numbers");
        }
        (Type::Array | Type::Object, Treatment::Keep | Treatment::Scrub | Treatment::Hash) => {
            node.fault("an array or an object has no treatment but `drop`; say it of what is inside");
        }
        _ => {}
    }
    treatment
}

fn kind(table: &Table<'_>, of_type: Type, depth: usize) -> Option<Kind> {
    Some(match of_type {
        Type::String => {
            let pattern = table.get("pattern").and_then(|node| pattern(&node));
            let bound = |max: u32| table.get("max_length").and_then(|node| node.whole(1, max.into()));
            let max = if table.get("pattern").is_some() { MAX_PATTERNED_LENGTH } else { MAX_LENGTH };
            let max_length = bound(max).and_then(|length| u32::try_from(length).ok());
            Kind::String { max_length: max_length.unwrap_or(DEFAULT_MAX_LENGTH), pattern }
        }
        Type::Number => {
            let [min, max] = ["min", "max"].map(|key| table.get(key).and_then(|node| node.number()));
            check_range(table, min, max);
            Kind::Number { min, max }
        }
        Type::Integer => {
            let bound = |key: &str| table.get(key).and_then(|node| node.whole(-MAX_SAFE, MAX_SAFE));
            let [min, max] = ["min", "max"].map(bound);
            check_range(table, min, max);
            Kind::Integer { min, max }
        }
        Type::Boolean => Kind::Boolean,
        Type::Enum => {
            let node = table.required("values")?;
            let values: Vec<_> = node.texts().into_iter().map(|(text, _)| text.to_owned()).collect();
            if values.is_empty() {
                node.fault("must name one value at least");
            }
            Kind::Enum { values }
        }
        Type::Array => {
            let max_items = table.get("max_items").and_then(|node| node.whole(1, MAX_ITEMS.into()));
            let max_items = max_items.and_then(|items| u32::try_from(items).ok());
            let node = table.required("items")?;
            let items = value(&node, &node.table(&VALUE)?, &VALUE, depth + 1)?;
            if matches!(items.kind, Kind::Array { .. }) {
                node.fault("an array's items cannot be arrays");
            }
            Kind::Array { items: Box::new(items), max_items: max_items.unwrap_or(DEFAULT_MAX_ITEMS) }
        }
        Type::Object => {
            let mut properties = BTreeMap::new();
            let node = table.required("properties")?;
            for entry in node.entries() {
                if entry.name.is_empty() {
                    entry.fault("a name may not be empty");
                }
                let Some(table) = entry.node.table(&VALUE) else { continue };
                if let Some(rule) = value(&entry.node, &table, &VALUE, depth + 1) {
                    properties.insert(entry.name.to_owned(), rule);
                }
            }
            Kind::Object { properties }
        }
    })
}

fn pattern(node: &Node<'_>) -> Option<Pattern> {
    match Pattern::new(node.text()?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            node.fault(error.to_string());
            None
        }
    }
}

fn check_range<T: PartialOrd>(table: &Table<'_>, min: Option<T>, max: Option<T>) {
    if let (Some(min), Some(max), Some(node)) = (min, max, table.get("max"))
        && min > max
    {
        node.fault("is less than `min`");
    }
}
