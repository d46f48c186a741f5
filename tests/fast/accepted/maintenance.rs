//! The store, the checks of everything, and what the program knows of itself.

use super::codes::{NO_SERVER, without_server};
use super::page::Page;
use crate::support::audit::{AUDIT, lines, write_lines};
use crate::support::cli::{FREE, PHONE};

pub fn store_check(page: &mut Page) {
    let mut scene = page.scene("An empty store, and one with a code.", FREE);
    scene.run(&["store", "check"]);
    scene.code(PHONE);
    scene.run(&["store", "check"]);
    scene.run(&["store", "check", "--json"]);
    scene.run(&["store", "check", "--match", "otp:*"]);
    scene.run(&["store", "check", "--limit", "many"]);
    page.scene_on("No store is there.", without_server()).run(&["store", "check"]);
}

pub fn store_purge(page: &mut Page) {
    let mut scene = page.scene("Nothing to remove.", FREE);
    scene.code(PHONE);
    scene.run(&["store", "purge"]);
    scene.run(&["store", "purge", "--dry-run"]);
    scene.run(&["store", "purge", "--yes"]);
    scene.run(&["store", "purge", "--yes", "--json"]);
    scene.run(&["store", "purge", "--only", "nosuch"]);
    page.scene("A protected file.", &format!("protected = true\n{FREE}")).run(&["store", "purge", "--yes"]);
}

pub fn store_copy(page: &mut Page) {
    let mut scene = page.scene("Another file of the same folder, with the same pepper.", FREE);
    scene.code(PHONE);
    let pepper = "pepper.txt";
    scene.machine.write(pepper, crate::support::cli::PEPPER);
    let file = |name: &str| {
        let home = scene.machine.path("");
        let store = format!("[store.embedded]\npath = \"{}/{name}/otpctl.db\"", home.display());
        let path = scene.machine.path(pepper);
        let code = format!("[code]\npeppers = [{{ id = \"1\", file = \"{}\" }}]", path.display());
        scene.machine.write(&format!("{name}.toml"), &format!("{FREE}{code}\n{store}\n"));
    };
    file("old");
    file("new");
    scene.machine.run(&["send", PHONE, "--config", "old.toml"]).exits(0);
    scene.run(&["store", "copy", "--config", "old.toml", "--to", "new.toml", "--dry-run"]);
    scene.run(&["store", "copy", "--config", "old.toml", "--to", "new.toml"]);
    scene.run(&["store", "copy", "--config", "old.toml", "--to", "new.toml", "--json"]);
    scene.run(&["store", "copy", "--config", "old.toml", "--to", "old.toml"]);
    scene.run(&["store", "copy", "--to", "absent.toml"]);
    scene.run(&["store", "copy"]);
}

pub fn store_acl(page: &mut Page) {
    page.scene("The embedded store.", FREE).run(&["store", "acl"]);
    let mut scene = page.scene("A server that cannot be asked.", NO_SERVER);
    scene.run(&["store", "acl", "--role", "support"]);
    scene.run(&["store", "acl", "--role", "support", "--redis", "7", "--json"]);
    scene.run(&["store", "acl", "--role", "boss"]);
    scene.run(&["store", "acl", "--redis", "5"]);
}

pub fn doctor(page: &mut Page) {
    let mut scene = page.scene("No file.", "");
    scene.code(PHONE);
    scene.run(&["doctor"]);
    scene.run(&["doctor", "--json"]);
    scene.run(&["doctor", "--problems"]);
    let secret = "[providers.telnyx]\napi_key = { env = \"TELNYX_KEY\" }\nfrom = \"+13125550100\"\n";
    let mut scene = page.scene("A secret that is not there.", secret);
    scene.run(&["doctor", "--problems"]);
    let mut scene = page.scene_on("No store is there.", without_server());
    scene.run(&["doctor", "--problems"]);
    scene.run(&["doctor", "--problems", "--json"]);
}

/// A file with an audit and two changes that were recorded in it.
fn audited<'a>(page: &'a mut Page, what: &str) -> super::page::Scene<'a> {
    let mut scene = page.scene(what, &format!("{FREE}{AUDIT}"));
    scene.code(PHONE);
    scene.machine.run(&["unlock", PHONE, "--reason", "ticket 7"]).exits(0);
    scene
}

