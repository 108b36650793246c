//! From the file to the compiled policy, with every fault reported at once.

use super::file::{EventFile, KindFile, PolicyFile, PropertyFile, SourcesFile};
use super::reserved::is_column;
use super::{
    BASE_COLUMNS, DEFAULT_MAX_LENGTH, EventRule, KeyRule, Kind, MAX_COLUMNS, OriginRule, Policy,
    PropertyRule, Sources, Treatment, column_name,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The policy file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, a value of the wrong type, a key that is unknown, missing or there twice. Says where.
    #[error("the policy file cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It can be read and says something that cannot be meant.
    #[error("the policy file has {} fault(s):\n- {}", .0.len(), .0.join("\n- "))]
    Faults(Vec<String>),
}

impl Policy {
    /// Reads and checks a policy file. `trackers` are the names that it may use.
    ///
    /// # Errors
    /// [`PolicyError`], with every fault of the meaning at once.
    pub fn from_toml(text: &str, trackers: &[&str]) -> Result<Self, PolicyError> {
        let file: PolicyFile = toml::from_str(text)?;
        let mut faults = Vec::new();
        let number = file.version;
        let sources = compile_sources(file.sources, &mut faults);
        let events: BTreeMap<_, _> = file
            .events
            .into_iter()
            .map(|(name, event)| {
                let rule = compile_event(&name, event, trackers, &mut faults);
                (name, rule)
            })
            .collect();
        check_columns(&events, &mut faults);
        if !faults.is_empty() {
            return Err(PolicyError::Faults(faults));
        }
        let mut policy = Self { version: String::new(), sources, events };
        policy.version = version(number, &policy);
        Ok(policy)
    }
}

fn version(number: u32, policy: &Policy) -> String {
    let meaning = serde_json::to_vec(policy).unwrap_or_default();
    format!("{number}-{}", hex::encode(&Sha256::digest(meaning)[..4]))
}

fn compile_sources(file: SourcesFile, faults: &mut Vec<String>) -> Sources {
    let origins: Vec<_> = file
        .origins
        .into_iter()
        .map(|one| OriginRule { origin: one.origin, environments: one.environments })
        .collect();
    for (i, rule) in origins.iter().enumerate() {
        check_environments("sources.origins", &rule.origin, &rule.environments, faults);
        if let Some(fault) = origin_fault(&rule.origin) {
            faults.push(format!("sources.origins: `{}` {fault}", rule.origin));
        }
        if origins[..i].iter().any(|before| before.origin == rule.origin) {
            faults.push(format!("sources.origins: `{}` is there twice", rule.origin));
        }
    }
    let keys: Vec<_> = file
        .keys
        .into_iter()
        .map(|one| KeyRule { name: one.name, sha256: one.sha256, environments: one.environments })
        .collect();
    for (i, rule) in keys.iter().enumerate() {
        check_environments("sources.keys", &rule.name, &rule.environments, faults);
        let is_digest = rule.sha256.len() == 64
            && rule.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !is_digest {
            faults.push(format!(
                "sources.keys: `{}` needs `sha256` as 64 lower-case hex digits (`printf %s KEY | sha256sum`)",
                rule.name
            ));
        }
        if keys[..i].iter().any(|before| before.name == rule.name || before.sha256 == rule.sha256) {
            faults.push(format!("sources.keys: `{}` or its key is there twice", rule.name));
        }
    }
    Sources { origins, keys }
}

