//! Who may import whom: the rule of ARCHITECTURE.md, held to the sources.

mod circles;
mod documented;
mod words;

use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("otp", &[]),
    ("system", &["otp"]),
    ("audit", &["otp", "system"]),
    ("assertion", &["otp"]),
    ("layout", &["otp"]),
    ("store", &["otp", "system"]),
    ("toml_tree", &["otp", "system"]),
    ("http", &["otp", "system", "toml_tree"]),
    ("provider", &["otp", "system", "toml_tree", "http"]),
    ("directory", &["otp", "system", "toml_tree", "http"]),
    ("config", &["otp", "assertion", "layout", "provider", "directory", "http", "system", "toml_tree"]),
    ("operations", &["otp", "layout", "store", "provider", "directory"]),
    ("error", &["otp", "system", "audit", "store", "directory", "config", "operations"]),
    ("output", &["error", "otp", "system"]),
    (
        "app",
        &[
            "system",
            "audit",
            "assertion",
            "otp",
            "layout",
            "store",
            "provider",
            "directory",
            "config",
            "operations",
            "error",
            "output",
        ],
    ),
    (
        "commands",
        &[
            "system",
            "audit",
            "assertion",
            "otp",
            "layout",
            "provider",
            "directory",
            "config",
            "operations",
            "error",
            "output",
            "app",
        ],
    ),
    ("cli", &["otp", "config", "operations", "error", "output", "app", "commands"]),
    ("main", &["cli"]),
];

/// A library, and the only places that may name it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("redis", &["store/redis/"]),
    ("rusqlite", &["store/embedded.rs", "store/embedded/", "directory/sql/sqlite.rs"]),
    ("tokio_postgres", &["directory/sql/postgres.rs", "directory/sql/tls.rs"]),
    ("mysql_async", &["directory/sql/mysql.rs"]),
    ("reqwest", &["http/"]),
    ("toml", &["toml_tree/", "config/", "http/"]),
    ("jsonwebtoken", &["assertion/"]),
    ("ring", &["assertion/crypto.rs", "store/redis/script.rs"]),
    ("roxmltree", &["http/body.rs"]),
    ("flate2", &["http/exchange.rs"]),
    ("rusmpp_core", &["provider/smpp/"]),
    ("anyhow", &["error.rs", "app/", "commands/", "cli.rs"]),
    ("comfy_table", &["output/"]),
    ("textwrap", &["output/"]),
    ("clap", &["cli.rs", "cli/refused.rs", "commands/", "output/form.rs"]),
];

/// Words that only some places may use.
const WORDS: &[(&str, &[&str])] = &[
    ("std::env::", &["cli.rs"]),
    ("Timestamp::now", &["app/mod.rs"]),
    ("SystemTime", &[]),
    ("io::stdout", &["output/printer.rs"]),
    ("io::stderr", &["output/printer.rs", "output/pinned.rs", "cli.rs"]),
    ("SmallRng", &[]),
    ("fastrand", &[]),
    ("rand::random", &[]),
    ("thread_rng", &[]),
];

/// The programs of a base system that tests start.
const BASE_PROGRAMS: &[&str] =
    &["bash", "chown", "cp", "dpkg-deb", "env", "mkfifo", "script", "setpriv", "sh", "strip", "tar", "unshare"];

/// Those that `scripts/test` installs. The target `fast` does without them.
const INSTALLED_PROGRAMS: &[&str] = &[
    "chromium",
    "faketime",
    "mariadb",
    "mariadb-install-db",
    "node",
    "openssl",
    "psql",
    "python3",
    "redis-cli",
    "redis-server",
    "shellcheck",
];

/// The same, where their names are also words of our own commands: `man`, `completions zsh`.
const INSTALLED_NAMESAKES: &[&str] = &["fish", "man", "zsh"];

/// Words by which a script of a test would start what has to be installed.
const INSTALLED_WORDS: &[&str] = &["python", "jq", "npm", "valkey-server"];

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && path.file_stem().is_some_and(|stem| stem != "build")
        {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), code(&std::fs::read_to_string(path).unwrap()))).collect()
}

/// The source without comments and without its own tests, which may do what they like.
fn code(source: &str) -> String {
    let shipped = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = shipped.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':')
    })
}

#[test]
fn rooms_import_inward_only() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let own = room_of(&file);
        if own == "lib" || is_test(&file) {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == own) else {
            wrong.push(format!("{file}: the room `{own}` is not on the map"));
            continue;
        };
        for (room, _) in ROOMS.iter().filter(|(room, _)| *room != own && !allowed.contains(room)) {
            if names(&code, &format!("crate::{room}")) {
                wrong.push(format!("{file} names crate::{room}"));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that the map does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn libraries_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (file, code) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        for (library, places) in LIBRARIES {
            if names(&code, &format!("{library}::")) && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} names the library {library}"));
            }
        }
        for (word, places) in WORDS {
            if code.contains(word) && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} says {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "out of their rooms:\n{}", wrong.join("\n"));
}

