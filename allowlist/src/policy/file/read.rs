//! Typed access to what the file holds. What is not of the type that is asked for is a fault, and reading goes on.

use super::fault::{Faults, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the file.
#[derive(Clone)]
pub struct Node<'r> {
    faults: &'r Faults<'r>,
    /// Where it is in the structure.
    pub path: String,
    /// Where it is in the text. Of a table that is where its name is: the value may be in several places.
    at: usize,
    value: &'r DeValue<'r>,
}

/// A name of the file, and its value.
pub struct Entry<'r> {
    pub name: &'r str,
    /// Where the name is.
    at: usize,
    pub node: Node<'r>,
}

/// A table with known keys.
pub struct Table<'r> {
    node: Node<'r>,
    entries: Vec<Entry<'r>>,
}

impl<'r> Node<'r> {
    /// The whole file.
    pub fn root(faults: &'r Faults<'r>, value: &'r DeValue<'r>) -> Self {
        Self { faults, path: String::new(), at: 0, value }
    }

    fn child(&self, path: String, name_at: usize, value: &'r Spanned<DeValue<'r>>) -> Self {
        let is_table = matches!(value.get_ref(), DeValue::Table(_));
        let at = if is_table { name_at } else { value.span().start };
        Self { faults: self.faults, path, at, value: value.get_ref() }
    }

    /// Something is wrong with it.
    pub fn fault(&self, what: impl Into<String>) {
        self.faults.add(self.at, &self.path, what.into(), None);
    }

    fn is_no<T>(&self, what: &str) -> Option<T> {
        let is = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.fault(format!("must be {what}, not {is}"));
        None
    }

    pub fn text(&self) -> Option<&'r str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.is_no("a string"),
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => self.is_no("`true` or `false`"),
        }
    }

    /// A whole number within bounds.
    pub fn whole(&self, min: i64, max: i64) -> Option<i64> {
        let DeValue::Integer(number) = self.value else { return self.is_no("a whole number") };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let within = number.filter(|number| (min..=max).contains(number));
        if within.is_none() {
            self.fault(format!("must be from {min} to {max}"));
        }
        within
    }

    /// A finite number.
    pub fn number(&self) -> Option<f64> {
        let number = match self.value {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|whole| whole as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return self.is_no("a number"),
        };
        let finite = number.filter(|number: &f64| number.is_finite());
        if finite.is_none() {
            self.fault("must be a finite number");
        }
        finite
    }

    pub fn items(&self) -> Vec<Node<'r>> {
        let DeValue::Array(items) = self.value else {
            self.is_no::<()>("an array");
            return Vec::new();
        };
        let item = |(i, item): (usize, &'r Spanned<DeValue<'r>>)| {
            self.child(format!("{}[{i}]", self.path), item.span().start, item)
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Texts, none of them twice.
    pub fn texts(&self) -> Vec<(&'r str, Node<'r>)> {
        let mut texts: Vec<(&str, Node<'_>)> = Vec::new();
        for node in self.items() {
            let Some(text) = node.text() else { continue };
            if texts.iter().any(|(before, _)| *before == text) {
                node.fault(format!("`{text}` is there twice"));
            } else {
                texts.push((text, node));
            }
        }
        texts
    }

    /// One of some words.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.known(text, &known, "value")?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    /// A text, if it is among those that are known as `what`.
    pub fn known(&self, text: &'r str, known: &[&str], what: &str) -> Option<&'r str> {
        if known.contains(&text) {
            return Some(text);
        }
        let what = format!("there is no {what} `{text}`; there are {}", known.join(", "));
        self.faults.add(self.at, &self.path, what, nearest(text, known));
        None
    }

    /// A table with any names.
    pub fn entries(&self) -> Vec<Entry<'r>> {
        let DeValue::Table(table) = self.value else {
            self.is_no::<()>("a table");
            return Vec::new();
        };
        self.entries_of(table)
    }

    fn entries_of(&self, table: &'r DeTable<'r>) -> Vec<Entry<'r>> {
        let entry = |(name, value): (&'r Spanned<_>, &'r Spanned<DeValue<'r>>)| {
            let key: &'r std::borrow::Cow<'r, str> = name.get_ref();
            let at = name.span().start;
            Entry { name: key, at, node: self.child(member(&self.path, key), at, value) }
        };
        table.iter().map(entry).collect()
    }

    /// What is at a path of names, if it is there.
    pub fn find(&self, names: &[&str]) -> Option<Self> {
        let Some((name, rest)) = names.split_first() else { return Some(self.clone()) };
        let DeValue::Table(table) = self.value else { return None };
        let entry = self.entries_of(table).into_iter().find(|entry| entry.name == *name)?;
        entry.node.find(rest)
    }

    /// A table with these keys and no others.
    pub fn table(&self, keys: &[&str]) -> Option<Table<'r>> {
        let DeValue::Table(table) = self.value else { return self.is_no("a table") };
        let entries = self.entries_of(table);
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.name)) {
            let what = format!("there is no key `{}`; there are {}", entry.name, keys.join(", "));
            self.faults.add(entry.at, &entry.node.path, what, nearest(entry.name, keys));
        }
        Some(Table { node: self.clone(), entries })
    }
}

impl<'r> Entry<'r> {
    /// Something is wrong with its name.
    pub fn fault(&self, what: impl Into<String>) {
        self.node.faults.add(self.at, &self.node.path, what.into(), None);
    }

    /// The name, if it is among those that are known as `what`.
    pub fn known(&self, known: &[&str], what: &str) -> Option<&'r str> {
        Node { at: self.at, ..self.node.clone() }.known(self.name, known, what)
    }
}

impl<'r> Table<'r> {
    pub fn get(&self, key: &str) -> Option<Node<'r>> {
        self.entry(key).map(|entry| entry.node.clone())
    }

    pub fn entry(&self, key: &str) -> Option<&Entry<'r>> {
        self.entries.iter().find(|entry| entry.name == key)
    }

    /// What must be there.
    pub fn required(&self, key: &str) -> Option<Node<'r>> {
        let found = self.get(key);
        if found.is_none() {
            self.node.fault(format!("`{key}` is missing"));
        }
        found
    }
}

/// As TOML would write it.
fn member(path: &str, name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let name = if is_bare { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
