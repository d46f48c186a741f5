//! What is in the store of a machine, past the program: all of it to compare, and the means to let time pass.

use std::time::Duration;

use otpctl::app::clock;
use otpctl::otp::stats::{KEPT, half_hour};
use otpctl::otp::{Phone, Ttl};
use otpctl::store::{Addition, Change, Embedded, Put, Redis, Store, StoreKey, Write};
use serde_json::Value;

use crate::support::cli::Machine;
use crate::support::fixtures::address;

fn store_of(machine: &Machine) -> Box<dyn Store> {
    match &machine.server {
        Some(server) => Box::new(Redis::new(&address(&server.url))),
        None => Box::new(Embedded::new(machine.path(".local/state/otpctl/otpctl.db"), clock())),
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Every key with what is in it.
pub fn everything(machine: &Machine) -> Vec<(Vec<u8>, Vec<Vec<u8>>, u64)> {
    if machine.server.is_none() && !machine.path(".local/state/otpctl/otpctl.db").exists() {
        return Vec::new();
    }
    let store = store_of(machine);
    wait(async {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.keys(None, cursor.as_deref(), 100).await.unwrap();
            keys.extend(page.found);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let seen = store.read_keys(&keys).await.unwrap().into_iter().flatten();
        let mut all: Vec<_> = seen.map(|own| (own.key.name, own.parts, own.size)).collect();
        all.sort();
        all.dedup();
        all
    })
}

/// The store forgets everything.
pub fn lose(machine: &Machine) {
    let store = store_of(machine);
    wait(async {
        let keys = store.keys(None, None, 1000).await.unwrap().found;
        let seen: Vec<_> = store.read_keys(&keys).await.unwrap().into_iter().flatten().collect();
        store.purge(&seen).await.unwrap();
    });
    assert_eq!(everything(machine).len(), 0);
}

/// These moments of a phone's record are so much earlier.
pub fn earlier(machine: &Machine, phone: &str, fields: &[&str], by: Duration) {
    let key = StoreKey::Record(Phone::parse(phone, None).unwrap());
    let store = store_of(machine);
    wait(async {
        let loaded = store.load(&[vec![key.clone()]]).await.unwrap().pop().unwrap().values.pop().unwrap();
        let mut record: Value = serde_json::from_slice(loaded.as_deref().unwrap()).unwrap();
        let changed = shift(&mut record, fields, i64::try_from(by.as_millis()).unwrap());
        assert!(changed > 0, "{fields:?}: {record}");
        let put = Put::Set(serde_json::to_vec(&record).unwrap(), Ttl::For(Duration::from_secs(3600)));
        let writes = vec![Write { key, loaded, put }];
        store.commit(&[Change::of(writes)]).await.unwrap();
    });
}

fn shift(value: &mut Value, fields: &[&str], by: i64) -> usize {
    match value {
        Value::Object(all) => all
            .iter_mut()
            .map(|(name, value)| match value.as_i64().filter(|_| fields.contains(&name.as_str())) {
                Some(millis) => {
                    *value = (millis - by).into();
                    1
                }
                None => shift(value, fields, by),
            })
            .sum(),
        Value::Array(all) => all.iter_mut().map(|value| shift(value, fields, by)).sum(),
        _ => 0,
    }
}

/// So much was counted in India so long ago, by this provider.
pub fn counted(machine: &Machine, ago: Duration, provider: &str, fields: &[(&str, i64)]) {
    let half_hour = half_hour(clock()().before(ago));
    let key = StoreKey::Stats("IN".to_owned(), half_hour, provider.to_owned(), "sms".to_owned());
    let addition = Addition::to(key, KEPT);
    let addition = fields.iter().fold(addition, |addition, (field, sum)| addition.plus(*field, *sum));
    let store = store_of(machine);
    wait(async { store.add(&[addition]).await.unwrap() });
}
