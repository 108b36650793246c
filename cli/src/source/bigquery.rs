//! BigQuery as a source.

use super::{Param, SourceError};
use crate::bigquery::{CallError, Client, Connection};
use event::Millis;
use serde_json::{Map, Value};
use warehouse::bigquery as google;
use warehouse::bigquery::{Dataset, Parameter, Query};

/// Most rows of a page.
const PAGE: u32 = 10_000;

/// A dataset that can be asked.
pub struct BigQuery {
    client: Client,
    /// Tables are named with it: `` `project.dataset.raw` ``.
    pub dataset: Dataset,
}

impl BigQuery {
    /// Nothing is sent yet.
    pub fn new(connection: Connection) -> Result<Self, reqwest::Error> {
        let Connection { endpoint, account, dataset } = connection;
        Ok(Self { client: Client::new(&endpoint, account)?, dataset })
    }

    /// See [`super::Source::each`].
    pub async fn each<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        take: &mut impl FnMut(Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let failed = |error: CallError| E::from(SourceError::BigQuery(error));
        let names: Vec<String> = (1..=params.len()).map(|place| format!("p{place}")).collect();
        let parameters: Vec<_> = names.iter().map(String::as_str).zip(params.iter().map(parameter)).collect();
        let query = Query { sql, parameters: &parameters, max_results: Some(PAGE), ..Query::default() };
        let mut page = self.client.query(&self.dataset, &query).await.map_err(failed)?;
        loop {
            for row in page.rows {
                take(row.into_iter().map(value).collect())?;
            }
            let Some(next) = page.next else { return Ok(page.columns) };
            page = self.client.page(&self.dataset, &next, PAGE).await.map_err(failed)?;
        }
    }
}

fn parameter<'a>(param: &Param<'a>) -> Parameter<'a> {
    match *param {
        Param::Int(value) => Parameter::Int(value),
        Param::Text(value) => Parameter::Text(value),
        Param::Day(day) => Parameter::Date(day),
        Param::Time(time) => Parameter::Timestamp(time),
        Param::Texts(texts) => Parameter::Texts(texts),
    }
}

fn value(value: google::Value) -> Value {
    match value {
        google::Value::Null => Value::Null,
        google::Value::Bool(value) => value.into(),
        google::Value::Int(value) => value.into(),
        google::Value::Float(value) => value.into(),
        google::Value::Text(value) => value.into(),
        google::Value::Timestamp(micros) => Millis(micros.div_euclid(1000)).to_string().into(),
        google::Value::List(items) => items.into_iter().map(self::value).collect(),
        google::Value::Record(members) => {
            let members = members.into_iter().map(|(name, member)| (name, self::value(member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}
