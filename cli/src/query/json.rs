//! JSON: an array of objects, or an object a line. Members have the columns' order.

use super::Sink;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::io::{self, Write};

/// Writes an array, each object as it comes.
pub struct Json<W> {
    to: W,
    names: Vec<String>,
}

impl<W: Write> Json<W> {
    pub fn new(to: W) -> Self {
        Self { to, names: Vec::new() }
    }
}

impl<W: Write> Sink for Json<W> {
    fn row(&mut self, columns: &[String], row: Vec<Value>) -> io::Result<()> {
        self.to.write_all(if self.names.is_empty() { b"[\n" } else { b",\n" })?;
        write(&mut self.to, &mut self.names, columns, &row)
    }

    fn end(mut self: Box<Self>, _: &[String]) -> io::Result<()> {
        self.to.write_all(if self.names.is_empty() { b"[]\n" } else { b"\n]\n" })?;
        self.to.flush()
    }
}

/// Writes an object a line.
pub struct Lines<W> {
    to: W,
    names: Vec<String>,
}

impl<W: Write> Lines<W> {
    pub fn new(to: W) -> Self {
        Self { to, names: Vec::new() }
    }
}

impl<W: Write> Sink for Lines<W> {
    fn row(&mut self, columns: &[String], row: Vec<Value>) -> io::Result<()> {
        write(&mut self.to, &mut self.names, columns, &row)?;
        self.to.write_all(b"\n")
    }

    fn end(mut self: Box<Self>, _: &[String]) -> io::Result<()> {
        self.to.flush()
    }
}

struct Object<'a>(&'a [String], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(self.1) {
            object.serialize_entry(name, value)?;
        }
        object.end()
    }
}

fn write(to: &mut impl Write, names: &mut Vec<String>, columns: &[String], row: &[Value]) -> io::Result<()> {
    if names.is_empty() {
        *names = unique(columns);
    }
    Ok(serde_json::to_writer(to, &Object(names, row))?)
}

/// A name that was there gets a number, since an object has each member once.
fn unique(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in columns {
        let mut name = column.clone();
        let mut number = 1;
        while names.contains(&name) || name != *column && columns.contains(&name) {
            number += 1;
            name = format!("{column}_{number}");
        }
        names.push(name);
    }
    names
}
