use super::*;
use crate::policy::MAX_DEPTH;

const TRACKERS: [&str; 2] = ["ga4", "heap"];

fn faults(toml: &str) -> Vec<String> {
    let faults = Policy::from_toml(toml, &TRACKERS).expect_err("the file has faults").0;
    faults.iter().map(Fault::to_string).collect()
}

/// The faults of a file with one event, without its place; `properties` are lines of it.
fn faults_of(properties: &str) -> Vec<String> {
    let text = format!(
        "version = 1\nsources = {{}}\n[events.e]\ndescription = \"d\"\nowner = \"o\"\n[events.e.properties]\n{properties}\n"
    );
    let faults = faults(&text);
    let without_place = |fault: &String| fault.splitn(3, ':').nth(2).unwrap().trim().to_owned();
    faults.iter().map(without_place).collect()
}

#[test]
fn the_policy_of_this_repository_is_valid() {
    let trackers = ["ga4", "amplitude", "heap", "webhook"];
    Policy::from_toml(include_str!("../../../allowlist.toml"), &trackers).unwrap();
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_a_suggestion() {
    let faults = faults(
        r#"version = 1
vresion = 2
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
[identity]
user_id = "hashed"
[context]
refferrer = "host"
referrer = "full"
url_parameters = ["utm_*", "*", "a*b", "utm_*"]
[context.ga5]
[context.ga4]
ip = "ful"
[events."sign up"]
description = ""
trackers = ["ga5", "heap", "heap"]
[events."sign up".properties]
plan = { type = "enum" }
age = { type = "int", max_length = 3 }
nr = { type = "integer", max_length = 3 }
event = { type = "string", column = true }
"a b" = { type = "string", column = true }
"a-b" = { type = "string", column = true }
_partitionTime = { type = "string", column = true }
owner = "growth"
"#,
    );
    let expected = [
        "2:1: vresion: there is no key `vresion`; there are version, sources, identity, context, common, events; did you mean `version`?",
        "4:10: sources.origins[0].origin: `http://shop.example` must be https; plain http is for loopback addresses only",
        "6:10: sources.origins[1].origin: `https://shop.example/path` is no origin; write scheme, host and port alone, as `https://shop.example`",
        "8:10: sources.origins[2].origin: `https://shop*.example` may have `*.` in front of the host and no other wildcard",
        "10:10: sources.origins[3].origin: `https://*.com` would allow a whole top-level domain",
        "11:17: sources.origins[3].environments[0]: there is no environment `prodution`; there are development, staging, production; did you mean `production`?",
        "14:10: sources.keys[0].sha256: must be 64 lower-case hex digits (`printf %s \"$KEY\" | sha256sum`)",
        "16:11: identity.user_id: there is no value `hashed`; there are scrub, keep, hash, drop; did you mean `hash`?",
        "18:1: context.refferrer: there is no key `refferrer`; there are url, url_parameters, referrer, title, locale, screen, country, user_agent, ip, ga4, heap; did you mean `referrer`?",
        "19:12: context.referrer: there is no value `full`; there are host, none",
        "20:28: context.url_parameters[1]: must be the name of a parameter, or its beginning with a `*` after it",
        "20:33: context.url_parameters[2]: may have a `*` at its end and nowhere else",
        "20:40: context.url_parameters[3]: `utm_*` is there twice",
        "21:10: context.ga5: there is no key `ga5`; there are url, url_parameters, referrer, title, locale, screen, country, user_agent, ip, ga4, heap; did you mean `ga4`?",
        "23:6: context.ga4.ip: there is no value `ful`; there are none, truncated, full; did you mean `full`?",
        "24:9: events.\"sign up\": `owner` is missing",
        "25:15: events.\"sign up\".description: is empty; say it for those who review",
        "26:13: events.\"sign up\".trackers[0]: there is no tracker `ga5`; there are ga4, heap; did you mean `ga4`?",
        "26:28: events.\"sign up\".trackers[2]: `heap` is there twice",
        "28:1: events.\"sign up\".properties.plan: `values` is missing",
        "29:16: events.\"sign up\".properties.age.type: there is no value `int`; there are string, number, integer, boolean, enum, array, object; did you mean `integer`?",
        "30:26: events.\"sign up\".properties.nr.max_length: is for type string, not for `integer`",
        "31:37: events.\"sign up\".properties.event.column: would be column `event`, which every event has already",
        "33:37: events.\"sign up\".properties.a-b.column: would be column `a_b`, which property `a b` has already",
        "34:46: events.\"sign up\".properties._partitionTime.column: as a column its name is too long, or one that BigQuery keeps for itself; it is in `properties` without `column`",
        "35:9: events.\"sign up\".properties.owner: must be a table, not a string",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn a_file_that_is_no_toml_in_several_places_says_all_of_them() {
    let faults = faults("version = 1\nversion = 2\nsources = {}\n[events]\nx = \n[events]\n[sources]\n");
    let places: Vec<_> =
        faults.iter().map(|fault| fault.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect();
    for place in ["2:1", "6:2", "7:2"] {
        assert!(places.iter().any(|found| found == place), "{place} not in {faults:#?}");
    }
    assert!(faults.iter().filter(|fault| fault.contains("duplicate key")).count() >= 3, "{faults:#?}");
}

#[test]
fn types_have_their_own_limits_and_treatments() {
    let cases = [
        ("a = { type = \"string\", pattern = \"(\" }", "events.e.properties.a.pattern: is no pattern"),
        (
            "a = { type = \"string\", pattern = \".\", max_length = 1025 }",
            ".max_length: must be from 1 to 1024",
        ),
        ("a = { type = \"string\", max_length = 0 }", ".max_length: must be from 1 to 65536"),
        ("a = { type = \"string\", max_length = 99999999999999999999 }", ".max_length: must be"),
        ("a = { type = \"number\", min = 2, max = 1.5 }", ".max: is less than `min`"),
        ("a = { type = \"number\", min = nan }", ".min: must be a finite number"),
        ("a = { type = \"integer\", min = 1.5 }", ".min: must be a whole number, not a float"),
        ("a = { type = \"integer\", max = 9007199254740992 }", ".max: must be from"),
        (
            "a = { type = \"boolean\", treatment = \"scrub\" }",
            ".treatment: `scrub` and `hash` are for strings",
        ),
        (
            "a = { type = \"enum\", values = [\"x\"], treatment = \"hash\" }",
            ".treatment: `scrub` and `hash` are",
        ),
        ("a = { type = \"enum\", values = [] }", ".values: must name one value"),
        ("a = { type = \"enum\", values = [\"x\", \"x\"] }", ".values[1]: `x` is there twice"),
        ("a = { type = \"array\" }", "a: `items` is missing"),
        (
            "a = { type = \"array\", column = true, items = { type = \"string\" } }",
            ".column: is for type string, number",
        ),
        (
            "a = { type = \"array\", treatment = \"hash\", items = { type = \"string\" } }",
            "no treatment but `drop`",
        ),
        (
            "a = { type = \"array\", max_items = 1001, items = { type = \"string\" } }",
            ".max_items: must be from 1 to 1000",
        ),
        (
            "a = { type = \"array\", items = { type = \"array\", items = { type = \"string\" } } }",
            ".items: an array's items cannot",
        ),
        (
            "a = { type = \"array\", items = { type = \"string\", column = true } }",
            "a.items.column: there is no key `column`",
        ),
        (
            "a = { type = \"object\", properties = { b = { type = \"strng\" } } }",
            "a.properties.b.type: there is no value `strng`",
        ),
        ("a = { type = \"string\", rename = { ga5 = \"b\" } }", "a.rename.ga5: there is no tracker `ga5`"),
        ("a = { type = \"string\", rename = { ga4 = \"\" } }", "a.rename.ga4: a name may not be empty"),
        ("\"\" = { type = \"string\" }", "a name may not be empty"),
        ("a = { typ = \"string\" }", "a: `type` is missing"),
    ];
    for (properties, expected) in cases {
        let faults = faults_of(properties);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{properties}: {faults:#?}");
    }
}

#[test]
fn nesting_is_allowed_to_its_bound() {
    let nested = |depth: usize| {
        let open = "{ type = \"object\", properties = { a = ".repeat(depth);
        format!("a = {open}{{ type = \"string\" }}{}", " } }".repeat(depth))
    };
    let file = |properties: &str| {
        format!("version = 1\nsources = {{}}\nevents = {{}}\n[common.properties]\n{properties}\n")
    };
    assert!(Policy::from_toml(&file(&nested(MAX_DEPTH)), &TRACKERS).is_ok());
    let faults = faults_of(&nested(MAX_DEPTH + 1));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("4 deep in one another and no deeper"), "{faults:?}");
}

#[test]
fn no_tracker_gets_two_properties_under_one_name() {
    let text = r#"version = 1
        sources = {}
        [common.properties]
        common = { type = "string", rename = { heap = "c" } }
        again = { type = "string", rename = { heap = "c", ga4 = "own" } }
        [events.e]
        description = "d"
        owner = "o"
        [events.e.properties]
        own = { type = "string", rename = { heap = "kept" } }
        a = { type = "string", rename = { ga4 = "b", heap = "common" } }
        b = { type = "string", rename = { heap = "own" } }
        [events.f]
        description = "d"
        owner = "o"
        [events.f.properties]
        common = { type = "string" }
        again = { type = "string" }
        a = { type = "string", rename = { heap = "c" } }
    "#;
    let faults: Vec<_> =
        faults(text).iter().map(|fault| fault.splitn(3, ':').nth(2).unwrap().trim().to_owned()).collect();
    let expected = [
        "common.properties.common.rename.heap: `c` is what heap gets property `again` as",
        "common.properties.again.rename.heap: `c` is what heap gets property `common` as",
        "common.properties.again.rename.ga4: `own` is what ga4 gets property `own` as",
        "events.e.properties.a.rename.ga4: `b` is what ga4 gets property `b` as",
    ];
    assert_eq!(
        faults, expected,
        "a name is free where its property is called otherwise, or is not the common one"
    );
}

#[test]
fn properties_of_all_events_may_have_columns_and_share_those_of_their_name() {
    let text = r#"version = 1
        sources = {}
        [common.properties]
        "app version" = { type = "string", column = true }
        plan = { type = "string", column = true }
        [events.e]
        description = "d"
        owner = "o"
        [events.e.properties]
        plan = { type = "enum", values = ["free"], column = true }
    "#;
    let columns = Policy::from_toml(text, &TRACKERS).unwrap().columns();
    let names: Vec<_> = columns.iter().map(|one| (one.name.as_str(), one.property.as_str())).collect();
    assert_eq!(names, [("app_version", "app version"), ("plan", "plan")]);
    let clash = text.replace(
        "[events.e.properties]",
        "[events.e.properties]\napp_version = { type = \"string\", column = true }",
    );
    assert!(faults(&clash)[0].contains("which property `app version` has already"));
}

#[test]
fn trackers_have_their_own_context_and_the_rest_of_the_common_one() {
    let text = r#"version = 1
        sources = {}
        events = {}
        [identity]
        device_id = "hash"
        [context]
        title = false
        url_parameters = ["utm_*", "gclid"]
        [context.heap]
        referrer = "none"
        ip = "none"
    "#;
    let policy = Policy::from_toml(text, &TRACKERS).unwrap();
    let (ga4, heap) = (policy.context.of("ga4"), policy.context.of("heap"));
    assert_eq!((ga4.title, ga4.referrer, ga4.ip), (false, true, event::IpPolicy::Truncated));
    assert_eq!((heap.title, heap.referrer, heap.ip), (false, false, event::IpPolicy::None));
    assert_eq!(heap.url_parameters, ["utm_*", "gclid"]);
    assert!(policy.needs_hash_key());
}

/// What the Workers carry is read as it was written, and what is as by default takes no room.
#[test]
fn the_compiled_policy_is_compact_and_is_read_back() {
    let text = r#"version = 1
        sources = {}
        [events.e]
        description = "d"
        owner = "o"
        [events.e.properties]
        a = { type = "string" }
        b = { type = "array", items = { type = "integer", min = 1 }, rename = { heap = "B" } }
        c = { type = "object", properties = { d = { type = "string", pattern = "[a-z]+", treatment = "keep" } } }
    "#;
    let policy = Policy::from_toml(text, &TRACKERS).unwrap();
    assert!(!policy.needs_hash_key());
    let json = serde_json::to_string(&policy).unwrap();
    let expected = concat!(
        r#""sources":{"origins":[],"keys":[]},"events":{"e":{"properties":{"a":{"value":{"kind":{"string":{}}}},"#,
        r#""b":{"value":{"kind":{"array":{"items":{"kind":{"integer":{"min":1}}},"max_items":100}}},"rename":{"heap":"B"}},"#,
        r#""c":{"value":{"kind":{"object":{"properties":{"d":{"kind":{"string":{"pattern":"[a-z]+"}},"treatment":"keep"}}}}}}}}}}"#
    );
    assert!(json.ends_with(expected), "{json}");
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
}

#[test]
fn another_meaning_is_another_version_and_a_comment_is_not() {
    let policy = |extra: &str| {
        let text =
            format!("version = 7\nsources = {{}}\n[events.a]\ndescription = \"d\"\nowner = \"o\"\n{extra}");
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

#[test]
fn a_name_that_lacks_its_quotes_is_told_so() {
    let faults = faults_of("größe = { type = \"number\" }");
    assert!(faults[0].ends_with("put other names in quotes"), "{faults:?}");
}
