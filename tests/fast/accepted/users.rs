//! Users and their phones.

use super::page::{Page, Scene};
use crate::support::cli::{FREE, PHONE};

const OTHER: &str = "+919876543211";

fn link_silently(scene: &Scene<'_>, user: &str, phone: &str) {
    scene.machine.run(&["user", "link", user, phone]).exits(0);
}

pub fn link(page: &mut Page) {
    let mut scene = page.scene("Nobody is linked.", FREE);
    scene.run(&["user", "link", "u_1", PHONE, "--dry-run"]);
    scene.run(&["user", "link", "u_1", PHONE]);
    scene.run(&["user", "link", "u_1", PHONE]);
    scene.run(&["user", "link", "u_2", PHONE, "--json"]);
    scene.run(&["user", "link", PHONE, "u_1"]);
    scene.run(&["user", "link", "u_1"]);
    scene.run(&["user", "link", "", PHONE]);
    scene.run(&["user", "link", "user:u_1", PHONE]);
    scene.run(&["user", "link", "u_1", "+91987"]);
    page.scene("A protected file.", &format!("protected = true\n{FREE}")).run(&["user", "link", "u_1", PHONE]);
}

pub fn unlink(page: &mut Page) {
    let mut scene = page.scene("A user with two phones.", FREE);
    for phone in [PHONE, OTHER] {
        link_silently(&scene, "u_1", phone);
    }
    scene.run(&["user", "unlink", "u_1", PHONE]);
    scene.run(&["user", "unlink", "u_1", PHONE]);
    scene.run(&["user", "unlink", "u_1", "--json"]);
    scene.run(&["user", "unlink", "u_1"]);
    scene.run(&["user", "unlink", "u_1", "--json"]);
    scene.run(&["user", "unlink", "u_1", "+91987"]);
    scene.run(&["user", "unlink"]);
}

pub fn move_(page: &mut Page) {
    let mut scene = page.scene("A user with one phone.", FREE);
    link_silently(&scene, "u_1", PHONE);
    scene.run(&["user", "move", "u_1", OTHER, "--dry-run"]);
    scene.run(&["user", "move", "u_1", OTHER]);
    scene.run(&["user", "move", "u_1", OTHER]);
    scene.run(&["user", "move", "u_1", PHONE, "--json"]);
    scene.run(&["user", "move", "u_2", OTHER]);
    scene.run(&["user", "move", "u_1", "+91987"]);
    scene.run(&["user", "move", "u_1"]);
}

pub fn show(page: &mut Page) {
    let mut scene = page.scene("Two users share a phone.", FREE);
    for user in ["u_1", "u_2"] {
        link_silently(&scene, user, PHONE);
    }
    scene.run(&["user", "show", "u_1"]);
    scene.run(&["user", "show", "u_1", "--json"]);
    scene.run(&["user", "show", PHONE]);
    scene.run(&["user", "show", PHONE, "--json"]);
    scene.run(&["user", "show", "u_1", "--history", "--json"]);
    scene.machine.run(&["user", "unlink", "u_2", PHONE, "--reason", "left"]).exits(0);
    scene.run(&["user", "show", PHONE]);
    scene.machine.run(&["user", "unlink", "u_1", PHONE]).exits(0);
    scene.run(&["user", "show", PHONE]);
    scene.run(&["user", "show", "nosuch"]);
    scene.run(&["user", "show", "nosuch", "--json"]);
    scene.run(&["user", "show", OTHER]);
    scene.run(&["user", "show", "9876543210"]);
    scene.run(&["user", "show"]);
}

pub fn list(page: &mut Page) {
    let mut scene = page.scene("Nobody is linked.", FREE);
    scene.run(&["user", "list"]);
    scene.run(&["user", "list", "--json"]);
    scene.run(&["user", "list", "--cursor", "nonsense"]);

    let mut scene = page.scene("A user.", FREE);
    link_silently(&scene, "u_1", PHONE);
    scene.run(&["user", "list"]);
    scene.run(&["user", "list", "--unmask"]);
    scene.run(&["user", "list", "--json"]);
    scene.run(&["user", "list", "-o", "jsonl"]);
}

pub fn import(page: &mut Page) {
    let mut scene = page.scene("Two users, one of them with two phones.", FREE);
    for (user, phone) in [("u_1", PHONE), ("u_2", OTHER), ("u_2", "+919876543212")] {
        link_silently(&scene, user, phone);
    }
    let list = "user,phone\nu_1,+919876543220\nu_2,+919876543221\nu_3,+919876543222\nu_3,+919876543222\nu_4,+91987\n";
    scene.typed(&["user", "import", "-", "--dry-run"], list);
    scene.typed(&["user", "import", "-", "--json"], list);
    scene.typed(&["user", "import", "-"], list);
    scene.typed(&["user", "import", "-", "--replace", "-o", "jsonl"], list);
    scene.typed(&["user", "import", "-"], "u_1,+919876543220\n");
    scene.run(&["user", "import", "nosuch.csv"]);
    scene.run(&["user", "import"]);
    page.scene("A protected file.", &format!("protected = true\n{FREE}")).typed(&["user", "import", "-"], list);
}

pub fn export(page: &mut Page) {
    let mut scene = page.scene("Nobody is linked.", FREE);
    scene.run(&["user", "export"]);
    let mut scene = page.scene("A user.", FREE);
    link_silently(&scene, "u_1", PHONE);
    scene.run(&["user", "export"]);
    scene.run(&["user", "export", "--unmask"]);
    scene.run(&["user", "export", "--json"]);
    scene.run(&["user", "export", "-o", "jsonl"]);
}
