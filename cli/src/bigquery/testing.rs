//! An account that a server under test knows, and a client of it.

use super::{Account, Client, Credential};
use crate::testing::Server;
use serde::Deserialize;
use std::time::Duration;
use warehouse::bigquery::ServiceAccount;

impl Server {
    /// An account whose tokens are exchanged here, where they are.
    pub fn account(&self, credential: Credential) -> Account {
        let file = key_file(self.url.join("/token").unwrap().as_str());
        Account::new(ServiceAccount::read(&file).unwrap(), credential).unwrap()
    }

    /// A client that tries again at once.
    pub fn client(&self, account: Option<Account>) -> Client {
        let mut client = Client::new(&self.url, account).unwrap();
        client.first_pause = Duration::ZERO;
        client
    }
}

/// A published example of RS256.
#[derive(Deserialize)]
pub struct Example {
    /// PKCS#8, DER, in Base64.
    pub key: String,
    pub input: String,
    pub signature_hex: String,
}

impl Example {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("fixtures/rs256.json")).unwrap()
    }
}

/// A key file with the example's key.
pub fn key_file(token_uri: &str) -> String {
    let key = Example::read().key;
    let file = serde_json::json!({
        "type": "service_account",
        "project_id": "shop-4711",
        "private_key_id": "abcdef",
        "private_key": format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
        "client_email": "sparrow@shop-4711.iam.gserviceaccount.com",
        "token_uri": token_uri,
    });
    file.to_string()
}
