//! A real Redis for one test: on a free port of 127.0.0.1, with a folder of its own, gone when the test ends.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::support::PATIENCE;
use crate::support::port::free_port;

/// The servers that the tests run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Make {
    /// The `redis-server` of the system.
    Redis,
    /// The older one that many applications have.
    Redis6,
    /// A newer one.
    Redis8,
    /// A `valkey-server`.
    Valkey,
}

impl Make {
    /// What to run. `scripts/test` installs those that Debian has not, under `target/`, or says where they are.
    fn program(self) -> PathBuf {
        let (variable, name) = match self {
            Self::Redis => return "redis-server".into(),
            Self::Redis6 => ("OTPCTL_REDIS6", "redis6-server"),
            Self::Redis8 => ("OTPCTL_REDIS8", "redis8-server"),
            Self::Valkey => ("OTPCTL_VALKEY", "valkey-server"),
        };
        let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers").join(name);
        std::env::var_os(variable).map_or_else(usual, PathBuf::from)
    }
}

/// The server. It is killed when this is dropped, and when the tests end.
pub struct RedisServer {
    child: Mutex<Child>,
    port: u16,
    folder: tempfile::TempDir,
    make: Make,
    words: Vec<String>,
}

/// Runs a server until it ends or nobody holds our standard input any more, however the tests ended; then ends what the
/// server forked, which is alone with it in a group of its own.
pub const GUARD: &str = r#""$@" & server=$!; exec 3<&0; (read end <&3; kill -9 $server) 2>&- >&- & reader=$!
wait $server; kill $reader 2>&-; wait; kill -9 0"#;

impl RedisServer {
    /// Without persistence and without a password.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further words for the command line of `redis-server`.
    pub fn start_with(words: &[&str]) -> Self {
        Self::make(Make::Redis, words)
    }

    /// A server of another make.
    pub fn make(make: Make, words: &[&str]) -> Self {
        // A program of this machine may take the port before the server does.
        (0..5).find_map(|_| Self::started(make, words)).unwrap_or_else(|| {
            panic!("{} does not start with {words:?}: scripts/test installs it", make.program().display())
        })
    }

    fn started(make: Make, words: &[&str]) -> Option<Self> {
        // The bus of a Redis 6 in a Cluster is at a port that follows from its own.
        let port = if make == Make::Redis6 { free_pair() } else { free_port() };
        let folder = tempfile::tempdir().expect("a folder");
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let child = Mutex::new(spawned(&[], make, &words, port, folder.path()));
        let server = Self { child, port, folder, make, words };
        server.comes_up().then_some(server)
    }

    /// Whether it is there before it ends.
    fn comes_up(&self) -> bool {
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            if self.child.lock().expect("a child").try_wait().expect("a child").is_some() {
                return false;
            }
            if self.answers() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Kills it with signal 9.
    pub fn crash(&self) {
        let mut child = self.child.lock().expect("a child");
        drop(child.stdin.take());
        child.wait().expect("a child");
    }

    /// Starts it again after it ended, at the same port, with the files that it left.
    pub fn again(&self) {
        self.again_under(&[]);
    }

    /// The same, under a program that runs it with other eyes, as `faketime` does.
    pub fn again_under(&self, program: &[&str]) {
        *self.child.lock().expect("a child") = spawned(program, self.make, &self.words, self.port, self.dir());
        assert!(self.comes_up(), "it does not start again: {}", self.dir().display());
    }

    /// Its process.
    pub fn pid(&self) -> String {
        let info = self.cli(&["INFO", "server"]);
        info.lines().find_map(|line| line.strip_prefix("process_id:")).expect("a process").trim().to_owned()
    }

    /// A client that the server has taken in.
    pub fn client(&self) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        stream.write_all(b"PING\r\n").expect("it listens");
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"+PONG\r\n");
        stream
    }

    /// Whether it answers a `PING`, be it with a request for a password. It is asked over its own socket: at its port somebody
    /// else may listen, who took that first, and the tests of two would meet on one server. It makes the socket when it has
    /// its port.
    fn answers(&self) -> bool {
        let ping = || {
            let mut stream = UnixStream::connect(self.socket())?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer)?;
            std::io::Result::Ok(answer)
        };
        ping().is_ok_and(|answer| &answer == b"+PONG\r\n" || answer.starts_with(b"-NOAUTH"))
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port())
    }

    /// Its folder, where its files and its log are.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir().join("redis.sock")
    }

    /// What `redis-cli` prints for each of many commands that are answered in one line.
    pub fn each(&self, commands: &[String]) -> Vec<String> {
        let mut child = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-cli");
        let (mut pipe, text) = (child.stdin.take().expect("a pipe"), commands.join("\n"));
        // It answers while it is being asked.
        let asking = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
        let output = child.wait_with_output().expect("redis-cli");
        asking.join().expect("a thread").expect("redis-cli listens");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// What `redis-cli` prints for these words, less the last line break.
    pub fn cli(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("redis-cli does not run ({error}): scripts/test installs it"));
        let text = String::from_utf8_lossy(&output.stdout);
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.crash();
    }
}

fn spawned(under: &[&str], make: Make, words: &[String], port: u16, folder: &Path) -> Child {
    // A configuration file stands before all options.
    let (file, words) = words.split_at(usize::from(words.first().is_some_and(|word| !word.starts_with('-'))));
    let log = std::fs::File::options().create(true).append(true).open(folder.join("redis.log")).expect("a log");
    Command::new("sh")
        .args(["-c", GUARD, "sh"])
        .process_group(0)
        .args(under)
        .arg(make.program())
        .args(file)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--unixsocket", "redis.sock", "--dir", "."])
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(Stdio::null())
        .spawn()
        .expect("sh runs")
}

/// A port that nobody listens on at this moment, and nobody either on the one that is 10,000 above it.
pub fn free_pair() -> u16 {
    loop {
        let port = free_port();
        if port.checked_add(10_000).is_some_and(|bus| TcpListener::bind((Ipv4Addr::LOCALHOST, bus)).is_ok()) {
            return port;
        }
    }
}
