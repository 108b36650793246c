//! The steps of a migration.

use super::sql::{Token, tokens};
use super::*;
use crate::bigquery::{Method, Retention, Step, TableStep, migration};
use serde_json::Value;

fn body(request: &crate::bigquery::Request) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}

fn tables(setup: &Setup<'_>) -> Vec<TableStep> {
    let steps = migration(&dataset(), setup, &[]).into_iter();
    steps.filter_map(|step| if let Step::Table(table) = step { Some(table) } else { None }).collect()
}

/// What there is after each step; every step may use only what those before it made.
#[test]
fn nothing_is_used_before_it_is_there() {
    let mut there: Vec<String> = Vec::new();
    for step in migration(&dataset(), &SETUP, &[]) {
        match step {
            Step::Dataset { get, create } => {
                assert_eq!(get.path, "/bigquery/v2/projects/shop-4711/datasets/events");
                let create = create.unwrap();
                assert_eq!(create.path, "/bigquery/v2/projects/shop-4711/datasets");
                assert_eq!(body(&create)["location"], "EU");
                there.push("the dataset".to_owned());
            }
            Step::Table(TableStep { name, get, create, retention }) => {
                assert_eq!(there[0], "the dataset");
                assert_eq!(create.path, "/bigquery/v2/projects/shop-4711/datasets/events/tables");
                assert_eq!(body(&create)["tableReference"]["tableId"], name);
                let own = format!("/bigquery/v2/projects/shop-4711/datasets/events/tables/{name}");
                assert_eq!((get.method, &get.path), (Method::Get, &own));
                if let Some((_, patch)) = retention {
                    assert_eq!((patch.method, &patch.path), (Method::Patch, &own));
                }
                there.push(name.to_owned());
            }
            Step::View { name, sql } => {
                let named = tokens(&sql).into_iter().filter_map(|token| match token {
                    Token::Name(name) => name.strip_prefix("shop-4711.events.").map(str::to_owned),
                    _ => None,
                });
                let named: Vec<_> = named.collect();
                let (view, read) = named.split_first().unwrap();
                assert_eq!(view, name);
                assert!(!read.is_empty() && read.iter().all(|name| there.contains(name)), "{view}: {read:?}");
                there.push(view.clone());
            }
        }
    }
    let expected = "the dataset,raw,deliveries,ledger,requests,erasures,\
        raw_normalized,accounts,accounts_by_day,reasons,latest_outcomes,stories,changes_by_rule,requests_by_event";
    assert_eq!(there.join(","), expected);
}

#[test]
fn no_dataset_is_made_where_no_place_is_said_for_it() {
    let steps = migration(&dataset(), &Setup { location: None, ..SETUP }, &[]);
    let Step::Dataset { create, .. } = &steps[0] else { panic!("{:?}", steps[0]) };
    assert_eq!(*create, None);
}

/// A table of which nothing was said keeps what it has, and one that is made with it keeps for ever.
#[test]
fn days_are_set_where_they_were_said() {
    let set = tables(&SETUP).into_iter().map(|TableStep { name, create, retention, .. }| {
        let made = body(&create)["timePartitioning"]["expirationMs"].clone();
        let (retention, patch) = retention.unzip();
        let patch = patch.map(|patch| body(&patch)["timePartitioning"]["expirationMs"].clone());
        (name, made, retention, patch)
    });
    let set: Vec<_> = set.collect();
    let (days, ms) = (|days| Some(Retention::days(days)), "2592000000");
    let expected = [
        ("raw", ms.into(), days(30), Some(ms.into())),
        ("deliveries", Value::Null, days(0), Some(Value::Null)),
        ("ledger", Value::Null, days(0), Some(Value::Null)),
        ("requests", Value::Null, None, None),
        // Receipts stay.
        ("erasures", Value::Null, None, None),
    ];
    assert_eq!(set, expected);
}

/// A change to a partition's duration is a change to nothing else: a schema in it would remove columns, tags and descriptions
/// that somebody else gave the table.
#[test]
fn an_update_changes_the_retention_alone() {
    let setup = Setup { requests_days: Some(7), ..SETUP };
    let updates: Vec<_> = tables(&setup).into_iter().filter_map(|table| table.retention).collect();
    assert_eq!(updates.len(), 4, "all but that of receipts");
    for (_, update) in updates {
        let body = body(&update);
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["timePartitioning"]);
    }
}

#[test]
fn a_new_property_changes_one_view_and_nothing_else() {
    let before = migration(&dataset(), &SETUP, &[column("plan", "plan")]);
    let after = migration(&dataset(), &SETUP, &[column("entry", "entry"), column("plan", "plan")]);
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    let [(_, Step::View { sql, .. })] = changed[..] else { panic!("{changed:?}") };
    assert!(sql.starts_with("CREATE OR REPLACE VIEW `shop-4711.events.raw_normalized` AS\n"), "{sql}");
    assert_eq!(before.len(), after.len());
}
