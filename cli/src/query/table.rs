//! A table for reading: as wide as the terminal, each row a line, so that long cells are cut.

use super::Sink;
use comfy_table::{ContentArrangement, Row, presets};
use serde_json::Value;
use std::io::{self, Write};

/// Longest text of a cell, in characters: wider is no terminal, and a body may have a megabyte.
const MAX_CELL: usize = 500;

/// A terminal that says that it has fewer columns is taken for one that has [`WIDTH`].
const MIN_WIDTH: u16 = 20;
const WIDTH: u16 = 100;

/// Writes a table once all rows are there: columns are as wide as what they hold.
pub struct Table<W> {
    to: W,
    pub(super) table: comfy_table::Table,
    rows: usize,
}

impl<W: Write> Table<W> {
    pub fn new(to: W) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_truncation_indicator("…");
        // Some terminals say that they have no columns.
        if table.width().is_some_and(|width| width < MIN_WIDTH) {
            table.set_width(WIDTH);
        }
        Self { to, table, rows: 0 }
    }
}

impl<W: Write> Sink for Table<W> {
    fn row(&mut self, _: &[String], row: Vec<Value>) -> io::Result<()> {
        let mut row = Row::from(row.iter().map(cell).collect::<Vec<_>>());
        row.max_height(1);
        self.table.add_row(row);
        self.rows += 1;
        Ok(())
    }

    fn end(mut self: Box<Self>, columns: &[String]) -> io::Result<()> {
        let names: Vec<_> = columns.iter().map(|name| visible(name)).collect();
        self.table.set_header(names);
        let rows = if self.rows == 1 { "row" } else { "rows" };
        writeln!(self.to, "{}\n{} {rows}", self.table, self.rows)?;
        self.to.flush()
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => visible(text),
        value => visible(&value.to_string()),
    }
}

/// Neither a line's end nor what a terminal would obey: events hold what anybody sent.
fn visible(text: &str) -> String {
    let mut visible = String::new();
    for (place, c) in text.chars().enumerate() {
        if place == MAX_CELL {
            visible.push('…');
            break;
        }
        if c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            visible.extend(c.escape_default());
        } else {
            visible.push(c);
        }
    }
    visible
}
