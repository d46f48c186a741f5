//! What makes the packages, as far as that can be told without making them: `packaging/check` does the rest on a bare Debian.

use std::path::Path;
use std::process::Command;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_script_is_one() {
    for (shell, file) in [
        ("bash", "scripts/package"),
        ("bash", "scripts/deny"),
        ("bash", "packaging/check"),
        ("bash", "packaging/licenses"),
        ("bash", "packaging/debian/build"),
        ("sh", "packaging/debian/postinst"),
        ("sh", "packaging/debian/postrm"),
    ] {
        assert!(read(file).starts_with(if shell == "sh" { "#!/bin/sh\n" } else { "#!/usr/bin/env bash\n" }), "{file}");
        let mut command = if shell == "sh" { Command::new("sh") } else { Command::new("bash") };
        let ran = command.arg("-n").arg(file).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(ran.status.success(), "{file}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// An image cannot be built in every run; its steps are those of the script, which can.
#[test]
fn the_image_has_the_program_of_the_script_and_no_power() {
    let image = read("Dockerfile");
    let (build, shipped) = image.rsplit_once("\nFROM ").unwrap();
    assert!(shipped.starts_with("scratch\n"), "nothing but the program: {shipped}");
    assert!(build.contains("scripts/package --musl --program-only"), "{build}");
    let script = read("scripts/package");
    for option in ["--musl)", "--program-only)"] {
        assert!(script.contains(option), "{option}");
    }
    assert!(build.contains("musl-tools") && script.contains("musl-gcc"));
    assert!(shipped.contains("/src/target/package/otpctl") && script.contains("$out/otpctl"));
    let user = shipped.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");

    let number = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let image = build.split("FROM rust:").nth(1).unwrap().split('-').next().unwrap();
    let needed = read("Cargo.toml");
    let needed = needed.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(number(image) >= number(needed), "Rust {image} builds what needs {needed}");
}
