//! Everything in the dataset brought up to date: tables, their retention, views.

use super::quote::table;
use super::retention::Retention;
use super::schema::{self, DELIVERIES, ERASURES, LEDGER, RAW, REQUESTS};
use super::{Dataset, Method, Request, account_views, changes_view, request_view, view};
use allowlist::policy::Column;

/// What is to be there besides the columns of the views. Days are UTC days of receipt, and 0 keeps for ever; where nothing
/// is said of them a new table keeps for ever, and one that is there as long as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup<'a> {
    /// Where a new dataset is put, such as `EU` or `europe-west3`. It stays there, so that without a place none is made.
    pub location: Option<&'a str>,
    /// How many days of `raw` are kept.
    pub raw_days: Option<u32>,
    /// How many days of `deliveries` and `ledger` are kept. Longer than an event can be pending, or counters
    /// that change later do not add up.
    pub deliveries_days: Option<u32>,
    /// How many days of `requests` are kept. The table is empty unless Trace is told to fill it.
    pub requests_days: Option<u32>,
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The dataset.
    Dataset {
        /// Asks for it.
        get: Request,
        /// Creates it, where a place is said for it.
        create: Option<Request>,
    },
    /// A table.
    Table(TableStep),
    /// A view.
    View {
        /// Its name.
        name: &'static str,
        /// Creates or replaces it: GoogleSQL, to run as a query.
        sql: String,
    },
}

/// How a table is brought up to date. What is to be created may be there by then (reason `duplicate`), which is as good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStep {
    /// Its name.
    pub name: &'static str,
    /// Asks for it; [`Retention::read`] reads the reply.
    pub get: Request,
    /// Creates it; the reply is read likewise.
    pub create: Request,
    /// The retention that it is to have, and what gives it this one, if anything was said. BigQuery deletes at once
    /// what a shorter one does not keep.
    pub retention: Option<(Retention, Request)>,
}

/// The steps that bring a dataset up to date, in their order. All can be run again, also after a failure in the
/// middle: what is there stays as it is, but for the retention and the views.
pub fn migration(dataset: &Dataset, setup: &Setup<'_>, columns: &[Column]) -> Vec<Step> {
    let get = dataset.project_path(&format!("datasets/{}", dataset.name()));
    let create = setup.location.map(|location| {
        let resource = schema::dataset_resource(dataset, location);
        with_body(Method::Post, dataset.project_path("datasets"), &resource)
    });
    let mut steps =
        vec![Step::Dataset { get: Request { method: Method::Get, path: get, body: None }, create }];
    let tables = [
        (&RAW, setup.raw_days),
        (&DELIVERIES, setup.deliveries_days),
        (&LEDGER, setup.deliveries_days),
        (&REQUESTS, setup.requests_days),
        (&ERASURES, None),
    ];
    steps.extend(tables.map(|(table, days)| Step::Table(table_step(dataset, table, days))));
    let raw_normalized = ("raw_normalized", view::raw_normalized(dataset, columns));
    let others = [
        ("changes_by_rule", changes_view::changes_by_rule(dataset)),
        ("requests_by_event", request_view::requests_by_event(dataset)),
    ];
    let views = [raw_normalized].into_iter().chain(account_views::views(dataset)).chain(others);
    steps.extend(views.map(|(name, query)| Step::View {
        name,
        sql: format!("CREATE OR REPLACE VIEW {} AS\n{query}", table(dataset, name)),
    }));
    steps
}

fn table_step(dataset: &Dataset, table: &schema::Table, days: Option<u32>) -> TableStep {
    let said = days.map(Retention::days);
    let path = dataset.path(&format!("tables/{}", table.name));
    TableStep {
        name: table.name,
        get: Request { method: Method::Get, path: path.clone(), body: None },
        create: with_body(
            Method::Post,
            dataset.path("tables"),
            &table.resource(dataset, said.unwrap_or_default()),
        ),
        retention: said
            .map(|retention| (retention, with_body(Method::Patch, path, &table.retention(retention)))),
    }
}

fn with_body(method: Method, path: String, body: &serde_json::Value) -> Request {
    Request { method, path, body: Some(body.to_string()) }
}
