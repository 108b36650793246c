//! Sending, against a server that fails as servers do.

use super::testing::load;
use super::*;
use crate::testing::{Reply, Server, reply, run};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

fn send(url: &Url, arguments: &[&str]) -> Vec<Sent> {
    let load = load(&[arguments, &["--url", url.as_str()]].concat()).unwrap();
    run(async { publish(&load, 7, &client(&load).unwrap()).await.unwrap() })
}

fn ok() -> Option<Reply> {
    Some(reply(200, "OK"))
}

#[test]
fn what_was_not_stored_is_sent_again_with_the_same_id_and_body() {
    let server = Server::start(|_, before| match before {
        0 => Some((503, "retry-after: 0\r\n", "".into())),
        1 => None,
        _ => ok(),
    });
    let sent = send(&server.url, &["--count", "1"]);
    let refused = BTreeMap::from([("503".to_owned(), 1), ("no answer".to_owned(), 1)]);
    assert!(sent[0].acked && sent[0].latency_us.is_some());
    assert_eq!((sent[0].attempts, &sent[0].refused), (3, &refused));
    assert!(sent[0].last_at > sent[0].first_at);
    let requests = server.seen();
    for request in &requests {
        assert_eq!(request.body, requests[0].body);
        for name in ["id", "k", "key"] {
            assert_eq!(request.query()[name], requests[0].query()[name]);
        }
    }
    assert_eq!(requests[0].query()["id"], sent[0].id);
    assert_eq!(requests[0].query()["key"], "sparrow-development-key");
    assert_eq!(requests[2].query()["sentAt"], sent[0].last_at.to_string());
}

#[test]
fn a_server_that_is_not_there_is_asked_until_the_time_is_up() {
    let server = Server::start(|_, _| Some((503, "retry-after: 3600\r\n", "".into())));
    let sent = send(&server.url, &["--count", "1"]);
    assert_eq!((sent[0].acked, sent[0].attempts), (false, 1), "an hour is more than the minute of --retry");
    let nobody = Url::parse("http://127.0.0.1:1/e").unwrap();
    let sent = send(&nobody, &["--count", "1", "--retry", "500ms"]);
    assert!(!sent[0].acked && sent[0].attempts > 1);
    assert_eq!(sent[0].refused["no answer"], u64::from(sent[0].attempts));
    let once = send(&nobody, &["--count", "1", "--retry", "0s"]);
    assert_eq!(once[0].attempts, 1);
}

#[test]
fn a_refusal_is_final() {
    let server = Server::start(|_, _| Some((413, "retry-after: 0\r\n", "".into())));
    let sent = send(&server.url, &["--count", "1"]);
    assert_eq!((sent[0].acked, sent[0].attempts), (false, 1));
    assert_eq!(sent[0].refused, BTreeMap::from([("413".to_owned(), 1)]));
}

#[test]
fn a_rate_is_kept_while_answers_are_late() {
    // Nobody is answered before all have asked.
    let all = Barrier::new(8);
    let server = Server::start(move |_, _| {
        all.wait();
        ok()
    });
    let sent = send(&server.url, &["--count", "8", "--rate", "200"]);
    assert!(sent.iter().all(|payload| payload.acked && payload.attempts == 1));
    let numbers: Vec<_> = sent.iter().map(|payload| payload.id.rsplit('-').next().unwrap()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn what_is_answered_while_others_are_sent_is_kept() {
    let server = Server::start(|_, _| ok());
    let sent = send(&server.url, &["--rate", "200", "--for", "200ms"]);
    assert_eq!(sent.len(), 40);
    assert!(sent.iter().all(|payload| payload.acked));
}

#[test]
fn connections_are_as_many_as_asked() {
    let open = AtomicUsize::new(0);
    let most = std::sync::Arc::new(Mutex::new(0));
    let told = std::sync::Arc::clone(&most);
    let three = Barrier::new(3);
    let server = Server::start(move |_, _| {
        let now = open.fetch_add(1, Ordering::SeqCst) + 1;
        let mut most = told.lock().unwrap();
        *most = now.max(*most);
        drop(most);
        three.wait();
        open.fetch_sub(1, Ordering::SeqCst);
        ok()
    });
    let sent = send(&server.url, &["--count", "12", "--connections", "3"]);
    assert_eq!(sent.iter().filter(|payload| payload.acked).count(), 12);
    assert_eq!(*most.lock().unwrap(), 3);
}

#[test]
fn arguments_that_contradict_each_other_are_refused() {
    for arguments in [
        &["--rate", "1", "--connections", "1"][..],
        &["--for", "1s", "--count", "1"],
        &["--publish-only", "a", "--verify-only", "b"],
        &["--publish-only", "a", "--no-verify"],
        &["--verify-only", "a", "--rate", "1"],
        &["--rate", "0"],
        &["--connections", "0"],
        &["--for", "soon"],
        &["--for", "-1s"],
        &["--events-per-request", "1001"],
        &["--visitors", "0"],
    ] {
        assert!(load(arguments).is_err(), "{arguments:?}");
    }
    let load = load(&["--rate", "500", "--for", "60s", "--retry", "1m 30s"]).unwrap();
    assert_eq!(load.length, Some(Duration::from_secs(60)));
    assert_eq!(load.retry, Duration::from_secs(90));
}

/// Tests and benchmarks read these names.
#[test]
fn the_report_as_json_is_pinned() {
    let sent = Sent {
        id: "load-1-0".into(),
        sha256: String::new(),
        events: vec![uuid::Uuid::nil()],
        acked: true,
        attempts: 2,
        first_at: 0,
        last_at: 1,
        latency_us: Some(1000),
        refused: BTreeMap::from([("503".into(), 1)]),
    };
    let mut findings = verify::Findings::new(1);
    let mut outcomes = verify::deliveries::Outcomes::new(1);
    outcomes.sum.vendor = Some(verify::vendors::AtVendor {
        vendor_missing: 0,
        vendor_duplicates: 1,
        vendor_latency_ms: latency::Percentiles::default(),
    });
    findings.trackers.insert("ga4".into(), outcomes);
    findings.accounts = Some(verify::accounts::Accounts { pending: 2, unaccounted: 0 });
    findings.problems.push(verify::Problem::waiting("2 events are pending"));
    let published = Published::new(Some(1), &[sent]);
    let verified = Verified::new(findings, &published);
    assert!(!verified.is_good());
    let report = Report { published, verified: Some(verified) };
    let zeros = serde_json::json!({ "p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0 });
    let one = serde_json::json!({ "p50": 1.0, "p90": 1.0, "p99": 1.0, "max": 1.0 });
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        serde_json::json!({
            "seed": 1, "sent": 1, "acknowledged": 1, "refused": { "503": 1 }, "events": 1,
            "payloadsPerSecond": 0.0, "latencyMs": one,
            "lost": 0,
            "raw": {
                "payloads": 0, "missing": 0, "repeated": 0, "altered": 0,
                "events": 0, "eventsMissing": 0, "eventsRepeated": 0,
            },
            "accounts": { "pending": 2, "unaccounted": 0 },
            "trackers": { "ga4": {
                "delivered": 0, "filtered": 0, "rejected": 0, "dead": 0, "pending": 0, "missing": 0, "repeated": 0,
                "vendorMissing": 0, "vendorDuplicates": 1, "vendorLatencyMs": zeros,
            } },
            "problems": ["2 events are pending"],
        })
    );
    let mut text = Vec::new();
    report.print(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("answered        503: 1"), "{text}");
    assert!(text.contains("✗ 2 events are pending"), "{text}");
}
