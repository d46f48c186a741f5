//! The store cannot be reached, or does not let us in.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use super::PHONE;
use super::harness::{End, at, ends, holds, machine, sent};
use crate::servers::clock;
use crate::servers::proxy::BlackHole;
use crate::servers::redis::RedisServer;
use crate::support::cli::{Machine, Ran};
use crate::support::port::{closed_port, free_port};

const UNREACHED: End = End::of(20, "STORE_UNREACHABLE", &["the Redis at"]);

fn nothing_is_sent(machine: &Machine, end: End) -> Ran {
    let (ran, error) = ends(machine, &["send", PHONE], end);
    assert_eq!(machine.outbox().len(), 0, "no SMS");
    assert!(error["hint"].as_str().unwrap().contains("otpctl config"), "{error}");
    ran
}

#[test]
fn a_closed_port_is_unreachable() {
    let port = closed_port();
    let machine = machine(&at(port));
    let ran = nothing_is_sent(&machine, UNREACHED);
    assert!(ran.stderr.contains(&format!("127.0.0.1:{port}")), "the place: {ran:?}");
    assert!(ran.stderr.contains(machine.config().to_str().unwrap()), "and the file that says so: {ran:?}");
}

#[test]
fn a_name_that_nobody_has_is_unreachable() {
    let end = End { says: &["DNS", "nosuch.invalid"], ..UNREACHED };
    nothing_is_sent(&machine("url = \"redis://nosuch.invalid:6379/0\""), end);
}

#[test]
fn a_black_hole_is_given_up_after_two_attempts() {
    let hole = BlackHole::open();
    let started = Instant::now();
    nothing_is_sent(&machine(&at(hole.port)), UNREACHED);
    assert!(started.elapsed() > Duration::from_millis(1900), "a second each: {:?}", started.elapsed());
}

/// A folder with an authority and certificates that it signed; and one of a stranger.
struct Certs(tempfile::TempDir);

impl Certs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"
            ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            for ca in ca stranger; do openssl req -x509 $ec -keyout $ca.key -out $ca.pem -subj /CN=$ca; done
            cert() {
                echo "subjectAltName=$2" > names
                openssl req $ec -keyout $1.key -out $1.csr -subj /CN=$1
                $3 openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $1.pem -days 2 \
                    -extfile names
            }
            cert good IP:127.0.0.1 && cert elsewhere DNS:elsewhere.example
            cert old IP:127.0.0.1 "faketime -f -30d"
        "#;
        clock::sweep();
        let made = Command::new("sh").args(["-c", script]).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "openssl and faketime: {}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A server that shows this certificate, and its port for TLS.
    fn server(&self, name: &str) -> (RedisServer, u16) {
        let port = free_port();
        let (cert, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        let words = ["--tls-port", &port.to_string(), "--tls-cert-file", &cert, "--tls-key-file", &key];
        let ca = ["--tls-ca-cert-file", &self.path("ca.pem"), "--tls-auth-clients", "no"];
        (RedisServer::start_with(&[&words[..], &ca].concat()), port)
    }
}

#[test]
fn a_certificate_that_does_not_hold_is_refused() {
    let certs = Certs::new();
    let over = |port: u16, ca: &str| {
        machine(&format!("url = \"rediss://127.0.0.1:{port}/0\"\ntls = {{ ca = {:?} }}", certs.path(ca)))
    };
    let (good, port) = certs.server("good");
    sent(&over(port, "ca.pem"), PHONE);
    holds(&good);
    nothing_is_sent(&over(port, "stranger.pem"), End { says: &["UnknownIssuer"], ..UNREACHED });
    for (name, says) in [("old", &["expired"] as &[&str]), ("elsewhere", &["not valid for name"])] {
        let (server, port) = certs.server(name);
        let machine = over(port, "ca.pem");
        nothing_is_sent(&machine, End { says, ..UNREACHED });
        let doctor = machine.run(&["doctor", "--json"]).exits(20).json().to_string();
        assert!(doctor.contains(says[0]), "{doctor}");
        // Its plain port is open, and nobody went there.
        assert_eq!(server.cli(&["DBSIZE"]), "0");
        assert!(!server.cli(&["INFO", "commandstats"]).contains("cmdstat_eval"), "no plaintext");
    }
}

