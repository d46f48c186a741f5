//! A way to a server that can be spoiled in eight manners, those of Toxiproxy, in either direction and from a given
//! moment on. It reads RESP, so that "the answer to the second commit" is a moment.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::support::PATIENCE;

/// Stands only in the script that commits.
pub const COMMIT: &str = "LTRIM";
/// Stands only in a command that loads.
pub const LOAD: &str = "EVAL_RO";

/// What is done to a message, or to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Toxic {
    /// It comes so much later.
    Latency(Duration),
    /// The connection ends without a word.
    Down,
    /// Nothing comes any more, and the connection stays open.
    Silence,
    /// The connection is reset.
    Reset,
    /// One byte after the other at first, with this pause between them, and then the rest: all of a long one would take
    /// longer than a client waits where the machine is busy.
    Slices(Duration),
    /// It comes, and the connection ends so much later.
    SlowClose(Duration),
    /// So many bytes a second.
    Bandwidth(u32),
    /// So many bytes come; then the connection ends.
    Limit(usize),
}

/// Where it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A new connection, before anything is asked.
    Connecting,
    /// What the client asks.
    Request,
    /// What the server answers.
    Answer,
}

/// So many bytes come one after the other.
const SLICES: usize = 400;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    on: On,
    toxic: Toxic,
    /// Only commands that hold these words.
    about: &'static str,
    /// So many of them get through before.
    after: usize,
    /// So often.
    times: usize,
    /// After it nobody gets through.
    for_good: bool,
}

impl Fault {
    /// The first that comes, once.
    pub fn new(on: On, toxic: Toxic) -> Self {
        Self { on, toxic, about: "", after: 0, times: 1, for_good: false }
    }

    /// Only commands that hold these words.
    pub fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// So many of them get through before.
    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    /// Each from then on.
    pub fn always(self) -> Self {
        Self { times: usize::MAX, ..self }
    }

    /// And then the server is gone.
    pub fn for_good(self) -> Self {
        Self { for_good: true, ..self }
    }
}

/// Listens for as long as the test runs.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: AtomicU16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    struck: usize,
    connections: usize,
    /// The commands that were passed on, with their first words.
    seen: Vec<String>,
    /// The scripts that went by, by their hashes.
    scripts: HashMap<String, String>,
    round_trips: usize,
    /// How long the first command of a round trip waits for the others.
    gathering: Duration,
}

impl Proxy {
    /// Before the server at this port of 127.0.0.1.
    pub fn to(target: u16) -> Self {
        let proxy = Self::nowhere();
        proxy.lead_to(target);
        proxy
    }

    /// Before a server that is yet to come.
    pub fn nowhere() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { target: AtomicU16::new(0), state: Mutex::default() });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&own);
                std::thread::spawn(move || serve(&client, &shared));
            }
        });
        Self { port, shared }
    }

    /// From now on it leads to this port.
    pub fn lead_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Spoils the way from now on.
    pub fn inject(&self, fault: Fault) {
        self.shared.state(|state| state.faults.push(fault));
    }

    /// Everything gets through again. What is held stays held.
    pub fn heal(&self) {
        self.shared.state(|state| state.faults.clear());
    }

    /// How often something went wrong.
    pub fn struck(&self) -> usize {
        self.shared.state(|state| state.struck)
    }

    /// Waits until something went wrong so often.
    pub fn wait_for(&self, struck: usize) {
        let patience = Instant::now() + PATIENCE;
        while self.struck() < struck {
            assert!(Instant::now() < patience, "the fault does not come");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.state(|state| state.connections)
    }

    /// How many commands that hold these words were passed on.
    pub fn passed_on(&self, about: &str) -> usize {
        self.shared.state(|state| state.seen.iter().filter(|seen| seen.contains(about)).count())
    }
}

impl Proxy {
    /// Lets the first command of each round trip wait, so that they are counted exactly: meanwhile all that belongs together
    /// has come.
    pub fn gather(&self) {
        self.shared.state(|state| state.gathering = Duration::from_millis(60));
    }

    /// How often a client waited for the server. Commands that it sends before it has the answer to the ones before are of
    /// one round trip.
    pub fn round_trips(&self) -> usize {
        self.shared.state(|state| state.round_trips)
    }
}

impl Shared {
    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A command, with the text of its script behind it where it has only the hash.
    fn spelled(&self, request: &[u8]) -> String {
        let command = String::from_utf8_lossy(request).into_owned();
        let mut words = command.split("\r\n").skip(2).step_by(2);
        let text = match (words.next(), words.next()) {
            (Some("EVAL" | "EVAL_RO"), Some(text)) => {
                let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
                let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
                self.state(|state| state.scripts.insert(hash, text.to_owned()));
                None
            }
            (Some(name @ ("EVALSHA" | "EVALSHA_RO")), Some(hash)) => {
                let text = self.state(|state| state.scripts.get(hash).cloned()).unwrap_or_default();
                Some(format!("{} {text}", name.replace("SHA", "")))
            }
            _ => None,
        };
        command + text.as_deref().unwrap_or_default()
    }

    /// What goes wrong with this, if anything does.
    fn strike(&self, on: On, command: &str) -> Option<Toxic> {
        self.state(|state| {
            let fits = |fault: &&mut Fault| fault.on == on && fault.times > 0 && command.contains(fault.about);
            let fault = state.faults.iter_mut().find(fits)?;
            if fault.after > 0 {
                fault.after -= 1;
                return None;
            }
            fault.times = fault.times.saturating_sub(usize::from(fault.times < usize::MAX));
            let (toxic, for_good) = (fault.toxic, fault.for_good);
            state.struck += 1;
            if for_good {
                state.faults.insert(0, Fault::new(On::Connecting, Toxic::Reset).always());
            }
            Some(toxic)
        })
    }
}

