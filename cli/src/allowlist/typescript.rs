//! Policies as TypeScript declarations.
//!
//! They are a script and no module, whose interface merges with the empty one of the SDK: so they need neither the package
//! nor an import, and serve pages with the script tag as well.

use super::invisible::is_invisible;
use super::limits;
use allowlist::Policy;
use allowlist::policy::{Kind, ValueRule};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "\
// The events of the allowlist, made by `sparrow allowlist types`. Change the allowlist instead, and make it anew.
";

/// Says what `sdk-js/src/sparrow.ts` says, to those who do not have the package.
const GLOBAL: &str = "
/** What the script tag puts on the page. */
declare var sparrow: {
  /** Counts a view of `pathname`, of the current page where nothing is said. */
  pageview(pathname?: PATHNAME): void;
  /** Sends an event, now. */
  track<Name extends keyof SparrowEvents>(event: Name, properties?: SparrowEvents[Name]): void;
  /** Names the user of the events that follow, on later pages too, until `reset()`. */
  identify(userId: string): void;
  /** Forgets the user and makes a new device id and session, for example at sign-out. */
  reset(): void;
};
";

/// Members of every object: `interface Object` in TypeScript's `lib.es5.d.ts`.
const INHERITED: [&str; 7] = [
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// What the file says of events to people, which the compiled policy leaves out.
#[derive(Debug, Default, Deserialize)]
pub struct Descriptions {
    #[serde(default)]
    events: BTreeMap<String, Description>,
}

#[derive(Debug, Deserialize)]
struct Description {
    description: String,
    owner: String,
}

impl Descriptions {
    /// Of a file that was compiled before, so that it has them all.
    pub fn read(text: &str) -> Self {
        toml::from_str(text).unwrap_or_default()
    }
}

/// The declarations; with the global of the script tag where it is asked for.
pub fn declarations(policy: &Policy, descriptions: &Descriptions, is_global: bool) -> String {
    let mut to = format!("{HEAD}\ninterface SparrowEvents {{\n");
    for (name, event) in &policy.events {
        if let Some(said) = descriptions.events.get(name) {
            comment(&mut to, 1, &format!("{}\n\nOwner: {}", said.description.trim(), said.owner.trim()));
        }
        let mut properties: BTreeMap<&str, &ValueRule> = BTreeMap::new();
        // An event's own rule comes later and wins.
        for (name, rule) in policy.common.iter().chain(&event.properties) {
            properties.insert(name, &rule.value);
        }
        let _ = writeln!(to, "  {}: {};", member(name), object(properties, 1));
    }
    to.push_str("}\n");
    if is_global {
        to.push_str(&GLOBAL.replace("PATHNAME", pathname(policy)));
    }
    to
}

/// What `pageview` takes, which sends it as the property `pathname` of the event `pageview`.
fn pathname(policy: &Policy) -> &'static str {
    let rule = policy.events.get("pageview").and_then(|event| policy.property(event, "pathname"));
    match rule.map(|rule| &rule.value.kind) {
        Some(Kind::Enum { .. }) => "NonNullable<SparrowEvents[\"pageview\"][\"pathname\"]>",
        _ => "string",
    }
}

/// `depth`: of the line that it begins in.
fn object<'p>(properties: impl IntoIterator<Item = (&'p str, &'p ValueRule)>, depth: usize) -> String {
    let mut to = String::new();
    for (name, rule) in properties {
        if let Some(said) = about(rule) {
            comment(&mut to, depth + 1, &said);
        }
        let indent = "  ".repeat(depth + 1);
        let value = value(&rule.kind, depth + 1);
        // Any object has a member of this name, and TypeScript compares it where the property is left out.
        let inherited =
            if INHERITED.contains(&name) { format!(" | Object[\"{name}\"]") } else { String::new() };
        let _ = writeln!(to, "{indent}{}?: {value}{inherited} | undefined;", member(name));
    }
    if to.is_empty() {
        // `{}` would take anything.
        return "Record<string, never>".to_owned();
    }
    format!("{{\n{to}{}}}", "  ".repeat(depth))
}

fn value(kind: &Kind, depth: usize) -> String {
    match kind {
        Kind::String { .. } => "string".to_owned(),
        Kind::Number { .. } | Kind::Integer { .. } => "number".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Enum { values } => {
            let values: Vec<_> = values.iter().map(|value| literal(value)).collect();
            values.join(" | ")
        }
        Kind::Array { items, .. } => {
            let is_union = matches!(&items.kind, Kind::Enum { values } if values.len() > 1);
            let items = value(&items.kind, depth);
            if is_union { format!("readonly ({items})[]") } else { format!("readonly {items}[]") }
        }
        Kind::Object { properties } => {
            object(properties.iter().map(|(name, rule)| (name.as_str(), rule)), depth)
        }
    }
}

