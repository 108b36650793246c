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
pub const BASE_COLUMNS: [&str; 12] = [
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
    "traceId",
    "properties",
];

/// Most properties with a column of their own: D1 allows 100 columns in a result.
pub const MAX_COLUMNS: usize = 80;

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
}
