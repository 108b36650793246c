//! Tables and views. That the views show the same as D1's is shown on an emulator.

mod migration;
mod retention;
mod schema;
mod sql;
mod views;

use super::{Dataset, Setup};
use allowlist::policy::Column;

const SETUP: Setup<'_> =
    Setup { location: Some("EU"), raw_days: Some(30), deliveries_days: Some(0), requests_days: None };

fn dataset() -> Dataset {
    Dataset::new("shop-4711", "events").unwrap()
}

fn column(name: &str, property: &str) -> Column {
    Column { name: name.to_owned(), property: property.to_owned() }
}

/// D1 with its tables and views.
fn d1(columns: &[Column]) -> rusqlite::Connection {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    for statement in crate::d1::migration(columns) {
        db.execute_batch(&statement).unwrap();
    }
    db
}

/// The columns of a table or view of D1.
fn d1_columns(db: &rusqlite::Connection, name: &str) -> Vec<String> {
    let all = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
    all.column_names().map(str::to_owned).collect()
}
