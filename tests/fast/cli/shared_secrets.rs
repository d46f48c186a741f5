//! One secret for several people, and for containers: who may read it, and how it is mounted.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::cli::{Machine, PEPPER, PHONE, set_mode};

/// Nobody on the machine has these.
const ASHA: &str = "61001";

const TEAM: u32 = 61002;

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A machine that all may look into, and whose configuration names a pepper at some place.
fn machine(pepper: &Path) -> Machine {
    let machine = Machine::with(&format!("[code]\npeppers = [{{ id = \"1\", file = \"{}\" }}]\n", pepper.display()));
    for folder in ["", ".config", ".config/otpctl"] {
        set_mode(&machine.path(folder), 0o755);
    }
    set_mode(&machine.config(), 0o644);
    machine
}

/// Runs `config check` as another user with these groups, who has a store of his own.
fn checked_as(machine: &Machine, user: &str, groups: &str) -> (i32, String) {
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        user,
        "--regid",
        user,
        "--groups",
        groups,
        env!("CARGO_BIN_EXE_otpctl"),
        "config",
        "check",
    ]);
    ended(command.env_clear().env("HOME", machine.path("")).env("PATH", "/usr/bin:/bin"))
}

fn ended(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let words = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code().unwrap_or(-1), words)
}

/// The recipe: `chown root:otpctl`, `chmod 640`. Giving a file to another group, and being another user, takes root;
/// without, the rule itself is tested where it is, in `system::trust`, and here that a group of our own is none of root's.
#[test]
fn a_group_that_root_chose_shares_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let pepper = folder.path().join("pepper");
    fs::write(&pepper, PEPPER).unwrap();
    let machine = machine(&pepper);
    if !is_root() {
        set_mode(&pepper, 0o640);
        let ran = machine.run(&["config", "check"]);
        assert!(ran.exits(30).words().contains(&format!("chmod 600 {}", pepper.display())), "{ran:?}");
        return;
    }
    chown(&pepper, Some(0), Some(TEAM)).unwrap();
    let team = TEAM.to_string();
    for mode in [0o640, 0o440] {
        set_mode(&pepper, mode);
        let (code, said) = checked_as(&machine, ASHA, &team);
        assert_eq!(code, 0, "{said}");
        // Root runs it too.
        machine.run(&["config", "check"]).exits(0);
    }
    // Who is not in the group is told how to get there; a folder is no way around it.
    let (code, said) = checked_as(&machine, ASHA, ASHA);
    assert!(code == 30 && said.contains("sudo chgrp"), "{said}");
    for mode in [0o660, 0o644, 0o642, 0o641, 0o650] {
        set_mode(&pepper, mode);
        let (code, said) = checked_as(&machine, ASHA, &team);
        assert!(code == 30 && said.contains(&format!("sudo chmod 640 {}", pepper.display())), "{mode:o}: {said}");
        let ran = machine.run(&["config", "check"]);
        assert!(ran.exits(30).words().contains(&format!("chmod 640 {}", pepper.display())), "{ran:?}");
    }
    // A member of the group who owns it could give it to anybody.
    set_mode(&pepper, 0o640);
    chown(&pepper, Some(61003), Some(TEAM)).unwrap();
    let (code, said) = checked_as(&machine, ASHA, &team);
    assert!(code == 30 && said.contains("belongs to another user"), "{said}");
}

/// A secret volume as Kubernetes makes it: all may write the folder, and every file is a link into a folder of the moment.
fn kubernetes(folder: &Path, group: Option<u32>, mode: u32) -> PathBuf {
    let moment = folder.join("..2026_11_26_10_00_00.123456789");
    fs::create_dir_all(&moment).unwrap();
    set_mode(&moment, 0o755);
    fs::write(moment.join("pepper"), PEPPER).unwrap();
    set_mode(&moment.join("pepper"), mode);
    if let Some(group) = group {
        chown(moment.join("pepper"), None, Some(group)).unwrap();
    }
    symlink("..2026_11_26_10_00_00.123456789", folder.join("..data")).unwrap();
    symlink("..data/pepper", folder.join("pepper")).unwrap();
    set_mode(folder, 0o1777);
    folder.join("pepper")
}

