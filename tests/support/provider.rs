//! A gateway on a socket that answers as it is told, and messages to send to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otpctl::otp::escape::is_unsafe;
use otpctl::otp::{Alphabet, Clock, Code, CodeSpec, Message, Moment, Phone, Randomness, RandomnessFailed};
use otpctl::provider::{Context, Machine, Provider, ProviderReply, Setting, Settings};
use otpctl::system::{FilePath, Program};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::AT_ONCE;

/// The code in every test message. Its digits stand nowhere else.
pub const CODE: &str = "042917";
pub const PHONE: &str = "+919876543210";

/// The time of every test, where a request is signed with it.
pub const NOW: &str = "2026-11-22T12:00:00Z";

/// What the gateway does once it has read the whole request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An answer; the length is added.
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    /// Bytes as they are, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, forever.
    Hang,
    /// The connection is reset.
    Reset,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

pub struct Gateway {
    pub base_url: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gateway {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = seen.clone();
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                if let Some(request) = read(&mut socket).await {
                    requests.lock().unwrap().push(request);
                }
                if let Some(socket) = answer(socket, &reply).await {
                    open.push(socket);
                }
            }
        });
        Self { base_url, seen, task }
    }

    /// Makes a last request, and waits until it is read: requests are read one after the other.
    pub async fn settle(&self) {
        let mut socket = TcpStream::connect(self.base_url.trim_start_matches("http://")).await.unwrap();
        socket.write_all(b"GET /last HTTP/1.1\r\n\r\n").await.unwrap();
        let is_last = || self.seen.lock().unwrap().pop_if(|seen| seen.path == "/last").is_some();
        let end = Instant::now() + Duration::from_secs(60);
        while !is_last() {
            assert!(Instant::now() < end, "a request is never read");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub fn was_asked(&self) -> bool {
        !self.seen.lock().unwrap().is_empty()
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "exactly one request: {seen:?}");
        seen[0].clone()
    }
}

/// A base URL where nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut chunk = [0_u8; 4096];
        let read = socket.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text[..end].lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            break (end, length.unwrap_or(0));
        }
    };
    while bytes.len() < head + 4 + length {
        let mut chunk = [0_u8; 4096];
        let read = socket.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Some(Seen {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: body.to_owned(),
    })
}

/// Gives the socket back where it must stay open.
async fn answer(mut socket: TcpStream, reply: &Reply) -> Option<TcpStream> {
    match reply {
        Reply::Hang => return Some(socket),
        Reply::Reset => socket.set_zero_linger().unwrap(),
        Reply::Raw(bytes) => {
            let _ = socket.write_all(bytes).await;
            let _ = socket.shutdown().await;
        }
        Reply::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.extend([name, ": ", value, "\r\n"]);
            }
            let _ = socket.write_all(format!("{head}\r\n{body}").as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    }
    None
}

pub fn json(status: u16, body: &str) -> Reply {
    Reply::Answer { status, headers: Vec::new(), body: body.to_owned() }
}

pub fn code() -> Code {
    CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 }.read(CODE).unwrap()
}

/// A message that lives as long as the test.
pub struct Letter {
    pub phone: Phone,
    pub text: String,
    pub code: Code,
    pub app: String,
    pub purpose: String,
    pub lang: Option<String>,
}

impl Letter {
    pub fn new() -> Self {
        Self {
            phone: Phone::parse(PHONE, None).unwrap(),
            text: format!("{CODE} is your Example code."),
            code: code(),
            app: "Example".to_owned(),
            purpose: "login".to_owned(),
            lang: None,
        }
    }

    pub fn message(&self) -> Message<'_> {
        Message {
            to: &self.phone,
            text: &self.text,
            code: &self.code,
            challenge_id: "ch_test1",
            app: &self.app,
            ttl_minutes: 5,
            purpose: &self.purpose,
            lang: self.lang.as_deref(),
            at: "2026-11-22T12:00:00.000Z",
        }
    }
}

pub fn context() -> Context {
    Context { console: Arc::new(|_| Ok(())), machine: machine(NOW), path: "/usr/bin:/bin".into() }
}

/// A machine whose clock stands still, and whose random bytes are all the same.
pub fn machine(time: &str) -> Machine {
    Machine { clock: at(time), randomness: Arc::new(Sevens) }
}

struct Sevens;

impl Randomness for Sevens {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed> {
        buffer.fill(0x77);
        Ok(())
    }
}

/// A clock that stands still.
pub fn at(time: &str) -> Clock {
    let moment = Moment::from_millis(time.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    Arc::new(move || moment)
}

/// What the configuration makes of a value: files and programs are no longer texts.
fn setting(name: &str, value: Value) -> Setting {
    let file = |text: &str| FilePath::absolute(text);
    match (name, &value) {
        ("path", Value::String(path)) => Setting::File(file(path).expect("an absolute path")),
        ("tls", Value::Object(tls)) => Setting::Authority(file(tls["ca"].as_str().unwrap()).expect("an absolute path")),
        ("argv", Value::Array(words)) => {
            let mut words = words.iter().map(|word| word.as_str().unwrap().to_owned());
            let program = words.next().expect("a program");
            Setting::Program(file(&program).map_or(Program::Named(program), Program::At), words.collect())
        }
        _ => Setting::Plain(value),
    }
}

pub fn settings(value: Value) -> Settings {
    let Value::Object(fields) = value else { panic!("settings are a table") };
    Settings(fields.into_iter().map(|(name, value)| (name.clone(), setting(&name, value))).collect())
}

pub async fn send(provider: &dyn Provider, letter: &Letter) -> ProviderReply {
    provider.send(&letter.message(), Instant::now() + AT_ONCE).await
}

/// A send to a gateway that never answers. Its time is to run out after the request, which takes longer to make where the
/// machine is busy: so it is given longer and longer, until it was asked.
pub async fn send_in_vain(provider: &dyn Provider, letter: &Letter, was_asked: impl Fn() -> bool) -> ProviderReply {
    for time in [Duration::from_secs(1), Duration::from_secs(10)] {
        let started = Instant::now();
        let outcome = provider.send(&letter.message(), started + time).await;
        assert!(started.elapsed() < time + AT_ONCE, "the deadline is kept");
        if was_asked() {
            return outcome;
        }
    }
    send(provider, letter).await
}

/// All the words of an outcome that a person may come to see.
pub fn words(outcome: &ProviderReply) -> String {
    match outcome {
        ProviderReply::Accepted(receipt) => receipt.id.clone().unwrap_or_default(),
        ProviderReply::Refused(refusal) => {
            format!("{} {} {}", refusal.code.as_deref().unwrap_or_default(), refusal.message, refusal.hint())
        }
        ProviderReply::Unknown(doubt) => doubt.why.clone(),
    }
}

/// Fails where a text shows what no text may show.
pub fn assert_clean(text: &str, secrets: &[String]) {
    for secret in
        secrets.iter().map(String::as_str).filter(|secret| !secret.is_empty()).chain([CODE, PHONE, &PHONE[1..]])
    {
        assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{text:?} shows {secret:?}");
    }
    assert!(!text.contains(is_unsafe), "{text:?} holds what a terminal obeys");
}