/// What the type does not say: limits, and what becomes of the value.
fn about(rule: &ValueRule) -> Option<String> {
    let limits = match &rule.kind {
        Kind::Boolean | Kind::Enum { .. } | Kind::Object { .. } | Kind::Number { min: None, max: None } => {
            None
        }
        Kind::Array { items, .. } => {
            let of_items = about(items).map(|items| format!("; each: {items}")).unwrap_or_default();
            Some(limits::values(&rule.kind) + &of_items)
        }
        kind => Some(limits::values(kind)),
    };
    let treatment = limits::treatment(rule);
    let said: Vec<_> = limits.as_deref().into_iter().chain(treatment).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// A name of any characters: bare where it is an identifier, else in quotes.
fn member(name: &str) -> String {
    let is_start = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$');
    let is_bare = name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit());
    if is_bare { name.to_owned() } else { literal(name) }
}

/// A text in quotes. What would be invisible, or turn the line around, is escaped.
fn literal(text: &str) -> String {
    let mut to = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => to.extend(['\\', c]),
            c if is_invisible(c) => {
                let _ = write!(to, "\\u{{{:x}}}", u32::from(c));
            }
            c => to.push(c),
        }
    }
    to.push('"');
    to
}

/// A documenting comment of these lines. Nothing in it ends it, nor is a tag.
fn comment(to: &mut String, depth: usize, text: &str) {
    let indent = "  ".repeat(depth);
    let lines: Vec<String> = text.lines().map(comment_line).collect();
    match lines.as_slice() {
        [line] => {
            let _ = writeln!(to, "{indent}/** {line} */");
        }
        lines => {
            let _ = writeln!(to, "{indent}/**");
            for line in lines {
                let _ = writeln!(to, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(to, "{indent} */");
        }
    }
}

fn comment_line(line: &str) -> String {
    let visible: String = line.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let line = visible.trim().replace("*/", "*\\/");
    if line.starts_with('@') { format!("\\{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, is_global: bool) -> String {
        let policy = Policy::from_toml(text, &trackers::NAMES).unwrap();
        declarations(&policy, &Descriptions::read(text), is_global)
    }

    #[test]
    fn every_type_of_the_policy_has_one_in_typescript() {
        let text = r#"
version = 1
[sources]
[common.properties]
ratio = { type = "number" }
own = { type = "number" }
[events."größe \"x\""]
description = "A description\n@ends */ here."
owner = "growth"
[events."größe \"x\"".properties]
own = { type = "string", treatment = "hash" }
count = { type = "integer", min = 1 }
on = { type = "boolean" }
one = { type = "enum", values = ["a", "\"\\\u202e\u061c"] }
many = { type = "array", items = { type = "enum", values = ["a", "b"] } }
deep.type = "object"
deep.properties = { "a-b" = { type = "array", max_items = 3, items = { type = "object", properties = { x = { type = "number", treatment = "drop" } } } } }
[events.none]
description = "None."
owner = "growth"
"#;
        let expected = r#"// The events of the allowlist, made by `sparrow allowlist types`. Change the allowlist instead, and make it anew.

interface SparrowEvents {
  /**
   * A description
   * \@ends *\/ here.
   *
   * Owner: growth
   */
  "größe \"x\"": {
    /** integer, 1 or more */
    count?: number | undefined;
    deep?: {
      /** array, at most 3 items */
      "a-b"?: readonly {
        /** stays in the warehouse */
        x?: number | undefined;
      }[] | undefined;
    } | undefined;
    /** array, at most 100 items */
    many?: readonly ("a" | "b")[] | undefined;
    on?: boolean | undefined;
    one?: "a" | "\"\\\u{202e}\u{61c}" | undefined;
    /** string, at most 1024 characters; leaves hashed */
    own?: string | undefined;
    ratio?: number | undefined;
  };
"#;
        let made = of(text, false);
        let (first, rest) = made.split_once("  /**\n   * None.").unwrap();
        let (head, event) = first.split_once("interface").unwrap();
        assert_eq!(format!("{head}interface{event}"), expected);
        assert!(rest.contains("    own?: number | undefined;\n") && rest.ends_with("};\n}\n"), "{rest}");
    }

    #[test]
    fn an_event_without_properties_takes_none() {
        let text = "version = 1\n[sources]\n[events.a]\ndescription = \"A.\"\nowner = \"o\"";
        assert!(of(text, false).contains("  a: Record<string, never>;\n"));
    }

    #[test]
    fn the_global_is_declared_where_it_is_asked_for() {
        let text = |of: &str| {
            format!(
                "version = 1\n[sources]\n[events.pageview]\ndescription = \"A.\"\nowner = \"o\"\n\
                 properties = {{ pathname = {{ {of} }} }}"
            )
        };
        let plain = text("type = \"string\"");
        assert!(!of(&plain, false).contains("declare"));
        assert!(
            of(&plain, true).contains("declare var sparrow: {")
                && of(&plain, true).contains("pathname?: string)")
        );
        let few = of(&text("type = \"enum\", values = [\"/\"]"), true);
        assert!(few.contains("pathname?: NonNullable<SparrowEvents[\"pageview\"][\"pathname\"]>)"), "{few}");
    }
}
