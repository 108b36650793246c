//! `sparrow query`: what people ask in SQL.

mod delimited;
mod json;
mod table;

use crate::source::{self, SourceError};
use delimited::Delimited;
use json::{Json, Lines};
use serde_json::Value;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use table::Table;

/// Rows of a table where nothing is said: more than that nobody reads.
const TABLE_ROWS: u64 = 1000;

/// Longest SQL that is read, in bytes. D1 takes 100 kB (<https://developers.cloudflare.com/d1/platform/limits/>) and BigQuery 1 MB.
const MAX_SQL: u64 = 1 << 20;

/// Arguments of `sparrow query`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, on the D1 of `make dev`, as a table and as a file; then that of production, and BigQuery:

    sparrow query \"SELECT day, event, COUNT(*) AS events FROM raw_normalized GROUP BY day, event\"
    sparrow query \"SELECT * FROM raw_normalized WHERE day >= '2026-11-01'\" > events.csv
    sparrow query --remote --env production \"SELECT * FROM accounts_by_day WHERE day = DATE('now')\"
    sparrow query --warehouse bigquery --max-gb 5 \"SELECT MAX(day) FROM accounts_by_day\"

SQL given here may only read: one SELECT. Tables of BigQuery need no dataset in front. CSV, JSON and
NDJSON are written as rows come; NULL is nothing in CSV, and lists are JSON.")]
pub struct Query {
    /// The SQL; `-` reads it from the input.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,
    /// A file with the SQL.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The form of the answer [default: table on a terminal, csv elsewhere].
    #[arg(long, value_name = "FORM", conflicts_with = "json")]
    format: Option<Format>,
    /// The answer as JSON: an array of objects.
    #[arg(long)]
    json: bool,
    /// Most rows [default: of a table 1000].
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    source: source::Arguments,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For reading, cut to the terminal's width.
    Table,
    /// A line a row, with the names in the first.
    Csv,
    /// An array of objects.
    Json,
    /// An object a line.
    Ndjson,
}

/// Why there is no answer, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the SQL cannot be read from {0}: {1}")]
    Unreadable(String, #[source] io::Error),
    #[error("the SQL has more than 1 MB, which no warehouse takes")]
    TooLong,
    #[error("the output takes nothing: {0}")]
    Output(#[from] io::Error),
}

/// What becomes of rows.
trait Sink {
    /// A row. The columns' names are the same each time.
    fn row(&mut self, columns: &[String], row: Vec<Value>) -> io::Result<()>;
    /// The end, after the last row; `columns` also where there was none.
    fn end(self: Box<Self>, columns: &[String]) -> io::Result<()>;
}

/// Why no further row is taken.
enum Stopped {
    /// There are as many as were wanted.
    Enough,
    Failed(QueryError),
}

impl<E: Into<QueryError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Asks, and writes the answer as it comes.
///
/// # Errors
/// [`QueryError`]
pub fn run(query: &Query) -> Result<(), QueryError> {
    let sql = sql(query)?;
    let is_terminal = io::stdout().is_terminal();
    let format = match query.format {
        _ if query.json => Format::Json,
        Some(format) => format,
        None if is_terminal => Format::Table,
        None => Format::Csv,
    };
    let limit = query.limit.or((format == Format::Table).then_some(TABLE_ROWS));
    let mut source = query.source.open()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let out = BufWriter::new(io::stdout().lock());
    let sink: Box<dyn Sink + '_> = match format {
        Format::Table => Box::new(Table::new(out)),
        Format::Csv => Box::new(Delimited::new(out)),
        Format::Json => Box::new(Json::new(out)),
        Format::Ndjson => Box::new(Lines::new(out)),
    };
    let is_cut = runtime.block_on(answer(&mut source, &sql, limit, sink))?;
    if is_cut {
        let rows = limit.unwrap_or_default();
        writeln!(
            io::stderr(),
            "these are the first {rows} rows; --limit N shows more, and --format csv all"
        )?;
    }
    Ok(())
}

/// Whether there are more rows than were wanted.
async fn answer(
    source: &mut source::Source,
    sql: &str,
    limit: Option<u64>,
    mut sink: Box<dyn Sink + '_>,
) -> Result<bool, QueryError> {
    let mut rows = 0;
    let mut names = Vec::new();
    let answered = source
        .ask(sql, &[], |columns, row| {
            if names.is_empty() {
                columns.clone_into(&mut names);
            }
            if limit == Some(rows) {
                return Err(Stopped::Enough);
            }
            rows += 1;
            Ok(sink.row(columns, row)?)
        })
        .await;
    let is_cut = match answered {
        Ok(columns) => {
            names = columns;
            false
        }
        Err(Stopped::Enough) => true,
        Err(Stopped::Failed(error)) => return Err(error),
    };
    sink.end(&names)?;
    Ok(is_cut)
}

fn sql(query: &Query) -> Result<String, QueryError> {
    let from = |name: &str, read: io::Result<String>| {
        let sql = read.map_err(|error| QueryError::Unreadable(name.to_owned(), error))?;
        if sql.len() as u64 > MAX_SQL { Err(QueryError::TooLong) } else { Ok(sql) }
    };
    let bounded = |input: &mut dyn Read| {
        let mut sql = String::new();
        input.take(MAX_SQL + 1).read_to_string(&mut sql).map(|_| sql)
    };
    let file = |path: &Path| bounded(&mut std::fs::File::open(path)?);
    match (&query.file, query.sql.as_deref()) {
        (Some(path), _) => from(&path.display().to_string(), file(path)),
        (None, Some("-")) => from("the input", bounded(&mut io::stdin().lock())),
        (None, sql) => Ok(sql.unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests;
