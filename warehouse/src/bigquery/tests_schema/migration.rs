//! The steps of a migration.

use super::sql::{Token, tokens};
use super::*;
use crate::bigquery::{Method, Step, migration};
use serde_json::Value;

fn body(request: &crate::bigquery::Request) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}

/// What there is after each step; every step may use only what those before it made.
#[test]
fn nothing_is_used_before_it_is_there() {
    let mut there: Vec<String> = Vec::new();
    for step in migration(&dataset(), &SETUP, &[]) {
        match step {
            Step::Create(request) if there.is_empty() => {
                assert_eq!(request.path, "/bigquery/v2/projects/shop-4711/datasets");
                assert_eq!(body(&request)["location"], "EU");
                there.push("the dataset".to_owned());
            }
            Step::Create(request) => {
                assert_eq!(request.path, "/bigquery/v2/projects/shop-4711/datasets/events/tables");
                let table = body(&request)["tableReference"]["tableId"].as_str().unwrap().to_owned();
                there.push(table);
            }
            Step::Update(request) => {
                assert_eq!(request.method, Method::Patch);
                let table = request.path.rsplit('/').next().unwrap();
                assert!(there.iter().any(|name| name == table), "{table}");
            }
            Step::Query(sql) => {
                let named = tokens(&sql).into_iter().filter_map(|token| match token {
                    Token::Name(name) => name.strip_prefix("shop-4711.events.").map(str::to_owned),
                    _ => None,
                });
                let named: Vec<_> = named.collect();
                let (view, read) = named.split_first().unwrap();
                assert!(!read.is_empty() && read.iter().all(|name| there.contains(name)), "{view}: {read:?}");
                there.push(view.clone());
            }
        }
    }
    let expected = "the dataset,raw,deliveries,ledger,requests,\
        raw_normalized,accounts,accounts_by_day,reasons,latest_outcomes,stories,requests_by_event";
    assert_eq!(there.join(","), expected);
}

#[test]
fn a_dataset_without_a_location_is_where_google_puts_it() {
    let steps = migration(&dataset(), &Setup { location: None, ..SETUP }, &[]);
    let Step::Create(request) = &steps[0] else { panic!("{:?}", steps[0]) };
    assert_eq!(body(request).get("location"), None, "Google's default");
}

/// A change to a partition's duration is a change to nothing else: a schema in it would remove columns, tags and descriptions
/// that somebody else gave the table.
#[test]
fn an_update_changes_the_retention_alone() {
    for step in migration(&dataset(), &SETUP, &[]) {
        let Step::Update(request) = step else { continue };
        let body = body(&request);
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["timePartitioning"]);
    }
}

#[test]
fn a_new_property_changes_one_view_and_nothing_else() {
    let before = migration(&dataset(), &SETUP, &[column("plan", "plan")]);
    let after = migration(&dataset(), &SETUP, &[column("entry", "entry"), column("plan", "plan")]);
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    let [(_, Step::Query(sql))] = changed[..] else { panic!("{changed:?}") };
    assert!(sql.starts_with("CREATE OR REPLACE VIEW `shop-4711.events.raw_normalized` AS\n"), "{sql}");
    assert_eq!(before.len(), after.len());
}
