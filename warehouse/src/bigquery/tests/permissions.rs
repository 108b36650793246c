//! What an account may do.

use super::*;
use crate::bigquery::permissions::{NEEDED, granted, test};

#[test]
fn it_is_asked_and_not_tried() {
    let request = test(&dataset(), "raw");
    let expected = "POST /bigquery/v2/projects/shop-4711/datasets/sparrow/tables/raw:testIamPermissions";
    assert_eq!(format!("{request:?}"), expected);
    let body: Json = serde_json::from_str(&request.body.unwrap()).unwrap();
    assert_eq!(body, json!({ "permissions": NEEDED }));
}

#[test]
fn what_is_not_listed_is_not_granted() {
    assert_eq!(granted(200, r#"{"permissions":["bigquery.tables.get"]}"#).unwrap(), ["bigquery.tables.get"]);
    assert_eq!(granted(200, "{}").unwrap(), [""; 0]);
    assert!(granted(200, "<html>").is_err() && granted(403, "{}").is_err());
}
