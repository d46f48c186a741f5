//! The scripts that write: whatever they are given, all of it is done or nothing.

use crate::servers::redis::{Make, RedisServer};

/// What each key holds, and whether it ends. What is left of a lifetime goes down meanwhile, by far less than half of it.
const EVERYTHING: &str = "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do \
    local left = redis.call('PTTL', key) \
    all[#all + 1] = key .. redis.sha1hex(redis.call('DUMP', key)) .. math.floor((left + 60000) / 600000) end \
    table.sort(all) return table.concat(all, ' ')";
const RESET: &str = "redis.call('FLUSHALL') redis.call('SET', KEYS[1], 'old') redis.call('SET', KEYS[2], 'users') \
    redis.call('SET', KEYS[3], '1234') redis.call('RPUSH', KEYS[5], 'event 0') \
    redis.call('HSET', KEYS[7], 'old', 5) return 'reset'";
/// How a change that was made is told from another: the timeline, what was dropped, what was set.
const MADE: &str = "return redis.call('LLEN', KEYS[5]) .. ' ' .. redis.call('EXISTS', KEYS[2]) .. ' ' .. \
    redis.call('TYPE', KEYS[4]).ok";

fn everything(server: &RedisServer) -> String {
    server.cli(&["EVAL", EVERYTHING, "0"])
}

fn reset(server: &RedisServer) {
    let words = [&["EVAL", RESET, "7"][..], &KEYS].concat();
    assert_eq!(server.cli(&words), "reset");
}

const KEYS: [&str; 7] =
    ["{t}:record", "{t}:users", "{t}:app", "{t}:hash", "{t}:timeline", "{feed:0}:events", "{stats:IN}:0:a|b"];
/// Those that the change itself is about. What is beside it is left out where it cannot be written.
const OWN: usize = 5;

/// A change that sets, drops and adds, and puts back what it took off the timeline, with a line of the feed and sums beside it, as it is sent.
fn change() -> Vec<String> {
    let words = [
        "4",
        "2",
        "old",
        "1",
        "set",
        "new",
        "600000",
        "users",
        "1",
        "drop",
        "",
        "",
        "s-1:1234",
        "1",
        "app-set",
        "s99999999999999:5678",
        "",
        "",
        "0",
        "app-set",
        "h-1:3:otp4:1234",
        "",
        "50",
        "600000",
        "3",
        "1",
        "event 0",
        "1",
        "event 0",
        "event 1",
        "event 2",
        "feed",
        "600000",
        "100",
        "1",
        "4",
        "phone",
        "+919876543210",
        "event",
        "send",
        "sums",
        "first",
        "600000",
        "128",
        "1",
        "old",
        "2",
        "sent",
        "1",
        "",
        "range",
        "2",
        "other",
    ];
    words.map(str::to_owned).to_vec()
}

fn run(server: &RedisServer, script: &str, keys: &[&str], words: &[String]) -> String {
    let count = keys.len().to_string();
    let words = words.iter().map(String::as_str);
    let line: Vec<&str> = ["EVAL", script, &count].into_iter().chain(keys.iter().copied()).chain(words).collect();
    server.cli(&line)
}

const BAD: [&str; 14] = [
    "",
    "x",
    "-1",
    "0",
    "1.5",
    "1e3",
    " 7",
    "0x10",
    "9007199254740993",
    "9223372036854775807",
    "99999999999999999999",
    "s:",
    "h-1:3:otp",
    "s99999999999999999999:1",
];

/// One way of doing it wrong: what, what is changed before, the keys and the words.
struct Wrong {
    what: String,
    before: Vec<String>,
    keys: Vec<String>,
    words: Vec<String>,
}

fn wrongs() -> Vec<Wrong> {
    let keys = || KEYS.map(str::to_owned).to_vec();
    let mut all = Vec::new();
    for at in 0..change().len() {
        for bad in BAD {
            let mut words = change();
            bad.clone_into(&mut words[at]);
            all.push(Wrong { what: format!("word {at} is `{bad}`"), before: Vec::new(), keys: keys(), words });
        }
        let mut words = change();
        words.remove(at);
        all.push(Wrong { what: format!("without word {at}"), before: Vec::new(), keys: keys(), words });
    }
    for key in &KEYS[..OWN] {
        for other in ["RPUSH K x", "SADD K x", "ZADD K 1 x", "HSET K f x", "XADD K * f x", "SET K x"] {
            let before = vec![format!("DEL {key}"), other.replace('K', key)];
            all.push(Wrong { what: other.replace('K', key), before, keys: keys(), words: change() });
        }
    }
    let few = keys()[..6].to_vec();
    all.push(Wrong { what: "a key is missing".to_owned(), before: Vec::new(), keys: few, words: change() });
    let many = [keys(), vec!["{t}:more".to_owned()]].concat();
    all.push(Wrong { what: "there is a key too many".to_owned(), before: Vec::new(), keys: many, words: change() });
    all
}