fn check_environments(what: &str, name: &str, environments: &[String], faults: &mut Vec<String>) {
    for unknown in environments.iter().filter(|one| !event::ENVIRONMENTS.contains(&one.as_str())) {
        let known = event::ENVIRONMENTS.join(", ");
        faults.push(format!("{what}: `{name}`: there is no environment `{unknown}`; there are {known}"));
    }
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

fn compile_event(name: &str, file: EventFile, trackers: &[&str], faults: &mut Vec<String>) -> EventRule {
    if name.is_empty() || name.starts_with('(') {
        faults.push(format!("events: `{name}`: a name may not be empty nor start with a parenthesis"));
    }
    for (what, text) in [("description", &file.description), ("owner", &file.owner)] {
        if text.trim().is_empty() {
            faults.push(format!("events: `{name}`: `{what}` is empty; say it for those who review"));
        }
    }
    for tracker in file.trackers.iter().flatten() {
        if !trackers.contains(&tracker.as_str()) {
            let known = trackers.join(", ");
            faults.push(format!("events: `{name}`: there is no tracker `{tracker}`; there are {known}"));
        }
    }
    let properties = file
        .properties
        .into_iter()
        .map(|(property, file)| {
            let path = format!("events: `{name}`: property `{property}`");
            let rule = compile_property(&path, &property, file, faults);
            (property, rule)
        })
        .collect();
    EventRule { trackers: file.trackers, properties }
}

fn compile_property(path: &str, name: &str, file: PropertyFile, faults: &mut Vec<String>) -> PropertyRule {
    if name.is_empty() {
        faults.push(format!("{path}: a name may not be empty"));
    }
    if file.max_length.is_some() && file.kind != KindFile::String {
        faults.push(format!("{path}: `max_length` is for strings"));
    }
    if file.values.is_some() != (file.kind == KindFile::Enum) {
        faults.push(format!("{path}: `values` belongs to type `enum`, which needs it"));
    }
    if file.treatment == Some(Treatment::Scrub) && matches!(file.kind, KindFile::Boolean | KindFile::Enum) {
        faults.push(format!("{path}: `scrub` is for strings and numbers"));
    }
    if file.column && name.contains(['"', '\\']) {
        faults.push(format!("{path}: a name with a quote or a backslash cannot be a column"));
    }
    if file.column && !is_column(&column_name(name)) {
        faults.push(format!(
            "{path}: as a column its name is too long, or one that BigQuery keeps for itself; it is in `properties` without `column`"
        ));
    }
    let (kind, default_treatment) = match file.kind {
        KindFile::String => {
            let max_length = file.max_length.unwrap_or(DEFAULT_MAX_LENGTH);
            (Kind::String { max_length }, Treatment::Scrub)
        }
        KindFile::Number => (Kind::Number, Treatment::Scrub),
        KindFile::Integer => (Kind::Integer, Treatment::Scrub),
        KindFile::Boolean => (Kind::Boolean, Treatment::Keep),
        KindFile::Enum => (Kind::Enum { values: file.values.unwrap_or_default() }, Treatment::Keep),
    };
    PropertyRule {
        kind,
        treatment: file.treatment.unwrap_or(default_treatment),
        column: file.column.then(|| column_name(name)),
    }
}

/// Column names are compared without case, as both SQLite and BigQuery do.
fn check_columns(events: &BTreeMap<String, EventRule>, faults: &mut Vec<String>) {
    let mut taken: BTreeMap<String, &str> =
        BASE_COLUMNS.iter().map(|column| (column.to_ascii_lowercase(), "")).collect();
    for (event, rule) in events {
        for (property, rule) in &rule.properties {
            let Some(column) = &rule.column else { continue };
            match taken.insert(column.to_ascii_lowercase(), property) {
                Some(other) if other != property.as_str() => {
                    let whose = if other.is_empty() {
                        "every event".to_owned()
                    } else {
                        format!("property `{other}`")
                    };
                    faults.push(format!(
                        "events: `{event}`: property `{property}` would be column `{column}`, which {whose} has already"
                    ));
                }
                _ => {}
            }
        }
    }
    let columns = taken.len() - BASE_COLUMNS.len();
    if columns > MAX_COLUMNS {
        faults.push(format!(
            "{columns} properties have a column; {MAX_COLUMNS} can, the others are in the column `properties`"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACKERS: [&str; 2] = ["ga4", "heap"];

    fn faults(toml: &str) -> Vec<String> {
        match Policy::from_toml(toml, &TRACKERS) {
            Err(PolicyError::Faults(faults)) => faults,
            other => panic!("expected faults, got {other:?}"),
        }
    }

    #[test]
    fn the_policy_of_this_repository_is_valid() {
        let trackers = ["ga4", "amplitude", "heap", "webhook"];
        Policy::from_toml(include_str!("../../allowlist.toml"), &trackers).unwrap();
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let faults = faults(
            r#"
            version = 1
            [[sources.origins]]
            origin = "http://shop.example"
            [[sources.origins]]
            origin = "https://shop.example/path"
            [[sources.origins]]
            origin = "https://shop*.example"
            [[sources.origins]]
            origin = "https://*.com"
            environments = ["prodution"]
            [[sources.keys]]
            name = "crm"
            sha256 = "secret"
            [events."sign up"]
            description = ""
            owner = "growth"
            trackers = ["ga5"]
            [events."sign up".properties]
            plan = { type = "enum" }
            age = { type = "integer", max_length = 3 }
            event = { type = "string", column = true }
            "a b" = { type = "string", column = true }
            "a-b" = { type = "string", column = true }
            _partitionTime = { type = "string", column = true }
            "#,
        );
        let expected = [
            "https; plain http",
            "scheme, host and port alone",
            "no other wildcard",
            "whole top-level domain",
            "no environment `prodution`; there are development",
            "64 lower-case hex",
            "`description` is empty",
            "no tracker `ga5`; there are ga4, heap",
            "`values` belongs",
            "`max_length` is for strings",
            "column `event`, which every event has",
            "column `a_b`, which property `a b` has",
            "`_partitionTime`: as a column its name is too long, or one that BigQuery keeps",
        ];
        for part in expected {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part} not in {faults:#?}");
        }
    }

    #[test]
    fn unknown_and_repeated_keys_are_refused_with_their_line() {
        let unknown = "version = 1\nsources = {}\nevents = {}\nevent = {}\n";
        let error = Policy::from_toml(unknown, &TRACKERS).unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("unknown field `event`"), "{error}");
        let twice = "version = 1\nversion = 2\n";
        let error = Policy::from_toml(twice, &TRACKERS).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("duplicate"), "{error}");
    }

    #[test]
    fn another_meaning_is_another_version_and_a_comment_is_not() {
        let policy = |extra: &str| {
            let text = format!(
                "version = 7\nsources = {{}}\n[events.a]\ndescription = \"d\"\nowner = \"o\"\n{extra}"
            );
            Policy::from_toml(&text, &TRACKERS).unwrap().version
        };
        assert!(policy("").starts_with("7-"));
        assert_eq!(policy(""), policy("# a comment\n"));
        assert_ne!(policy(""), policy("trackers = [\"ga4\"]\n"));
    }

    #[test]
    fn sources_of_other_environments_do_not_count() {
        let text = r#"
            version = 1
            events = {}
            [sources]
            origins = [
                { origin = "https://shop.example" },
                { origin = "http://localhost:8788" },
                { origin = "https://dev.example", environments = ["development"] },
            ]
            keys = [{ name = "dev", sha256 = "KEY", environments = ["development"] }]
        "#
        .replace("KEY", &"0".repeat(64));
        let kept = |environment: &str| {
            let mut policy = Policy::from_toml(&text, &TRACKERS).unwrap();
            policy.restrict_to(environment);
            (policy.sources.origins.len(), policy.sources.keys.len())
        };
        assert_eq!(kept("development"), (3, 1));
        assert_eq!(kept("staging"), (2, 0));
        assert_eq!(kept("production"), (1, 0), "plain HTTP never counts in production");
    }
}
