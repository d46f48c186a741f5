//! Access to a Redis: names and passwords, sockets, certificates, prefixes, and access that is refused.

use std::time::{Duration, Instant};

use otpctl::otp::Secret;
use otpctl::otp::record::Verdict;
use otpctl::store::{Redis, Server, StoreError, Tls};

use crate::servers::certs::{Certs, as_words};
use crate::servers::redis::RedisServer;
use crate::support::AT_ONCE;
use crate::support::client::{Client, RIGHT, phone, user};
use crate::support::fixtures::address;
use crate::support::port::{closed_port, free_port};

fn client(server: &Server) -> Client {
    Client::over(Box::new(Redis::new(server)))
}

/// Whether a code can be made and used, or why not.
fn works(server: &Server) -> Result<(), StoreError> {
    let client = client(server);
    client.load(&[vec![otpctl::store::StoreKey::Record(phone(1))]])?;
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    Ok(())
}

#[test]
fn a_password_opens_and_a_wrong_one_does_not() {
    let server = RedisServer::start_with(&["--requirepass", "open sesame"]);
    let with = |password: Option<&str>| {
        let password = password.map(|text| Secret::new(text.to_owned()));
        works(&Server { password, ..address(&server.url()) })
    };
    assert_eq!(with(Some("open sesame")), Ok(()));
    for wrong in [None, Some("wrong-one")] {
        let refused = with(wrong);
        let Err(StoreError::Denied(text)) = &refused else { panic!("{refused:?}") };
        assert!(!text.contains("wrong-one"), "{text}");
    }
}

#[test]
fn an_acl_user_needs_its_keys_and_nothing_else() {
    let server = RedisServer::start();
    let commands =
        ["+eval", "+eval_ro", "+get", "+set", "+del", "+time", "+lpush", "+ltrim", "+pexpire", "+lrange", "+scan"];
    let setuser = ["ACL", "SETUSER", "asha", "on", ">secret-of-asha", "~otpctl:*", "resetchannels"];
    assert_eq!(server.cli(&[&setuser[..], &commands[..]].concat()), "OK");
    let asha = |prefix: &str| Server {
        username: Some("asha".to_owned()),
        password: Some(Secret::new("secret-of-asha".to_owned())),
        prefix: prefix.to_owned(),
        ..address(&server.url())
    };
    assert_eq!(works(&asha("otpctl")), Ok(()));
    assert_eq!(client(&asha("otpctl")).phones(), [phone(1).as_str()]);
    let elsewhere = works(&asha("elsewhere"));
    assert!(matches!(elsewhere, Err(StoreError::Denied(_))), "{elsewhere:?}");
    assert_eq!(server.cli(&["ACL", "SETUSER", "asha", "-eval_ro"]), "OK");
    let denied = works(&asha("otpctl"));
    assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
}

#[test]
fn a_reader_cannot_write() {
    let server = RedisServer::start();
    let setuser = ["ACL", "SETUSER", "support", "on", ">s", "%R~otpctl:*", "+eval_ro", "+get", "+time", "+lrange"];
    assert_eq!(server.cli(&setuser), "OK");
    let support = client(&Server {
        username: Some("support".to_owned()),
        password: Some(Secret::new("s".to_owned())),
        ..address(&server.url())
    });
    client(&address(&server.url())).issue(&phone(1), RIGHT);
    assert_eq!(support.look(&phone(1)).timeline.len(), 1);
    let denied = support.revoke(&phone(1)).unwrap_err();
    assert!(matches!(denied, otpctl::operations::OperationError::Store(StoreError::Denied(_))), "{denied:?}");
    assert_eq!(client(&address(&server.url())).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn a_unix_socket_leads_to_the_same_values() {
    let server = RedisServer::start();
    assert_eq!(works(&address(&format!("unix://{}", server.socket().display()))), Ok(()));
    assert_eq!(client(&address(&server.url())).phones(), [phone(1).as_str()]);
}

#[test]
fn prefixes_and_databases_do_not_see_each_other() {
    let server = RedisServer::start();
    let of = |prefix: &str| client(&Server { prefix: prefix.to_owned(), ..address(&server.url()) });
    for (n, prefix) in (1..).zip(["otp", "otp*", "otp?", "[otp]", "otp:otp", "other"]) {
        let client = of(prefix);
        client.issue(&phone(n), RIGHT);
        client.link(&phone(n), &user(prefix));
        assert_eq!((client.phones(), client.users()), (vec![phone(n).as_str().to_owned()], vec![user(prefix)]));
    }
    let second = address(&server.url().replace("/0", "/3"));
    assert_eq!(client(&second).phones(), [""; 0]);
    let none = works(&address(&server.url().replace("/0", "/99")));
    assert!(matches!(none, Err(StoreError::Config(_))), "{none:?}");
}

#[test]
fn a_closed_port_is_told_at_once() {
    let started = Instant::now();
    let closed = works(&address(&format!("redis://127.0.0.1:{}", closed_port())));
    assert!(matches!(closed, Err(StoreError::Unreachable(_))), "{closed:?}");
    assert!(started.elapsed() < AT_ONCE);
}

#[test]
fn a_port_that_never_answers_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let (password, connect_timeout) = (Some(Secret::new("x".to_owned())), Duration::from_secs(1));
    let given_up = works(&Server { password, connect_timeout, ..address(&url) });
    assert!(matches!(given_up, Err(StoreError::Unreachable(_))), "{given_up:?}");
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

#[test]
fn something_else_than_redis_is_named_as_that() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            use std::io::Write as _;
            // The client may be gone before it reads this.
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let strange = works(&address(&url));
    assert!(matches!(&strange, Err(StoreError::Unreachable(text)) if text.contains("not a Redis")), "{strange:?}");
}

#[test]
fn a_certificate_is_checked_against_its_authority() {
    let certs = Certs::new();
    let tls_port = free_port();
    let server = RedisServer::start_with(&as_words(&certs.words(tls_port, "no")));
    let read = |name: &str| Some(certs.read(name));
    let over_tls = |host: &str, ca: Option<Vec<u8>>| {
        let url = format!("rediss://{host}:{tls_port}/0");
        works(&Server { tls: Some(Tls { ca, client: None }), ..address(&url) })
    };
    assert_eq!(over_tls("localhost", read("ca.pem")), Ok(()));
    assert_eq!(over_tls("127.0.0.1", read("ca.pem")), Ok(()));
    for wrong in [read("other.pem"), None] {
        let refused = over_tls("localhost", wrong);
        assert!(matches!(&refused, Err(StoreError::Unreachable(text)) if text.contains("certificate")), "{refused:?}");
    }
    // No falling back to a way without encryption, and none from it.
    let plain = works(&Server {
        tls: Some(Tls { ca: read("ca.pem"), client: None }),
        ..address(&format!("rediss://127.0.0.1:{}/0", server.port()))
    });
    assert!(matches!(plain, Err(StoreError::Unreachable(_))), "{plain:?}");
}
