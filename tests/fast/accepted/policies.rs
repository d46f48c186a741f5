//! Who may be sent to, beside what the file says.

use super::codes::without_server;
use super::page::{Page, Scene};
use crate::support::cli::{FREE, PHONE};

const OTHER: &str = "+919876543211";

fn silently(scene: &Scene<'_>, words: &[&str]) {
    scene.machine.run(&[&["policy"], words].concat()).exits(0);
}

pub fn show(page: &mut Page) {
    let mut scene = page.scene("No entry, and a block.", FREE);
    scene.run(&["policy", "show", PHONE]);
    scene.run(&["policy", "show", PHONE, "--json"]);
    silently(&scene, &["block", PHONE, "--until", "24h", "--reason", "fraud, ticket 12"]);
    scene.run(&["policy", "show", PHONE]);
    scene.run(&["policy", "show", PHONE, "--json"]);
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "--json"]);
    scene.run(&["policy", "show", "+91987"]);
    scene.run(&["policy", "show", "user:u_1"]);
    scene.run(&["policy", "show"]);

    let mut scene = page.scene("A prefix is blocked, and one of its numbers allowed.", FREE);
    silently(&scene, &["block", "+9198"]);
    silently(&scene, &["allow", PHONE, "--until", "1h"]);
    scene.run(&["policy", "show", PHONE]);
    scene.run(&["policy", "show", OTHER]);
    scene.run(&["send", OTHER]);

    let mut scene = page.scene("Other rules.", "[policy]\ncountries = [\"IN\"]\n");
    scene.run(&["policy", "show", "+971501234567"]);
    scene.code(PHONE);
    scene.run(&["policy", "show", PHONE]);

    page.scene_on("No store is there.", without_server()).run(&["policy", "show", PHONE]);
}

pub fn block(page: &mut Page) {
    let mut scene = page.scene("No entry.", FREE);
    scene.run(&["policy", "block", PHONE, "--dry-run"]);
    scene.run(&["policy", "block", PHONE, "--until", "24h", "--reason", "fraud, ticket 12"]);
    scene.run(&["policy", "block", PHONE, "--json"]);
    scene.run(&["policy", "block", "+9198"]);
    scene.run(&["policy", "block", "AE", "--json"]);
    scene.run(&["policy", "block", "+91987654321"]);
    scene.run(&["policy", "block", "9198"]);
    scene.run(&["policy", "block", "XX"]);
    scene.run(&["policy", "block", PHONE, "--until", "soon"]);
    scene.run(&["policy", "block", PHONE, "--until", "2020-01-01"]);
    scene.run(&["policy", "block"]);
    page.scene("A protected file.", &format!("protected = true\n{FREE}")).run(&["policy", "block", PHONE]);
}

pub fn allow(page: &mut Page) {
    let mut scene = page.scene("A blocked prefix.", FREE);
    silently(&scene, &["block", "+9198"]);
    scene.run(&["policy", "allow", PHONE, "--dry-run"]);
    scene.run(&["policy", "allow", PHONE, "--until", "1h", "--reason", "known customer"]);
    scene.run(&["policy", "allow", "AE", "--json"]);
    scene.run(&["policy", "allow"]);
    page.scene("A protected file.", &format!("protected = true\n{FREE}")).run(&["policy", "allow", PHONE]);
}

pub fn remove(page: &mut Page) {
    let mut scene = page.scene("A blocked phone and an allowed country.", FREE);
    silently(&scene, &["block", PHONE]);
    silently(&scene, &["allow", "AE"]);
    scene.run(&["policy", "remove", PHONE, "--dry-run"]);
    scene.run(&["policy", "remove", PHONE]);
    scene.run(&["policy", "remove", PHONE]);
    scene.run(&["policy", "remove", PHONE, "--json"]);
    scene.run(&["policy", "remove", "AE", "--json"]);
    scene.run(&["policy", "remove", "+91987654321"]);
    scene.run(&["policy", "remove"]);
}

pub fn list(page: &mut Page) {
    let mut scene = page.scene("No entries.", FREE);
    scene.run(&["policy", "list"]);
    scene.run(&["policy", "list", "--json"]);
    let mut scene = page.scene("A country, a prefix and two phones.", FREE);
    silently(&scene, &["allow", "AE", "--until", "24h", "--reason", "launch"]);
    silently(&scene, &["block", "+9198", "--reason", "SMS pumping"]);
    silently(&scene, &["block", PHONE]);
    silently(&scene, &["allow", OTHER, "--until", "1h"]);
    scene.run(&["policy", "list"]);
    scene.run(&["policy", "list", "--json"]);
    scene.run(&["policy", "list", "-o", "jsonl", "--unmask"]);
    page.scene_on("No store is there.", without_server()).run(&["policy", "list"]);
}
