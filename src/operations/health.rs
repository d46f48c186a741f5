//! The checks of `doctor` that are about the store. They only read.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use tokio::time::Instant;

use crate::otp::{Hint, Moment, hint};
use crate::store::{Endpoint, FileFacts, Health, Rights, ServerFacts, Store, StoreError, StoreKey};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// A stable name; of one of several servers, with its place behind it: `store.role{node=10.0.0.1:6379}`.
    pub id: String,
    /// How bad it is.
    pub status: HealthStatus,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub fix: Option<Remedy>,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Something with `redis-cli`, at one server. Whoever shows it knows how that is reached.
    Redis {
        /// Which server; `None`: any that the file names.
        at: Option<Endpoint>,
        /// What is to be done with it, where the words do not say it.
        why: Option<&'static str>,
        /// What `redis-cli` is to send.
        words: &'static [&'static str],
    },
    /// Anything else.
    Hint(Hint),
}

/// How bad it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthStatus {
    /// As it should be.
    Ok,
    /// It works, but may stop working.
    Warning,
    /// It is not known.
    Unknown,
    /// Commands fail because of it, with this error.
    Failed(StoreError),
}

/// More than this, and the times that people read differ from those that hold.
const SKEW_MS: u64 = 5000;
/// Each verification waits for two answers of this length.
const SLOW_MS: u128 = 200;
/// With less, it is time to free space.
const LITTLE: u64 = 100 << 20;
/// With less, the next commits may fail.
const NOTHING: u64 = 1 << 20;

const MASTER: &str = "name the master, or the Sentinels, under [store.redis]";

impl HealthCheck {
    fn new(id: &str, status: HealthStatus, detail: impl Into<String>) -> Self {
        Self { id: id.to_owned(), status, detail: detail.into(), fix: None }
    }

    fn ok(id: &str, detail: impl Into<String>) -> Self {
        Self::new(id, HealthStatus::Ok, detail)
    }

    fn warning(id: &str, detail: impl Into<String>) -> Self {
        Self::new(id, HealthStatus::Warning, detail)
    }

    fn unknown(id: &str, detail: impl Into<String>) -> Self {
        Self::new(id, HealthStatus::Unknown, detail)
    }

    fn failed(id: &str, error: StoreError) -> Self {
        let detail = error.to_string();
        Self::new(id, HealthStatus::Failed(error), detail)
    }

    /// It answers, and is not to be used.
    fn unusable(id: &str, why: String) -> Self {
        Self::new(id, HealthStatus::Failed(StoreError::NotReady(why.clone())), why)
    }

    fn fix(self, fix: Remedy) -> Self {
        Self { fix: Some(fix), ..self }
    }

    fn hint(self, hint: Hint) -> Self {
        self.fix(Remedy::Hint(hint))
    }
}

/// What prints the rights that a Redis user needs.
fn rules(role: &str) -> Hint {
    Hint::run(&["store", "acl"]).option("--role", role)
}

/// For whom they are.
fn given(rules: Hint) -> Hint {
    rules.because("give this user its rules")
}

/// What prints the way to the servers.
fn show_servers() -> Hint {
    Hint::run(&["config", "show", "--origin"])
}

