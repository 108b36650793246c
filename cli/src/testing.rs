//! A server for tests, which answers as a function says.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use url::Url;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Such as `GET /path?name=value`.
    pub line: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    pub body: String,
}

impl Seen {
    pub fn path(&self) -> String {
        self.url().path().to_owned()
    }

    pub fn query(&self) -> HashMap<String, String> {
        self.url().query_pairs().into_owned().collect()
    }

    fn url(&self) -> Url {
        Url::parse("http://server").unwrap().join(self.line.split_once(' ').unwrap().1).unwrap()
    }
}

/// Status, headers with their line ends, and body.
pub type Reply = (u16, &'static str, Cow<'static, str>);

/// The reply without headers.
pub const fn reply(status: u16, body: &'static str) -> Reply {
    (status, "", Cow::Borrowed(body))
}

/// The server, until the test ends.
pub struct Server {
    pub url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `answer` gets the request and how many came before it, and says what to reply, or nothing where the
    /// connection is to be cut.
    pub fn start(answer: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let requests = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                thread::spawn(move || serve(&stream, &*answer, &requests));
            }
        });
        Self { url, seen }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// One request; then the connection is closed.
fn serve(
    mut stream: &TcpStream,
    answer: &dyn Fn(&Seen, usize) -> Option<Reply>,
    requests: &Mutex<Vec<Seen>>,
) {
    let Some(request) = read(stream) else { return };
    let before = {
        let mut requests = requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    if let Some((status, headers, body)) = answer(&request, before) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        let _ = stream.write_all((head + &body).as_bytes());
    }
}

fn read(stream: &TcpStream) -> Option<Seen> {
    let mut lines = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).ok().map(|_| line.trim_end().to_owned())
    };
    let line = next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let (mut authorization, mut length) = (None, 0);
    loop {
        let header = next()?;
        let Some((name, value)) = header.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Seen { line, authorization, body: String::from_utf8(body).ok()? })
}

/// Runs a future as the command does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
