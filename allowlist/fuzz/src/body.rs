//! Bodies of the form that clients send, out of any bytes: random JSON hardly ever has a property's name.

use crate::source::Source;
use allowlist::Policy;
use allowlist::policy::{Kind, ValueRule};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Around values, and in no name: where a name is told, none of these may be.
pub const MARK: char = '\u{e000}';

/// Deeper than any property takes.
const MAX_DEPTH: usize = 6;

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "-1",
    "1.0",
    "0.5",
    "1e2",
    "1e-400",
    "4111111111111111",
    "4111111111111111.5",
    "5550142",
    "9007199254740991",
    "9007199254740992",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1.7976931348623157e308",
];

const TEXTS: [&str; 24] = [
    "",
    "free",
    "EUR",
    "AT",
    "abc-1",
    "ada@example.com",
    "ada%40example.com",
    "4111 1111 1111 1111",
    "+49 30 1234567",
    "5550142",
    "DE89370400440532013000",
    "192.0.2.1",
    "2001:db8::1",
    "219-09-9999",
    concat!("AKIA", "IOSFODNN7EXAMPLE"),
    "https://u:p@shop.example/a/ada@example.com?utm_source=x&gclid=4111+1111+1111+1111&q=1#f",
    "https://shop.example/?utm_term=ada%2540example.com&fbclid=1",
    "http://192.0.2.7/?utm_source=bob@example.org",
    "xK9$mQ2vLp8#nR4t",
    "password: xK9mQ2vLp8nR4tZ7",
    "de-AT",
    "1920x1080",
    "1.2.3.4",
    "0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21",
];

/// The names and words of a policy.
pub struct Vocabulary {
    events: Vec<String>,
    names: Vec<String>,
    words: Vec<String>,
}

impl Vocabulary {
    pub fn of(policy: &Policy) -> Self {
        let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
        let of_events = policy.events.values().flat_map(|rule| &rule.properties);
        for (name, rule) in policy.common.iter().chain(of_events) {
            names.insert(name.clone());
            collect(&rule.value, &mut names, &mut words);
        }
        names.insert("unknown".to_owned());
        words.insert("free".to_owned());
        let events = policy.events.keys().cloned().chain(["unknown".to_owned()]).collect();
        Self { events, names: names.into_iter().collect(), words: words.into_iter().collect() }
    }
}

fn collect(rule: &ValueRule, names: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match &rule.kind {
        Kind::Enum { values } => words.extend(values.iter().cloned()),
        Kind::Array { items, .. } => collect(items, names, words),
        Kind::Object { properties } => {
            for (name, rule) in properties {
                names.insert(name.clone());
                collect(rule, names, words);
            }
        }
        _ => {}
    }
}

/// A body, with no member of an event twice.
pub fn body(source: &mut Source<'_>, words: &Vocabulary) -> String {
    let mut writer = Writer { source, words, out: String::new() };
    if writer.source.once_in(2) {
        writer.out.push_str("{\"batch\":[");
        for place in 0..=writer.source.byte() % 4 {
            writer.out.push_str(if place > 0 { "," } else { "" });
            if writer.source.once_in(16) { writer.value(0) } else { writer.event() }
        }
        writer.out.push_str("]}");
    } else {
        writer.event();
    }
    writer.out
}

struct Writer<'s, 'a, 'w> {
    source: &'s mut Source<'a>,
    words: &'w Vocabulary,
    out: String,
}

impl Writer<'_, '_, '_> {
    fn event(&mut self) {
        let name = self.source.pick(&self.words.events).clone();
        self.out.push_str("{\"event\":");
        self.quoted(&name);
        for id in ["eventId", "deviceId", "userId", "sessionId", "timestamp"] {
            if self.source.once_in(3) {
                let _ = write!(self.out, ",\"{id}\":");
                self.value(MAX_DEPTH);
            }
        }
        self.out.push_str(",\"properties\":");
        if self.source.once_in(16) {
            self.value(0)
        } else {
            self.object(1)
        }
        if self.source.once_in(2) {
            self.out.push_str(",\"context\":{");
            for (place, name) in ["url", "referrer", "title", "locale", "screen"].into_iter().enumerate() {
                let _ = write!(self.out, "{}\"{name}\":", if place > 0 { "," } else { "" });
                if self.source.once_in(8) { self.value(MAX_DEPTH) } else { self.text() }
            }
            self.out.push('}');
        }
        self.out.push('}');
    }

    fn object(&mut self, depth: usize) {
        self.out.push('{');
        for place in 0..self.source.byte() % 8 {
            if self.source.is_empty() {
                break;
            }
            self.out.push_str(if place > 0 { "," } else { "" });
            let name = if self.source.once_in(8) {
                self.source.text(80).replace(MARK, "")
            } else {
                self.source.pick(&self.words.names).clone()
            };
            self.quoted(&name);
            self.out.push(':');
            self.value(depth);
        }
        self.out.push('}');
    }

    fn value(&mut self, depth: usize) {
        match self.source.byte() % 16 {
            0 => self.out.push_str("null"),
            1 => self.out.push_str("true"),
            2 => {
                let number = i64::from_le_bytes(self.source.eight_bytes());
                let _ = write!(self.out, "{number}");
            }
            3 => {
                let number = f64::from_le_bytes(self.source.eight_bytes());
                let _ = write!(self.out, "{:?}", if number.is_finite() { number } else { 0.5 });
            }
            4 | 5 => {
                let number = self.source.pick(&NUMBERS);
                self.out.push_str(number);
            }
            6 | 7 if depth < MAX_DEPTH => {
                self.out.push('[');
                for place in 0..self.source.byte() % 6 {
                    self.out.push_str(if place > 0 { "," } else { "" });
                    self.value(depth + 1);
                }
                self.out.push(']');
            }
            8 | 9 if depth < MAX_DEPTH => self.object(depth + 1),
            10 => {
                let number = self.source.byte();
                let _ = write!(self.out, "{number}");
            }
            11 => {
                let word = self.source.pick(&self.words.words).clone();
                self.quoted(&word);
            }
            _ => self.text(),
        }
    }

    fn text(&mut self) {
        let text = match self.source.byte() % 8 {
            0 | 1 => (*self.source.pick(&TEXTS)).to_owned(),
            2 => {
                let unit = self.source.text(6);
                unit.repeat(usize::from(self.source.byte()) * 4)
            }
            3 => format!("{MARK}{}{MARK}", self.source.text(40)),
            4 => format!("{}{}{}", self.source.text(12), self.source.pick(&TEXTS), self.source.text(12)),
            5 => {
                // Half of an emoji.
                self.out.push_str("\"\\ud83d\"");
                return;
            }
            _ => self.source.text(60),
        };
        self.quoted(&text);
    }

    fn quoted(&mut self, text: &str) {
        self.out.push_str(&serde_json::Value::from(text).to_string());
    }
}
