//! A server for tests, which answers as a function says.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use url::Url;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub query: HashMap<String, String>,
    pub body: String,
}

/// Status, headers and body.
pub type Reply = (u16, &'static str, String);

/// The server, until the test ends.
pub struct Server {
    pub url: Url,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets the request and how many came before it; it says status, headers and body, or nothing where
    /// the connection is to be cut.
    pub fn start(answer: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/e", listener.local_addr().unwrap())).unwrap();
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
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

/// One request; then the connection is closed.
fn serve(
    mut stream: &TcpStream,
    answer: &dyn Fn(&Request, usize) -> Option<Reply>,
    seen: &Mutex<Vec<Request>>,
) {
    let Some(request) = read(stream) else { return };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    if let Some((status, headers, body)) = answer(&request, before) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        let _ = stream.write_all((head + &body).as_bytes());
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let url = Url::parse("http://server").unwrap().join(line.split(' ').nth(1)?).unwrap();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        body: String::from_utf8(body).ok()?,
    })
}

/// Runs a future as the command does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The command with these arguments.
pub fn load(arguments: &[&str]) -> Result<super::Load, clap::Error> {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        load: super::Load,
    }
    let all = ["load"].iter().chain(arguments);
    <Cli as clap::Parser>::try_parse_from(all).map(|cli| cli.load)
}
