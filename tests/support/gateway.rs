//! An SMS gateway on a socket: it answers every request as it was told, and keeps what it was sent.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A definition that is all that a gateway needs.
pub const DEFINITION: &str = r#"name  = "Ours"
phone = "digits"
encoding = "automatic"

[settings]
token = { secret = true, required = true, help = "of the gateway" }

[auth]
header = { X-Token = "{{ token }}" }

[send]
request  = "POST /sms"
json     = { to = "{{ phone }}", text = "{{ text }}" }
accepted = "status == 200 and body.id"
id       = "body.id"
"#;

/// Answers for as long as the test runs.
pub struct Gateway {
    pub base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    /// Answers with this status and body.
    pub fn start(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::answering(status, move |_| body.clone())
    }

    /// Answers with this status, and a body that is made of the request.
    pub fn answering(status: u16, body: impl Fn(&str) -> String + Send + 'static) -> Self {
        Self::replying(move |_, request| (format!("{status} Whatever"), body(request)))
    }

    /// Answers with these one after the other, and with the last forever: status line with further headers, and body.
    pub fn in_turn(answers: &[(&str, &str)]) -> Self {
        let answers: Vec<(String, String)> =
            answers.iter().map(|(head, body)| ((*head).to_owned(), (*body).to_owned())).collect();
        Self::replying(move |turn, _| answers[turn.min(answers.len() - 1)].clone())
    }

    /// Answers with what is made of the number of the request and of the request: status line with further headers, and
    /// body. An empty status line: the connection is closed without an answer.
    pub fn replying(answer: impl Fn(usize, &str) -> (String, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let request = request(&mut socket);
                let turn = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request.clone());
                    seen.len() - 1
                };
                let (head, body) = answer(turn, &request);
                if head.is_empty() {
                    continue;
                }
                let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n", body.len());
                // A client that has gone away is the test's business, not the gateway's.
                let _ = socket.write_all(format!("{answer}connection: close\r\n\r\n{body}").as_bytes());
            }
        });
        Self { base_url, requests }
    }

    /// How many requests came so far.
    pub fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The requests so far, heads and bodies; the last of them may not be answered yet.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn request(socket: &mut TcpStream) -> String {
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        let mut chunk = [0_u8; 4096];
        match socket.read(&mut chunk) {
            Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
            _ => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
