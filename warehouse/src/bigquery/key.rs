//! A service account's key file, as Google's console and `gcloud iam service-accounts keys create` make it
//! (<https://cloud.google.com/iam/docs/keys-create-delete>).

use super::pem;
use super::request::is_project;
use serde_json::{Map, Value};
use std::fmt;

/// Where tokens are exchanged when the file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Who we are to Google.
#[derive(Clone)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    key: Vec<u8>,
    project: String,
    token_uri: String,
}

/// A key file that cannot be used. Says where and why, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No JSON object at all.
    #[error("the service account's key is no JSON object: give the whole file as Google made it")]
    NotJson,
    /// One line for each member that is wrong.
    #[error("the service account's key has {} fault(s); make a new one where they cannot be mended:\n- {}", .0.len(), .0.join("\n- "))]
    Faults(Vec<String>),
}

impl ServiceAccount {
    /// Reads the file.
    ///
    /// # Errors
    /// [`KeyError`] with all faults.
    pub fn read(file: &str) -> Result<Self, KeyError> {
        let members: Map<String, Value> = serde_json::from_str(file).map_err(|_| KeyError::NotJson)?;
        let mut file = File { members, faults: Vec::new() };
        if file.text("type").is_some_and(|kind| kind != "service_account") {
            file.fault("type", "is not `service_account`: other credentials cannot be used here");
        }
        let account = Self {
            email: file.checked("client_email", is_email, "is no address"),
            key_id: file.checked("private_key_id", |id| !id.is_empty(), "is empty"),
            key: file.private_key(),
            project: file.checked("project_id", is_project, "is no project id"),
            token_uri: file.token_uri(),
        };
        if file.faults.is_empty() { Ok(account) } else { Err(KeyError::Faults(file.faults)) }
    }

    /// The account's address, which is its name.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Which of the account's keys this is.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The private key: PKCS#8, DER. For whoever signs; a secret.
    pub fn private_key(&self) -> &[u8] {
        &self.key
    }

    /// The project in which the account was made. Its data may be in another one.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Where an assertion is exchanged for an access token.
    pub fn token_uri(&self) -> &str {
        &self.token_uri
    }
}

/// Without the key.
impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

struct File {
    members: Map<String, Value>,
    faults: Vec<String>,
}

impl File {
    fn fault(&mut self, member: &str, what: &str) {
        self.faults.push(format!("`{member}` {what}"));
    }

    /// A member that must be there.
    fn text(&mut self, member: &str) -> Option<String> {
        let fault = match self.members.get(member) {
            Some(Value::String(text)) => return Some(text.clone()),
            Some(_) => "is not text",
            None => "is missing",
        };
        self.fault(member, fault);
        None
    }

    fn checked(&mut self, member: &str, is_right: impl Fn(&str) -> bool, otherwise: &str) -> String {
        let text = self.text(member);
        if text.as_ref().is_some_and(|text| !is_right(text)) {
            self.fault(member, otherwise);
        }
        text.unwrap_or_default()
    }

    fn private_key(&mut self) -> Vec<u8> {
        let Some(text) = self.text("private_key") else { return Vec::new() };
        pem::rsa_key(&text).unwrap_or_else(|fault| {
            self.fault("private_key", fault);
            Vec::new()
        })
    }

    fn token_uri(&mut self) -> String {
        if self.members.contains_key("token_uri") {
            self.checked(
                "token_uri",
                is_safe,
                "must be an https address without a user (plain http is for loopback)",
            )
        } else {
            TOKEN_URI.to_owned()
        }
    }
}

fn is_email(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.split_once('@').is_some_and(|(name, _)| !name.is_empty())
}

fn is_safe(url: &str) -> bool {
    // What stands before an `@` is a user's name and no host.
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        return false;
    }
    let loopback = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let after = loopback.iter().find_map(|host| url.strip_prefix(host));
    url.starts_with("https://") || after.is_some_and(|rest| rest.starts_with([':', '/']))
}
