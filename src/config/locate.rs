//! Which file is read: the first of a fixed list, and never one of the current folder.

use std::path::{Path, PathBuf};

use super::env::Env;
use crate::otp::escape::escaped;
use crate::otp::{Hint, hint, suggest};
use crate::system::{pasteable, shown};
use crate::toml_tree::ConfigError;

/// The machine's folder.
const SYSTEM: &str = "/etc/otpctl";
/// The file that is read where none is named.
const DEFAULT_NAME: &str = "otpctl.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// The file, in this line.
    File {
        /// From 1.
        line: usize,
    },
    /// A flag.
    Flag,
    /// An environment variable, by name.
    Environment(&'static str),
}

/// A value from a flag or from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The value.
    pub value: T,
    /// From a flag, and not from the environment.
    pub by_flag: bool,
}

/// The file as the command line and the environment name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `--config`, else `OTPCTL_CONFIG`.
    pub config: Option<Chosen<PathBuf>>,
    /// `--profile`, else `OTPCTL_PROFILE`.
    pub profile: Option<Chosen<String>>,
}

/// The file that was found, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file to read; none: the defaults hold.
    pub path: Option<PathBuf>,
    /// It was named by flag or environment.
    pub named: bool,
    /// By which of them.
    pub origin: Origin,
    /// Where it was looked for, in order.
    pub tried: Vec<PathBuf>,
    /// A profile that was given too and is not read, because a file was named: worth a warning.
    pub ignored_profile: Option<String>,
}

/// Finds the file.
///
/// # Errors
/// When a file is named and not there, when a profile's name is none, or when it cannot be told whether a file is
/// there: what cannot be read is never skipped for something weaker.
pub fn locate(request: &Request, env: &Env) -> Result<Located, ConfigError> {
    locate_in(request, env, Path::new(SYSTEM))
}

/// Where a user's own file is: the first path that is tried if no file is named. `None` without a home folder.
#[must_use]
pub fn default_path(env: &Env) -> Option<PathBuf> {
    env.own_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join(DEFAULT_NAME))
}

/// Where a user's own file for a profile is. None without a home folder.
///
/// # Errors
/// When the profile's name is none.
pub fn profile_path(profile: &str, env: &Env) -> Result<Option<PathBuf>, ConfigError> {
    let file = file_of(profile)?;
    Ok(env.own_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join(file)))
}

/// Every profile that `--profile` could name.
#[must_use]
pub fn profile_names(env: &Env) -> Vec<String> {
    let folders = env.own_folder("XDG_CONFIG_HOME", ".config").into_iter().chain([PathBuf::from(SYSTEM)]);
    let mut names: Vec<String> = folders.flat_map(|folder| profiles(&folder)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// [`locate`] with another folder for the machine's files.
pub(super) fn locate_in(request: &Request, env: &Env, system: &Path) -> Result<Located, ConfigError> {
    let folders: Vec<PathBuf> =
        env.own_folder("XDG_CONFIG_HOME", ".config").into_iter().chain([system.to_owned()]).collect();
    let origin = |by_flag: bool, name| if by_flag { Origin::Flag } else { Origin::Environment(name) };
    // An empty variable is the shell's way to unset it for one command; an empty flag is a mistake.
    let config = request.config.as_ref().filter(|config| config.by_flag || !config.value.as_os_str().is_empty());
    let profile = request.profile.as_ref().filter(|profile| profile.by_flag || !profile.value.is_empty());
    if let Some(config) = config {
        let ignored_profile = profile.map(|profile| profile.value.clone());
        let path = config.value.clone();
        if !exists(&path)? {
            return Err(no_file(&path, &folders));
        }
        let origin = origin(config.by_flag, "OTPCTL_CONFIG");
        return Ok(Located { path: Some(path.clone()), named: true, origin, tried: vec![path], ignored_profile });
    }
    let name = match profile {
        Some(profile) => file_of(&profile.value)?,
        None => DEFAULT_NAME.to_owned(),
    };
    let mut tried = Vec::new();
    for folder in &folders {
        let path = folder.join(&name);
        tried.push(path.clone());
        if exists(&path)? {
            let origin = profile.map(|profile| origin(profile.by_flag, "OTPCTL_PROFILE"));
            let named = origin.is_some();
            let origin = origin.unwrap_or(Origin::Default);
            return Ok(Located { path: Some(path), named, origin, tried, ignored_profile: None });
        }
    }
    match profile {
        Some(profile) => Err(no_profile(&profile.value, &folders)),
        None => Ok(Located { path: None, named: false, origin: Origin::Default, tried, ignored_profile: None }),
    }
}

/// Whether something is there. A folder that may not be searched is an error: behind it may be the very file.
fn exists(path: &Path) -> Result<bool, ConfigError> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            // A broken link is a file that was meant to be there.
            match std::fs::symlink_metadata(path) {
                Ok(_) => Err(ConfigError::new("broken symbolic link").in_file(path)),
                Err(_) => Ok(false),
            }
        }
        Err(error) => Err(ConfigError::new(format!("cannot be accessed: {}", error.kind()))
            .in_file(path)
            .hint(Hint::shell(format!("ls -ld {}", pasteable(path))))),
    }
}

/// A profile is the name of a file and never a path: `../x` would lead out of the folders.
fn file_of(profile: &str) -> Result<String, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if profile.is_empty() || profile.len() > 64 || profile.starts_with('.') || !profile.bytes().all(plain) {
        return Err(ConfigError::new("expected a profile name of 1 to 64 letters, digits, `_`, `-` and `.`")
            .hint("pass a path with --config"));
    }
    Ok(format!("{profile}.toml"))
}

/// The profiles in a folder, by name.
fn profiles(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(escaped))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names
}

/// The hint for a file that was probably meant.
fn check(file: hint::Chosen) -> Hint {
    Hint::run(&["config", "check"]).with_file(file)
}

/// A command that works without the missing file.
fn without_a_file(path: &[&str]) -> Hint {
    Hint::run(path).with_file(hint::Chosen::default())
}

fn no_file(path: &Path, folders: &[PathBuf]) -> ConfigError {
    let error = ConfigError::new("there is no such file").in_file(path);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // `--config prod` is a slip for `--profile prod`.
    if path.components().count() == 1 && folders.iter().any(|folder| profiles(folder).contains(&stem)) {
        return error.hint(check(hint::Chosen::profile(&stem)).because("it is the name of a profile"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let names = folder.map(profiles).unwrap_or_default();
    match (folder, suggest::nearest(&stem, names.iter().map(String::as_str))) {
        (Some(folder), Some(near)) => error.hint(
            check(hint::Chosen::config(folder.join(format!("{near}.toml")).as_os_str()))
                .because("did you mean this one"),
        ),
        _ => error.hint(without_a_file(&["config", "path"]).because("see where files are looked for")),
    }
}

fn no_profile(profile: &str, folders: &[PathBuf]) -> ConfigError {
    let mut known: Vec<String> = folders.iter().flat_map(|folder| profiles(folder)).collect();
    known.sort_unstable();
    known.dedup();
    let meant = suggest::meant(profile, known.iter().map(String::as_str));
    let within: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
    let error = ConfigError::new(format!("there is no {profile}.toml in {}{meant}", within.join(" or ")));
    match suggest::nearest(profile, known.iter().map(String::as_str)) {
        Some(near) => error.hint(check(hint::Chosen::profile(near)).because("did you mean this one")),
        None if known.is_empty() => error.hint(without_a_file(&["config", "init"]).because("write a first file")),
        None => error.hint(format!("profiles: {}", known.join(", "))),
    }
}
