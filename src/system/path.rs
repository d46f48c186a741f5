//! A path that a setting names: always absolute, so that it can never mean something in the current folder.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::error::shown;

/// An absolute path. `Display` escapes what a terminal would obey.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilePath(PathBuf);

impl FilePath {
    /// A path that is absolute already; `None` for any other.
    #[must_use]
    pub fn absolute(path: impl Into<PathBuf>) -> Option<Self> {
        Some(path.into()).filter(|path| path.is_absolute()).map(Self)
    }

    /// What `text` names in the folder of `file`, which may itself be named from the current folder: that is where the
    /// file was found, and later changes of the current folder do not matter.
    ///
    /// # Errors
    /// When the current folder is asked for and is not there.
    pub fn beside(file: &Path, text: &str) -> std::io::Result<Self> {
        let folder = file.parent().unwrap_or(Path::new(""));
        std::path::absolute(folder.join(text)).map(Self)
    }
}

impl Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_beside_the_file_that_names_it() {
        let beside = |text| FilePath::beside(Path::new("/etc/otpctl/otpctl.toml"), text).unwrap().to_string();
        assert_eq!(beside("codes.db"), "/etc/otpctl/codes.db");
        assert_eq!(beside("./run/x"), "/etc/otpctl/run/x");
        assert_eq!(beside("/var/x"), "/var/x");
        assert!(FilePath::beside(Path::new("otpctl.toml"), "x").unwrap().is_absolute());
        assert_eq!(FilePath::absolute("x"), None);
    }

    #[test]
    fn a_path_drives_no_terminal() {
        assert_eq!(FilePath::absolute("/a\u{1b}[2J\u{202e}").unwrap().to_string(), "/a\\u{1b}[2J\\u{202e}");
    }
}
