//! The recipe for one secret of several people and of containers, run as the page has it: by root, with the real programs,
//! in a mount name space in which `/etc`, `/run`, `/home` and `/var` are this test's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use otpctl::system::{Found, Reader, private};

use super::page::{Block, Step, blocks};
use super::{compared, marked};
use crate::support::pages::root;

/// What root does before the page begins: a machine like any, with one user more.
const BEFORE: &str = "set -e
cp -a /etc \"$WORK/etc\"; mount --bind \"$WORK/etc\" /etc
for folder in /run /home /var; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mount --bind \"$WORK/bin\" /usr/local/bin
mkdir -p /etc/otpctl; rm -f /etc/otpctl/*; useradd -m asha
set +e; exec 2>&1
";

/// What Kubernetes does with a secret: a folder that all may write, mounted read-only, and links in it.
const MOUNT: &str = "mkdir -p MOUNT; mount -t tmpfs -o mode=1777 tmpfs MOUNT; mkdir -m 755 MOUNT/..now; cp /etc/otpctl/pepper MOUNT/..now/
chown root:GROUP MOUNT/..now/pepper; chmod MODE MOUNT/..now/pepper; ln -s ..now MOUNT/..data; ln -s ..data/pepper MOUNT/pepper
mount -o remount,ro MOUNT; sed -i 's|file = .*pepper\"|file = \"MOUNT/pepper\"|' /etc/otpctl/otpctl.toml";

/// What a container engine does.
const SECRETS: &str = "mkdir -p /run/secrets; cp /etc/otpctl/pepper /run/secrets/; chmod 444 /run/secrets/pepper
sed -i 's|file = .*pepper\"|file = \"/run/secrets/pepper\"|' /etc/otpctl/otpctl.toml";

#[test]
fn one_pepper_is_shared_as_the_page_says() {
    let page = fs::read_to_string(root().join("docs/security.md")).expect("the page");
    let (mut steps, mut pod) = (Vec::new(), String::new());
    for (_, block) in blocks(&page) {
        match block {
            Block::Root(shown) => steps.extend(shown),
            Block::Kubernetes(yaml) => pod.push_str(&yaml),
            _ => {}
        }
    }
    let number = |key: &str| -> String {
        let line = pod.lines().find_map(|line| line.trim().trim_start_matches("- ").strip_prefix(&format!("{key}: ")));
        line.unwrap_or_else(|| panic!("the page sets {key}")).to_owned()
    };
    let [user, group, mode, mount] = ["runAsUser", "fsGroup", "defaultMode", "mountPath"].map(number);
    holds(&steps, &user, &group, &mode);
    let work = tempfile::tempdir().expect("a folder");
    fs::set_permissions(work.path(), Permissions::from_mode(0o755)).expect("a mode");
    fs::create_dir(work.path().join("bin")).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_otpctl"), work.path().join("bin/otpctl")).expect("the program");
    if !may_mount() {
        // Giving a file to a group, adding users and mounting take root. The rule was held to the page's own numbers.
        return;
    }
    let as_pod = |groups: &str| format!("HOME=/nowhere setpriv --reuid {user} --regid 0 {groups} otpctl config check");
    let fill = |text: &str| text.replace("MOUNT", &mount).replace("GROUP", &group).replace("MODE", &mode);
    let fetched = "ok\tmessage.text\t1 segment, 52 GSM-7 characters\t\nok\tcode.peppers.1\tcan be fetched\t\n";
    for (command, output) in [
        (fill(MOUNT), ""),
        (as_pod(&format!("--groups {group}")), fetched),
        (SECRETS.to_owned(), ""),
        (as_pod("--clear-groups"), fetched),
        ("otpctl config check".to_owned(), fetched),
    ] {
        steps.push(Step { line: 0, command, output: output.to_owned(), status: 0 });
    }
    let script: String = steps.iter().map(|step| marked(&step.command)).collect();
    let printed = as_root(work.path(), &format!("{BEFORE}{script}"));
    let wrong = compared("docs/security.md", &printed, &steps);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rule itself, with the modes and ids of the page: that needs no root.
fn holds(steps: &[Step], user: &str, group: &str, mode: &str) {
    let octal = |text: &str| u32::from_str_radix(text, 8).expect("a mode");
    let shared = steps.iter().find_map(|step| step.command.strip_prefix("chmod ")?.split(' ').next()).expect("a mode");
    let [user, group] = [user, group].map(|id| id.parse().expect("an id"));
    let reader = Reader { user, groups: vec![0, group] };
    for mode in [octal(shared), octal(mode)] {
        let judged =
            |path: &str, mode| private(Path::new(path), Path::new(path), Found { owner: 0, group, mode }, &reader, "");
        judged("/etc/otpctl/pepper", mode).expect("as the page says");
        judged("/etc/otpctl/pepper", mode | 0o004).expect_err("others may read it");
        judged("/run/secrets/pepper", 0o444).expect("as the page says");
        judged("/run/secrets/pepper", 0o446).expect_err("others may write it");
    }
}

fn may_mount() -> bool {
    let tried =
        Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/run"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

fn as_root(work: &Path, script: &str) -> String {
    let path = work.join("script");
    fs::write(&path, script).expect("a script");
    let output = Command::new("unshare")
        .args(["-m", "sh"])
        .arg(path)
        .env_clear()
        .envs([
            ("HOME", Path::new("/root")),
            ("WORK", work),
            ("PATH", Path::new("/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("unshare");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
