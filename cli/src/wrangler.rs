//! The Workers' configurations, as far as commands need them: `wrangler.toml`.

use std::path::Path;
use toml::{Table, Value};

/// An id that stands where nobody has put one yet: zeros, or nothing.
pub fn is_placeholder(id: &str) -> bool {
    id.chars().all(|c| matches!(c, '0' | '-'))
}

/// What a file says of one environment.
pub struct Worker {
    /// The file.
    pub file: String,
    root: Table,
    environment: Option<String>,
}

impl Worker {
    /// Reads it; without an environment what is said of none, which is development's.
    ///
    /// # Errors
    /// What is wrong with the file, or that it does not have the environment.
    pub fn read(path: &Path, environment: Option<&str>) -> Result<Self, String> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{file} cannot be read ({error}); run this in the project's folder"))?;
        let root: Table = toml::from_str(&text).map_err(|error| format!("{file}: {}", error.message()))?;
        let worker = Self { file, root, environment: environment.map(str::to_owned) };
        if let Some(name) = environment
            && worker.root.get("env").and_then(|all| all.get(name)).is_none()
        {
            let known = worker.root.get("env").and_then(Value::as_table);
            let known: Vec<_> = known.into_iter().flat_map(Table::keys).map(String::as_str).collect();
            return Err(format!("{} has no environment `{name}`; it has {}", worker.file, known.join(", ")));
        }
        Ok(worker)
    }

    /// The environment's own part. Bindings and vars are not inherited.
    fn section(&self) -> &Table {
        let own = self.environment.as_ref().and_then(|name| self.root.get("env")?.get(name)?.as_table());
        own.unwrap_or(&self.root)
    }

    /// The account, which environments inherit.
    pub fn account(&self) -> Option<&str> {
        self.section().get("account_id").or_else(|| self.root.get("account_id"))?.as_str()
    }

    /// The Worker's name at Cloudflare.
    pub fn name(&self) -> Option<String> {
        let own = self.section().get("name").and_then(Value::as_str);
        match (own, &self.environment) {
            (Some(name), None) => Some(name.to_owned()),
            (Some(name), Some(_)) if self.section().contains_key("name") => Some(name.to_owned()),
            (_, Some(environment)) => Some(format!("{}-{environment}", self.root.get("name")?.as_str()?)),
            (None, None) => None,
        }
    }

    /// A var.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.section().get("vars")?.get(name)?.as_str()
    }

    /// The names of all vars.
    pub fn vars(&self) -> impl Iterator<Item = (&str, &str)> {
        let vars = self.section().get("vars").and_then(Value::as_table).into_iter().flatten();
        vars.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// A member of the binding of this name, in a list such as `d1_databases`.
    pub fn binding(&self, list: &str, binding: &str, member: &str) -> Option<&str> {
        self.entry(list, "binding", binding)?.get(member)?.as_str()
    }

    /// An entry of a list, by one of its members.
    pub fn entry(&self, list: &str, member: &str, value: &str) -> Option<&Table> {
        let mut part = Some(self.section());
        let mut names = list.split('.').peekable();
        while let (Some(table), Some(name)) = (part, names.next()) {
            if names.peek().is_some() {
                part = table.get(name).and_then(Value::as_table);
                continue;
            }
            let entries = table.get(name)?.as_array()?.iter().filter_map(Value::as_table);
            return entries
                .into_iter()
                .find(|entry| entry.get(member).and_then(Value::as_str) == Some(value));
        }
        None
    }
}
