//! The columns of `raw_normalized` that show properties, the same in every warehouse.

/// A column and the property it shows, whichever event has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Letters, digits and underscores: BigQuery takes nothing else.
    pub name: String,
    /// The property's exact name.
    pub property: String,
}

/// Columns that every event has. A property's column may not take one of these names.
pub const BASE_COLUMNS: [&str; 11] = [
    "payloadId",
    "idx",
    "day",
    "receivedAt",
    "timestamp",
    "eventId",
    "event",
    "deviceId",
    "userId",
    "sessionId",
    "properties",
];

/// Most properties with a column of their own: D1 allows 100 columns in a result.
pub const MAX_COLUMNS: usize = 80;

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

/// The column for a property: its name with everything but ASCII letters and digits made an underscore.
pub fn column_name(property: &str) -> String {
    let name: String = property.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_become_names_that_every_warehouse_takes() {
        assert_eq!(column_name("productName"), "productName");
        assert_eq!(column_name("product name"), "product_name");
        assert_eq!(column_name("2fa"), "_2fa");
        assert_eq!(column_name("größe"), "gr__e");
    }

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