#[test]
fn a_port_that_speaks_tls_is_told_from_one_that_does_not() {
    let certs = Certs::new();
    let (server, port) = certs.server("good");
    nothing_is_sent(&machine(&at(port)), End { says: &["probably expects TLS"], ..UNREACHED });
    let tls = format!("url = \"rediss://127.0.0.1:{}/0\"\ntls = {{ ca = {:?} }}", server.port(), certs.path("ca.pem"));
    nothing_is_sent(&machine(&tls), End { says: &["does not expect TLS"], ..UNREACHED });
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[test]
fn a_wrong_or_missing_password_is_denied() {
    let server = RedisServer::start_with(&["--requirepass", "the real one"]);
    let url = at(server.port());
    let with = |password: &str| {
        let machine = machine(&format!("{url}\n{password}"));
        machine.write("secret", "a-wrong-password");
        machine
    };
    let denied = |says: &'static [&'static str]| End::of(21, "STORE_DENIED", says);
    nothing_is_sent(&with(""), denied(&["NOAUTH", "no password"]));
    let tried = || {
        let log = server.cli(&["-a", "the real one", "--no-auth-warning", "ACL", "LOG"]);
        let log: Vec<&str> = log.lines().collect();
        let counts = log.iter().zip(log.iter().skip(1)).filter(|(name, _)| **name == "count");
        counts.map(|(_, count)| count.parse::<u32>().unwrap()).sum::<u32>()
    };
    assert_eq!(tried(), 0);
    let ran = nothing_is_sent(&with("password = { file = \"../../secret\" }"), denied(&["password", "secret"]));
    assert!(!ran.words().contains("a-wrong-password"), "{ran:?}");
    assert_eq!(tried(), 1, "a wrong password is not tried again");
}

#[test]
fn a_user_without_a_permission_is_denied() {
    let server = RedisServer::start();
    for command in ["eval_ro", "eval", "get", "set", "lpush", "ltrim", "pexpire", "time"] {
        let rule = format!("-{command}");
        server.cli(&["ACL", "SETUSER", "support", "reset", "on", ">pw", "~*", "+@all", &rule]);
        let machine = machine(&format!("{}\nusername = \"support\"\npassword = \"pw\"", at(server.port())));
        let ran = nothing_is_sent(&machine, End::of(21, "STORE_DENIED", &["`support`"]));
        assert!(ran.stderr.to_lowercase().contains(command), "{command}: {ran:?}");
        assert_eq!(server.cli(&["DBSIZE"]), "0", "{command}: not even half of a change");
    }
}

#[test]
fn something_else_that_listens_is_no_redis_server() {
    let web = saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    nothing_is_sent(&machine(&at(web)), End { says: &["not a Redis server"], ..UNREACHED });
    let nonsense: &[&[u8]] = &[
        b"\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"+OK\r\n",
        b":1\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*1\r\n$3\r\nabc\r\n",
        b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n",
        b"*9999999999999\r\n",
        b"$99999999999999999999\r\n",
        b"$536870912\r\nabc\r\n",
        b"%1\r\n+a\r\n:1\r\n",
        b"*2\r\n:99999999999999999\r\n:0\r\n",
        b"*4\r\n$1\r\n1\r\n$1\r\n1\r\n$2\r\n\xff\xfe\r\n$-1\r\n",
        b"-\xf0\x9f\x98\x80\r\n",
        b"-ERR \x1b]52;c;x\x07 \r\n",
        b"\r\n\r\n",
        b"",
    ];
    for answer in nonsense {
        let machine = machine(&at(saying(answer)));
        let ran = machine.run(&["send", PHONE, "--json", "--timeout", "4s"]);
        assert!(matches!(ran.code, 20 | 22 | 24 | 30), "{answer:?}: {ran:?}");
        assert!(!ran.words().contains('\u{1b}') && !ran.stderr.contains("panicked"), "{answer:?}: {ran:?}");
        ran.error();
        assert_eq!(machine.outbox().len(), 0, "{answer:?}");
    }
}

/// Says the same to whatever it is asked.
fn saying(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut asked = [0; 8192];
                while matches!(client.read(&mut asked), Ok(1..)) && client.write_all(answer).is_ok() {
                    if answer.is_empty() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_server_with_too_many_clients_is_not_ready() {
    let server = RedisServer::start();
    let machine = machine(&at(server.port()));
    let code = sent(&machine, PHONE);
    let limit = |most: &str| assert_eq!(server.cli(&["CONFIG", "SET", "maxclients", most]), "OK");
    limit("1");
    let only = server.client();
    ends(&machine, &["verify", PHONE, &code], End::of(22, "STORE_NOT_READY", &["max number of clients"]));
    // It is gone once the server has closed its side, too.
    only.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!((&only).read(&mut [0]).unwrap(), 0);
    let rejected: u32 = stat(&server, "rejected_connections:");
    assert_eq!(rejected, 3, "two more tries, since nothing was executed");
    ends(&machine, &["verify", PHONE, &code], End::of(0, "", &[]));
    holds(&server);
}

/// A number of `INFO`.
fn stat(server: &RedisServer, name: &str) -> u32 {
    let info = server.cli(&["INFO", "stats"]);
    info.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}

#[test]
fn a_database_that_is_not_there_is_a_mistake_in_the_file() {
    let server = RedisServer::start();
    let url = format!("url = \"redis://127.0.0.1:{}/99\"", server.port());
    let machine = machine(&url);
    for words in [&["send", PHONE] as &[&str], &["verify", PHONE, "123456"], &["inspect", PHONE], &["list"]] {
        ends(&machine, words, End::of(30, "CONFIG", &["DB index", "`url`"]));
    }
    assert_eq!(machine.outbox().len(), 0);
}
