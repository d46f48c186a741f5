//! Lists the catalogs for the compiler, so that a gateway or a directory is one TOML file and no line of code; indexes the
//! numbering plans.

#![expect(clippy::disallowed_methods, reason = "a build reads its own files, and writes into its own folder")]

#[path = "build/plans.rs"]
mod plans;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

/// Where the definitions are, from the root of the package, and the file that lists them.
const CATALOGS: [(&str, &str); 2] =
    [("src/provider/catalog", "catalog.rs"), ("src/directory/catalog", "directories.rs")];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is set by cargo")?;
    for (catalog, list) in CATALOGS {
        listed(catalog, &Path::new(&out).join(list))?;
    }
    plans::index(Path::new(&out))
}

/// Writes the name and the text of every definition of a folder.
fn listed(catalog: &str, to: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={catalog}")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(catalog);
    let mut kinds = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().into_string().map_err(|_| "a definition's file name is not UTF-8")?;
        if let Some(kind) = name.strip_suffix(".toml") {
            kinds.push(kind.to_owned());
        }
    }
    kinds.sort();
    let mut list = String::from("[\n");
    for kind in kinds {
        let file = folder.join(format!("{kind}.toml"));
        writeln!(list, "    ({kind:?}, include_str!({:?})),", file.display().to_string())?;
    }
    list.push_str("]\n");
    Ok(fs::write(to, list)?)
}
