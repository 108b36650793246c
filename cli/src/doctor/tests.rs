//! What is found where something is wrong, and that no secret is shown.

use super::findings::{Finding, State};
use super::*;
use crate::testing::{Seen, Server, reply, run};
use std::path::Path;

fn states(findings: &Findings) -> Vec<(&str, State)> {
    findings.0.iter().map(|finding| (finding.what.as_str(), finding.state)).collect()
}

/// What no reply may bring into the output.
const SECRET: &str = "0123456789abcdef-secret";

fn vendors(server: &Server) -> Findings {
    let file = tempfile::NamedTempFile::new().unwrap();
    let url = server.url.as_str();
    let text = format!(
        "GA4_MEASUREMENT_ID=G-1\nGA4_API_SECRET={SECRET}\nGA4_ENDPOINT={url}\nAMPLITUDE_API_KEY={SECRET}\nAMPLITUDE_ENDPOINT={url}\n\
         HEAP_APP_ID=1\nWEBHOOK_URL={url}{SECRET}\nWEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
    );
    std::fs::write(file.path(), text).unwrap();
    let mut findings = Findings::default();
    run(vendors::look(&workers::client().unwrap(), file.path(), &mut findings));
    findings
}

#[test]
fn vendors_that_take_the_credentials_are_told_from_those_that_cannot_say() {
    let server = Server::start(|seen, _| {
        Some(match seen.path().as_str() {
            "/debug/mp/collect" => reply(200, r#"{"validationMessages":[]}"#),
            "/2/httpapi" => reply(
                400,
                r#"{"code":400,"error":"Request missing required field","missing_field":"events"}"#,
            ),
            _ => reply(500, ""),
        })
    });
    let findings = vendors(&server);
    let expected = [
        ("ga4", State::Unknown),
        ("amplitude", State::Ok),
        ("heap", State::Unknown),
        ("webhook", State::Unknown),
    ];
    assert_eq!(states(&findings), expected);
    let sent: Vec<Seen> = server.seen();
    assert_eq!(sent.len(), 2, "heap and the webhook are left alone");
    assert!(sent[1].body.contains("\"events\":[]"), "nothing is recorded");
}

#[test]
fn nothing_is_shown_to_an_address_that_is_not_https() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("AMPLITUDE_API_KEY={SECRET}\nAMPLITUDE_ENDPOINT=http://vendor.example\n");
    std::fs::write(file.path(), text).unwrap();
    let mut findings = Findings::default();
    run(vendors::look(&workers::client().unwrap(), file.path(), &mut findings));
    let told = findings.to_string();
    assert!(told.contains("AMPLITUDE_ENDPOINT must be an https address"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn a_refused_key_is_a_fault_and_is_not_repeated() {
    let server = Server::start(|seen, _| {
        let says = format!(
            r#"{{"error":"Invalid API key: {SECRET}","validationMessages":[{{"description":"{SECRET}"}}]}}"#
        );
        Some((if seen.path() == "/2/httpapi" { 400 } else { 200 }, "", says.into()))
    });
    let findings = vendors(&server);
    assert_eq!(states(&findings)[..2], [("ga4", State::Fault), ("amplitude", State::Fault)]);
    let (text, json) = (findings.to_string(), findings.to_json().to_string());
    assert!(!text.contains(SECRET) && !json.contains(SECRET), "{text}");
    assert!(text.contains("-> check AMPLITUDE_API_KEY"), "{text}");
    assert!(text.ends_with("2 fault(s), 0 warning(s), 2 unknown\n"), "{text}");
}

#[test]
fn a_vendor_with_trouble_of_its_own_is_a_warning_and_one_that_is_not_there_a_fault() {
    let server = Server::start(|_, _| Some(reply(503, "")));
    assert_eq!(states(&vendors(&server))[..2], [("ga4", State::Warn), ("amplitude", State::Warn)]);
    let server = Server::start(|_, _| None);
    assert_eq!(states(&vendors(&server))[..2], [("ga4", State::Fault), ("amplitude", State::Fault)]);
}

fn health(status: u16, headers: &'static str, body: &'static str) -> Findings {
    let server = Server::start(move |_, _| Some((status, headers, body.into())));
    let http = workers::client().unwrap();
    let mut findings = Findings::default();
    run(workers::dispatcher(&http, &server.url, &mut findings));
    run(workers::console(&http, &server.url, &mut findings));
    findings
}

#[test]
fn workers_that_are_not_there_or_of_another_release_are_told() {
    let own = concat!(r#"{"status":"ok","release":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
    let of = |findings: Findings| findings.0.into_iter().map(|finding| finding.state).collect::<Vec<_>>();
    assert_eq!(of(health(200, "", own)), [State::Ok, State::Ok]);
    assert_eq!(of(health(200, "", r#"{"release":"9.9.9"}"#)), [State::Warn, State::Ok]);
    assert_eq!(of(health(200, "", "<html>")), [State::Fault, State::Ok]);
    assert_eq!(of(health(404, "", "")), [State::Fault, State::Fault]);
    assert_eq!(of(health(302, "", "")), [State::Fault, State::Fault]);
}

#[test]
fn a_clock_that_is_apart_is_told() {
    let old = health(200, "date: Sun, 01 Nov 2026 12:00:00 GMT\r\n", "{}");
    let [.., Finding { area: "clock", state: State::Warn, says, .. }] = &old.0[..] else { panic!("{old}") };
    assert!(says.contains("ahead of it") || says.contains("behind it"), "{says}");
    let mut findings = Findings::default();
    clock::of_shard(1, &crate::clock::now().to_string(), &mut findings);
    assert_eq!(states(&findings), [("shard 1", State::Ok)]);
}

/// The project's own configurations, as they are before anybody deploys.
#[test]
fn placeholders_are_faults_where_something_is_deployed() {
    let worker = |path: &str, env| crate::wrangler::Worker::read(Path::new(path), env).unwrap();
    let files = ["../wrangler.toml", "../trace/wrangler.toml", "../console/wrangler.toml"];
    for (env, expected) in [(None, vec![]), (Some("production"), vec!["D1"])] {
        let [dispatcher, trace, console] = files.map(|file| worker(file, env));
        let all = bindings::Configurations { dispatcher, trace, console };
        let mut findings = Findings::default();
        bindings::judge(&all, env, &mut findings);
        let faults = findings.0.iter().filter(|finding| finding.state == State::Fault);
        assert_eq!(faults.map(|finding| finding.what.as_str()).collect::<Vec<_>>(), expected, "{findings}");
    }
}

#[test]
fn bindings_that_lead_elsewhere_are_faults() {
    let worker = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        crate::wrangler::Worker::read(file.path(), Some("p")).unwrap()
    };
    let all = bindings::Configurations {
        dispatcher: worker(
            "name = 's'\n[env.p.vars]\nENVIRONMENT = 'x'\nWAREHOUSE = 'd1,d2'\nOUTBOX_LOCATION = 'weur'\n[[env.p.services]]\nbinding = 'TRACE'\nservice = 's-trace'",
        ),
        trace: worker(
            "name = 's-trace'\n[[env.p.kv_namespaces]]\nbinding = 'POLICY'\nid = ''\n[env.p.vars]\nENVIRONMENT = 'p'",
        ),
        console: worker(
            "[env.p.vars]\nENVIRONMENT = 'p'\n[[env.p.durable_objects.bindings]]\nname = 'OUTBOX'\nscript_name = 's'",
        ),
    };
    let mut findings = Findings::default();
    bindings::judge(&all, Some("p"), &mut findings);
    let faults: Vec<_> = findings.0.iter().filter(|finding| finding.state == State::Fault).collect();
    let whats: Vec<_> = faults.iter().map(|finding| finding.what.as_str()).skip(1).collect();
    assert_eq!(
        whats,
        ["D1", "WAREHOUSE", "TRACE", "OUTBOX", "Console", "OUTBOX_LOCATION", "POLICY"],
        "{findings}"
    );
    assert!(faults.iter().all(|finding| finding.mend.is_some()));
}
