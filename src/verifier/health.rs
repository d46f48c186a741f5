//! What is to be thought of the state that a store is in: the checks of `doctor` that are about it. Reads only.

use std::os::unix::ffi::OsStrExt as _;

use tokio::time::Instant;

use crate::otp::{Hint, Moment, hint};
use crate::store::{Cell, FileFacts, Health, ServerFacts, Store, StoreError};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symptom {
    /// A stable name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub fix: Option<Hint>,
}

/// How bad it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Well,
    /// It works, and may not always.
    Odd,
    /// Commands fail of it, with this.
    Broken(StoreError),
}

/// More than this, and the times that people read differ from those that hold.
const SKEW_MS: u64 = 5000;
/// Two answers of this length stand before each verification.
const SLOW_MS: u128 = 200;
/// With less, it is time to make room.
const LITTLE: u64 = 100 << 20;
/// With less, the next commits may fail.
const NOTHING: u64 = 1 << 20;

const MASTER: &str = "name the master, or the Sentinels, under [store.redis]";

impl Symptom {
    fn new(id: &'static str, severity: Severity, detail: impl Into<String>) -> Self {
        Self { id, severity, detail: detail.into(), fix: None }
    }

    fn well(id: &'static str, detail: impl Into<String>) -> Self {
        Self::new(id, Severity::Well, detail)
    }

    fn odd(id: &'static str, detail: impl Into<String>) -> Self {
        Self::new(id, Severity::Odd, detail)
    }

    fn broken(id: &'static str, error: StoreError) -> Self {
        let detail = error.to_string();
        Self::new(id, Severity::Broken(error), detail)
    }

    /// It answers, and is not to be used.
    fn unfit(id: &'static str, why: String) -> Self {
        Self::new(id, Severity::Broken(StoreError::NotReady(why.clone())), why)
    }

