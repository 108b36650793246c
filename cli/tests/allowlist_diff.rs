//! `sparrow allowlist diff` in a git repository.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const POLICY: &str = "version = 1\n[sources]\n[events.buy]\ndescription = \"d\"\nowner = \"o\"\n";

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
    let ended = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

fn diff(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparrow"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder).args(["allowlist", "diff"]).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_policy_is_compared_with_the_committed_one_and_a_difference_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (root, inner) = (folder.path(), folder.path().join("inner"));
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("policy.toml"), POLICY).unwrap();
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "policy"]);

    let (code, said, _) = diff(root, &["inner/policy.toml", "--exit-code"]);
    assert_eq!(code, Some(0));
    assert!(said.ends_with("\nno difference in what is admitted\n"), "{said}");

    fs::write(inner.join("policy.toml"), POLICY.replace("buy", "look")).unwrap();
    let absolute = inner.join("policy.toml");
    for (from, path) in
        [(root, "inner/policy.toml"), (&inner, "policy.toml"), (root, absolute.to_str().unwrap())]
    {
        let (code, said, _) = diff(from, &[path]);
        assert_eq!(code, Some(0));
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with(&format!("{path} (version 1-")) && lines[0].contains("HEAD:"), "{said}");
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>()[..2], ["less", "buy"]);
        assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>()[..2], ["more", "look"]);
    }
    let (code, said, _) = diff(&inner, &["policy.toml", "--exit-code", "--json"]);
    assert_eq!(code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["differences"][0]["effect"], "less");
    assert_eq!(json["old"]["name"], "HEAD:policy.toml");

    fs::write(inner.join("other.toml"), POLICY).unwrap();
    let (code, said, error) = diff(&inner, &["other.toml"]);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(error.contains("git has no committed other.toml") && error.contains("--against"), "{error}");
    assert_eq!(diff(&inner, &["policy.toml", "--against", "other.toml", "--exit-code"]).0, Some(1));
}
