//! The tables.

use super::*;
use crate::bigquery::Retention;
use crate::bigquery::schema::{DELIVERIES, ERASURES, LEDGER, RAW, REQUESTS};
use serde_json::{Value, json};

/// The same query is to run on both, and rows are inserted in the order of the columns.
#[test]
fn the_tables_have_the_columns_of_d1() {
    let db = d1(&[]);
    for table in [&RAW, &DELIVERIES, &LEDGER, &REQUESTS, &ERASURES] {
        let names: Vec<_> = table.columns.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, d1_columns(&db, table.name), "{}", table.name);
    }
}

/// A table cannot be partitioned or clustered anew: a change needs another table and a copy of the rows.
#[test]
fn the_resources_are_pinned() {
    let resources = [(&RAW, 30), (&DELIVERIES, 0), (&REQUESTS, 7)]
        .map(|(table, days)| table.resource(&dataset(), Retention::days(days)));
    let pinned: Vec<Value> = serde_json::from_str(include_str!("fixtures/tables.json")).unwrap();
    assert_eq!(resources.to_vec(), pinned);
}

#[test]
fn a_partition_is_a_day_of_a_column_that_every_row_has() {
    for table in [&RAW, &DELIVERIES, &LEDGER, &REQUESTS, &ERASURES] {
        let resource = table.resource(&dataset(), Retention::days(1));
        let field = |name: &Value| {
            let fields = resource["schema"]["fields"].as_array().unwrap();
            fields.iter().find(|field| field["name"] == *name).unwrap().clone()
        };
        let partition = field(&resource["timePartitioning"]["field"]);
        assert!(partition["type"] == "TIMESTAMP" || partition["type"] == "DATE", "{partition}");
        assert_eq!(partition["mode"], "REQUIRED");
        let clustering = resource["clustering"]["fields"].as_array().unwrap();
        assert!((1..=4).contains(&clustering.len()));
        for name in clustering {
            assert_eq!(field(name)["type"], "STRING");
        }
    }
}

#[test]
fn days_are_kept_for_ever_or_for_so_many() {
    let partitioning = |days| RAW.retention(Retention::days(days))["timePartitioning"].clone();
    // An absent member would leave an expiration that is there.
    let for_ever = json!({"type": "DAY", "field": "timestamp", "expirationMs": null});
    assert_eq!(partitioning(0), for_ever);
    assert_eq!(partitioning(1)["expirationMs"], "86400000");
    assert_eq!(partitioning(u32::MAX)["expirationMs"], "371085174288000000");
}