/// A command on a line of `redis-cli`.
fn line(sha: &str, keys: &[String], words: &[String]) -> String {
    let quoted = keys.iter().chain(words).map(|word| format!(" \"{word}\""));
    format!("EVALSHA {sha} {}{}", keys.len(), quoted.collect::<String>())
}

/// Does each wrong thing on a server in the same state, and fails if half of it was done.
fn commits_on(make: Make, second: bool) {
    let server = RedisServer::make(make, &[]);
    let load = |script: &str| server.cli(&["SCRIPT", "LOAD", script]);
    let (seen, fresh, effect) = (load(EVERYTHING), load(RESET), load(MADE));
    let keys = KEYS.map(str::to_owned);
    let scripts: Vec<(&str, String)> = otpctl::store::writing_scripts();
    let of_dialect = scripts.iter().enumerate().filter(|(index, _)| index % 2 == usize::from(second));
    let commits = of_dialect.map(|(_, script)| script).filter(|(name, _)| name.starts_with("commit"));
    for (name, script) in commits {
        reset(&server);
        assert!(run(&server, script, &KEYS, &change()).starts_with('1'), "{name}: it works");
        assert_eq!(server.cli(&["LRANGE", KEYS[4], "0", "-1"]), "event 2\nevent 1\nevent 0");
        assert_eq!((server.cli(&["GET", KEYS[0]]), server.cli(&["GET", KEYS[2]])), ("new".into(), "5678".into()));
        assert_eq!(server.cli(&["HGET", KEYS[3], "otp"]), "1234");
        assert_eq!(server.cli(&["HGETALL", KEYS[6]]), "sent\n1\nrange\n2");
        let fed = server.cli(&["XRANGE", KEYS[5], "-", "+"]);
        assert!(fed.ends_with("phone\n+919876543210\nevent\nsend"), "{fed}");
        let (sha, wrongs) = (load(script), wrongs());
        let mut lines = Vec::new();
        for wrong in &wrongs {
            lines.push(line(&fresh, &keys, &[]));
            lines.extend(wrong.before.iter().cloned());
            lines.extend(["ECHO before".to_owned(), line(&seen, &[], &[]), "ECHO answer".to_owned()]);
            lines.extend([line(&sha, &wrong.keys, &wrong.words), "ECHO after".to_owned(), line(&seen, &[], &[])]);
            lines.extend([line(&effect, &keys, &[]), "ECHO next".to_owned()]);
        }
        let told = server.each(&lines);
        let told: Vec<&[String]> = told.split(|line| line == "next").filter(|part| !part.is_empty()).collect();
        assert_eq!(told.len(), wrongs.len(), "{name}: {told:?}");
        let mut refused = 0;
        for (wrong, told) in wrongs.iter().zip(told) {
            let at = |mark: &str| told.iter().position(|line| line == mark).unwrap() + 1;
            let (before, answer, after) = (&told[at("before")], &told[at("answer")], &told[at("after")]);
            if answer == "1" {
                // It was a change all the same, and then all of it was made.
                let events = wrong.words.iter().filter(|word| word.starts_with("event ")).count() - 1;
                let effect = &told[at("after") + 1];
                assert!(
                    effect.ends_with(" 0 hash") && effect >= &format!("{events} "),
                    "{name}: {}: {told:?}",
                    wrong.what
                );
            } else {
                assert_eq!(before, after, "{name}: {}: {told:?}", wrong.what);
                refused += 1;
            }
        }
        assert!(refused > 300, "{refused}");
    }
}

#[test]
fn a_change_that_is_wrong_anywhere_is_made_nowhere() {
    commits_on(Make::Redis, false);
}

#[test]
fn a_change_that_is_wrong_anywhere_is_made_nowhere_on_redis_6() {
    commits_on(Make::Redis6, true);
}

