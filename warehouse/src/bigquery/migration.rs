//! Everything in the dataset brought up to date: tables, their retention, views.

use super::quote::table;
use super::schema::{self, DELIVERIES, LEDGER, RAW, REQUESTS};
use super::{Dataset, Method, Request, account_views, request_view, view};
use allowlist::policy::Column;

/// What is to be there besides the columns of the views. Days are UTC days of receipt; 0 keeps for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup<'a> {
    /// Where a new dataset is put, such as `EU` or `europe-west3`; else Google's default.
    pub location: Option<&'a str>,
    /// How many days of `raw` are kept.
    pub raw_days: u32,
    /// How many days of `deliveries` and `ledger` are kept. Longer than an event can be pending, or counters
    /// that change later do not add up.
    pub deliveries_days: u32,
    /// How many days of `requests` are kept. The table is empty unless Trace is told to fill it.
    pub requests_days: u32,
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Creates something. Where it is there already (reason `duplicate`), that is success, too.
    Create(Request),
    /// Changes what is there.
    Update(Request),
    /// GoogleSQL to run as a query.
    Query(String),
}

/// The steps that bring a dataset up to date, in their order. All can be run again, also after a failure in the
/// middle: what is there stays as it is, but for the retention and the views, and no row is touched.
pub fn migration(dataset: &Dataset, setup: &Setup<'_>, columns: &[Column]) -> Vec<Step> {
    let mut steps =
        vec![create(dataset.project_path("datasets"), &schema::dataset_resource(dataset, setup.location))];
    let tables = [
        (&RAW, setup.raw_days),
        (&DELIVERIES, setup.deliveries_days),
        (&LEDGER, setup.deliveries_days),
        (&REQUESTS, setup.requests_days),
    ];
    for (table, days) in tables {
        steps.push(create(dataset.path("tables"), &table.resource(dataset, days)));
        steps.push(Step::Update(Request {
            method: Method::Patch,
            path: dataset.path(&format!("tables/{}", table.name)),
            body: Some(table.retention(days).to_string()),
        }));
    }
    let raw_normalized = ("raw_normalized", view::raw_normalized(dataset, columns));
    let requests_by_event = [("requests_by_event", request_view::requests_by_event(dataset))];
    let views = [raw_normalized].into_iter().chain(account_views::views(dataset)).chain(requests_by_event);
    steps.extend(views.map(|(name, query)| {
        Step::Query(format!("CREATE OR REPLACE VIEW {} AS\n{query}", table(dataset, name)))
    }));
    steps
}

fn create(path: String, resource: &serde_json::Value) -> Step {
    Step::Create(Request { method: Method::Post, path, body: Some(resource.to_string()) })
}
