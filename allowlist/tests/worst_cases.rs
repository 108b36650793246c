//! Bodies of up to a mebibyte, the longest that are accepted, made to cost as much as they can. Work that grows with the
//! square of a length would not end here in any useful time. What it costs is stated by the benchmark.

use allowlist::{Opening, Policy, open};
use event::{Context, Millis, Payload};

const MAX_BODY: usize = 1 << 20;

/// Longest text that a policy can let out, in characters.
const MAX_TEXT: usize = 65_536;

fn opened(body: String) -> Opening {
    assert!(body.len() <= MAX_BODY, "{} bytes", body.len());
    let text = r#"
        version = 1
        [[sources.origins]]
        origin = "https://shop.example"
        [events.buy]
        description = "d"
        owner = "o"
        [events.buy.properties]
        number = { type = "number" }
        list = { type = "array", max_items = 1000, items = { type = "string", max_length = 65536 } }
        code = { type = "string", pattern = '([a-z0-9]+ ?)*' }
        codes = { type = "array", max_items = 1000, items = { type = "string", pattern = '(a*)*b' } }
    "#;
    let policy = Policy::from_toml(text, &["heap"]).expect("the policy is valid");
    let context = Context { origin: Some("https://shop.example".into()), ..Context::default() };
    let payload = Payload::new("p".into(), Millis(0), body.into_bytes(), context);
    open(&policy, None, &payload, &["heap"])
}

fn with_properties(properties: &str) -> String {
    format!(r#"{{"event":"buy","properties":{{{properties}}}}}"#)
}

/// As often as there is room for it besides a few other bytes.
fn filled(unit: &str, room: usize) -> String {
    unit.repeat((room - 256) / unit.len())
}

/// Every byte of these is a beginning for several detectors.
const HOSTILE: [&str; 9] = [
    "4%40.1-a=Bk:4111 1111 ",
    "a@b.",
    "a%40",
    "%2525",
    "://a:b@c?token=",
    "password: aB3$",
    "+49 (0)30 1-",
    "fe80:1::2.3.4.",
    "DE89 3704 eyJhbGc.",
];

#[test]
fn hostile_texts_as_long_as_they_may_be() {
    for unit in HOSTILE {
        let text = filled(unit, MAX_TEXT);
        let opening = opened(with_properties(&format!("\"list\":[\"{text}\",\"{text}\"]")));
        assert_eq!(opening.allowed.len(), 1, "{unit}");
    }
}

/// No policy bounds these before they are looked at.
#[test]
fn hostile_titles_and_names_that_nobody_reviewed() {
    for unit in HOSTILE {
        let title = filled(unit, MAX_BODY / 4);
        let body = format!(r#"{{"event":"buy","context":{{"title":"{title}"}}}}"#);
        assert_eq!(opened(body).allowed.len(), 1, "{unit}");
    }
    let name = filled(HOSTILE[0], MAX_BODY);
    assert_eq!(opened(with_properties(&format!("\"{name}\":1"))).allowed.len(), 1);
}

#[test]
fn texts_that_a_pattern_nearly_matches() {
    let code = format!("\"code\":\"{}!\"", "a1 ".repeat(340));
    assert_eq!(opened(with_properties(&code)).events[0].changes.len(), 1);
    let item = format!("\"{}\"", "a".repeat(1020));
    let codes = format!("\"codes\":[{}]", vec![item; 900].join(","));
    assert_eq!(opened(with_properties(&codes)).events[0].changes.len(), 1);
}

#[test]
fn numbers_of_a_million_digits() {
    let digits = filled("7", MAX_BODY);
    let point = format!("{}.{}", filled("1", MAX_BODY / 2), filled("3", MAX_BODY / 2));
    let small = format!("0.{}e-300", filled("8", MAX_BODY));
    for number in [digits, point, small, format!("1{}e-1000000", filled("0", MAX_BODY))] {
        opened(with_properties(&format!("\"number\":{number}")));
    }
}

#[test]
fn members_events_escapes_and_nesting_without_end() {
    let members = filled("\"name that nobody reviewed\":1,", MAX_BODY);
    opened(with_properties(members.trim_end_matches(',')));
    let members: String = (0..70_000).map(|i| format!("\"m{i}\":[],")).collect();
    opened(with_properties(members.trim_end_matches(',')));
    opened(with_properties(&format!("\"list\":[\"{}\"]", filled("\\ud83d", MAX_BODY))));
    opened(with_properties(&format!("\"list\":[{}\"\"]", filled("\"\",", MAX_BODY))));
    opened(format!("{{\"batch\":[{}1]}}", filled("{\"event\":\"buy\",\"properties\":{\"x\":1}},", MAX_BODY)));
    opened(with_properties(&format!("\"list\":{}", filled("[", MAX_BODY))));
    opened(filled("{\"batch\":", MAX_BODY));
    opened(format!(
        "{{\"event\":\"buy\",\"context\":{{\"url\":\"https://{}\"}}}}",
        filled("a@b?utm_source=", MAX_BODY)
    ));
}
