//! The store, the checks of everything, and what the program knows of itself.

use super::codes::{NO_SERVER, without_server};
use super::page::Page;
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

pub fn completions(page: &mut Page) {
    // The scripts themselves are files in completions/.
    let mut scene = page.scene("The first lines of a script.", "");
    scene.run_shortened(&["completions", "bash"], 3);
    let mut scene = page.scene("Shells that there are not.", "");
    scene.run(&["completions"]);
    scene.run(&["completions", "ksh"]);
    scene.run(&["completions", "ksh", "--json"]);
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
    scene.run(&["help", "nosuch"]);
    scene.run(&["help", "nosuch", "--json"]);
}
