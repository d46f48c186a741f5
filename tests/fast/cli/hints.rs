//! Whatever the program says to type next can be pasted: it is a command, and it speaks to the same store.
//! These need no server.

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::hints::{commands, pasted};

#[test]
fn a_variable_that_named_the_file_for_one_command_is_in_its_hints() {
    let mut machine = Machine::with(FREE);
    machine.write(".config/otpctl/prod.toml", FREE);
    machine.variable("OTPCTL_PROFILE", "prod");
    let sent = machine.run(&["send", PHONE]);
    assert_eq!(commands(sent.exits(0)), [format!("otpctl -p prod verify {PHONE}")]);
    let file = machine.config().display().to_string();
    machine.variable("OTPCTL_CONFIG", &file);
    // The file wins, and it is the one that is carried.
    let sent = machine.run(&["send", PHONE]);
    assert_eq!(commands(sent.exits(0)), [format!("otpctl -c {file} verify {PHONE}")]);
}

#[test]
fn hints_on_files_that_are_wrong_can_be_pasted() {
    let machine = Machine::with(FREE);
    machine.write(".config/otpctl/prod.toml", FREE);
    machine.write("it's here/stage.toml", FREE);
    let mut found = Vec::new();
    for words in [
        &["-p", "prd", "list"][..],
        &["-p", "zzzzz", "list"],
        &["-c", "prod", "list"],
        &["-c", "absent.toml", "list"],
        &["-c", "it's here/stag.toml", "list"],
        &["nosuch"],
    ] {
        let ran = machine.run(&[words, &["--json"]].concat());
        found.extend(commands(&ran));
    }
    assert!(found.len() >= 8, "{found:?}");
    for command in &found {
        let ran = pasted(&machine, command);
        assert_eq!(ran.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn a_list_goes_on_from_its_hint() {
    let machine = Machine::with(FREE);
    for last in 10..15 {
        machine.send(&format!("+9198765432{last}"));
    }
    let (mut seen, mut page) = (Vec::new(), machine.run(&["list", "--limit", "2"]));
    loop {
        seen.extend(page.stdout.lines().map(|line| line.split('\t').nth(1).unwrap().to_owned()));
        let Some(hint) = commands(page.exits(0)).pop() else { break };
        let words: Vec<&str> = hint.split(' ').skip(1).collect();
        page = machine.run(&words);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "{seen:?}");
}
