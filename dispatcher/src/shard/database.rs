//! The SQLite of a Durable Object.

use outbox::sql::{Database, Param, SqlError, Value};
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Storage;
use worker::js_sys::Array;

// Every append passes here. The `worker` crate's cursors ask five questions for each value and do not catch what
// iterating throws.
#[wasm_bindgen]
extern "C" {
    // https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
    type RawStorage;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &RawStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;

    type RawSql;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &RawSql, sql: &str, params: Array) -> Result<Cursor, JsValue>;

    type Cursor;
    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, js_name = rowsWritten)]
    fn rows_written(this: &Cursor) -> f64;

    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    fn array_from(iterator: &JsValue) -> Result<Array, JsValue>;
}

/// A Durable Object's database.
pub struct ObjectDatabase {
    storage: Storage,
    sql: JsValue,
    rows_written: Cell<i64>,
}

impl ObjectDatabase {
    pub fn new(storage: Storage) -> Self {
        let sql = storage.sql().as_ref().clone();
        Self { storage, sql, rows_written: Cell::new(0) }
    }

    /// Rows written since the object started, indexes included, as Cloudflare bills them.
    pub fn rows_written(&self) -> i64 {
        self.rows_written.get()
    }
}

impl Database for ObjectDatabase {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Vec<Value>>, SqlError> {
        let values = Array::new();
        for param in params {
            values.push(&match param {
                Param::Null => JsValue::NULL,
                // Exact up to 2^53, which no number here reaches.
                Param::Int(value) => JsValue::from_f64(*value as f64),
                Param::Text(text) => JsValue::from_str(text),
            });
        }
        let cursor = self.sql.unchecked_ref::<RawSql>().exec(sql, values).map_err(failed)?;
        if !sql.starts_with("SELECT") {
            self.rows_written.set(self.rows_written.get() + cursor.rows_written() as i64);
            return Ok(Vec::new());
        }
        let rows = cursor.raw().and_then(|iterator| array_from(&iterator)).map_err(failed)?;
        rows.iter().map(|row| row.unchecked_into::<Array>().iter().map(value).collect()).collect()
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

fn value(value: JsValue) -> Result<Value, SqlError> {
    if let Some(number) = value.as_f64() {
        // Columns have integers alone.
        Ok(Value::Int(number as i64))
    } else if let Some(text) = value.as_string() {
        Ok(Value::Text(text))
    } else if value.is_null() {
        Ok(Value::Null)
    } else {
        Err(SqlError("a value of a type that no column has".to_owned()))
    }
}

fn failed(thrown: JsValue) -> SqlError {
    SqlError(worker::Error::from(thrown).to_string())
}