    fn fix(self, fix: impl Into<Hint>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// What prints the rights that a Redis user needs.
fn rules(role: &str) -> Hint {
    Hint::run(&["store", "acl"]).option("--role", role)
}

/// What prints the way to the servers.
fn way() -> Hint {
    Hint::run(&["config", "show", "--origin"])
}

/// Looks at a store. `clock` is the machine's; `must_keep` says that a store which may evict values is not to be used.
pub async fn examine(store: &dyn Store, clock: &(dyn Fn() -> Moment + Sync), must_keep: bool) -> Vec<Symptom> {
    let cell = [vec![Cell::Request("doctor".to_owned())]];
    // The first answer takes a connection, too. It may be waited for until the end, and then nothing more could be asked.
    let (first, health) = tokio::join!(store.load(&cell), store.health());
    if let Err(error) = first {
        let mut symptoms = vec![Symptom::broken("store.reach", error)];
        // What the others of several servers say tells why.
        if let Ok(Health { servers: Ok(servers), absent, .. }) = health {
            judge_servers(&servers, absent, must_keep, &mut symptoms);
        }
        return symptoms;
    }
    let (before, began) = (clock(), Instant::now());
    let answered = store.load(&cell).await;
    let (took, after) = (began.elapsed(), clock());
    let now = match answered.map(|loaded| loaded.first().map(|loaded| loaded.now)) {
        Ok(now) => now,
        Err(error) => return vec![Symptom::broken("store.reach", error)],
    };
    let said = format!("answers in {:.1} ms", took.as_secs_f64() * 1000.0);
    let slow = took.as_millis() > SLOW_MS;
    let mut symptoms = vec![if slow { Symptom::odd("store.reach", said) } else { Symptom::well("store.reach", said) }];
    match health {
        Ok(health) => judge(health, must_keep, &mut symptoms),
        Err(error) => symptoms.push(Symptom::broken("store.commit", error)),
    }
    symptoms.extend(now.map(|now| skew(now, before, after)));
    symptoms
}

fn judge(health: Health, must_keep: bool, symptoms: &mut Vec<Symptom>) {
    symptoms.push(match health.commits {
        Ok(()) => Symptom::well("store.commit", "takes changes; none was made"),
        Err(error @ StoreError::Denied(_)) => Symptom::broken("store.commit", error).fix(rules("operator")),
        Err(error) => {
            let symptom = Symptom::broken("store.commit", error);
            let fix = relief(&symptom.detail)
                .unwrap_or_else(|| Hint::shell(if health.file.is_some() { "df -h" } else { "redis-cli INFO" }));
            symptom.fix(fix)
        }
    });
    symptoms.extend(health.challenges.map(|read| match read {
        Ok(()) => Symptom::well("store.challenges", "privacyIDEA's challenges can be read"),
        Err(error) => Symptom::broken("store.challenges", error).fix(rules("support")),
    }));
    match health.servers {
        Ok(servers) => judge_servers(&servers, health.absent, must_keep, symptoms),
        // A protected file asks for it before anything else.
        Err(error @ StoreError::Denied(_)) if must_keep => {
            symptoms.push(Symptom::broken("store.server", error).fix(rules("operator")));
        }
        Err(StoreError::Denied(why)) => {
            let text = format!("what the server says of itself may not be read, so eviction is not known: {why}");
            symptoms.push(
                Symptom::odd("store.server", text)
                    .fix(Hint::shell("ACL SETUSER … +info").because("let this user call INFO")),
            );
        }
        Err(error) => symptoms.push(Symptom::broken("store.server", error).fix(way())),
    }
    if let Some(file) = health.file {
        judge_file(&file, symptoms);
    }
}

/// Each by its name, where there are several. Of one that is not there it is not known what it holds.
fn judge_servers(servers: &[ServerFacts], absent: Vec<StoreError>, must_keep: bool, symptoms: &mut Vec<Symptom>) {
    let several = servers.len() + absent.len() > 1;
    for server in servers {
        let first = symptoms.len();
        judge_server(server, must_keep, symptoms);
        for symptom in symptoms[first..].iter_mut().filter(|own| several && !own.detail.contains(&server.name)) {
            symptom.detail = format!("{}: {}", server.name, symptom.detail);
        }
    }
    symptoms.extend(absent.into_iter().map(|error| Symptom::broken("store.server", error).fix(way())));
}

/// What helps where a change would be refused, by what the server said.
fn relief(said: &str) -> Option<Hint> {
    let known = [
        ("READONLY", Hint::words(MASTER)),
        ("OOM", Hint::shell("redis-cli CONFIG SET maxmemory …").because("give the server more memory")),
        ("MISCONF", Hint::words("fix the disk of the server: its snapshots fail")),
        ("NOREPLICAS", Hint::words("bring its replicas back, or lower min-replicas-to-write")),
    ];
    known.into_iter().find(|(word, _)| said.contains(word)).map(|(_, fix)| fix)
}

fn judge_server(server: &ServerFacts, must_keep: bool, symptoms: &mut Vec<Symptom>) {
    let name = &server.name;
    let software = server.software.as_deref().unwrap_or("a server that does not say what it is");
    symptoms.push(Symptom::well("store.server", format!("{name} is {software}")));
    symptoms.push(match (server.replica, server.replicas) {
        (Some(true), _) => {
            let why = format!("{name} is a replica, and takes no changes");
            Symptom::unfit("store.role", why).fix(MASTER)
        }
        (Some(false), Some(0)) => Symptom::well("store.role", "a master without replicas"),
        (Some(false), Some(1)) => Symptom::well("store.role", "a master with 1 replica"),
        (Some(false), Some(replicas)) => Symptom::well("store.role", format!("a master with {replicas} replicas")),
        _ => Symptom::well("store.role", "not told"),
    });
    symptoms.push(eviction(server, must_keep));
    symptoms.push(match server.persistent {
        Some(true) => Symptom::well("store.persistence", "a restart keeps what is stored"),
        Some(false) => Symptom::odd(
            "store.persistence",
            format!("{name} writes nothing to disk: a restart forgets codes, failures and locks"),
        )
        .fix(Hint::shell("redis-cli CONFIG SET appendonly yes")),
        None => Symptom::well("store.persistence", "not told"),
    });
}

/// `volatile-lru`, the default of the managed Redis of AWS, GCP and Azure, drops counts of failures when memory is
/// full: a silent way around every limit.
fn eviction(server: &ServerFacts, must_keep: bool) -> Symptom {
    let id = "store.eviction";
    let Some(policy) = server.eviction.as_deref() else { return Symptom::well(id, "not told") };
    if policy == "noeviction" {
        return Symptom::well(id, "noeviction: nothing is dropped when memory is full");
    }
    if server.memory_limit == Some(0) {
        return Symptom::well(id, format!("{policy}, and no limit on its memory"));
    }
    let text = format!("limits and locks can be evicted when memory is full (maxmemory-policy {policy})");
    let symptom = if must_keep { Symptom::unfit(id, text) } else { Symptom::odd(id, text) };
    symptom.fix(Hint::shell("redis-cli CONFIG SET maxmemory-policy noeviction"))
}

fn judge_file(file: &FileFacts, symptoms: &mut Vec<Symptom>) {
    let path = file.path.display();
    symptoms.push(match file.folder_mode {
        Some(mode) if mode & 0o022 != 0 => {
            let folder = file.path.parent().unwrap_or(&file.path);
            let text = format!("others may put files into {}, where the store is", folder.display());
            Symptom::odd("store.file", text)
                .fix(Hint::shell(format!("chmod go-w {}", hint::word(folder.as_os_str().as_bytes()))))
        }
        _ => Symptom::well("store.file", format!("{path}, {}", file.size.map_or("size unknown".to_owned(), bytes))),
    });
    let Some(free) = file.free else { return };
    let left = format!("{} left on the disk of {path}", bytes(free));
    symptoms.push(if free < NOTHING {
        Symptom::unfit("store.disk", left).fix("make room on this disk")
    } else if free < LITTLE {
        Symptom::odd("store.disk", left).fix("make room on this disk")
    } else {
        Symptom::well("store.disk", left)
    });
}

/// The codes live by the store's clock, whatever the machine's says; but people compare the two.
fn skew(store: Moment, before: Moment, after: Moment) -> Symptom {
    let apart = |one: Moment, other: Moment| one.millis().abs_diff(other.millis());
    // The store read its clock somewhere in between.
    let skew = if (before..=after).contains(&store) { 0 } else { apart(store, before).min(apart(store, after)) };
    if skew <= SKEW_MS {
        return Symptom::well("store.clock", "the clocks of the store and of this machine agree");
    }
    let way = if store > after { "ahead of" } else { "behind" };
    let text = format!("the store's clock is {:.1} s {way} this machine's; codes live by the store's", seconds(skew));
    Symptom::odd("store.clock", text).fix(Hint::shell("timedatectl set-ntp true").because("on both machines"))
}

#[expect(clippy::cast_precision_loss, reason = "for people, with one digit")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn bytes(count: u64) -> String {
    let mut units = ["KiB", "MiB", "GiB", "TiB"].iter();
    let (mut count, mut unit) = (count, "bytes");
    while count >= 10_240 {
        let Some(larger) = units.next() else { break };
        (count, unit) = (count / 1024, larger);
    }
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests;
