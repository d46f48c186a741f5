//! The configuration file, and what the program says before any command is run.

use super::page::Page;
use crate::each_store::assertions::{assertion, keyed};
use crate::support::cli::{FREE, Machine, set_mode};

const WRONG: &str = "region = \"IN\"\n[code]\nlenght = 6\nttl = \"1h\"\n";
const SECRET: &str =
    "[providers.telnyx]\napi_key = { env = \"TELNYX_KEY\" }\nfrom = \"+13125550100\"\n[policy]\ncountries = [\"IN\"]\n";

pub fn otpctl(page: &mut Page) {
    let mut scene = page.scene("Words that are no command, and options that there are not.", "");
    scene.run(&[]);
    scene.run(&["nosuch"]);
    scene.run(&["sned"]);
    scene.run(&["--nosuch"]);
    scene.run(&["nosuch", "--json"]);
    scene.run(&["status"]);
    scene.run(&["delete"]);
    scene.run(&["block"]);
    scene.run(&["--version"]);
    scene.run(&["-o", "xml", "list"]);
    scene.run(&["--timeout", "0s", "list"]);
    scene.run(&["--reason", "two\nlines", "list"]);
    scene.run(&["-q", "-v", "list"]);

    let mut scene = page.scene("Files that are not there, or cannot be trusted.", "");
    scene.run(&["-c", "absent.toml", "list"]);
    scene.run(&["-c", "absent.toml", "list", "--json"]);
    scene.run(&["-c", "", "list"]);
    scene.run(&["-p", "nosuch", "list"]);
    scene.machine.write(".config/otpctl/prod.toml", FREE);
    scene.run(&["-p", "prd", "list"]);
    scene.machine.write("wrong.toml", WRONG);
    scene.run(&["-c", "wrong.toml", "list"]);
    scene.machine.write("broken.toml", "region = \"IN\n");
    scene.run(&["-c", "broken.toml", "list"]);
    let open = scene.machine.write("open.toml", "[providers.telnyx]\napi_key = \"KEY0\"\nfrom = \"+13125550100\"\n");
    set_mode(&open, 0o644);
    scene.run(&["-c", "open.toml", "list"]);
    set_mode(&open, 0o666);
    scene.run(&["-c", "open.toml", "list"]);
}

pub fn config_path(page: &mut Page) {
    let mut scene = page.scene("No file, and one.", "");
    scene.run(&["config", "path"]);
    scene.run(&["config", "path", "--json"]);
    scene.run(&["-c", "absent.toml", "config", "path"]);
    scene.machine.configure(FREE);
    scene.run(&["config", "path"]);
    scene.run(&["config", "path", "--json"]);
    scene.run(&["config", "path", "more"]);
}

pub fn config_show(page: &mut Page) {
    let mut scene = page.scene("No file.", "");
    scene.run(&["config", "show"]);
    let mut scene = page.scene("A secret in a variable.", SECRET);
    scene.run(&["config", "show", "--origin"]);
    scene.run(&["config", "show", "--json"]);
    page.scene("A key that there is not.", WRONG).run(&["config", "show"]);
}

/// A sender that the country does not take, a notice that nobody reads in one SMS, and caps that nothing counts against.
const DOUBTFUL: &str = "[policy]\ncountries = [\"IN\"]\n[limits]\nspend = { EUR = { \"1d\" = \"50.00\" } }\n\
    [user]\nnotify_on_change = true\n\
    [message]\nnotify = \"Die Telefonnummer Ihres Kontos bei {{ app }} wurde geändert. Wenn Sie das nicht waren, rufen Sie uns bitte sofort an: +49 30 123456. Wir sind rund um die Uhr für Sie da.\"\n\
    [providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"Example\"\n";

pub fn config_check(page: &mut Page) {
    page.scene("No file.", "").run(&["config", "check"]);
    let mut scene = page.scene("Nothing is wrong.", FREE);
    scene.run(&["config", "check"]);
    scene.run(&["config", "check", "--json"]);
    let mut scene = page.scene("A secret that is not there.", SECRET);
    scene.run(&["config", "check"]);
    scene.run(&["config", "check", "--json"]);
    let mut scene = page.scene("Two settings are wrong.", WRONG);
    scene.run(&["config", "check"]);
    scene.run(&["config", "check", "--json"]);
    let mut scene = page.scene("It works, and is probably not what was meant.", DOUBTFUL);
    scene.run(&["config", "check"]);
    scene.run(&["config", "check", "--json"]);
}

pub fn config_jwks(page: &mut Page) {
    let mut scene = page.scene("A key that signs.", &assertion(""));
    keyed(&scene.machine);
    scene.run(&["config", "jwks"]);
    scene.run(&["config", "jwks", "--json"]);
    scene.machine.write(".config/otpctl/assertion.pem", "-----BEGIN PUBLIC KEY-----\n");
    scene.run(&["config", "jwks"]);
    scene.run(&["config", "check"]);
    page.scene("No [assertion] in the file.", "").run(&["config", "jwks"]);
}

pub fn config_init(page: &mut Page) {
    let mut scene = page.scene("No file, and then one.", "");
    scene.run(&["config", "init", "--dry-run"]);
    scene.run(&["config", "init"]);
    scene.run(&["config", "init"]);
    scene.run(&["config", "init", "--json"]);
    scene.run(&["config", "init", "other.toml", "--json"]);
    scene.run(&["config", "init", "absent/other.toml"]);
    scene.run(&["-c", "third.toml", "config", "init", "other.toml"]);
    // What it wrote is a file that holds.
    let machine = Machine::new();
    machine.run(&["config", "init"]).exits(0);
    page.scene_on("The file that it wrote.", machine).run(&["config", "check"]);
}
