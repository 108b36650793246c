//! Requests and replies of the client.

mod answer;
mod failure;
mod insert;
mod jwt;
mod key;
mod permissions;
mod query;
mod request;
mod rows;
mod token;

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::Millis;
use serde::Deserialize;
use serde_json::{Value as Json, json};

const NOON: Millis = Millis(1_793_534_400_000);

/// What the key file of `key.json` has in place of a key.
const NO_KEY: &str = "(the private key)";

fn key_file() -> Json {
    serde_json::from_str(include_str!("fixtures/key.json")).unwrap()
}

/// As much of an RSA key in PKCS#8 as is looked at: there is no key in it.
fn der() -> Vec<u8> {
    let header =
        b"\x30\x82\x02\x00\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04";
    let mut der = header.to_vec();
    der.resize(4 + 0x200, 0xab);
    der
}

/// PEM with lines of 64 characters, as Google makes it.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn account() -> ServiceAccount {
    let mut file = key_file();
    assert_eq!(file["private_key"], NO_KEY);
    file["private_key"] = pem("PRIVATE KEY", &der()).into();
    ServiceAccount::read(&file.to_string()).unwrap()
}

fn dataset() -> Dataset {
    Dataset::new("shop-4711", "sparrow").unwrap()
}

/// A reply in a fixture: JSON, or any text as a string.
#[derive(Deserialize)]
struct Reply {
    /// What it shows, and where it is documented or was seen.
    about: String,
    status: u16,
    body: Json,
}

impl Reply {
    fn body(&self) -> String {
        match &self.body {
            Json::String(text) => text.clone(),
            body => body.to_string(),
        }
    }
}

/// A failure in a fixture.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Expected {
    kind: String,
    reason: String,
}

impl From<Failure> for Expected {
    fn from(failure: Failure) -> Self {
        Self { kind: format!("{:?}", failure.kind).to_lowercase(), reason: failure.reason }
    }
}

fn cases<T: for<'a> Deserialize<'a>>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap()
}
