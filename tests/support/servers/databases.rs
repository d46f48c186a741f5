//! A real PostgreSQL or MariaDB for one test: on a free port of 127.0.0.1 and a socket in a folder of its own, gone when the
//! test ends.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::redis::GUARD;
use crate::support::PATIENCE;
use crate::support::port::free_port;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Postgres,
    MariaDb,
}

/// The password of its owner, `otp`.
pub const PASSWORD: &str = "geheim&s3cret/äö";
/// The same in a URL.
const IN_URL: &str = "geheim&s3cret%2F%C3%A4%C3%B6";

/// The server. It is killed when this is dropped, and when the tests end.
pub struct DatabaseServer {
    child: Child,
    product: Product,
    port: u16,
    folder: tempfile::TempDir,
}

impl DatabaseServer {
    /// With a database `app` that belongs to `otp`. `words`: further ones for its command line.
    pub fn start(product: Product, words: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let (data, port) = (folder.path().join("data"), free_port());
        std::fs::create_dir(&data).unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        install(product, &data, folder.path());
        let child = served(product, &data, port, words);
        let mut server = Self { child, product, port, folder };
        server.comes_up();
        match product {
            Product::Postgres => server.ask_in("postgres", "create database app"),
            Product::MariaDb => server.ask_in(
                "mysql",
                &format!(
                    "create database app character set utf8mb4; create user otp@'%' identified by '{PASSWORD}'; \
                     grant all on app.* to otp@'%'"
                ),
            ),
        };
        server
    }

    fn comes_up(&mut self) {
        let patience = Instant::now() + PATIENCE;
        loop {
            assert!(self.child.try_wait().unwrap().is_none(), "it does not start: {}", self.log());
            let database = if self.product == Product::Postgres { "postgres" } else { "mysql" };
            if self.client(database, "select 1").status.success() {
                return;
            }
            assert!(Instant::now() < patience, "it does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its URL over TCP, with this behind it, such as `?sslmode=require`.
    pub fn url(&self, parameters: &str) -> String {
        let scheme = if self.product == Product::Postgres { "postgres" } else { "mysql" };
        format!("{scheme}://otp:{IN_URL}@127.0.0.1:{}/app{parameters}", self.port)
    }

    /// Its URL over the socket.
    pub fn socket_url(&self) -> String {
        let data = self.data().display().to_string();
        match self.product {
            Product::Postgres => {
                format!("postgres://otp:{IN_URL}@/app?host={data}").replace("@/", &format!("@:{}/", self.port))
            }
            Product::MariaDb => format!("mysql://otp:{IN_URL}@localhost/app?socket={data}/socket"),
        }
    }

    /// Runs statements in the database `app`, and gives what its client prints.
    pub fn ask(&self, statements: &str) -> String {
        self.ask_in("app", statements)
    }

    fn ask_in(&self, database: &str, statements: &str) -> String {
        let output = self.client(database, statements);
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn client(&self, database: &str, statements: &str) -> Output {
        let mut client = match self.product {
            Product::Postgres => {
                let mut client = Command::new("psql");
                let data = self.data();
                client.args([
                    "-qtAX",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-U",
                    "otp",
                    "-p",
                    &self.port.to_string(),
                    "-d",
                    database,
                ]);
                client.arg("-h").arg(data).env("PGPASSWORD", PASSWORD);
                client
            }
            Product::MariaDb => {
                let mut client = Command::new("mariadb");
                client.args(["-N", "-B", "-u", "root", "--default-character-set=utf8mb4"]);
                client.arg(format!("--socket={}", self.data().join("socket").display())).arg(database);
                client
            }
        };
        let mut child =
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(
                |error| panic!("the client of {:?} does not run ({error}): scripts/test installs it", self.product),
            );
        let _ = child.stdin.take().unwrap().write_all(statements.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Ends it. Nobody is there any more.
    pub fn stop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// PostgreSQL refuses to run as root, so it runs as the user that its package makes.
fn power() -> &'static [&'static str] {
    let is_root = rustix::process::geteuid().is_root();
    if is_root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] } else { &[] }
}

/// Debian keeps the programs of each version of PostgreSQL in a folder of its own.
fn postgres(program: &str) -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").map(|found| found.filter_map(Result::ok).collect::<Vec<_>>());
    let mut programs: Vec<PathBuf> = versions
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.path().join("bin").join(program))
        .filter(|path| path.exists())
        .collect();
    programs.sort();
    programs.pop().unwrap_or_else(|| panic!("there is no {program}: scripts/test installs it"))
}

fn install(product: Product, data: &Path, folder: &Path) {
    let done = match product {
        Product::Postgres => {
            let own = Command::new("chown").arg("postgres:postgres").arg(data).arg(folder.join("password")).status();
            assert!(own.unwrap().success() || power().is_empty());
            let words = ["-U", "otp", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"];
            let mut command = Command::new("env");
            command.args(power()).arg(postgres("initdb")).args(words).arg("-D").arg(data);
            command.arg(format!("--pwfile={}", folder.join("password").display()));
            command.current_dir(folder).output().unwrap()
        }
        Product::MariaDb => {
            let mut command = Command::new("mariadb-install-db");
            // A MariaDB that starts removes what others have in the same folder for temporary files.
            command.env("TMPDIR", folder);
            command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
            if rustix::process::geteuid().is_root() {
                command.arg("--user=root");
            }
            command.arg(format!("--datadir={}", data.display())).current_dir(folder).output().unwrap()
        }
    };
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

fn served(product: Product, data: &Path, port: u16, words: &[String]) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "sh"]).process_group(0);
    let at = data.display();
    match product {
        Product::Postgres => {
            command.args(power()).arg(postgres("postgres")).arg("-D").arg(data);
            command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
            command.args(["-c", &format!("unix_socket_directories={at}")]);
        }
        Product::MariaDb => {
            command.env("TMPDIR", data.parent().unwrap()).args([
                "mariadbd",
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--innodb-flush-log-at-trx-commit=0",
            ]);
            command.args([format!("--datadir={at}"), format!("--socket={at}/socket"), format!("--pid-file={at}/pid")]);
            command.arg(format!("--port={port}"));
            if rustix::process::geteuid().is_root() {
                command.arg("--user=root");
            }
        }
    }
    // The folder belongs to the server's user, and the log to us.
    let log = std::fs::File::options().create(true).append(true).open(data.join("log")).unwrap();
    command.args(words).current_dir(data.parent().unwrap());
    command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// A copy of a file that belongs to the server's user alone.
pub fn lend(file: &Path, to: &Path) {
    std::fs::copy(file, to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).unwrap();
    if !power().is_empty() {
        assert!(Command::new("chown").arg("postgres:postgres").arg(to).status().unwrap().success());
    }
}

/// Lets everybody into a folder.
pub fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
