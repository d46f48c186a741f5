//! What each command says, as it was accepted: stdout, stderr and exit status of a run of each kind, one file a command.
//! `UPDATE=1 cargo test --test fast accepted` writes the files; their diff is what a reviewer reads.
//!
//! In a file `#` says what was there before, `$` is what was typed, `<` what standard input held, `2>` stderr, and `?` an
//! exit status other than 0. A JSON document has a line for each field, although it was printed on one line.

mod codes;
mod maintenance;
mod masks;
mod page;
mod policies;
mod providers;
mod setup;
mod support_desk;
mod users;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use snapbox::assert::Action;
use snapbox::{Assert, Data};

use self::page::Page;

/// A test for each command, and the list of them. A group has a page too: its help, and what it says without a command.
macro_rules! pages {
    ($($test:ident, $command:literal, $write:path;)*) => {
        const COMMANDS: &[&str] = &[$($command),*];

        $(
            #[test]
            fn $test() {
                hold($command, $write);
            }
        )*
    };
}

pages! {
    otpctl, "", setup::otpctl;
    send, "send", codes::send;
    issue, "issue", codes::issue;
    verify, "verify", codes::verify;
    deliver, "deliver", codes::deliver;
    outcome, "outcome", codes::outcome;
    inspect, "inspect", support_desk::inspect;
    revoke, "revoke", support_desk::revoke;
    unlock, "unlock", support_desk::unlock;
    list, "list", support_desk::list;
    events, "events", support_desk::events;
    stats, "stats", support_desk::stats;
    wait, "wait", support_desk::wait;
    policy, "policy", page::group;
    policy_show, "policy show", policies::show;
    policy_block, "policy block", policies::block;
    policy_allow, "policy allow", policies::allow;
    policy_remove, "policy remove", policies::remove;
    policy_list, "policy list", policies::list;
    user, "user", page::group;
    user_link, "user link", users::link;
    user_unlink, "user unlink", users::unlink;
    user_move, "user move", users::move_;
    user_show, "user show", users::show;
    user_list, "user list", users::list;
    user_import, "user import", users::import;
    user_export, "user export", users::export;
    config, "config", page::group;
    config_path, "config path", setup::config_path;
    config_show, "config show", setup::config_show;
    config_check, "config check", setup::config_check;
    config_init, "config init", setup::config_init;
    config_jwks, "config jwks", setup::config_jwks;
    provider, "provider", page::group;
    provider_list, "provider list", providers::list;
    provider_show, "provider show", providers::show;
    provider_check, "provider check", providers::check;
    provider_test, "provider test", providers::test;
    provider_balance, "provider balance", providers::balance;
    delivery, "delivery", page::group;
    delivery_record, "delivery record", providers::delivery_record;
    store, "store", page::group;
    store_check, "store check", maintenance::store_check;
    store_purge, "store purge", maintenance::store_purge;
    store_copy, "store copy", maintenance::store_copy;
    store_acl, "store acl", maintenance::store_acl;
    audit, "audit", page::group;
    audit_verify, "audit verify", maintenance::audit_verify;
    audit_anchor, "audit anchor", maintenance::audit_anchor;
    doctor, "doctor", maintenance::doctor;
    completions, "completions", maintenance::completions;
    man, "man", maintenance::man;
    version, "version", maintenance::version;
    help, "help", maintenance::help;
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fast/accepted")
}

/// The name of a command's file, without its ending.
fn file_stem(command: &str) -> String {
    if command.is_empty() { "otpctl".to_owned() } else { command.replace(' ', "-") }
}

fn hold(command: &str, write: fn(&mut Page)) {
    let mut page = Page::new(command);
    write(&mut page);
    let path = folder().join(format!("{}.txt", file_stem(command)));
    let action = if std::env::var_os("UPDATE").is_some() { Action::Overwrite } else { Action::Verify };
    if matches!(action, Action::Overwrite) && !path.exists() {
        std::fs::write(&path, "").unwrap();
    }
    let accepted = Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
    let assert = Assert::new().action(action);
    if let Err(error) = assert.try_eq(Some(&path.display()), Data::text(page.finish()), accepted) {
        panic!("{error}\nIf this is what it is to say: UPDATE=1 cargo test --test fast accepted");
    }
}

/// The commands below this one, each with the words before it.
fn commands_of(command: &clap::Command, before: &str, found: &mut BTreeSet<String>) {
    for command in command.get_subcommands() {
        let words = format!("{before} {}", command.get_name()).trim_start().to_owned();
        commands_of(command, &words, found);
        found.insert(words);
    }
}

#[test]
fn every_command_has_a_page_and_every_page_a_command() {
    let mut commands = BTreeSet::from([String::new()]);
    commands_of(&otpctl::commands::whole(), "", &mut commands);
    let tested: BTreeSet<String> = COMMANDS.iter().map(|command| (*command).to_owned()).collect();
    assert_eq!(tested, commands, "each command has a line in `pages!`, and each line a command");

    let expected: BTreeSet<String> = commands.iter().map(|command| file_stem(command)).collect();
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let pages = entries.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
    let there: BTreeSet<String> = pages.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    // While the files are written, the tests that write them run at the same time.
    if std::env::var_os("UPDATE").is_none() || !there.is_subset(&expected) {
        assert_eq!(there, expected, "each command has a file here, and each file a command");
    }
}