#[test]
fn a_secret_that_kubernetes_mounted_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let pepper = kubernetes(folder.path(), None, 0o400);
    let here = machine(&pepper);
    here.run(&["config", "check"]).exits(0);
    here.send(PHONE);
    if is_root() {
        // With `fsGroup` and `defaultMode: 0440`, for a user that is not root.
        for mode in [0o440, 0o640] {
            let folder = tempfile::tempdir().unwrap();
            let here = machine(&kubernetes(folder.path(), Some(TEAM), mode));
            let (code, said) = checked_as(&here, ASHA, &TEAM.to_string());
            assert_eq!(code, 0, "{said}");
        }
        // A link that a stranger made there leads nowhere.
        std::os::unix::fs::lchown(folder.path().join("..data"), Some(61003), None).unwrap();
        let ran = here.run(&["config", "check"]);
        assert!(ran.exits(30).words().contains("symbolic link in a folder that anyone can write"), "{ran:?}");
        std::os::unix::fs::lchown(folder.path().join("..data"), Some(0), None).unwrap();
    }
    // Where anybody could put another link in its place, it is a stranger's word.
    set_mode(folder.path(), 0o777);
    let ran = here.run(&["config", "check"]);
    assert!(ran.exits(30).words().contains("symbolic link in a folder that anyone can write"), "{ran:?}");
    set_mode(folder.path(), 0o1777);
    // And one that leads out of its folder always is.
    fs::remove_file(&pepper).unwrap();
    let own = here.write("own", PEPPER);
    symlink(&own, &pepper).unwrap();
    let ran = here.run(&["config", "check"]);
    assert!(ran.exits(30).words().contains("pass the file itself"), "{ran:?}");
}

/// `/run/secrets` as container engines fill it, in a name space of this process's own. Where the machine allows none, the
/// rule itself is tested where it is, in `system::trust`.
#[test]
fn a_secret_that_a_container_engine_mounted_is_read() {
    let script = |lines: &str| {
        let lines = format!("mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/secrets && umask 022\n{lines}");
        let mut command = Command::new("unshare");
        let flags: &[&str] = if is_root() { &["-m"] } else { &["-rm"] };
        command.args(flags).args(["sh", "-ec", &lines]);
        command
    };
    let (allowed, _) = ended(&mut script("true"));
    let pepper = Path::new("/run/secrets/pepper");
    let machine = machine(pepper);
    if allowed != 0 {
        // Nothing is there, and that is what is said.
        let ran = machine.run(&["config", "check"]);
        assert!(ran.exits(30).words().contains("there is no such file"), "{ran:?}");
        return;
    }
    let make = format!("printf '%s' '{PEPPER}' > /run/secrets/pepper; chmod MODE /run/secrets/pepper; ");
    let run = format!("exec {:?} config check", env!("CARGO_BIN_EXE_otpctl"));
    for (mode, exit) in [("0444", 0), ("0644", 0), ("0400", 0), ("0666", 30), ("0664", 30), ("0446", 30)] {
        let mut command = script(&(make.replace("MODE", mode) + &run));
        let (code, said) = ended(command.env("HOME", machine.path("")));
        assert_eq!(code, exit, "{mode}: {said}");
        assert!(exit == 0 || said.contains("chmod 600 /run/secrets/pepper"), "{said}");
    }
    if is_root() {
        let as_asha = format!(
            "exec setpriv --reuid {ASHA} --regid {ASHA} --clear-groups {:?} config check",
            env!("CARGO_BIN_EXE_otpctl")
        );
        let mut command = script(&(make.replace("MODE", "0444") + &as_asha));
        let (code, said) = ended(command.env("HOME", machine.path("")));
        assert_eq!(code, 0, "{said}");
    }
}
