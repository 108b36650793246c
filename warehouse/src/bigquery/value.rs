//! Values of an answer. Google sends every one as text, and the schema says of what type it is.

use serde::Deserialize;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `NULL`
    Null,
    /// `BOOL`
    Bool(bool),
    /// `INT64`
    Int(i64),
    /// `FLOAT64`
    Float(f64),
    /// `STRING`; `BYTES` as Base64; `DATE`, `NUMERIC`, `JSON` and all others as Google prints them.
    Text(String),
    /// `TIMESTAMP`, in microseconds since 1970.
    Timestamp(i64),
    /// `ARRAY`
    List(Vec<Value>),
    /// `STRUCT`
    Record(Vec<(String, Value)>),
}

/// A column, or a member of a `STRUCT`.
#[derive(Deserialize)]
pub(super) struct Field {
    #[serde(default)]
    pub name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    fields: Vec<Field>,
}

impl Field {
    /// The value of a cell, or nothing where it is none of the field's type.
    pub fn value(&self, cell: &serde_json::Value) -> Option<Value> {
        if self.mode == "REPEATED" {
            let items = cell.as_array()?.iter().map(|item| self.one(item.get("v")?));
            return items.collect::<Option<_>>().map(Value::List);
        }
        self.one(cell)
    }

    /// Types have two names, one of legacy SQL, which schemas still use.
    fn one(&self, cell: &serde_json::Value) -> Option<Value> {
        if cell.is_null() {
            return Some(Value::Null);
        }
        if matches!(self.kind.as_str(), "RECORD" | "STRUCT") {
            let cells = cell.get("f")?.as_array()?;
            let members = self.fields.iter().zip(cells);
            let members =
                members.map(|(field, cell)| Some((field.name.clone(), field.value(cell.get("v")?)?)));
            return members.collect::<Option<_>>().map(Value::Record);
        }
        let text = cell.as_str()?;
        Some(match self.kind.as_str() {
            "BOOLEAN" | "BOOL" => Value::Bool(text.parse().ok()?),
            "INTEGER" | "INT64" => Value::Int(text.parse().ok()?),
            "FLOAT" | "FLOAT64" => Value::Float(text.parse().ok()?),
            "TIMESTAMP" => Value::Timestamp(text.parse().ok()?),
            _ => Value::Text(text.to_owned()),
        })
    }
}
