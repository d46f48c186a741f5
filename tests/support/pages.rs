//! The pages of the documentation.

use std::fs;
use std::path::{Path, PathBuf};

/// Commands of the pages that no test runs, and why.
pub const NOT_RUN: [(&str, &str); 12] = [
    ("scripts/package", "a quarter of an hour: `packaging/check` installs what it makes"),
    (
        "apt install ./otpctl_0.1.0-1_amd64.deb",
        "another system's package manager: `packaging/check` runs it on a bare Debian",
    ),
    (
        "docker run --rm -v otpctl:/data otpctl send +919876543210",
        "takes an image; tests/fast/packaging.rs holds its steps",
    ),
    ("docker run --rm -v /etc/otpctl:/etc/otpctl:ro otpctl doctor", "takes an image"),
    ("benches/run --write", "twenty minutes of a quiet machine"),
    (
        "cargo install --locked --path .",
        "three minutes: the build is `.ci/run`'s, and the tests have what it leaves behind",
    ),
    ("cargo run --release -- send +919876543210", "three minutes: `.ci/first-command` runs it"),
    ("cargo run --release -- verify +919876543210", "three minutes: `.ci/first-command` runs it"),
    ("apt-get install -y build-essential curl", "another system's package manager"),
    ("curl -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env", "another project's installer, over the network"),
    ("eval \"$(aws configure export-credentials --format env)\"", "another vendor's tool, with an account there"),
    ("otpctl audit anchor | ssh log.internal 'cat >> otpctl-anchors'", "takes another machine"),
];

/// Whether no test runs it.
pub fn is_not_run(command: &str) -> bool {
    NOT_RUN.iter().any(|(not_run, _)| *not_run == command)
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages, each with its text.
pub fn pages() -> Vec<(PathBuf, String)> {
    let folder = fs::read_dir(root().join("docs")).expect("docs/");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(root().join("README.md"));
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a page");
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The name of a page as people call it.
pub fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// A fenced block of a page.
pub struct Fence<'a> {
    /// The line of its opening.
    pub line: usize,
    /// What is behind the opening.
    pub language: &'a str,
    /// The line above.
    pub above: &'a str,
    /// Its lines, each with its place in the page, counted from 0.
    pub inside: Vec<(usize, &'a str)>,
}

/// A page, taken apart: its blocks, and the lines outside of them.
pub fn parted(text: &str) -> (Vec<Fence<'_>>, Vec<(usize, &str)>) {
    let mut lines = text.lines().enumerate();
    let (mut fences, mut outside): (Vec<Fence<'_>>, Vec<(usize, &str)>) = (Vec::new(), Vec::new());
    while let Some((place, line)) = lines.next() {
        match line.strip_prefix("```") {
            Some(language) => {
                let above = outside.last().map_or("", |(_, line)| *line);
                let inside = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
                fences.push(Fence { line: place + 1, language, above, inside });
            }
            None => outside.push((place, line)),
        }
    }
    (fences, outside)
}