/// The same for rights: without one command the change is refused, and nothing is done.
fn without_each_command(make: Make, second: bool) {
    let server = RedisServer::make(make, &[]);
    let scripts = otpctl::store::writing_scripts();
    let commands = [
        "set",
        "lpush",
        "ltrim",
        "pexpire",
        "pexpireat",
        "hset",
        "get",
        "time",
        "type",
        "getrange",
        "hlen",
        "lrange",
        "pttl",
    ];
    for (index, (name, script)) in scripts.iter().enumerate().filter(|(index, _)| index % 2 == usize::from(second)) {
        if !name.starts_with("commit") {
            continue;
        }
        for missing in commands {
            reset(&server);
            server.cli(&["ACL", "SETUSER", "asha", "reset", "on", ">s", "~*", "+@all", &format!("-{missing}")]);
            let before = everything(&server);
            let login = ["--user", "asha", "--pass", "s", "--no-auth-warning", "EVAL", script, "7"];
            let words = change();
            let line = [&login[..], &KEYS, &words.iter().map(String::as_str).collect::<Vec<_>>()].concat();
            let answer = server.cli(&line);
            // No key of the change is a hash before it, but that beside it.
            if missing == "hlen" {
                assert!(answer.starts_with('1'), "{index}: {answer}");
            } else {
                assert!(answer.contains("NOPERM") || answer.contains("can't run"), "{name}, {missing}: {answer}");
                assert_eq!(before, everything(&server), "{name}, without {missing}: {answer}");
            }
        }
    }
}

#[test]
fn a_change_without_one_right_is_made_nowhere() {
    without_each_command(Make::Redis, false);
}

#[test]
fn a_change_without_one_right_is_made_nowhere_on_redis_6() {
    without_each_command(Make::Redis6, true);
}

/// And for memory: full, a change is refused whole; one that frees memory is made whole.
fn with_no_memory(make: Make, second: bool) {
    let server = RedisServer::make(make, &["--maxmemory-policy", "noeviction"]);
    let scripts = otpctl::store::writing_scripts();
    for (_, (name, script)) in scripts.iter().enumerate().filter(|(index, _)| index % 2 == usize::from(second)) {
        if !name.starts_with("commit") {
            continue;
        }
        reset(&server);
        let before = everything(&server);
        server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        let answer = run(&server, script, &KEYS, &change());
        server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
        if *name == "commit" {
            assert!(answer.contains("OOM"), "{answer}");
            assert_eq!(before, everything(&server));
        } else {
            assert!(answer.starts_with('1'), "{name}: {answer}");
            assert_eq!(
                (server.cli(&["LLEN", KEYS[4]]), server.cli(&["HGET", KEYS[3], "otp"])),
                ("3".into(), "1234".into())
            );
        }
    }
}

#[test]
fn a_full_memory_refuses_a_change_whole_unless_it_frees_some() {
    with_no_memory(Make::Redis, false);
}

#[test]
fn a_full_memory_refuses_a_change_whole_unless_it_frees_some_on_redis_6() {
    with_no_memory(Make::Redis6, true);
}

#[test]
fn a_purge_that_is_asked_for_wrongly_removes_nothing() {
    for (make, second) in [(Make::Redis, false), (Make::Redis6, true)] {
        let server = RedisServer::make(make, &[]);
        let scripts = otpctl::store::writing_scripts();
        let all = scripts.iter().enumerate().filter(|(index, _)| index % 2 == usize::from(second));
        let (_, script) = all.map(|(_, script)| script).find(|(name, _)| *name == "purge").unwrap();
        let right = ["string", "-1", "4", "1234"].map(str::to_owned);
        for at in 0..right.len() {
            for bad in BAD.iter().filter(|bad| !(at == 1 && **bad == "-1")) {
                server.cli(&["SET", "{t}:app", "1234"]);
                let mut words = right.to_vec();
                (*bad).clone_into(&mut words[at]);
                run(&server, script, &["{t}:app"], &words);
                assert_eq!(server.cli(&["GET", "{t}:app"]), "1234", "word {at} is `{bad}`");
            }
        }
        assert_eq!(run(&server, script, &["{t}:app"], &right), "1");
        assert_eq!(server.cli(&["EXISTS", "{t}:app"]), "0");
    }
}
