//! The tables, as resources of the REST API
//! (<https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>).
//!
//! Names, order and meaning of the columns are those of D1's tables. Each table has a partition per day of receipt, by
//! which queries filter and which expires as a whole.

use super::{Dataset, Retention};
use serde_json::{Value, json};

/// A column: its name, its type, and whether every row has it.
type Column = (&'static str, &'static str, bool);

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name in the dataset.
    pub name: &'static str,
    /// In the order in which D1 has them.
    pub columns: &'static [Column],
    /// The column whose day is the partition.
    partition: &'static str,
    /// What queries filter by within a day, or without one. The first counts most: rows are sorted by it
    /// (<https://cloud.google.com/bigquery/docs/querying-clustered-tables>).
    clustering: &'static [&'static str],
}

/// Every payload as it came; `eventId` is the payload's id.
pub(super) const RAW: Table = Table {
    name: "raw",
    columns: &[
        ("eventId", "STRING", true),
        ("timestamp", "TIMESTAMP", true),
        ("data", "STRING", true),
        ("context", "STRING", true),
    ],
    partition: "timestamp",
    clustering: &["eventId"],
};

/// A row per final outcome.
pub(super) const DELIVERIES: Table = Table {
    name: "deliveries",
    columns: &[
        ("payloadId", "STRING", true),
        ("idx", "INT64", true),
        ("eventId", "STRING", true),
        ("event", "STRING", true),
        ("tracker", "STRING", true),
        ("outcome", "STRING", true),
        ("reason", "STRING", false),
        ("status", "INT64", false),
        ("attempts", "INT64", true),
        ("changes", "STRING", false),
        ("policy", "STRING", false),
        ("release", "STRING", true),
        ("run", "STRING", true),
        ("shard", "INT64", true),
        ("seq", "INT64", true),
        ("receivedAt", "TIMESTAMP", true),
        ("timestamp", "TIMESTAMP", true),
    ],
    partition: "receivedAt",
    // The story of an event is asked for without a day.
    clustering: &["eventId", "tracker"],
};

/// The counters as they stood.
pub(super) const LEDGER: Table = Table {
    name: "ledger",
    columns: &[
        ("shard", "INT64", true),
        ("seq", "INT64", true),
        ("run", "STRING", true),
        ("day", "DATE", true),
        ("event", "STRING", true),
        ("tracker", "STRING", true),
        ("received", "INT64", true),
        ("pending", "INT64", true),
        ("timestamp", "TIMESTAMP", true),
    ],
    partition: "day",
    clustering: &["run", "tracker", "event"],
};

/// What vendors were sent, a row per call.
pub(super) const REQUESTS: Table = Table {
    name: "requests",
    columns: &[
        ("shard", "INT64", true),
        ("seq", "INT64", true),
        ("run", "STRING", true),
        ("tracker", "STRING", true),
        ("method", "STRING", true),
        ("url", "STRING", true),
        ("body", "STRING", true),
        ("status", "INT64", false),
        ("events", "STRING", true),
        ("receivedAt", "TIMESTAMP", true),
        ("timestamp", "TIMESTAMP", true),
    ],
    partition: "receivedAt",
    // Ids of events are inside `events`, by which nothing can be sorted.
    clustering: &["tracker", "run"],
};

/// The receipts of erasures, a row per command.
pub(super) const ERASURES: Table = Table {
    name: "erasures",
    columns: &[
        ("id", "STRING", true),
        ("timestamp", "TIMESTAMP", true),
        ("subjects", "STRING", true),
        ("counts", "STRING", true),
        ("waiting", "STRING", true),
        ("finished", "TIMESTAMP", false),
    ],
    partition: "timestamp",
    clustering: &["id"],
};

impl Table {
    /// What creates the table.
    pub fn resource(&self, dataset: &Dataset, retention: Retention) -> Value {
        let fields: Vec<_> = self
            .columns
            .iter()
            .map(|&(name, kind, required)| {
                json!({"name": name, "type": kind, "mode": if required { "REQUIRED" } else { "NULLABLE" }})
            })
            .collect();
        let mut partitioning = self.partitioning();
        if let Some(expiration) = retention.expiration() {
            partitioning["expirationMs"] = expiration.into();
        }
        json!({
            "tableReference": {"projectId": dataset.project(), "datasetId": dataset.name(), "tableId": self.name},
            "schema": {"fields": fields},
            "timePartitioning": partitioning,
            "clustering": {"fields": self.clustering},
        })
    }

    /// What gives a table that is there another retention: null takes an expiration away. Nothing else of it is touched,
    /// since columns, tags and descriptions of the user's own would be lost with a schema that does not have them.
    pub fn retention(&self, retention: Retention) -> Value {
        let mut partitioning = self.partitioning();
        partitioning["expirationMs"] = retention.expiration().into();
        json!({"timePartitioning": partitioning})
    }

    fn partitioning(&self) -> Value {
        json!({"type": "DAY", "field": self.partition})
    }
}

/// What creates the dataset, in the location where it will stay.
pub(super) fn dataset_resource(dataset: &Dataset, location: &str) -> Value {
    json!({
        "datasetReference": {"projectId": dataset.project(), "datasetId": dataset.name()},
        "location": location,
    })
}
