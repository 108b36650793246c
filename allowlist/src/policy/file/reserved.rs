//! Names that a column cannot have.

/// Longest name of a column, in characters, and how none may begin, whatever the case
/// (<https://cloud.google.com/bigquery/docs/schemas#column_names>).
const MAX_COLUMN_NAME: usize = 300;
const RESERVED: [&str; 9] = [
    "_CHANGE_SEQUENCE_NUMBER",
    "_CHANGE_TIMESTAMP",
    "_CHANGE_TYPE",
    "_COLIDENTIFIER",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "_TABLE_",
    "__ROOT__",
];

/// Whether every warehouse takes this name for a column.
pub(super) fn is_column(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    name.len() <= MAX_COLUMN_NAME && !RESERVED.iter().any(|prefix| upper.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_bigquery_refuses_are_no_columns() {
        for name in ["_TABLE_x", "_Partitiontime", "__ROOT__", &"x".repeat(301)] {
            assert!(!is_column(name), "{name}");
        }
        for name in ["table", "_part", &"x".repeat(300)] {
            assert!(is_column(name), "{name}");
        }
    }
}
