//! The command against a Console that answers as a test says.

use super::dead::{Dead, Done, Found, Output, replay};
use super::letters::Letters;
use super::report;
use crate::clock;
use crate::console::api::{OnShard, Tracker};
use crate::testing::{Reply, Server, reply};
use clap::Parser;
use event::Millis;
use outbox::admin::DeadEvent;
use serde_json::{Value, json};
use std::process::ExitCode;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    dead: Dead,
}

/// What the command tells as JSON, and its exit code.
fn told(server: &Server, arguments: &[&str]) -> (Value, ExitCode) {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "token").unwrap();
    let fixed = ["replay", "--console", server.url.as_str(), "--console-token-file"];
    let path = token.path().to_str().unwrap();
    let arguments = fixed.iter().chain([&path]).chain(arguments);
    let Cli { dead } = Cli::parse_from(arguments);
    let output = Output { json: true, members: Default::default() };
    let console = dead.console.open().unwrap();
    let done = Done::default();
    let code = crate::testing::run(replay(&dead, &console, &output, &done)).unwrap();
    (Value::Object(output.members.into_inner()), code)
}

fn letter(shard: u32, days: i64, reason: &str, events: &[&str]) -> Value {
    let at = Millis(clock::now().0 - days * DAY_MS).to_string();
    let events = events.iter().enumerate().map(|(idx, name)| json!({"idx": idx, "id": "e", "name": name}));
    json!({"shard": shard, "number": 1, "tracker": "x", "payloadId": "p", "receivedAt": at, "deadAt": at,
        "reason": reason, "attempts": 1, "run": "live", "events": events.collect::<Vec<_>>()})
}

fn page(letters: &[Value], cursor: Option<&str>) -> Option<Reply> {
    let mut page = json!({"letters": letters, "failed": []});
    if let Some(cursor) = cursor {
        page["cursor"] = cursor.into();
    }
    Some((200, "", page.to_string().into()))
}

const NO_TRACKERS: Reply = reply(200, r#"{"trackers": [], "failed": []}"#);

fn is_good(code: ExitCode) -> bool {
    code == ExitCode::SUCCESS
}

#[test]
fn letters_are_counted_page_by_page_and_others_of_their_payload_are_not() {
    let server = Server::start(|seen, _| match (seen.path().as_str(), seen.query().get("cursor")) {
        ("/api/dead", None) => page(&[letter(0, 0, "timeout", &["buy", "look", "buy"])], Some("0-1")),
        ("/api/dead", Some(_)) => page(&[letter(1, 0, "timeout", &["buy"])], None),
        _ => Some(NO_TRACKERS),
    });
    let (told, code) = told(&server, &["--tracker", "heap", "--event", "buy", "--since", "2d"]);
    assert!(is_good(code));
    assert_eq!((&told["letters"], &told["events"]), (&json!(2), &json!(3)));
    assert_eq!(told["groups"].as_array().unwrap().len(), 1);
    let seen = server.seen();
    assert_eq!(seen[0].query()["event"], "buy");
    assert!(seen[0].query().contains_key("from") && !seen[0].query().contains_key("to"));
    assert_eq!(seen[1].query()["cursor"], "0-1");
    assert!(seen.iter().all(|seen| seen.line.starts_with("GET ")), "nothing is done without --yes");
}

#[test]
fn what_a_shard_did_not_answer_is_a_failure_and_the_rest_is_followed() {
    let server = Server::start(|seen, _| match seen.path().as_str() {
        "/api/dead" => page(&[letter(0, 0, "timeout", &["buy"])], None),
        "/api/dead/replay" => Some(reply(
            502,
            r#"{"run": "replay:1", "letters": 1, "events": 1, "failed": [{"shard": 3, "error": "no answer"}]}"#,
        )),
        "/api/ledger" => {
            assert_eq!(seen.query()["run"], "replay:1");
            let line = json!({"run": "replay:1", "day": "2026-11-01", "event": "buy", "tracker": "heap", "received": 1,
                "delivered": 1, "filtered": 0, "rejected": 0, "dead": 0, "pending": 0, "unaccounted": 0});
            Some((200, "", json!({"ledger": [line], "failed": []}).to_string().into()))
        }
        _ => Some(NO_TRACKERS),
    });
    let (told, code) = told(&server, &["--tracker", "heap", "--yes"]);
    assert!(!is_good(code));
    assert_eq!(told["standing"]["delivered"], 1);
    assert_eq!(told["failed"], json!([{"shard": 3, "error": "no answer"}]));
    let posted = server.seen().into_iter().find(|seen| seen.line.starts_with("POST ")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&posted.body).unwrap(), json!({"tracker": "heap"}));
}

