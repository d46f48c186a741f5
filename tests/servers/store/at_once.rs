//! Many parts of one process at a store at once: one connection, few writes, each with its own time; and on the embedded
//! store one wait for the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use otpctl::app::clock;
use otpctl::otp::{Secret, Ttl};
use otpctl::store::{Beside, Change, Committed, Embedded, Put, Redis, Server, Store, StoreError, StoreKey, Write};

use crate::servers::proxy::{Fault, On, Proxy, Toxic};
use crate::servers::redis::RedisServer;
use crate::support::client::phone;
use crate::support::fixtures::address;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn store(port: u16) -> Redis {
    Redis::new(&address(&format!("redis://127.0.0.1:{port}/0")))
}

fn record(n: u32) -> StoreKey {
    StoreKey::Record(phone(n))
}

fn change(n: u32, loaded: Option<&[u8]>, value: &str) -> Change {
    let put = Put::Set(value.as_bytes().to_vec(), Ttl::For(Duration::from_secs(60)));
    let write = Write { key: record(n), loaded: loaded.map(<[u8]>::to_vec), put };
    Change { writes: vec![write], append: None, beside: Beside::default(), allow_when_full: false }
}

#[test]
fn what_is_asked_at_once_goes_over_one_connection_together() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    proxy.gather();
    let store = store(proxy.port());
    run(async {
        let set = join_all((0..60).map(|n| {
            let store = &store;
            async move { store.commit(&[change(n, None, &format!("value {n}"))]).await }
        }));
        assert!(set.await.into_iter().all(|set| matches!(set.as_deref(), Ok([Committed::Done(_)]))));
        let read = join_all((0..60).map(|n| {
            let store = &store;
            async move { store.load(&[vec![record(n)]]).await.unwrap().remove(0).values.remove(0).unwrap() }
        }));
        let read = read.await;
        assert!(read.iter().zip(0..).all(|(value, n)| *value == format!("value {n}").into_bytes()), "{read:?}");
    });
    assert_eq!(proxy.connections(), 1);
    // It is what came while the first question waited: one round trip, or two where the machine is busy.
    assert!(proxy.round_trips() <= 8, "{} round trips for 120 questions", proxy.round_trips());
}

#[test]
fn a_script_that_is_run_often_is_sent_by_its_hash_where_that_is_understood() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let loads = |store: &Redis, times: u32| {
        run(async {
            for n in 0..times {
                store.load(&[vec![record(n)]]).await.unwrap();
            }
        });
    };
    loads(&store(proxy.port()), 8);
    assert_eq!(proxy.passed_on("EVALSHA"), 0, "a command that is over soon sends what it needs");
    let often = store(proxy.port());
    run(async {
        for n in 0..20 {
            often.load(&[vec![record(n)]]).await.unwrap();
        }
        assert_eq!(proxy.passed_on("EVALSHA_RO"), 12);
        // A server that has forgotten it is sent it again.
        server.cli(&["SCRIPT", "FLUSH"]);
        let before = proxy.passed_on("EVAL_RO");
        for n in 0..4 {
            often.load(&[vec![record(n)]]).await.unwrap();
        }
        assert_eq!(proxy.passed_on("EVAL_RO") - before, 5, "the first of them twice");
    });
    // Whoever may not send hashes sends the text, and asks once whether he may.
    server.cli(&["ACL", "SETUSER", "old", "on", ">secret", "~*", "+@all", "-evalsha", "-evalsha_ro"]);
    let before = proxy.passed_on("EVALSHA");
    let address = address(&format!("redis://127.0.0.1:{}/0", proxy.port()));
    let (username, password) = (Some("old".to_owned()), Some(Secret::new("secret".to_owned())));
    loads(&Redis::new(&Server { username, password, ..address }), 30);
    assert_eq!(proxy.passed_on("EVALSHA") - before, 1);
}

#[test]
fn an_answer_that_does_not_come_costs_nobody_more_than_his_own_time() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let store = store(proxy.port());
    run(async {
        store.load(&[vec![record(0)]]).await.unwrap();
        proxy.inject(Fault::new(On::Answer, Toxic::Silence));
        let began = Instant::now();
        let asked = join_all((0..10).map(|n| {
            let store = &store;
            async move { store.commit(&[change(n, None, "new")]).await }
        }));
        let ended = asked.await;
        // They were sent, and none was answered: each may have been done, and none waited for the time of another.
        assert!(ended.iter().all(|end| matches!(end, Err(StoreError::Unknown(_)))), "{ended:?}");
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        // Whoever comes then has a new connection.
        store.load(&[vec![record(1)]]).await.unwrap();
    });
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn changes_that_wait_for_a_file_are_each_whole_or_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("otpctl.db");
    let store = Embedded::new(path.clone(), clock());
    run(async {
        let made = join_all((0..200).map(|n| {
            let store = &store;
            // Of all that are about the first phone one is made; half of the others expect what is not there.
            let loaded = (n % 4 == 3).then_some(b"something".as_slice());
            async move { (n, store.commit(&[change(if n % 4 == 0 { 0 } else { n }, loaded, &n.to_string())]).await) }
        }));
        let made = made.await;
        let done = |n: &u32, end: &Result<Vec<Committed>, StoreError>| match end.as_deref() {
            Ok([Committed::Done(_)]) => true,
            Ok([Committed::Conflict]) => false,
            end => panic!("{n}: {end:?}"),
        };
        assert_eq!(made.iter().filter(|(n, end)| n % 4 == 0 && done(n, end)).count(), 1);
        assert!(made.iter().filter(|(n, _)| n % 4 != 0).all(|(n, end)| done(n, end) == (n % 4 != 3)));
        // Another process sees just these.
        let other = Embedded::new(path, clock());
        for n in (0..200).filter(|n| n % 4 != 0) {
            let value = other.load(&[vec![record(n)]]).await.unwrap().remove(0).values.remove(0);
            assert_eq!(value, (n % 4 != 3).then(|| n.to_string().into_bytes()), "{n}");
        }
    });
    let gone = Arc::new(Embedded::new(folder.path().join("none").join("\0"), clock()));
    let ends = run(join_all((0..20).map(|n| {
        let gone = Arc::clone(&gone);
        async move { gone.commit(&[change(n, None, "new")]).await }
    })));
    assert!(ends.iter().all(Result::is_err), "a file that cannot be opened is told to all: {ends:?}");
}