/// A command in a text would name no file, so that it asks another store when it is pasted.
#[test]
fn a_command_to_paste_is_a_hint_and_no_text() {
    let mut wrong = Vec::new();
    for (file, code) in sources().into_iter().filter(|(file, _)| !is_test(file) && file != "otp/hint.rs") {
        for (at, _) in code.match_indices("otpctl ") {
            let rest = &code[at + "otpctl ".len()..];
            let first = rest.split(|end: char| !(end.is_ascii_lowercase() || end == '-')).next().unwrap_or_default();
            let is_command = first.starts_with('-') || otpctl::commands::Command::NAMES.contains(&first);
            let is_help = file == "cli.rs" && rest.starts_with("help exit-codes");
            if is_command && !is_help {
                wrong.push(format!("{file}: otpctl {}", rest.lines().next().unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "these are to be made by Hint::run:\n{}", wrong.join("\n"));
}

fn test_sources(folders: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        walk(&root.join(folder), &mut found);
    }
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let read = |path: &PathBuf| (name(path), std::fs::read_to_string(path).unwrap());
    // This file names the programs.
    found.iter().filter(|path| !path.ends_with("architecture.rs")).map(read).collect()
}

/// What is given to `Command::new`, as it is in the source.
fn started(source: &str) -> impl Iterator<Item = &str> {
    source.split("Command::new(").skip(1).filter_map(|rest| rest.split(')').next())
}

fn literal(argument: &str) -> Option<&str> {
    argument.strip_prefix('"')?.strip_suffix('"')
}

/// A program that happens to be on this machine may not be on a new one: signals, for example, are sent without `kill`.
#[test]
fn tests_start_only_programs_that_a_new_machine_has() {
    let known =
        |name: &str| [BASE_PROGRAMS, INSTALLED_PROGRAMS, INSTALLED_NAMESAKES].iter().any(|list| list.contains(&name));
    let mut wrong = Vec::new();
    for (file, source) in test_sources(&["tests"]) {
        let started = started(&source).filter_map(literal);
        wrong.extend(started.filter(|name| !known(name)).map(|name| format!("{file}: {name}")));
    }
    assert!(
        wrong.is_empty(),
        "name these in INSTALLED_PROGRAMS once scripts/test installs them:\n{}",
        wrong.join("\n")
    );
}

/// `scripts/test fast` runs where nothing is installed but cargo and a C compiler.
#[test]
fn the_fast_target_starts_only_programs_of_a_base_system() {
    // The program itself, and what `Machine` runs it through.
    const OTHERS: &[&str] = &["env!(\"CARGO_BIN_EXE_otpctl\"", "starter[0]"];
    let is_servers = |file: &str| file.starts_with("tests/support/servers/");
    let mut wrong = Vec::new();
    for (file, source) in test_sources(&["tests/fast", "tests/each_store", "tests/support"]) {
        if is_servers(&file) {
            continue;
        }
        let is_base = |argument: &&str| literal(argument).is_some_and(|name| BASE_PROGRAMS.contains(&name));
        let others = started(&source).filter(|argument| !is_base(argument) && !OTHERS.contains(argument));
        wrong.extend(others.map(|argument| format!("{file} starts {argument}")));
        let words = source.split(|end: char| !(end.is_ascii_alphanumeric() || "-_".contains(end)));
        let installed = words.filter(|word| INSTALLED_PROGRAMS.contains(word) || INSTALLED_WORDS.contains(word));
        wrong.extend(installed.map(|word| format!("{file} names {word}")));
        if file == "tests/fast/main.rs" && source.contains("support/servers") {
            wrong.push(format!("{file} has the servers"));
        }
    }
    assert!(wrong.is_empty(), "tests that need more belong to tests/servers:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (file, _) in sources() {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        assert!(text.starts_with("//! "), "{file} does not open with what it owns");
    }
}

#[test]
fn every_public_item_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (file, _) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        wrong.extend(documented::undocumented(&text).into_iter().map(|name| format!("{file}: {name}")));
    }
    assert!(wrong.is_empty(), "without documentation:\n{}", wrong.join("\n"));
}

/// Files that name each other can only be read together, and none of them be moved alone.
#[test]
fn no_files_name_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts: Vec<(String, String)> = sources()
        .into_iter()
        .map(|(file, _)| (std::fs::read_to_string(root.join(&file)).unwrap(), file))
        .map(|(text, file)| (file, text))
        .collect();
    let ties = circles::ties(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    let mut wrong = Vec::new();
    for circle in circles::circles(&ties) {
        wrong.push("a circle:".to_owned());
        for ((from, to), names) in &ties {
            if circle.contains(from) && circle.contains(to) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                wrong.push(format!("  {from} -> {to}: {}", names.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "files that name each other:\n{}", wrong.join("\n"));
}

/// What people read has the words that they would use themselves.
#[test]
fn what_people_read_is_in_plain_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let phrases = words::Phrases::new();
    let mut wrong = Vec::new();
    let mut hold = |file: &str, texts: Vec<String>| {
        wrong.extend(texts.iter().filter_map(|text| phrases.wrong(text)).map(|wrong| format!("{file}: {wrong}")));
    };
    for (file, _) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let text = std::fs::read_to_string(root.join("src").join(&file)).unwrap();
        hold(&file, words::of_source(&text));
    }
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let others = ["README.md", "CONTRIBUTING.md", "otpctl.toml.example"].map(|name| root.join(name));
    for path in pages.chain(others) {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        hold(&name, words::of_page(&std::fs::read_to_string(&path).unwrap()));
    }
    assert!(wrong.is_empty(), "say it in plain words:\n{}", wrong.join("\n"));
}
