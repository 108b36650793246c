//! A server that is BigQuery to a client under test, and an account that it knows.

use super::{Account, Client, Credential};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use url::Url;
use warehouse::bigquery::ServiceAccount;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Such as `GET /path`.
    pub line: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    pub body: String,
}

/// Status and body. All name another place, which counts for redirects.
pub type Reply = (u16, &'static str);

/// The server, until the test ends.
pub struct Server {
    pub url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `answer` gets the request and how many came before it, and says what to reply, or nothing where the
    /// connection is to be cut.
    pub fn start(answer: impl Fn(&Seen, usize) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let request = read(&stream);
                let mut requests = requests.lock().unwrap();
                requests.push(request.clone());
                if let Some((status, body)) = answer(&request, requests.len() - 1) {
                    let length = body.len();
                    let reply = format!(
                        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\
                        location: /elsewhere\r\n\r\n{body}"
                    );
                    stream.write_all(reply.as_bytes()).unwrap();
                }
            }
        });
        Self { url, seen }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

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

fn read(stream: &TcpStream) -> Seen {
    let mut lines = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let line = next().trim_end_matches(" HTTP/1.1").to_owned();
    let (mut authorization, mut length) = (None, 0);
    loop {
        let header = next();
        let Some((name, value)) = header.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    Seen { line, authorization, body: String::from_utf8(body).unwrap() }
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

/// Runs a future as the command does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