/// One question, one answer, as long as both sides are there.
fn serve(client: &TcpStream, shared: &Shared) {
    shared.state(|state| state.connections += 1);
    let struck = shared.strike(On::Connecting, "");
    if let Some(toxic) = struck
        && !passes(b"", client, client, Some(toxic))
    {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.target.load(Ordering::SeqCst))) else {
        reset(client);
        return;
    };
    // Slices are to leave one by one.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut asks, mut answers) = (Values::of(client), Values::of(&server));
    let mut has_answers = true;
    while let Some(request) = asks.next() {
        if has_answers {
            shared.state(|state| state.round_trips += 1);
            std::thread::sleep(shared.state(|state| state.gathering));
        }
        let command = shared.spelled(&request);
        let struck = shared.strike(On::Request, &command);
        if !passes(&request, &server, client, struck) {
            break;
        }
        shared.state(|state| state.seen.push(command.clone()));
        let Some(answer) = answers.next() else { break };
        has_answers = !asks.has_more();
        let struck = shared.strike(On::Answer, &command);
        if !passes(&answer, client, client, struck) {
            break;
        }
    }
}

/// Passes bytes on as the fault has it, and says whether the connection lives on.
fn passes(bytes: &[u8], mut to: &TcpStream, mut client: &TcpStream, toxic: Option<Toxic>) -> bool {
    match toxic {
        None => to.write_all(bytes).is_ok(),
        Some(Toxic::Latency(time)) => {
            std::thread::sleep(time);
            to.write_all(bytes).is_ok()
        }
        Some(Toxic::Down) => false,
        Some(Toxic::Silence) => {
            // Until the client goes away by itself.
            let mut swallowed = [0; 1024];
            while matches!(client.read(&mut swallowed), Ok(1..)) {}
            false
        }
        Some(Toxic::Reset) => {
            reset(client);
            false
        }
        Some(Toxic::Slices(pause)) => {
            let (sliced, rest) = bytes.split_at(bytes.len().min(SLICES));
            let mut bytes = sliced.iter();
            let passed = bytes.all(|byte| {
                std::thread::sleep(pause);
                to.write_all(&[*byte]).is_ok()
            });
            passed && to.write_all(rest).is_ok()
        }
        Some(Toxic::SlowClose(time)) => {
            let _ = to.write_all(bytes);
            std::thread::sleep(time);
            false
        }
        Some(Toxic::Bandwidth(rate)) => {
            let (began, mut passed) = (Instant::now(), 0);
            while passed < bytes.len() {
                std::thread::sleep(Duration::from_millis(2));
                // By the clock, so that no more time passes where the machine is busy.
                let due = usize::try_from(began.elapsed().as_millis() * u128::from(rate) / 1000).unwrap_or(usize::MAX);
                let due = due.min(bytes.len());
                if to.write_all(&bytes[passed..due]).is_err() {
                    return false;
                }
                passed = due;
            }
            true
        }
        Some(Toxic::Limit(most)) => {
            let _ = to.write_all(&bytes[..bytes.len().min(most)]);
            false
        }
    }
}

/// With no time to linger, the close that follows is a reset.
fn reset(client: &TcpStream) {
    SockRef::from(client).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Whole values of RESP from one side.
struct Values<'a> {
    stream: &'a TcpStream,
    bytes: Vec<u8>,
}

impl<'a> Values<'a> {
    fn of(stream: &'a TcpStream) -> Self {
        Self { stream, bytes: Vec::new() }
    }

    /// Whether more has come already.
    fn has_more(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let is_there = matches!(self.stream.peek(&mut [0]), Ok(1..));
        self.stream.set_nonblocking(false).unwrap();
        is_there || !self.bytes.is_empty()
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(length) = length(&self.bytes) {
                let rest = self.bytes.split_off(length);
                return Some(std::mem::replace(&mut self.bytes, rest));
            }
            let mut chunk = vec![0; 64 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(read @ 1..) => self.bytes.extend_from_slice(&chunk[..read]),
                _ => return None,
            }
        }
    }
}

/// How long the first value is, if it is whole: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
fn length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let count = || std::str::from_utf8(&bytes[1..line]).ok()?.parse::<i64>().ok();
    let head = line + 2;
    let whole = match bytes.first()? {
        b'$' => usize::try_from(count()?).map_or(head, |length| head + length + 2),
        b'*' => (0..count()?.max(0)).try_fold(head, |at, _| Some(at + length(bytes.get(at..)?)?))?,
        _ => head,
    };
    (bytes.len() >= whole).then_some(whole)
}

/// A port where connecting comes to no end: the kernel drops what does not fit into the queue of those to be accepted.
pub struct BlackHole {
    pub port: u16,
    _listener: Socket,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    pub fn open() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let place = listener.local_addr().unwrap().as_socket().unwrap();
        let brief = Duration::from_millis(200);
        let waiting: Vec<_> = (0..4).map_while(|_| TcpStream::connect_timeout(&place, brief).ok()).collect();
        assert!(waiting.len() < 4, "the queue of those to be accepted does not fill");
        Self { port: place.port(), _listener: listener, _waiting: waiting }
    }
}
