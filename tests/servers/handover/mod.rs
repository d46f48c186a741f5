//! docs/sign-in.md, which hands users over, and the hook that takes codes from another server: each of these programs is run
//! as it is written, with the libraries and frameworks that it names.

mod apps;
mod supabase;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::pages::root;

/// The hook of Supabase.
const HOOK: &str = "supabase-hook.mjs";

/// The programs of the page and the hook, by their names, and the libraries of npm beside them.
struct Programs(TempDir);

impl Programs {
    fn of_page() -> Self {
        let folder = TempDir::new().unwrap();
        let page = fs::read_to_string(root().join("docs/sign-in.md")).unwrap();
        let mut count = 0;
        for block in page.split("\n```").skip(1) {
            let Some((_, text)) = block.split_once('\n').filter(|(language, _)| matches!(*language, "python" | "js"))
            else {
                continue;
            };
            let first = text.lines().next().unwrap();
            let name = first.trim_start_matches(['#', '/', ' ']);
            fs::write(folder.path().join(name), text).unwrap();
            count += 1;
        }
        assert_eq!(count, 3, "the page has a program for each of them");
        let hook = root().join("examples").join(HOOK);
        fs::copy(hook, folder.path().join(HOOK)).unwrap();
        let modules = std::env::var_os("OTPCTL_HANDOVER_MODULES")
            .map_or_else(|| root().join("target/handover/node_modules"), PathBuf::from);
        assert!(modules.join("jose").is_dir(), "npm's jose is not in {}: scripts/test installs it", modules.display());
        symlink(modules, folder.path().join("node_modules")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is beside the page in this folder of the tests.
    fn own(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/handover").join(name)
    }
}
