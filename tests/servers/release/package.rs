//! The packages, of the program of the tests: what is in them, and that the same program gives the same bytes.
//! `packaging/check` installs the Debian one on a bare Debian.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Makes the packages in a folder, and gives the checksums.
fn packed(folder: &Path) -> String {
    let program = folder.join("program");
    // What the tests run has the lines of its sources, which would double the time.
    let stripped = Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_otpctl")).status().unwrap();
    assert!(stripped.success());
    let ran = Command::new("bash")
        .args(["scripts/package", "--program"])
        .arg(&program)
        .env("OTPCTL_PACKAGES", folder.join("out"))
        .env("OTPCTL_MAINTAINER", "A. Maintainer <a@example.com>")
        .env("SOURCE_DATE_EPOCH", "1795759200")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    std::fs::read_to_string(folder.join("out/SHA256SUMS")).unwrap()
}

fn listed(command: &mut Command) -> String {
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn the_packages_have_all_that_belongs_to_the_program() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let sums: Vec<String> = std::thread::scope(|scope| {
        let made: Vec<_> = folders.iter().map(|folder| scope.spawn(|| packed(folder.path()))).collect();
        made.into_iter().map(|made| made.join().unwrap()).collect()
    });
    assert_eq!(sums[0], sums[1], "the same program gives the same bytes");
    let file = |end: &str| {
        let name = sums[0].lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name);
        folders[0].path().join("out").join(name.into_iter().find(|name| name.ends_with(end)).unwrap())
    };

    let listing = listed(Command::new("tar").arg("tzf").arg(file(".tar.gz")));
    for name in [
        "/otpctl\n",
        "/man/otpctl-send.1\n",
        "/completions/_otpctl\n",
        "/THIRD-PARTY\n",
        "/LICENSE\n",
        "/docs/schemas/send.1.json\n",
    ] {
        assert!(listing.contains(name), "the tarball has no {name:?}:\n{listing}");
    }

    let deb = file(".deb");
    let listing = listed(Command::new("dpkg-deb").arg("-c").arg(&deb));
    let entries: BTreeMap<&str, &str> = listing
        .lines()
        .map(|line| (line.split_whitespace().nth(5).unwrap(), line.split_whitespace().next().unwrap()))
        .collect();
    for (name, mode) in [
        ("./usr/bin/otpctl", "-rwxr-xr-x"),
        ("./usr/share/man/man1/otpctl-user-link.1.gz", "-rw-r--r--"),
        ("./usr/share/bash-completion/completions/otpctl", "-rw-r--r--"),
        ("./usr/share/zsh/vendor-completions/_otpctl", "-rw-r--r--"),
        ("./usr/share/fish/vendor_completions.d/otpctl.fish", "-rw-r--r--"),
        ("./usr/share/doc/otpctl/copyright", "-rw-r--r--"),
        ("./etc/otpctl/", "drwxr-x---"),
        ("./etc/otpctl/otpctl.toml.example", "-rw-r-----"),
        ("./var/lib/otpctl/", "drwxr-x---"),
    ] {
        assert_eq!(entries.get(name), Some(&mode), "{name}:\n{listing}");
    }
    assert!(listing.lines().all(|line| line.contains(" root/root ")), "{listing}");
    let field = |name: &str| listed(Command::new("dpkg-deb").arg("-f").arg(&deb).arg(name)).trim().to_owned();
    assert_eq!(field("Version"), concat!(env!("CARGO_PKG_VERSION"), "-1"));
    assert!(field("Depends").contains("libc6 (>= ") && field("Depends").contains("adduser"), "{}", field("Depends"));
    let conffiles = listed(Command::new("dpkg-deb").arg("-I").arg(&deb).arg("conffiles"));
    assert_eq!(conffiles, "/etc/otpctl/otpctl.toml.example\n");
}
