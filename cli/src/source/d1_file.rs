//! The local D1: a file, which workerd goes on writing meanwhile.

use super::database::{self, DatabaseError};
use super::guard::{is_one_select, sqlite};
use super::{Dialect, Param, SourceError};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub use database::find;

/// An open file.
pub struct D1File {
    db: Connection,
    path: PathBuf,
    /// A second connection, once something is changed.
    writer: Option<Box<Connection>>,
}

/// Why it does not answer.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("D1: {0}")]
    Sql(#[from] rusqlite::Error),
}

impl From<DatabaseError> for SourceError {
    fn from(error: DatabaseError) -> Self {
        Self::File(error.into())
    }
}

impl D1File {
    /// Opens it to read. SQLite itself refuses whatever does more.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let mut db = database::open(path)?;
        sqlite::only_reads(&mut db)?;
        Ok(Self { db, path: path.to_owned(), writer: None })
    }

    /// Whether the statement only reads.
    ///
    /// # Errors
    /// [`SourceError::Guard`]
    pub fn judge(&self, sql: &str) -> Result<(), SourceError> {
        is_one_select(sql, Dialect::D1)?;
        sqlite::prepare(&self.db, sql)?;
        Ok(())
    }

    /// See [`super::Source::change`].
    pub fn change(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SourceError> {
        let failed = |error: rusqlite::Error| SourceError::File(error.into());
        let params: Vec<Box<dyn ToSql + '_>> = params.iter().map(bound).collect();
        let params: Vec<&dyn ToSql> = params.iter().map(AsRef::as_ref).collect();
        let writer = match &self.writer {
            Some(writer) => writer,
            None => self.writer.insert(Box::new(database::open_to_change(&self.path)?)),
        };
        let changed = writer.execute(sql, &params[..]).map_err(failed)?;
        Ok(changed as u64)
    }

    /// See [`super::Source::each`].
    pub fn each<E: From<SourceError>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        take: &mut impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let failed = |error: rusqlite::Error| E::from(SourceError::File(error.into()));
        let params: Vec<Box<dyn ToSql + '_>> = params.iter().map(bound).collect();
        let params: Vec<&dyn ToSql> = params.iter().map(AsRef::as_ref).collect();
        let mut statement = self.db.prepare(sql).map_err(failed)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(&params[..]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..columns.len()).map(|place| row.get_ref(place).map(value));
            take(&columns, values.collect::<Result<_, _>>().map_err(failed)?)?;
        }
        Ok(columns)
    }
}

fn bound<'a>(param: &Param<'a>) -> Box<dyn ToSql + 'a> {
    match *param {
        Param::Int(value) => Box::new(value),
        Param::Text(value) | Param::Day(value) => Box::new(value),
        Param::Time(time) => Box::new(time.to_string()),
        Param::Texts(texts) => Box::new(Value::from(texts).to_string()),
    }
}

/// As JSON; bytes as text, which D1 has none of.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => value.into(),
        ValueRef::Real(value) => value.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
    }
}
