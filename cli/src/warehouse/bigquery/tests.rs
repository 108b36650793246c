//! What is asked, what is changed, and what is said of it.

use super::*;
use crate::testing::{Reply, Seen, Server, reply};
use crate::warehouse::settings::tests::settings;

const ABSENT: Reply = reply(404, r#"{"error":{"code":404,"errors":[{"reason":"notFound"}]}}"#);
const DUPLICATE: Reply = reply(409, r#"{"error":{"code":409,"errors":[{"reason":"duplicate"}]}}"#);
const DENIED: Reply = reply(403, r#"{"error":{"code":403,"errors":[{"reason":"accessDenied"}]}}"#);
const DONE: Reply = reply(200, r#"{"jobComplete":true}"#);
const DATASET: Reply = reply(200, r#"{"location":"EU"}"#);
const FOR_EVER: Reply = reply(200, r#"{"timePartitioning":{"type":"DAY"}}"#);
const WEEK: Reply = reply(200, r#"{"timePartitioning":{"type":"DAY","expirationMs":"604800000"}}"#);

const EU: [&str; 2] = ["--location", "EU"];

/// A reply to what makes something: that it is made as it was asked for.
fn made(seen: &Seen) -> Reply {
    (200, "", seen.body.clone().into())
}

/// A dataset in which nothing is, not even itself.
fn empty(seen: &Seen) -> Reply {
    match seen.line.split_once(' ').unwrap() {
        ("GET", _) => ABSENT,
        (_, path) if path.ends_with("/queries") => DONE,
        _ => made(seen),
    }
}

/// One that is complete, whose tables but for `deliveries` keep a week.
fn complete(seen: &Seen) -> Reply {
    match seen.line.split_once(' ').unwrap() {
        ("GET", path) if path.ends_with("/datasets/sparrow") => DATASET,
        ("GET", path) if path.ends_with("/deliveries") => FOR_EVER,
        ("GET", _) => WEEK,
        _ => DONE,
    }
}

fn server(answer: fn(&Seen) -> Reply) -> Server {
    Server::start(move |seen, _| Some(answer(seen)))
}

/// What is said, and how it ends.
fn migrated(server: &Server, arguments: &[&str]) -> (String, Result<(), BigQueryError>) {
    let mut out = Vec::new();
    let end = migrate(settings(&server.url, arguments), &[], &mut out);
    (String::from_utf8(out).unwrap(), end)
}

/// What was changed but for the views: the last of the path, and what it was to be.
fn changes(server: &Server) -> Vec<(String, String)> {
    let is_change = |seen: &Seen| !seen.line.starts_with("GET") && !seen.line.ends_with("/queries");
    let last = |line: &str| line.rsplit('/').next().unwrap().to_owned();
    let seen = server.seen().into_iter().filter(is_change);
    seen.map(|seen| (last(&seen.line), seen.body)).collect()
}

#[test]
fn everything_is_made_where_there_is_nothing_and_told() {
    let server = server(empty);
    let (said, end) = migrated(&server, &["--location", "EU", "--requests-days", "7"]);
    end.unwrap();
    let expected = "dataset sparrow: made, in EU
table raw: made, keeps its days for ever
table deliveries: made, keeps its days for ever
table ledger: made, keeps its days for ever
table requests: made, keeps its days for 7 days
table erasures: made, keeps its days for ever
view raw_normalized: up to date
view accounts: up to date
view accounts_by_day: up to date
view reasons: up to date
view latest_outcomes: up to date
view stories: up to date
view changes_by_rule: up to date
view requests_by_event: up to date
";
    assert_eq!(said, expected);
    let changed: Vec<_> = changes(&server).into_iter().map(|(path, _)| path).collect();
    assert_eq!(changed, ["datasets", "tables", "tables", "tables", "tables", "tables"]);
}

/// It stays where it was made.
#[test]
fn no_dataset_is_made_in_a_place_that_nobody_named() {
    let server = server(empty);
    let (said, end) = migrated(&server, &[]);
    let error = end.unwrap_err().to_string();
    assert!(error.starts_with("the dataset shop-4711.sparrow is not there yet"), "{error}");
    assert!(error.contains("--location EU (BIGQUERY_LOCATION=EU)"), "{error}");
    assert_eq!((said.as_str(), server.seen().len()), ("", 1));
}

#[test]
fn a_dataset_that_is_there_needs_no_place_and_another_one_is_told() {
    for (arguments, told) in [
        (&[][..], "is there, in EU\n"),
        (&["--location", "eu"], "is there, in EU\n"),
        (&["--location", "US"], "is there, in EU and not in US: where it is cannot be changed\n"),
    ] {
        let server = server(complete);
        let (said, end) = migrated(&server, arguments);
        end.unwrap();
        assert_eq!(said.split_inclusive('\n').next().unwrap(), format!("dataset sparrow: {told}"));
    }
}

/// Somebody set up another retention, or said these days in an earlier run.
#[test]
fn tables_stay_as_they_are_where_nothing_is_said() {
    let server = server(complete);
    let (said, end) = migrated(&server, &[]);
    end.unwrap();
    assert_eq!(changes(&server), []);
    for (table, days) in [("raw", "for 7 days"), ("deliveries", "for ever")] {
        let line = format!("table {table}: is there, keeps its days {days}\n");
        assert!(said.contains(&line), "{said}");
    }
}

#[test]
fn no_table_keeps_fewer_days_unless_that_is_allowed() {
    let days = ["--raw-days", "6", "--deliveries-days", "3650", "--requests-days", "8"];
    let refusing = server(complete);
    let (said, end) = migrated(&refusing, &days);
    let error = end.unwrap_err().to_string();
    // The ledger's is longer, which alone would be allowed.
    let expected = "nothing was changed in BigQuery, which would at once delete what is older:
- table raw keeps its days for 7 days, not for 6 days
- table deliveries keeps its days for ever, not for 3650 days
add --delete-older if that is meant; where no days are said (--raw-days, RAW_RETENTION_DAYS and the like) a table stays as it is";
    assert_eq!(error, expected);
    assert_eq!((said.as_str(), changes(&refusing)), ("", vec![]));

    let server = server(complete);
    let (said, end) = migrated(&server, &[&days[..], &["--delete-older"]].concat());
    end.unwrap();
    let changed = changes(&server);
    let expected = [
        ("raw", "\"518400000\""),
        ("deliveries", "\"315360000000\""),
        ("ledger", "\"315360000000\""),
        ("requests", "\"691200000\""),
    ];
    assert_eq!(changed.len(), expected.len(), "{changed:?}");
    for ((table, body), (name, ms)) in changed.iter().zip(expected) {
        assert!(table == name && body.contains(ms), "{table} {body}");
    }
    let line = "table raw: is there, keeps its days for 6 days from now on (for 7 days before)\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn more_days_are_always_allowed_and_the_same_are_no_change() {
    for (days, expected) in [("7", vec![]), ("8", vec!["raw"]), ("0", vec!["raw"])] {
        let server = server(complete);
        migrated(&server, &["--raw-days", days]).1.unwrap();
        let changed: Vec<_> = changes(&server).into_iter().map(|(table, _)| table).collect();
        assert_eq!(changed, expected, "{days}");
    }
}

/// Datasets can have a default for tables that are made without an expiration, which is no harm where nothing was said.
#[test]
fn a_new_table_keeps_what_was_said_whatever_the_datasets_default() {
    for (arguments, expected) in [(&["--raw-days", "0"][..], vec!["raw"]), (&[], vec![])] {
        let server = server(|seen| if seen.line.ends_with("/tables") { WEEK } else { empty(seen) });
        migrated(&server, &[&EU, arguments].concat()).1.unwrap();
        let changed = changes(&server).into_iter().map(|(path, _)| path);
        let changed: Vec<_> = changed.filter(|path| path != "datasets" && path != "tables").collect();
        assert_eq!(changed, expected);
    }
}

/// As when the line was cut after it was made.
#[test]
fn what_is_there_by_then_is_no_failure() {
    let creates = |line: &str| line.ends_with("/datasets") || line.ends_with("/tables");
    let server =
        Server::start(move |seen, _| Some(if creates(&seen.line) { DUPLICATE } else { empty(seen) }));
    let (said, end) = migrated(&server, &EU);
    end.unwrap();
    assert_eq!(said.matches(": is there\n").count(), 6, "{said}");
    assert!(!said.contains("made"), "{said}");
}

#[test]
fn a_failure_says_at_what_and_nothing_follows() {
    let failing: [fn(&Seen) -> Reply; 3] = [
        |seen| if seen.line.ends_with("/tables/raw") { DENIED } else { complete(seen) },
        |seen| if seen.line.ends_with("/tables") { DENIED } else { empty(seen) },
        |seen| if seen.line.starts_with("PATCH") { DENIED } else { complete(seen) },
    ];
    let said = ["", "dataset sparrow: made, in EU\n", "dataset sparrow: is there, in EU\n"];
    for (answer, expected) in failing.into_iter().zip(said) {
        let server = server(answer);
        let (said, end) = migrated(&server, &["--location", "EU", "--raw-days", "8"]);
        assert_eq!(said, expected);
        let error = end.unwrap_err().to_string();
        assert!(error.starts_with("table raw: Google answered accessDenied: "), "{error}");
        assert!(!server.seen().iter().any(|seen| seen.line.ends_with("/queries")));
    }
}

#[test]
fn what_is_printed_is_what_would_be_sent() {
    let server = server(|seen| if seen.line.ends_with("/tables") { WEEK } else { empty(seen) });
    let days = ["--raw-days", "8", "--deliveries-days", "0", "--requests-days", "9"];
    let arguments = [&EU, &days[..]].concat();
    let mut printed = Vec::new();
    print(&settings(&server.url, &arguments), &[], &mut printed).unwrap();
    assert_eq!(server.seen(), [], "nothing is sent");
    migrated(&server, &arguments).1.unwrap();
    let printed = String::from_utf8(printed).unwrap();
    for seen in server.seen().iter().filter(|seen| !seen.line.starts_with("GET")) {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        let sent = body["query"].as_str().map_or(seen.body.as_str(), |sql| sql);
        assert!(printed.contains(sent), "{}", seen.line);
    }
    assert_eq!(printed.matches("-- PATCH ").count(), 4, "{printed}");
}
