//! Two policies, and what is told of them.

use super::*;
use allowlist::policy::Policy;

const BASE: &str = r#"
version = 1
[[sources.origins]]
origin = "https://shop.example"
[[sources.keys]]
name = "server"
sha256 = "5929382b9088914b7e5e6aaa2ca6c5b14888b12fbed458e2d7960830629102cf"
environments = ["staging"]
[context]
title = true
[common.properties]
appVersion = { type = "string", max_length = 32 }
[events.look]
description = "d"
owner = "o"
trackers = ["ga4", "heap"]
[events.look.properties]
note = { type = "string", max_length = 10, pattern = "a" }
price = { type = "number", min = 0, max = 9 }
plan = { type = "enum", values = ["free", "team"] }
tags = { type = "array", max_items = 3, items = { type = "string", max_length = 5 } }
address = { type = "object", properties = { city = { type = "string" } } }
"#;

fn policy(toml: &str) -> Policy {
    Policy::from_toml(toml, &trackers::NAMES).unwrap()
}

/// The lines of a change of `BASE`, one way, and with `more` and `less` exchanged the other way.
fn lines(from: &str, to: &str) -> Vec<String> {
    let changed = BASE.replace(from, to);
    assert_ne!(changed, BASE, "{from}");
    let (old, new) = (policy(BASE), policy(&changed));
    let told = |one: &Difference| {
        let field = one.field.as_deref().map(|field| format!(" {field}")).unwrap_or_default();
        format!("{:?} {}{field}: {}", one.effect, one.of, one.what)
    };
    let opposite = |effect| match effect {
        Effect::More => Effect::Less,
        Effect::Less => Effect::More,
        Effect::Changes => Effect::Changes,
    };
    let found = differences(&old, &new);
    let mut effects: Vec<_> = found.iter().map(|one| opposite(one.effect)).collect();
    let mut back: Vec<_> = differences(&new, &old).iter().map(|one| one.effect).collect();
    effects.sort();
    back.sort();
    assert_eq!(effects, back, "{from} → {to}, there and back");
    found.iter().map(told).collect()
}

#[test]
fn every_kind_of_change_is_told_with_its_effect() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "max_length = 10",
            "max_length = 20",
            &["More look properties.note: at most 20 characters, was at most 10 characters"],
        ),
        (r#", pattern = "a""#, "", &["More look properties.note: need not be of the pattern a any more"]),
        (r#"pattern = "a""#, r#"pattern = "b""#, &["Changes look properties.note: of the pattern b, was a"]),
        (
            "min = 0, max = 9",
            "min = 1, max = 10",
            &[
                "Less look properties.price: 1 or more, was 0 or more",
                "More look properties.price: at most 10, was at most 9",
            ],
        ),
        ("min = 0, max = 9", "max = 9", &["More look properties.price: no least, was 0 or more"]),
        (
            r#"["free", "team"]"#,
            r#"["free", "trial"]"#,
            &[
                "More look properties.plan: also takes \"trial\"",
                "Less look properties.plan: takes no more \"team\"",
            ],
        ),
        (
            r#""number", min = 0, max = 9"#,
            r#""integer""#,
            &["Changes look properties.price: is integer, was number, from 0 to 9"],
        ),
        (
            "max_items = 3",
            "max_items = 2",
            &["Less look properties.tags: at most 2 items, was at most 3 items"],
        ),
        (
            "max_length = 5",
            "max_length = 5, treatment = \"keep\"",
            &["More look properties.tags[]: leaves as it is, was leaves scrubbed"],
        ),
        (
            r#"city = { type = "string" }"#,
            r#"zip = { type = "string", treatment = "drop" }"#,
            &[
                "Less look properties.address.city: leaves no more, was string, at most 1024 characters",
                "More look properties.address.zip: leaves: string, at most 1024 characters; stays in the warehouse",
            ],
        ),
        (
            "tags = {",
            "labels = {",
            &[
                "More look properties.labels: leaves: array, at most 3 items",
                "Less look properties.tags: leaves no more, was array, at most 3 items",
            ],
        ),
        (
            "pattern = \"a\"",
            "pattern = \"a\", rename = { ga4 = \"memo\" }, column = true",
            &[
                "Changes look properties.note: has the column `note` of raw_normalized, had no column in raw_normalized",
                "Changes look properties.note: ga4 gets it by `memo`, was its own name",
            ],
        ),
        (
            r#"["ga4", "heap"]"#,
            r#"["ga4", "amplitude"]"#,
            &["More look trackers: also goes to amplitude", "Less look trackers: goes no more to heap"],
        ),
        (
            "[events.look]",
            "[events.buy]\ndescription = \"d\"\nowner = \"o\"\n[events.look]",
            &["More buy: a new event, for every tracker"],
        ),
        (
            "\"staging\"",
            "\"production\"",
            &[
                "More (sources) key \"server\" (5929382b): may send in production",
                "Less (sources) key \"server\" (5929382b): may send no more in staging",
            ],
        ),
        (
            "https://shop.example\"",
            "https://shop.example\"\nenvironments = [\"staging\", \"production\"]",
            &["Less (sources) https://shop.example: may send no more in development"],
        ),
        (
            "[context]",
            "[identity]\nuser_id = \"drop\"\ndevice_id = \"hash\"\n[context]",
            &[
                "Less (identity) userId: stays in the warehouse, was leaves scrubbed",
                "Changes (identity) deviceId: leaves hashed, was: leaves scrubbed",
            ],
        ),
        (
            "title = true",
            "title = false\nurl_parameters = [\"gclid\"]",
            &[
                "Less (context) title: stays, was leaves (for every tracker)",
                "More (context) url: keeps the parameters \"gclid\" (for every tracker)",
                "Less (context) url: loses the parameters \"utm_*\" (for every tracker)",
            ],
        ),
        (
            "title = true",
            "title = true\n[context.heap]\nip = \"full\"",
            &["More (context) ip: leaves in full, was leaves truncated (for heap)"],
        ),
        (
            "max_length = 32",
            "max_length = 16",
            &["Less (every event) properties.appVersion: at most 16 characters, was at most 32 characters"],
        ),
        // The event's own rule counts, whatever all events may have.
        (
            "plan = {",
            "appVersion = { type = \"string\", max_length = 8 }\nplan = {",
            &["Less look properties.appVersion: at most 8 characters, was at most 32 characters"],
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(lines(from, to), *expected, "{from} → {to}");
    }
}

#[test]
fn what_is_for_those_who_review_is_no_difference() {
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("\"d\"", "\"other\""),
        (r#"["free", "team"]"#, r#"["team", "free"]"#),
    ] {
        assert_eq!(lines(from, to), Vec::<String>::new(), "{from}");
    }
}

/// Every policy that has some of the properties of `BASE`.
#[test]
fn a_policy_differs_in_nothing_from_itself_and_in_something_from_every_other() {
    let names = ["note = ", "price = ", "plan = ", "tags = ", "address = "];
    let with = |parts: u32| {
        let is_in = |line: &&str| {
            let place = names.iter().position(|name| line.starts_with(name));
            place.is_none_or(|place| parts >> place & 1 == 1)
        };
        policy(&BASE.lines().filter(is_in).collect::<Vec<_>>().join("\n"))
    };
    let policies: Vec<_> = (0..1 << names.len()).map(with).collect();
    for (a, old) in (0_u32..).zip(&policies) {
        for (b, new) in (0_u32..).zip(&policies) {
            assert_eq!(differences(old, new).len(), (a ^ b).count_ones() as usize, "{a:b} {b:b}");
        }
    }
}