pub fn audit_verify(page: &mut Page) {
    let mut scene = audited(page, "Nobody changed anything.");
    scene.run(&["audit", "verify"]);
    scene.run(&["audit", "verify", "--json"]);
    scene.run(&["audit", "verify", "--anchor", "4"]);
    scene.run(&["audit", "verify", "nosuch"]);
    let mut scene = audited(page, "A line was edited, and one deleted.");
    let mut lines = lines(&scene.machine);
    lines[3] = lines[3].replacen("ticket 7", "ticket 8", 1);
    lines.remove(1);
    write_lines(&scene.machine, &lines);
    scene.run(&["audit", "verify"]);
    scene.run(&["audit", "verify", "--json"]);
    scene.run(&["audit", "verify", "-o", "jsonl"]);
    let mut scene = audited(page, "The tail was cut off, and a process died.");
    let mut lines = crate::support::audit::lines(&scene.machine);
    lines.truncate(1);
    write_lines(&scene.machine, &lines);
    scene.run(&["audit", "verify"]);
    let mut scene = page.scene("Without an audit.", FREE);
    scene.run(&["audit", "verify"]);
    scene.run(&["audit", "verify", "--json"]);
    let mut scene = page.scene("An audit without a record.", &format!("{FREE}{AUDIT}"));
    scene.run(&["audit", "verify"]);
}

pub fn audit_anchor(page: &mut Page) {
    let mut scene = audited(page, "Two changes were recorded.");
    scene.run(&["audit", "anchor"]);
    scene.run(&["audit", "anchor", "--json"]);
    let mut scene = audited(page, "The store knows of a record that the file does not have.");
    let [file, lock] = ["audit.jsonl", "audit.jsonl.lock"].map(|name| scene.machine.path(name));
    let before = [&file, &lock].map(|path| std::fs::read(path).unwrap());
    scene.machine.run(&["unlock", PHONE]).exits(0);
    scene.machine.run(&["audit", "anchor"]).exits(0);
    for (path, bytes) in [&file, &lock].into_iter().zip(before) {
        std::fs::write(path, bytes).unwrap();
    }
    scene.run(&["audit", "anchor"]);
    scene.run(&["audit", "anchor", "--json"]);
    let mut scene = page.scene("An audit without a record.", &format!("{FREE}{AUDIT}"));
    scene.run(&["audit", "anchor"]);
}

pub fn completions(page: &mut Page) {
    // The scripts themselves are files in completions/.
    let mut scene = page.scene("The first lines of a script.", "");
    scene.run_shortened(&["completions", "bash"], 3);
    let mut scene = page.scene("Shells that there are not.", "");
    scene.run(&["completions"]);
    scene.run(&["completions", "ksh"]);
    scene.run(&["completions", "ksh", "--json"]);
}

pub fn man(page: &mut Page) {
    let mut scene = page.scene("A page.", "");
    scene.run(&["man", "user", "unlink"]);
    scene.run_shortened(&["man", "version", "--json"], 3);
    let mut scene = page.scene("All of them.", "");
    scene.run(&["man", "--dir", "pages", "--dry-run"]);
    scene.run(&["man", "--dir", "pages"]);
    let mut scene = page.scene("Commands that there are not.", "");
    scene.run(&["man", "verfy"]);
    scene.run(&["man", "nosuch", "--json"]);
    scene.run(&["man", "send", "--dir", "pages"]);
}

pub fn version(page: &mut Page) {
    let mut scene = page.scene("Any machine.", "");
    scene.run(&["version"]);
    scene.run(&["version", "--json"]);
    scene.run(&["version", "more"]);
}

pub fn help(page: &mut Page) {
    let mut scene = page.scene("Topics.", "");
    scene.run(&["help"]);
    scene.run(&["help", "user", "link"]);
    scene.run(&["help", "options"]);
    scene.run(&["help", "exit-codes"]);
    scene.run(&["help", "exit-codes", "--json"]);
    scene.run(&["help", "json"]);
    scene.run(&["help", "json", "version"]);
    scene.run(&["help", "json", "version", "--json"]);
    scene.run(&["help", "json", "otpctl.version/1"]);
    scene.run(&["help", "nosuch"]);
    scene.run(&["help", "json", "verfy"]);
    scene.run(&["help", "json", "user"]);
    scene.run(&["help", "json", "nosuch"]);
    scene.run(&["help", "nosuch", "--json"]);
}
