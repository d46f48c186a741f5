//! Many at once: lines that run beside each other, at a rate, until too many failed, and once each where a checkpoint is
//! kept. These start many processes, or wait.

mod at_once;
mod copied;
mod killed;
mod stopped;

use serde_json::Value;

use crate::support::cli::Machine;
use crate::support::gateway::{DEFINITION, Gateway};

/// No limit that a test could meet, and a gateway of the test.
fn by_gateway(machine: &Machine, gateway: &Gateway) {
    let definition = machine.write("ours.toml", DEFINITION);
    let token = machine.write("token", "s3cret-token");
    machine.configure(&format!(
        "[limits]\ncooldown = []\nper_phone = {{ \"1h\" = 100 }}\nper_prefix = {{}}\nper_country = {{}}\n\
         [policy]\ncountries = [\"IN\"]\nbrakes = \"off\"\n[routes]\ndefault = [\"ours\"]\n\
         [providers.ours]\ndefinition = \"{}\"\nbase_url = \"{}\"\ntoken = {{ file = \"{}\" }}\n",
        definition.display(),
        gateway.base_url,
        token.display()
    ));
}

/// Numbers that differ in their prefixes too.
fn phones(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("+9198{:04}{index:04}", index * 7 % 9973)).collect()
}

/// The last line of stderr, which is a document where the result is one.
fn last_error(stderr: &str) -> Value {
    serde_json::from_str(stderr.lines().last().unwrap()).unwrap()
}

/// The rows of JSON Lines.
fn rows(stdout: &str) -> Vec<Value> {
    stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
