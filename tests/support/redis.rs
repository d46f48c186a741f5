//! A real Redis for one test: on a free port of 127.0.0.1, with a folder of its own, gone when the test ends.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The servers that the tests run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Make {
    /// The `redis-server` of the system.
    Redis,
    /// A newer one.
    Redis8,
    /// A `valkey-server`.
    Valkey,
}

impl Make {
    /// What to run. `scripts/test` installs the two that Debian has not, under `target/`, or says where they are.
    fn program(self) -> PathBuf {
        let (variable, name) = match self {
            Self::Redis => return "redis-server".into(),
            Self::Redis8 => ("OTPCTL_REDIS8", "redis8-server"),
            Self::Valkey => ("OTPCTL_VALKEY", "valkey-server"),
        };
        let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers").join(name);
        std::env::var_os(variable).map_or_else(usual, PathBuf::from)
    }
}

/// The server. It is killed when this is dropped, and when the tests end.
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

/// Runs a server until it ends or nobody holds our standard input any more: a test that is killed leaves none behind,
/// nor does one that keeps its server for all others.
const GUARD: &str = r#""$@" & server=$!; exec 3<&0; (cat <&3 >&2; kill -9 $server 2>&-) >&- & wait $server"#;

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
        // Somebody else may take the free port before the server does.
        (0..5).find_map(|_| Self::started(make, words)).unwrap_or_else(|| {
            panic!("{} does not start with {words:?}: scripts/test installs it", make.program().display())
        })
    }

    fn started(make: Make, words: &[&str]) -> Option<Self> {
        // A configuration file stands before all options.
        let (file, words) = words.split_at(usize::from(words.first().is_some_and(|word| !word.starts_with('-'))));
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let log = std::fs::File::create(folder.path().join("redis.log")).expect("a log");
        let child = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(make.program())
            .args(file)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", "redis.sock", "--dir", "."])
            .args(words)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let mut server = Self { child, port, folder };
        let patience = Instant::now() + Duration::from_secs(10);
        while Instant::now() < patience {
            if server.child.try_wait().expect("a child").is_some() {
                return None;
            }
            if server.answers() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Whether it answers a `PING`, be it with a request for a password.
    fn answers(&self) -> bool {
        let ping = || {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
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
        // This closes its standard input first, which ends the server.
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    listener.local_addr().expect("an address").port()
}
