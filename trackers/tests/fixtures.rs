//! Runs the fixtures of every vendor; `fixtures/README.md` says how they are written.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{accounted_for, take_over};
use event::Millis;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use trackers::settings::Settings;
use trackers::{Call, Plan, Reply, Tracker, Verdict};

/// Fewer cases cannot cover mapping, limits, identities and replies.
const MIN_CASES: usize = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    settings: Settings,
    now: i64,
    #[serde(default)]
    url: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
    faults: Option<Vec<String>>,
    now: Option<i64>,
    events: Option<Value>,
    #[serde(default)]
    rename: BTreeMap<String, String>,
    calls: Option<Vec<ExpectedCall>>,
    #[serde(default)]
    rejected: Vec<(usize, String)>,
    #[serde(default)]
    replies: Vec<ReplyCase>,
    #[serde(default)]
    mirror: Option<Value>,
    #[serde(default)]
    complaints: Vec<ComplaintCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedCall {
    url: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Value>,
    text: Option<String>,
    bytes: Option<usize>,
    events: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyCase {
    status: u16,
    retry_after: Option<String>,
    #[serde(default)]
    body: Value,
    verdicts: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComplaintCase {
    body: Value,
    complaints: Vec<String>,
}

#[test]
fn every_vendor_does_what_its_fixtures_say() {
    let mut failures = Vec::new();
    for vendor in folders() {
        for (path, file) in files(&vendor) {
            for case in &file.cases {
                if let Err(what) = run(&vendor, &file, case) {
                    failures.push(format!("{}: {}: {what}", path.display(), case.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_vendor_has_fixtures_and_every_folder_a_vendor() {
    let vendors: Vec<_> = trackers::NAMES.iter().map(|name| (*name).to_owned()).collect();
    let (folders, named): (BTreeSet<_>, BTreeSet<_>) =
        (folders().into_iter().collect(), vendors.into_iter().collect());
    assert_eq!(folders, named, "folders of `fixtures` and vendors of the registry");
    for vendor in folders {
        let names: Vec<_> =
            files(&vendor).into_iter().flat_map(|(_, file)| file.cases).map(|case| case.name).collect();
        assert!(names.len() >= MIN_CASES, "{vendor} has {} cases and needs {MIN_CASES}", names.len());
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{vendor} has two cases of one name");
    }
}

/// What is told of calls shows everything but secrets, so that none may be read without being told to be one.
#[test]
fn what_is_named_like_a_secret_is_one() {
    let is_named_so =
        |name: &str| ["KEY", "PASSWORD", "SECRET", "TOKEN"].iter().any(|end| name.ends_with(end));
    for vendor in folders() {
        for (path, file) in files(&vendor) {
            let secrets = trackers::secrets(&file.settings);
            for (name, value) in file.settings.iter().filter(|(name, _)| is_named_so(name)) {
                let hidden = secrets[vendor.as_str()].iter().any(|secret| value.contains(secret.as_str()));
                assert!(hidden, "{name} of {}: read it with `Section::credential`", path.display());
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn folders() -> Vec<String> {
    let entries = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.is_dir());
    folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

fn files(vendor: &str) -> Vec<(PathBuf, File)> {
    let mut paths: Vec<_> =
        fs::read_dir(root().join(vendor)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let read = |text: String| serde_json::from_value(expand(serde_json::from_str(&text)?, None));
            let file = read(fs::read_to_string(&path).unwrap());
            let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, file)
        })
        .collect()
}

/// Writes out the short forms: `{"repeat": n, "of": …, "from": i}` and `{"x": n, "of": "…"}`.
fn expand(value: Value, i: Option<u64>) -> Value {
    match value {
        Value::String(text) => match i {
            Some(i) if text == "{i}" => json!(i),
            Some(i) => Value::from(text.replace("{i}", &i.to_string())),
            None => Value::from(text),
        },
        Value::Array(items) => items.into_iter().flat_map(|item| repeated(item, i)).collect(),
        Value::Object(members) => {
            if let Some(count) = members.get("x").and_then(Value::as_u64) {
                let of = members.get("of").and_then(Value::as_str).unwrap_or("x");
                return Value::from(of.repeat(count as usize));
            }
            if members.contains_key("repeat") {
                let is_form = |name: &str| ["repeat", "from", "of"].contains(&name);
                let others = members.clone().into_iter().filter(|(name, _)| !is_form(name)).collect();
                let objects = repeated(Value::from(members), i).into_iter().chain([expand(others, i)]);
                return objects.flat_map(|one| one.as_object().unwrap().clone()).collect();
            }
            members.into_iter().map(|(key, value)| (name(key, i), expand(value, i))).collect()
        }
        other => other,
    }
}

fn name(name: String, i: Option<u64>) -> String {
    let count = name.strip_prefix("{x*").and_then(|rest| rest.strip_suffix('}')?.parse().ok());
    match (count, i) {
        (Some(count), _) => "x".repeat(count),
        (None, Some(i)) => name.replace("{i}", &i.to_string()),
        (None, None) => name,
    }
}

fn repeated(item: Value, i: Option<u64>) -> Vec<Value> {
    let number = |name| item.get(name).and_then(Value::as_u64);
    match number("repeat") {
        None => vec![expand(item, i)],
        Some(count) => {
            let from = number("from").unwrap_or(0);
            (from..from + count).map(|i| expand(item["of"].clone(), Some(i))).collect()
        }
    }
}

fn run(vendor: &str, file: &File, case: &Case) -> Result<(), String> {
    let mut settings = file.settings.clone();
    for (name, value) in &case.settings {
        match value {
            Some(value) => settings.insert(name.clone(), value.clone()),
            None => settings.remove(name),
        };
    }
    let configured = trackers::configure(&settings);
    if let Some(faults) = &case.faults {
        let Err(error) = configured else { return Err("the settings have no fault".to_owned()) };
        equal("faults", &error.0, faults)?;
        return holds_none_of(&settings, &error.to_string());
    }
    let trackers = configured.map_err(|error| error.to_string())?;
    let Some(events) = &case.events else {
        return equal("trackers", &trackers.len(), &0);
    };
    let [tracker] = &trackers[..] else { return Err(format!("{} trackers", trackers.len())) };
    equal("name", &tracker.name(), &vendor)?;

    let now = Millis(case.now.unwrap_or(file.now));
    let events = take_over(events, vendor, &case.rename);
    let events: Vec<_> = events.iter().collect();
    let plan = tracker.plan(&events, now);
    equal("the second plan", &tracker.plan(&events, now), &plan)?;
    accounted_for(&plan, events.len())?;
    holds_none_of(&settings, &format!("{plan:?}"))?;
    expected_calls(file, case, &plan)?;
    for call in &plan.calls {
        any_reply(tracker.as_ref(), call)?;
    }
    if !case.replies.is_empty() {
        let [call] = &plan.calls[..] else { return Err("replies are for one call".to_owned()) };
        for (place, reply) in case.replies.iter().enumerate() {
            expected_verdicts(tracker.as_ref(), call, reply)
                .map_err(|what| format!("reply {place}: {what}"))?;
        }
    }
    for (place, case) in case.complaints.iter().enumerate() {
        let body = body(&case.body);
        let reply = Reply { status: 200, retry_after: None, body: &body };
        equal(&format!("complaints {place}"), &tracker.complaints(&reply), &case.complaints)?;
    }
    match (&case.mirror, plan.calls.first()) {
        (Some(mirror), Some(call)) => expected_mirror(tracker.as_ref(), call, mirror),
        _ => Ok(()),
    }
}

fn expected_calls(file: &File, case: &Case, plan: &Plan) -> Result<(), String> {
    let rejected: Vec<_> =
        plan.rejected.iter().map(|(index, reason)| (*index, (*reason).to_owned())).collect();
    equal("rejected", &rejected, &case.rejected)?;
    let Some(expected) = &case.calls else { return Ok(()) };
    let mut calls: Vec<_> = plan.calls.iter().collect();
    calls.sort_by_key(|call| call.events.first());
    let carried = |events: Vec<&[usize]>| format!("{events:?}");
    equal(
        "events of the calls",
        &carried(calls.iter().map(|call| &call.events[..]).collect()),
        &carried(expected.iter().map(|call| &call.events[..]).collect()),
    )?;
    for (call, expected) in calls.into_iter().zip(expected) {
        equal("url", &call.url, expected.url.as_ref().unwrap_or(&file.url))?;
        let headers = call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let json = || BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        equal("headers", &headers, &expected.headers.clone().unwrap_or_else(json))?;
        if let Some(text) = &expected.text {
            equal("body", &call.body, text)?;
        }
        if let Some(body) = &expected.body {
            equal("body", &parsed(&call.body)?, body)?;
        }
        if let Some(bytes) = expected.bytes {
            equal("bytes", &call.body.len(), &bytes)?;
        }
    }
    Ok(())
}

fn expected_verdicts(tracker: &dyn Tracker, call: &Call, case: &ReplyCase) -> Result<(), String> {
    let body = body(&case.body);
    let reply = Reply { status: case.status, retry_after: case.retry_after.as_deref(), body: &body };
    let verdicts: Vec<_> = tracker.verdicts(call, &reply).iter().map(verdict_json).collect();
    equal("verdicts", &verdicts, &case.verdicts)
}

fn verdict_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Delivered => json!("delivered"),
        Verdict::Rejected(reason) => json!({ "rejected": reason }),
        Verdict::Retry { after, reason } => json!({ "retry": reason, "after": after }),
        Verdict::Again => json!("again"),
        Verdict::Split => json!("split"),
    }
}

/// What must hold whatever the vendor answers.
fn any_reply(tracker: &dyn Tracker, call: &Call) -> Result<(), String> {
    const STATUSES: [u16; 20] =
        [200, 202, 204, 301, 308, 400, 401, 402, 403, 404, 408, 409, 410, 413, 418, 422, 429, 500, 503, 599];
    const BODIES: [&[u8]; 5] = [b"", b"\xff{", b"<html>", b"{}", b"[null]"];
    for (status, body) in STATUSES.iter().flat_map(|status| BODIES.map(|body| (*status, body))) {
        let verdicts = tracker.verdicts(call, &Reply { status, retry_after: None, body });
        equal(&format!("number of verdicts at {status}"), &verdicts.len(), &call.events.len())?;
        let delivered = verdicts.iter().filter(|verdict| **verdict == Verdict::Delivered).count();
        equal(&format!("delivered at {status}"), &delivered, &if status < 300 { verdicts.len() } else { 0 })?;
        let split = verdicts.iter().filter(|verdict| **verdict == Verdict::Split).count();
        if split > 0 && (split == 1 || split < verdicts.len()) {
            return Err(format!("at {status} {split} of {} events are split", verdicts.len()));
        }
    }
    Ok(())
}

/// `false` where the call is not among those that are validated, else the members that differ from the call.
fn expected_mirror(tracker: &dyn Tracker, call: &Call, expected: &Value) -> Result<(), String> {
    let Some(mirror) = tracker.mirror(call) else { return equal("mirror", &json!(false), expected) };
    let (mut body, sent) = (parsed(&mirror.body)?, parsed(&call.body)?);
    let members = body.as_object_mut().ok_or("the mirror's body is no object")?;
    members.retain(|name, value| sent.get(name) != Some(value));
    equal("mirror's events", &mirror.events, &call.events)?;
    equal("mirror's headers", &mirror.headers, &call.headers)?;
    equal("mirror", &json!({ "url": mirror.url, "adds": members }), expected)
}

/// No value that may be a secret shows up in a text that may be logged. Plain words such as `device` are none.
fn holds_none_of(settings: &Settings, text: &str) -> Result<(), String> {
    let is_word = |value: &str| value.bytes().all(|byte| byte.is_ascii_lowercase());
    let told =
        |(_, value): &(&String, &String)| value.len() > 3 && !is_word(value) && text.contains(value.as_str());
    match settings.iter().find(told) {
        Some((name, _)) => Err(format!("the value of {name} can be read in: {text}")),
        None => Ok(()),
    }
}

fn body(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        json => json.to_string().into_bytes(),
    }
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Map<String, Value>>(text).map(Value::from).map_err(|error| error.to_string())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, expected: &T) -> Result<(), String> {
    if is == expected { Ok(()) } else { Err(format!("{what}\n      is {is:?}\nexpected {expected:?}")) }
}