/// What is written to a warehouse counts under no run.
#[test]
fn a_lane_of_a_warehouse_is_put_back_and_not_followed() {
    for lane in ["(raw d1)", "(accounts bigquery)"] {
        let server = Server::start(|seen, _| match seen.path().as_str() {
            "/api/dead" => page(&[letter(0, 30, "too_large", &[])], None),
            "/api/dead/replay" => {
                Some(reply(200, r#"{"run": "replay:1", "letters": 1, "events": 0, "failed": []}"#))
            }
            "/api/trackers" => Some(NO_TRACKERS),
            other => panic!("{other}"),
        });
        let (told, code) = told(&server, &["--tracker", lane, "--yes"]);
        assert!(is_good(code));
        assert_eq!((&told["tooOld"], &told["pastDedupe"]), (&json!(0), &json!(0)), "it has no windows");
        assert_eq!(told["putBack"]["letters"], 1);
    }
}

fn found(tracker: &str, days: &[i64]) -> String {
    let windows = trackers::windows(tracker);
    let mut letters = Letters::default();
    for days in days {
        let letter = crate::console::api::Letter {
            shard: 0,
            received_at: Millis(clock::now().0 - days * DAY_MS).to_string(),
            reason: "timeout".into(),
            events: vec![DeadEvent { idx: 0, id: "e".into(), name: "buy".into() }],
        };
        letters.add(&letter, None, windows, clock::now());
    }
    report::found(&Found { tracker, letters, windows, unready: vec![], failed: vec![] })
}

#[test]
fn what_would_be_lost_or_doubled_is_told_by_the_vendors_windows() {
    let days = [0, 2, 4, 8];
    let ga4 = found("ga4", &days);
    assert!(ga4.contains("2 would be lost: ga4 takes nothing older than 72 h"), "{ga4}");
    assert!(ga4.contains("2 would count twice if ga4") && ga4.contains("it knows no event again"), "{ga4}");
    let amplitude = found("amplitude", &days);
    assert!(amplitude.contains("none is too old"), "{amplitude}");
    assert!(amplitude.contains("1 would count twice if amplitude"), "{amplitude}");
    assert!(amplitude.contains("knows an event again for 7 days"), "{amplitude}");
    let webhook = found("webhook", &days);
    assert!(!webhook.contains("twice") && webhook.contains("is not documented"), "{webhook}");
}

#[test]
fn a_lane_that_fails_or_rests_says_that_waiting_is_better() {
    let on = |breaker: &str| OnShard {
        dead: 0,
        shard: 0,
        backlog: 1,
        breaker: breaker.into(),
        reason: Some("http_503".into()),
    };
    let lane =
        |paused, shards| Tracker { tracker: "heap".into(), paused, oldest_pending_seconds: None, shards };
    assert_eq!(report::unready(&lane(false, vec![on("closed")])), Vec::<String>::new());
    let unready = report::unready(&lane(true, vec![on("closed"), on("open"), on("half_open")]));
    assert_eq!(unready.len(), 2);
    assert!(unready[1].contains("2 of 3 shards (http_503)"), "{unready:?}");
}

/// Shards work side by side, so that the one with most events says how long it takes.
#[test]
fn the_estimate_is_that_of_the_shard_with_most_events() {
    let mut letters = Letters::default();
    for (shard, events) in [(0, 1), (1, 2500), (2, 800)] {
        let event = DeadEvent { idx: 0, id: "e".into(), name: "buy".into() };
        let letter = crate::console::api::Letter {
            shard,
            received_at: clock::now().to_string(),
            reason: "timeout".into(),
            events: vec![event; events],
        };
        letters.add(&letter, None, None, clock::now());
    }
    assert_eq!(letters.estimate(), 3);
}
