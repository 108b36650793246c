//! The SQLite of a Durable Object.

use outbox::sql::{Database, Param, SqlError, Value};
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{SqlStorage, SqlStorageValue, Storage};

#[wasm_bindgen]
extern "C" {
    // https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transactionsync
    type RawStorage;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &RawStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// A Durable Object's database.
pub struct ObjectDatabase {
    storage: Storage,
    sql: SqlStorage,
    rows_written: Cell<i64>,
}

impl ObjectDatabase {
    pub fn new(storage: Storage) -> Self {
        let sql = storage.sql();
        Self { storage, sql, rows_written: Cell::new(0) }
    }

    /// Rows written since the object started, indexes included, as Cloudflare bills them.
    pub fn rows_written(&self) -> i64 {
        self.rows_written.get()
    }
}

impl Database for ObjectDatabase {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Vec<Value>>, SqlError> {
        let params: Vec<JsValue> = params
            .iter()
            .map(|param| match param {
                // Exact up to 2^53, which no number here reaches.
                Param::Int(value) => JsValue::from_f64(*value as f64),
                Param::Text(text) => JsValue::from_str(text),
            })
            .collect();
        let cursor = self.sql.exec_raw(sql, params).map_err(failed)?;
        let mut rows = Vec::new();
        for row in cursor.raw() {
            let row = row.map_err(failed)?.into_iter().map(value);
            rows.push(row.collect::<Result<_, _>>()?);
        }
        self.rows_written.set(self.rows_written.get() + cursor.rows_written() as i64);
        Ok(rows)
    }

    fn transaction<T>(&self, work: &mut dyn FnMut() -> Result<T, SqlError>) -> Result<T, SqlError> {
        let mut result = None;
        let storage: &RawStorage = self.storage.as_raw().unchecked_ref();
        // Where it unwinds, the transaction is rolled back and the result is dropped.
        let mut parts = AssertUnwindSafe((work, &mut result));
        let committed = storage.transaction_sync(&mut move || {
            let (work, result) = &mut *parts;
            match work() {
                Ok(done) => {
                    **result = Some(Ok(done));
                    Ok(JsValue::UNDEFINED)
                }
                Err(error) => {
                    // Thrown, so that the transaction is rolled back.
                    let thrown = JsValue::from_str(&error.0);
                    **result = Some(Err(error));
                    Err(thrown)
                }
            }
        });
        match (committed, result) {
            (Ok(_), Some(Ok(done))) => Ok(done),
            (_, Some(Err(error))) => Err(error),
            _ => Err(SqlError("the transaction was not committed".to_owned())),
        }
    }
}

fn value(value: SqlStorageValue) -> Result<Value, SqlError> {
    match value {
        SqlStorageValue::Null => Ok(Value::Null),
        SqlStorageValue::Integer(value) => Ok(Value::Int(value)),
        SqlStorageValue::String(text) => Ok(Value::Text(text)),
        _ => Err(SqlError("a value of a type that no column has".to_owned())),
    }
}

fn failed(error: worker::Error) -> SqlError {
    SqlError(error.to_string())
}
