//! Names and paths.

use super::*;

#[test]
fn names_are_checked_since_they_stand_in_paths_and_in_sql() {
    for project in ["shop-4711", "example.com:shop", "a12345"] {
        assert!(Dataset::new(project, "sparrow_1").is_ok(), "{project}");
    }
    for project in ["", "Shop", "4711", "shop/x", "shop`", "-shop", "shop?", "a:b:c", &"a".repeat(31)] {
        assert_eq!(Dataset::new(project, "sparrow"), Err(NameError::Project(project.to_owned())));
    }
    for name in ["", "a-b", "a.b", "a`", "é", &"a".repeat(1025)] {
        assert_eq!(Dataset::new("shop-4711", name), Err(NameError::Dataset(name.to_owned())));
    }
}

#[test]
fn paths_are_those_of_the_api() {
    let dataset = dataset();
    assert_eq!(dataset.project_path("queries"), "/bigquery/v2/projects/shop-4711/queries");
    assert_eq!(dataset.path("tables"), "/bigquery/v2/projects/shop-4711/datasets/sparrow/tables");
}
