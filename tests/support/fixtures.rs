//! The stores that the suite runs over: how each is opened, and how its time passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use otpctl::app::layout::for_redis;
use otpctl::config::{Chosen, Env, Request, StoreSettings, load, locate};
use otpctl::layout::{Layout, Native};
use otpctl::otp::{Clock, Moment};
use otpctl::store::{Deadline, Deployment, Embedded, Endpoint as At, NumberTags, Server as Address, Store, Tls};
use tokio::time::Instant;

use crate::support::PATIENCE;

/// One empty store, gone when dropped.
pub trait Fixture: Sync {
    /// Opens an empty one.
    fn open() -> Self
    where
        Self: Sized;

    /// A way of its own to the values, as another process has.
    fn store(&self) -> Box<dyn Store>;

    /// Lets so much of the store's time pass.
    fn pass(&self, time: Duration);

    /// How much all of it takes, in bytes, where that can be seen.
    fn bytes(&self) -> Option<u64> {
        None
    }

    /// Whose codes they are.
    fn layout(&self) -> Arc<dyn Layout> {
        Arc::new(Native)
    }
}

/// The embedded store, on a clock that moves only when it is told to.
pub struct File {
    folder: tempfile::TempDir,
    millis: Arc<AtomicI64>,
}

impl Fixture for File {
    fn open() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), millis: Arc::new(AtomicI64::new(1_790_000_000_000)) }
    }

    fn store(&self) -> Box<dyn Store> {
        let millis = Arc::clone(&self.millis);
        let clock: Clock = Arc::new(move || Moment::from_millis(millis.load(Ordering::SeqCst)));
        Box::new(Embedded::new(self.folder.path().join("otpctl.db"), clock))
    }

    fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn bytes(&self) -> Option<u64> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        Some(files.map(|file| file.unwrap().metadata().unwrap().len()).sum())
    }
}

/// Strings by phone and purpose, in the phone's slot.
const OWN: &str = r#"[store.redis]
url = "redis://127.0.0.1"
[store.redis.layout]
key = "otp:{purpose}:{{{phone}}}"
attempts = "otp:attempts:{purpose}:{{{phone}}}"
purposes = { login = "login", signup = "signup", pay = "pay", reset = "reset", other = "other" }
"#;

/// That of [`OWN`], read as any file is.
pub fn own_layout() -> Arc<dyn Layout> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("otpctl.toml");
    std::fs::write(&file, OWN).unwrap();
    let request = Request { config: Some(Chosen { value: file, by_flag: true }), profile: None };
    let settings = load(&locate(&request, &Env::default()).unwrap(), &Env::default()).unwrap();
    let StoreSettings::Redis(redis) = settings.store else { panic!("this is a Redis") };
    redis.layout.unwrap().layout
}

/// A Redis under the usual prefix, by its URL, without a password.
pub fn address(url: &str) -> Address {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (at, database) = if scheme == "unix" {
        (At::Unix(rest.into()), "0")
    } else {
        let (at, database) = rest.split_once('/').unwrap_or((rest, "0"));
        let (host, port) = at.rsplit_once(':').unwrap();
        (At::Tcp(host.to_owned(), port.parse().unwrap()), database)
    };
    let end = Instant::now() + PATIENCE;
    Address {
        deployment: Deployment::Alone(at),
        username: None,
        password: None,
        tls: (scheme == "rediss").then(Tls::default),
        database: database.parse().unwrap(),
        prefix: "otpctl".to_owned(),
        tags: Arc::new(NumberTags),
        app: None,
        refuse_eviction: false,
        durability: None,
        // What is tested is what a store does, not how soon a busy machine shakes hands.
        connect_timeout: Duration::from_secs(20),
        deadline: Deadline::new(move || end),
    }
}

/// A Redis in which an application keeps the codes so.
pub fn laid_out(layout: &Arc<dyn Layout>, address: Address) -> Address {
    let (tags, app) = for_redis(Some(layout));
    Address { tags, app, ..address }
}