/// Words for `redis-cli` at a server.
fn redis_cli(place: Option<&Endpoint>, why: Option<&'static str>, words: &'static [&'static str]) -> Remedy {
    Remedy::Redis { at: place.cloned(), why, words }
}

/// Looks at a store. `clock` is the machine's; `must_keep` says that a store which may evict values is not to be used.
pub async fn examine(store: &dyn Store, clock: &(dyn Fn() -> Moment + Sync), must_keep: bool) -> Vec<HealthCheck> {
    let cell = [vec![StoreKey::Request("doctor".to_owned())]];
    // The first answer takes a connection, too. It may be waited for until the end, and then nothing more could be asked.
    let (first, health) = tokio::join!(store.load(&cell), store.health());
    if let Err(error) = first {
        // What the others of several servers say tells why.
        let Ok(Health { servers: Ok(servers), absent, .. }) = health else { return vec![unreached(error, None, &[])] };
        let mut checks = vec![unreached(error, absent.first().map(|(place, _)| place), &servers)];
        check_servers(&servers, absent, must_keep, &mut checks);
        return checks;
    }
    let (before, began) = (clock(), Instant::now());
    let answered = store.load(&cell).await;
    let (took, after) = (began.elapsed(), clock());
    let now = match answered.map(|loaded| loaded.first().map(|loaded| loaded.now)) {
        Ok(now) => now,
        Err(error) => {
            let servers = health.as_ref().ok().and_then(|health| health.servers.as_deref().ok()).unwrap_or_default();
            return vec![unreached(error, None, servers)];
        }
    };
    let said = format!("answers in {:.1} ms", took.as_secs_f64() * 1000.0);
    let slow = took.as_millis() > SLOW_MS;
    let mut checks =
        vec![if slow { HealthCheck::warning("store.reach", said) } else { HealthCheck::ok("store.reach", said) }];
    match health {
        Ok(health) => check_health(health, must_keep, &mut checks),
        Err(error) => checks.push(HealthCheck::failed("store.commit", error)),
    }
    checks.extend(now.map(|now| skew(now, before, after)));
    checks
}

/// Where some servers of a Cluster answer, it is there as a whole: it only is not ready, whichever of them was asked.
fn as_a_whole(error: StoreError, answered: &[ServerFacts]) -> StoreError {
    match error {
        StoreError::Unreachable(why) if !answered.is_empty() => StoreError::NotReady(why),
        error => error,
    }
}

/// `absent`: the first of several servers that is not there.
fn unreached(error: StoreError, absent: Option<&Endpoint>, answered: &[ServerFacts]) -> HealthCheck {
    let fix = match &error {
        StoreError::Unreachable(_) => Some(redis_cli(absent, Some("see whether it answers"), &["PING"])),
        StoreError::NotReady(_) | StoreError::Replica(_) => Some(relief(&error, None)),
        StoreError::Denied(_) if error.lacks_rights() => Some(Remedy::Hint(given(rules("operator")))),
        _ => None,
    };
    HealthCheck { fix, ..HealthCheck::failed("store.reach", as_a_whole(error, answered)) }
}

fn check_health(health: Health, must_keep: bool, checks: &mut Vec<HealthCheck>) {
    let only_looks = health.rights.as_ref().is_some_and(|rights| rights.only_looks && rights.looking.is_empty());
    let asked = health.servers.as_ref().ok().and_then(|servers| servers.first()?.endpoint.clone());
    checks.push(match health.commits {
        Ok(()) => HealthCheck::ok("store.commit", "accepts changes; none was made"),
        Err(StoreError::Denied(_)) if only_looks => HealthCheck::warning(
            "store.commit",
            "this user may only read: send, issue, verify, revoke, unlock, user link and store purge end with exit code 21",
        )
        .hint(rules("operator").because("this is right for the support role; for more")),
        Err(error @ StoreError::Denied(_)) => HealthCheck::failed("store.commit", error).hint(given(rules("operator"))),
        Err(error) => {
            let fix = match &health.file {
                Some(file) => Remedy::Hint(of_disk(&error, &file.path)),
                None => relief(&error, asked.as_ref()),
            };
            HealthCheck::failed("store.commit", error).fix(fix)
        }
    });
    checks.extend(health.rights.as_ref().and_then(lacking));
    checks.extend(health.adding.filter(|lacking| !only_looks && !lacking.is_empty()).map(|lacking| {
        let text = format!(
            "this user may not call {}: events are missing from the feed and the statistics, and nothing else",
            lacking.join(", ")
        );
        HealthCheck::warning("store.feed", text).hint(given(rules("operator")))
    }));
    checks.extend(health.app_reads.map(|read| match read {
        Ok(()) => HealthCheck::ok("store.challenges", "privacyIDEA's challenges can be read"),
        Err(error) => HealthCheck::failed("store.challenges", error).hint(rules("support")),
    }));
    match health.servers {
        Ok(servers) => check_servers(&servers, health.absent, must_keep, checks),
        // A protected file asks for it before anything else.
        Err(error @ StoreError::Denied(_)) if must_keep => {
            checks.push(HealthCheck::failed("store.server", error).hint(rules("operator")));
        }
        Err(StoreError::Denied(why)) => {
            let text = format!("INFO may not be read, so the eviction policy is unknown: {why}");
            checks.push(
                HealthCheck::warning("store.server", text)
                    .hint(Hint::shell("ACL SETUSER … +info").because("let this user call INFO")),
            );
        }
        Err(error) => checks.push(HealthCheck::failed("store.server", error).hint(show_servers())),
    }
    if let Some(file) = health.file {
        check_file(&file, checks);
    }
}

/// What shows why a file takes no changes.
fn of_disk(error: &StoreError, path: &Path) -> Hint {
    if !matches!(error, StoreError::ReadOnly(_)) {
        return Hint::shell(format!("df -h {}", hint::word(path.as_os_str().as_bytes())));
    }
    let folder = hint::word(path.parent().unwrap_or(path).as_os_str().as_bytes());
    Hint::shell(format!("ls -ld {folder}; findmnt -T {folder}"))
        .because("only commands that read work here; see who may write to the folder, and how its disk is mounted")
}

/// What a user cannot do here who may not call these commands.
fn lacking(rights: &Rights) -> Option<HealthCheck> {
    let all = [
        ("inspect", &["LRANGE"][..]),
        ("list", &["SCAN"]),
        ("user list", &["SCAN"]),
        ("store check", &["SCAN", "TYPE", "PTTL", "STRLEN", "GETRANGE", "LLEN", "LINDEX", "HLEN", "HKEYS", "HGET"]),
    ];
    let lost = all.iter().filter(|(_, needs)| needs.iter().any(|need| rights.looking.iter().any(|own| own == need)));
    let lost: Vec<&str> = lost.map(|(command, _)| *command).collect();
    if lost.is_empty() {
        return None;
    }
    let text =
        format!("this user may not call {}: {} end with exit code 21", rights.looking.join(", "), lost.join(", "));
    Some(
        HealthCheck::warning("store.rights", text)
            .hint(rules("support").because("this is right for the ci role; for more")),
    )
}

/// Each by its place, where there are several. Of one that is not there it is not known what it holds.
fn check_servers(
    servers: &[ServerFacts],
    absent: Vec<(Endpoint, StoreError)>,
    must_keep: bool,
    checks: &mut Vec<HealthCheck>,
) {
    let several = servers.len() + absent.len() > 1;
    let id = |id: &str, name: &str| if several { format!("{id}{{node={name}}}") } else { id.to_owned() };
    for server in servers {
        let first = checks.len();
        check_server(server, must_keep, checks);
        let place = server.endpoint.as_ref().map_or_else(|| server.name.clone(), ToString::to_string);
        for check in &mut checks[first..] {
            check.id = id(&check.id, &place);
            if several && !check.detail.contains(&server.name) {
                check.detail = format!("{}: {}", server.name, check.detail);
            }
        }
    }
    checks.extend(absent.into_iter().map(|(place, error)| {
        let fix = redis_cli(Some(&place), Some("see whether it answers"), &["PING"]);
        HealthCheck {
            id: id("store.server", &place.to_string()),
            ..HealthCheck::failed("store.server", error).fix(fix)
        }
    }));
}

/// What helps where a change would be refused, by what the server said.
fn relief(error: &StoreError, place: Option<&Endpoint>) -> Remedy {
    if matches!(error, StoreError::Replica(_)) {
        return Remedy::Hint(Hint::words(MASTER));
    }
    let said = error.what();
    let says = |word: &str| said.split(|letter: char| !letter.is_ascii_uppercase()).any(|own| own == word);
    let known: [(&str, &'static str, &'static [&'static str]); 8] = [
        ("OOM", "give the server more memory", &["CONFIG", "SET", "maxmemory", "…"]),
        ("MISCONF", "fix the disk of the server, whose snapshots fail, then", &["BGSAVE"]),
        ("NOREPLICAS", "bring its replicas back, or lower min-replicas-to-write", &["INFO", "replication"]),
        ("CLUSTERDOWN", "bring back the nodes that have failed", &["CLUSTER", "NODES"]),
        ("TRYAGAIN", "wait until its slots have moved", &["CLUSTER", "NODES"]),
        ("MASTERDOWN", "bring its master back, or name the master under [store.redis]", &["INFO", "replication"]),
        ("LOADING", "wait until it has loaded its data", &["INFO", "persistence"]),
        ("BUSY", "stop the script that keeps it busy", &["SCRIPT", "KILL"]),
    ];
    let found = known.into_iter().find(|(word, ..)| says(word));
    found.map_or_else(|| redis_cli(place, None, &["INFO"]), |(_, why, words)| redis_cli(place, Some(why), words))
}

fn check_server(server: &ServerFacts, must_keep: bool, checks: &mut Vec<HealthCheck>) {
    let name = &server.name;
    let place = server.endpoint.as_ref();
    checks.push(match server.software.as_deref() {
        Some(software) if server.too_old => {
            let why = format!("{name} is {software}, which is too old: Redis 6.0 or later, or Valkey, is needed");
            HealthCheck::new("store.server", HealthStatus::Failed(StoreError::TooOld(why.clone())), why)
                .fix(Remedy::Hint(Hint::words("upgrade that server, or name another one under [store.redis]")))
        }
        Some(software) => HealthCheck::ok("store.server", format!("{name} is {software}")),
        None => HealthCheck::unknown("store.server", format!("{name} does not say what it is")).hint(show_servers()),
    });
    checks.push(match (server.replica, server.replicas) {
        (Some(true), _) => {
            let why = format!("{name} is a replica, and accepts no changes");
            HealthCheck::unusable("store.role", why).fix(Remedy::Hint(Hint::words(MASTER)))
        }
        (Some(false), Some(0)) => HealthCheck::ok("store.role", "a master without replicas"),
        (Some(false), Some(1)) => HealthCheck::ok("store.role", "a master with 1 replica"),
        (Some(false), Some(replicas)) => HealthCheck::ok("store.role", format!("a master with {replicas} replicas")),
        _ => HealthCheck::unknown("store.role", "unknown whether it is a master").fix(redis_cli(
            place,
            None,
            &["INFO", "replication"],
        )),
    });
    checks.push(eviction(server, must_keep));
    checks.push(match server.persistent {
        Some(true) => HealthCheck::ok("store.persistence", "data survives a restart"),
        Some(false) => HealthCheck::warning(
            "store.persistence",
            format!("{name} writes nothing to disk: a restart forgets codes, failures and locks"),
        )
        .fix(redis_cli(place, None, &["CONFIG", "SET", "appendonly", "yes"])),
        None => HealthCheck::unknown("store.persistence", "unknown whether data survives a restart").fix(redis_cli(
            place,
            Some("look there"),
            &["CONFIG", "GET", "save"],
        )),
    });
}

/// `volatile-lru`, the default of the managed Redis of AWS, GCP and Azure, drops counts of failures when memory is
/// full: a silent way around every limit.
fn eviction(server: &ServerFacts, must_keep: bool) -> HealthCheck {
    let id = "store.eviction";
    let Some(policy) = server.eviction.as_deref() else {
        return HealthCheck::unknown(id, "unknown what happens when memory is full").fix(redis_cli(
            server.endpoint.as_ref(),
            Some("look there"),
            &["CONFIG", "GET", "maxmemory-policy"],
        ));
    };
    if policy == "noeviction" {
        return HealthCheck::ok(id, "noeviction: nothing is dropped when memory is full");
    }
    if server.memory_limit == Some(0) {
        return HealthCheck::ok(id, format!("{policy}, and no limit on its memory"));
    }
    let text = format!("limits and locks can be evicted when memory is full (maxmemory-policy {policy})");
    let check = if must_keep { HealthCheck::unusable(id, text) } else { HealthCheck::warning(id, text) };
    check.fix(redis_cli(server.endpoint.as_ref(), None, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]))
}

fn check_file(file: &FileFacts, checks: &mut Vec<HealthCheck>) {
    let path = file.path.display();
    checks.push(match file.folder_mode {
        Some(mode) if mode & 0o022 != 0 => {
            let folder = file.path.parent().unwrap_or(&file.path);
            let text = format!("other users can create files in {}, the folder of the store", folder.display());
            HealthCheck::warning("store.file", text)
                .hint(Hint::shell(format!("chmod go-w {}", hint::word(folder.as_os_str().as_bytes()))))
        }
        _ => HealthCheck::ok(
            "store.file",
            format!("{path}, {}", file.size.map_or("created by the first change".to_owned(), bytes)),
        ),
    });
    let Some(free) = file.free else { return };
    let left = format!("{} left on the disk of {path}", bytes(free));
    checks.push(if free < NOTHING {
        HealthCheck::unusable("store.disk", left).hint(Hint::words("free space on this disk"))
    } else if free < LITTLE {
        HealthCheck::warning("store.disk", left).hint(Hint::words("free space on this disk"))
    } else {
        HealthCheck::ok("store.disk", left)
    });
}

/// The codes expire by the store's clock clock, whatever the machine's says; but people compare the two.
fn skew(store: Moment, before: Moment, after: Moment) -> HealthCheck {
    let apart = |one: Moment, other: Moment| one.millis().abs_diff(other.millis());
    // The store read its clock somewhere in between.
    let skew = if (before..=after).contains(&store) { 0 } else { apart(store, before).min(apart(store, after)) };
    if skew <= SKEW_MS {
        return HealthCheck::ok("store.clock", "the clocks of the store and of this machine agree");
    }
    let way = if store > after { "ahead of" } else { "behind" };
    let text =
        format!("the store's clock is {:.1} s {way} this machine's; codes expire by the store's clock", seconds(skew));
    HealthCheck::warning("store.clock", text).hint(Hint::shell("timedatectl set-ntp true").because("on both machines"))
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
