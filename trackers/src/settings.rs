//! A vendor's settings, read from the Worker's vars and secrets with every fault reported at once.

use std::collections::{BTreeMap, BTreeSet};
use url::{Host, Url};

/// The Worker's vars and secrets, by name.
pub type Settings = BTreeMap<String, String>;

/// Settings that cannot be used. Names them, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} wrong setting(s):\n- {}", .0.len(), .0.join("\n- "))]
pub struct SettingsError(pub Vec<String>);

/// The settings of one vendor: those whose names start with its prefix, such as `GA4_`.
pub struct Section<'a> {
    prefix: String,
    settings: &'a Settings,
    known: BTreeSet<String>,
    secrets: Vec<String>,
    faults: Vec<String>,
}

impl<'a> Section<'a> {
    /// The section of a tracker; its prefix is its name in upper case and an underscore.
    pub fn new(tracker: &str, settings: &'a Settings) -> Self {
        let prefix = format!("{}_", tracker.to_ascii_uppercase());
        Self { prefix, settings, known: BTreeSet::new(), secrets: Vec::new(), faults: Vec::new() }
    }

    /// Whether there is no setting at all: the vendor is off. Empty ones count as left out.
    pub fn is_empty(&self) -> bool {
        !self.settings.iter().any(|(name, value)| name.starts_with(&self.prefix) && !value.is_empty())
    }

    /// A setting that may be left out. An empty one counts as left out.
    pub fn optional(&mut self, key: &str) -> Option<&'a str> {
        let name = format!("{}{key}", self.prefix);
        let value = self.settings.get(&name).map(String::as_str).filter(|value| !value.is_empty());
        self.known.insert(name);
        value
    }

    /// A setting that must be there.
    pub fn required(&mut self, key: &str) -> String {
        match self.optional(key) {
            Some(value) => value.to_owned(),
            None => {
                self.fault(key, "is missing");
                String::new()
            }
        }
    }

    /// A key or secret that must be there. What was pasted with a space or a line break is a fault here, and
    /// not a refusal by the vendor.
    pub fn credential(&mut self, key: &str) -> String {
        let value = self.required(key);
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.fault(key, "must be visible ASCII characters without spaces");
        }
        self.hide(&value);
        value
    }

    /// Keeps a text out of what is told of the calls. For secrets that are read by other means than
    /// [`Section::credential`] and [`Section::url`].
    pub fn hide(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.secrets.push(secret.to_owned());
        }
    }

    /// A setting of one of the forms that `parse` takes; `expected` names them.
    pub fn parsed<T>(&mut self, key: &str, default: T, expected: &str, parse: fn(&str) -> Option<T>) -> T {
        match self.optional(key).map(parse) {
            None => default,
            Some(Some(value)) => value,
            Some(None) => {
                self.fault(key, &format!("must be {expected}"));
                default
            }
        }
    }

    /// The address under which a vendor's paths lie. Without a trailing slash.
    pub fn address(&mut self, key: &str, default: &str) -> String {
        let text = self.optional(key).unwrap_or(default);
        let url = self.checked(key, text);
        if url.is_some_and(|url| url.query().is_some()) {
            self.fault(key, "may not have a query");
        }
        text.trim_end_matches('/').to_owned()
    }

    /// A whole address that must be there; used as it is. Its query counts as a secret: many receivers want their
    /// key there.
    pub fn url(&mut self, key: &str) -> String {
        let text = self.required(key);
        if !text.is_empty() {
            self.checked(key, &text);
        }
        if let Some((_, query)) = text.split_once('?') {
            self.hide(query);
        }
        text
    }

    /// HTTPS, or plain HTTP to a loopback address outside `production`.
    fn checked(&mut self, key: &str, text: &str) -> Option<Url> {
        let production = self.settings.get("ENVIRONMENT").is_some_and(|name| name == "production");
        let url = Url::parse(text).ok().filter(|url| is_safe(url, production));
        let Some(url) = url else {
            self.fault(key, "must be an https address (plain http is for loopback, outside production)");
            return None;
        };
        // `fetch` refuses the one and drops the other.
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            self.fault(key, "may not have a user name, a password or a fragment");
        }
        Some(url)
    }

    /// Adds a fault of a setting.
    pub fn fault(&mut self, key: &str, what: &str) {
        self.faults.push(format!("{}{key} {what}", self.prefix));
    }

    /// The secrets that were read.
    pub fn into_secrets(self) -> Vec<String> {
        self.secrets
    }

    /// All faults, those of names that nobody asked for included.
    pub fn into_faults(mut self) -> Vec<String> {
        let known: Vec<_> = self.known.iter().map(String::as_str).collect();
        let ours =
            self.settings.iter().filter(|(name, value)| name.starts_with(&self.prefix) && !value.is_empty());
        for (name, _) in ours.filter(|(name, _)| !self.known.contains(*name)) {
            self.faults.push(format!("{name} is not a setting; there are {}", known.join(", ")));
        }
        self.faults
    }
}

fn is_safe(url: &Url, production: bool) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => true,
        "http" => loopback && !production,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_fault_is_listed_and_no_value() {
        let settings = settings(&[
            ("X_ENDPOINT", "http://secret.example"),
            ("X_HOOK", "https://secret:secret@example.com/"),
            ("X_TOKEN", "secret\n"),
            ("X_KYE", "secret"),
            ("Y_KEY", "1"),
            ("X_N", "secret"),
        ]);
        let mut section = Section::new("x", &settings);
        section.required("KEY");
        section.address("ENDPOINT", "https://example.com");
        section.url("HOOK");
        section.credential("TOKEN");
        section.parsed("N", 1, "a number", |text| text.parse().ok());
        let faults = section.into_faults().join("\n");
        let parts = [
            "X_KEY is missing",
            "X_ENDPOINT must be an https",
            "X_HOOK may not have a user name",
            "X_TOKEN must be visible ASCII",
            "X_N must be a number",
            "X_KYE is not a setting",
        ];
        assert_eq!(faults.lines().count(), parts.len(), "{faults}");
        for part in parts {
            assert!(faults.contains(part), "{faults}");
        }
        assert!(!faults.contains("secret"));
    }

    #[test]
    fn an_address_loses_its_last_slash_and_a_url_does_not() {
        let settings =
            settings(&[("X_ENDPOINT", "https://example.com/eu/"), ("X_HOOK", "https://example.com/in/?a=/")]);
        let mut section = Section::new("x", &settings);
        assert_eq!(section.address("ENDPOINT", ""), "https://example.com/eu");
        assert_eq!(section.url("HOOK"), "https://example.com/in/?a=/");
        assert_eq!(section.into_faults(), Vec::<String>::new());
    }

    #[test]
    fn empty_settings_leave_a_vendor_off() {
        let settings = settings(&[("X_KEY", ""), ("XY_KEY", "1")]);
        assert!(Section::new("x", &settings).is_empty());
        assert!(!Section::new("xy", &settings).is_empty());
    }

    #[test]
    fn plain_http_is_for_loopback_outside_production() {
        let is_safe = |text: &str, production| is_safe(&Url::parse(text).unwrap(), production);
        for url in ["http://localhost:1", "http://127.0.0.1:8788/ga4", "http://[::1]/"] {
            assert!(is_safe(url, false), "{url}");
            assert!(!is_safe(url, true), "{url}");
        }
        for url in ["http://example.com", "http://127.0.0.1.example.com", "ftp://localhost"] {
            assert!(!is_safe(url, false), "{url}");
        }
        assert!(is_safe("https://example.com", true));
    }
}
