//! The commands as they are run: exit codes, files, and what goes where.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use allowlist::Policy;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const POLICY: &str = "../allowlist/allowlist.toml";

fn sparrow(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparrow"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    sparrow(arguments).output().unwrap()
}

fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = sparrow(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A file of this name, for the test of the same name alone.
fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn check_fails_with_every_fault_at_its_place() {
    let faulty = "version = 1\n[sources]\n[events.buy]\ndescription = \"x\"\nowner = \"\"\ntracker = []\n";
    let path = file("check.toml", faulty);
    let path = path.to_str().unwrap();
    let checked = run(&["allowlist", "check", path]);
    assert_eq!(checked.status.code(), Some(1));
    let lines: Vec<_> = text(&checked.stdout).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], format!("{path}:5:9: events.buy.owner: is empty; say it for those who review"));
    assert!(lines[1].starts_with(&format!("{path}:6:1: events.buy.tracker: there is no key `tracker`")));
    assert!(lines[1].ends_with("; did you mean `trackers`?"));

    let checked = run(&["allowlist", "check", path, "--json"]);
    assert_eq!(checked.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(found["faults"][1]["line"], 6);
    assert_eq!(found["faults"][1]["suggestion"], "trackers");
}

#[test]
fn check_of_a_good_file_says_what_it_holds() {
    let checked = run(&["allowlist", "check", POLICY]);
    assert!(checked.status.success());
    let policy = Policy::from_toml(&fs::read_to_string(POLICY).unwrap(), &trackers::NAMES).unwrap();
    let said = text(&checked.stdout);
    assert!(said.contains(&policy.version) && said.contains("for ga4, amplitude, heap, webhook"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_no_finding() {
    for command in [["allowlist", "check"], ["allowlist", "types"], ["allowlist", "compile"]] {
        let ended = run(&[command[0], command[1], "nowhere.toml"]);
        assert_eq!((ended.status.code(), text(&ended.stdout)), (Some(1), ""), "{command:?}");
        assert!(text(&ended.stderr).starts_with("sparrow: nowhere.toml cannot be read"), "{command:?}");
    }
}

/// As `trace/build.rs` embeds it, so that the same file has the same bytes in KV.
#[test]
fn compile_writes_what_trace_embeds() {
    let policy = Policy::from_toml(&fs::read_to_string(POLICY).unwrap(), &trackers::NAMES).unwrap();
    let embedded = serde_json::to_string(&policy).unwrap();
    assert_eq!(text(&run(&["allowlist", "compile", POLICY]).stdout), embedded);
    let path = file("compile.json", "");
    let compiled = run(&["allowlist", "compile", POLICY, "--out", path.to_str().unwrap()]);
    assert!(compiled.status.success() && compiled.stdout.is_empty());
    assert_eq!(fs::read_to_string(path).unwrap(), embedded);
}

#[test]
fn types_that_are_not_up_to_date_fail_the_check_and_stay_as_they_are() {
    let path = file("types.d.ts", "// of yesterday");
    let out = ["--out", path.to_str().unwrap()];
    let types = |more: &[&str]| run(&[&["allowlist", "types", POLICY][..], &out, more].concat());
    let checked = types(&["--check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked.stdout).contains("make it anew: sparrow allowlist types"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "// of yesterday");
    assert!(types(&[]).status.success());
    assert!(types(&["--check"]).status.success());
    assert!(!types(&["--check", "--global"]).status.success(), "the global is missing");
    assert_eq!(fs::read(&path).unwrap(), run(&["allowlist", "types", POLICY]).stdout);
    assert_eq!(run(&["allowlist", "types", POLICY, "--check"]).status.code(), Some(2), "there is no file");
    // As Git checks it out on Windows.
    let made = fs::read_to_string(&path).unwrap();
    fs::write(&path, made.replace('\n', "\r\n")).unwrap();
    assert!(types(&["--check"]).status.success());
    fs::remove_file(&path).unwrap();
    assert!(!types(&["--check"]).status.success());
}

#[test]
fn explain_says_that_a_body_is_longer_than_dispatcher_takes() {
    let body = |length: usize| {
        let event = r#"{"event": "sign up", "deviceId": "d"}"#;
        file("long.json", &format!("{event}{}", " ".repeat(length - event.len())))
    };
    let explain = |length| run(&["allowlist", "explain", body(length).to_str().unwrap(), "--policy", POLICY]);
    assert!(explain(1 << 20).status.success());
    let refused = explain((1 << 20) + 1);
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(1), ""));
    assert!(text(&refused.stderr).starts_with("sparrow: the body has 1048577 bytes; Dispatcher answers 413"));
    assert_eq!(text(&refused.stderr).lines().count(), 1);
}

#[test]
fn explain_reads_the_input_and_the_settings() {
    let settings = ["--settings", "../trace/.dev.vars.example", "--tracker", "webhook", "--policy", POLICY];
    let explain = [&["allowlist", "explain", "-"], &settings[..]].concat();
    let explained = run_with(&explain, br#"{"event": "sign up", "properties": {"plan": "team"}}"#);
    let said = text(&explained.stdout);
    assert!(explained.status.success(), "{}", text(&explained.stderr));
    assert!(said.contains("kept     properties.plan  \"team\""), "{said}");
    assert!(said.contains("POST http://127.0.0.1:8788/webhook"), "{said}");
    assert!(!said.contains("ga4"), "{said}");
}

#[test]
fn scrub_keeps_lines_and_counts_apart() {
    let scrubbed = run_with(&["scrub"], b"ada@example.com\nok\n");
    assert!(scrubbed.status.success());
    assert_eq!(text(&scrubbed.stdout), "[email]\nok\n");
    assert_eq!(text(&scrubbed.stderr), "1 of 2 lines changed: email 1\n");
    let path = file("scrub.txt", "5550142");
    let scrubbed = run(&["scrub", "--key", "phone", path.to_str().unwrap()]);
    assert_eq!(text(&scrubbed.stdout), "[phone]");
}

/// As under `| head`.
#[test]
fn an_output_that_is_closed_ends_the_command_quietly() {
    let lines = "a@b.example\n".repeat(200_000);
    let path = file("many-lines.txt", &lines);
    let event = r#"{"event": "sign up"},"#.repeat(1000);
    let events = file("many-events.json", &format!("{{\"batch\": [{}]}}", event.trim_end_matches(',')));
    let scrub = ["scrub", path.to_str().unwrap()];
    let explain = ["allowlist", "explain", events.to_str().unwrap(), "--policy", POLICY];
    let json = [&explain[..], &["--json"]].concat();
    let database = file("many-rows.sqlite", "");
    let count =
        "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a LIMIT 1000000) SELECT n FROM a";
    let query = |format| ["query", count, "--d1", database.to_str().unwrap(), "--format", format];
    let (csv, array, ndjson) = (query("csv"), query("json"), query("ndjson"));
    for arguments in [&scrub[..], &explain, &json, &csv, &array, &ndjson] {
        let mut child = sparrow(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), text(&ended.stderr)), (Some(0), ""), "{arguments:?}");
    }
}
