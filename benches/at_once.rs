//! What many parts of one process do at a store at once: commits and loads a second. `cargo bench --bench at_once` uses a
//! file; `cargo bench --bench at_once -- redis://127.0.0.1:6379/0` a Redis, which must be one that may be written to.

use std::error::Error;
use std::io::{Write as _, stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use otpctl::app::clock;
use otpctl::otp::{Phone, Ttl};
use otpctl::store::{
    Beside, Change, Committed, Deadline, Deployment, Embedded, Endpoint, NumberTags, Put, Redis, Server, Store,
    StoreKey, Write,
};

/// So many are made in all.
const ALL: u32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().skip(1).find(|word| word.starts_with("redis://"));
    let folder = tempfile::tempdir()?;
    let store: Box<dyn Store> = match &url {
        Some(url) => Box::new(Redis::new(&server(url)?)),
        None => Box::new(Embedded::new(folder.path().join("otpctl.db"), clock())),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A commit that waits for the disk by itself takes a thousand times longer than one on a Redis.
    let counts = if url.is_some() { [ALL; 3] } else { [500, ALL / 2, ALL] };
    for (at_once, all) in [1, 64, 512].into_iter().zip(counts) {
        let begun = Instant::now();
        runtime.block_on(rounds(store.as_ref(), at_once, all))?;
        let rate = f64::from(all) / begun.elapsed().as_secs_f64();
        writeln!(stdout(), "{at_once:4} at once: {rate:9.0} phones a second, each loaded and committed")?;
    }
    Ok(())
}

/// Loads and commits so many phones, so many of them at once.
async fn rounds(store: &dyn Store, at_once: u32, all: u32) -> Result<(), Box<dyn Error>> {
    let mut next = 0;
    while next < all {
        let some = next..(next + at_once).min(all);
        next = some.end;
        for done in join_all(some.map(|n| one(store, n))).await {
            done?;
        }
    }
    Ok(())
}

async fn one(store: &dyn Store, n: u32) -> Result<(), Box<dyn Error>> {
    let key = StoreKey::Record(Phone::parse(&format!("+9198{n:08}"), None)?);
    let loaded = store.load(&[vec![key.clone()]]).await?.remove(0).values.remove(0);
    let put = Put::Set(vec![b'x'; 400], Ttl::For(Duration::from_secs(60)));
    let change = Change {
        writes: vec![Write { key, loaded, put }],
        append: None,
        beside: Beside::default(),
        allow_when_full: false,
    };
    match store.commit(&[change]).await?.as_slice() {
        [Committed::Done(_)] => Ok(()),
        _ => Err("somebody else writes to this store".into()),
    }
}

fn server(url: &str) -> Result<Server, Box<dyn Error>> {
    let (address, database) = url.trim_start_matches("redis://").split_once('/').ok_or("redis://HOST:PORT/DATABASE")?;
    let (host, port) = address.rsplit_once(':').ok_or("redis://HOST:PORT/DATABASE")?;
    let end = tokio::time::Instant::now() + Duration::from_secs(3600);
    Ok(Server {
        deployment: Deployment::Alone(Endpoint::Tcp(host.to_owned(), port.parse()?)),
        username: None,
        password: None,
        tls: None,
        database: database.parse()?,
        prefix: "otpctl-bench".to_owned(),
        refuse_eviction: false,
        durability: None,
        connect_timeout: Duration::from_secs(2),
        deadline: Deadline::new(move || end),
        tags: Arc::new(NumberTags),
        app: None,
    })
}
