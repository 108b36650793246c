//! BigQuery as a source.

use super::guard::{GuardError, is_one_select};
use super::{Dialect, Param, SourceError};
use crate::bigquery::{CallError, Client, Connection};
use crate::random;
use event::Millis;
use serde_json::{Map, Value};
use std::cell::RefCell;
use warehouse::bigquery as google;
use warehouse::bigquery::{Dataset, Estimate, Failure, Page, Parameter, Query, Request, started};

/// Most rows of a page.
const PAGE: u32 = 10_000;

/// A dataset that can be asked.
pub struct BigQuery {
    client: Client,
    /// Tables are named with it: `` `project.dataset.raw` ``.
    pub dataset: Dataset,
    /// A question that would read more is refused and costs nothing.
    pub max_bytes: Option<u64>,
}

impl BigQuery {
    /// Nothing is sent yet.
    pub fn new(connection: Connection) -> Result<Self, reqwest::Error> {
        let Connection { endpoint, account, dataset } = connection;
        Ok(Self { client: Client::new(&endpoint, account)?, dataset, max_bytes: None })
    }

    /// What a statement would read, where it only reads: by its words, and then by Google's own judgement, which costs nothing.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn judge(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Estimate, SourceError> {
        is_one_select(sql, Dialect::BigQuery)?;
        let names = names(params);
        let parameters = named(&names, params);
        let request = self.query(sql, &parameters).dry_run(&self.dataset);
        // Google's words are kept of this call alone, in which no row was read.
        let words = RefCell::new(None);
        let read = |status: u16, body: &str| {
            Estimate::read(status, body).inspect_err(|_| *words.borrow_mut() = Estimate::words(body))
        };
        let estimate = match self.client.call(&request, read).await {
            Ok(estimate) => estimate,
            Err(error) => {
                let is_of_sql =
                    matches!(&error, CallError::Failure(failure) if failure.reason == "invalidQuery");
                return Err(match words.into_inner().filter(|_| is_of_sql) {
                    Some(words) => SourceError::Words(words),
                    None => error.into(),
                });
            }
        };
        match &estimate.statement {
            Some(kind) if kind != "SELECT" => Err(GuardError::Changes(kind.clone()).into()),
            _ => Ok(estimate),
        }
    }

    /// Sends another request of the API.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn call<T>(
        &mut self,
        request: &Request,
        read: impl Fn(u16, &str) -> Result<T, Failure>,
    ) -> Result<T, CallError> {
        self.client.call(request, read).await
    }

    fn query<'a>(&self, sql: &'a str, parameters: &'a [(&'a str, Parameter<'a>)]) -> Query<'a> {
        let (max_results, max_bytes_billed) = (Some(PAGE), self.max_bytes);
        Query { sql, parameters, in_dataset: true, max_results, max_bytes_billed, ..Query::default() }
    }

    /// See [`super::Source::each`].
    pub async fn each<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        take: &mut impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let names = names(params);
        let parameters = named(&names, params);
        let query = Query { in_dataset: false, ..self.query(sql, &parameters) };
        let page = self.client.query(&self.dataset, &query).await.map_err(SourceError::from)?;
        self.pages(page, take).await
    }

    /// See [`super::Source::ask`]. It is a job: an emulator does not put the dataset before tables of other questions.
    pub async fn ask<E: From<SourceError>>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        take: &mut impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        self.judge(sql, params).await?;
        let names = names(params);
        let parameters = named(&names, params);
        let request = self.query(sql, &parameters).job(&self.dataset);
        let results = self.client.call(&request, started).await.map_err(SourceError::from)?;
        let page = self.client.page(&self.dataset, &results, PAGE).await.map_err(SourceError::from)?;
        self.pages(page, take).await
    }

    async fn pages<E: From<SourceError>>(
        &mut self,
        mut page: Page,
        take: &mut impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        loop {
            for row in page.rows {
                take(&page.columns, row.into_iter().map(value).collect())?;
            }
            let Some(next) = page.next else { return Ok(page.columns) };
            page = self.client.page(&self.dataset, &next, PAGE).await.map_err(SourceError::from)?;
        }
    }

    /// See [`super::Source::change`].
    pub async fn change(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SourceError> {
        let names = names(params);
        let parameters = named(&names, params);
        // A reply that was lost must not lead to a second execution.
        let id = uuid::Builder::from_random_bytes(random::bytes()).into_uuid().to_string();
        let query = Query { sql, parameters: &parameters, request_id: Some(&id), ..Query::default() };
        let page = self.client.query(&self.dataset, &query).await?;
        Ok(page.affected.unwrap_or_default())
    }
}

/// `p1`, `p2` and so on.
fn names(params: &[Param<'_>]) -> Vec<String> {
    (1..=params.len()).map(|place| format!("p{place}")).collect()
}

fn named<'a>(names: &'a [String], params: &[Param<'a>]) -> Vec<(&'a str, Parameter<'a>)> {
    names.iter().map(String::as_str).zip(params.iter().map(parameter)).collect()
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
