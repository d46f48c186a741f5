//! Lists the catalogs for the compiler, so that a gateway or a directory is one TOML file and no line of code; indexes the
//! numbering plans; takes in the JSON Schemas of the documents.

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
    schemas(&Path::new(&out).join("schemas.rs"))?;
    scripts("src/store/redis", &Path::new(&out).join("lua"))?;
    without_libgcc(Path::new(&out))?;
    plans::index(Path::new(&out))
}

/// Writes the scripts of a folder without their comments and indents: a server has no use for them, and no process is to
/// take them out.
fn scripts(folder: &str, to: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={folder}")?;
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|end| end == "lua")) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("--"));
        fs::write(to.join(name), lines.flat_map(|line| [line, "\n"]).collect::<String>())?;
    }
    Ok(())
}

/// Takes what the standard library needs of libgcc from its archive: nothing here unwinds, and every process would load the
/// whole library at its start, which takes 2 % of a `verify`. It is the same code with the same license exception.
fn without_libgcc(out: &Path) -> Result<(), Box<dyn Error>> {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|own| own == value);
    // Others have no such library, or link it into the program anyway.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // The linker takes a text in place of a library for what is to be linked instead.
        fs::write(out.join("libgcc_s.so"), "INPUT(-lgcc_eh -lgcc)\n")?;
        writeln!(io::stdout(), "cargo::rustc-link-search=native={}", out.display())?;
    }
    Ok(())
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

/// Writes the name and the schema of every document: in one line, as indents would be a third of them.
fn schemas(to: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "cargo::rerun-if-changed=docs/schemas")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas"))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a schema's file name is not UTF-8")?;
        // A document without a version is a line of a file, which nobody asks for its name.
        let name = stem.rsplit_once('.').map_or_else(|| stem.to_owned(), |(name, version)| format!("{name}/{version}"));
        files.push((format!("otpctl.{name}"), path));
    }
    files.sort();
    let mut list = String::from("[\n");
    for (name, path) in files {
        let text: String = fs::read_to_string(path)?.lines().map(str::trim_start).collect();
        writeln!(list, "    ({name:?}, {text:?}),")?;
    }
    list.push_str("]\n");
    Ok(fs::write(to, list)?)
}
