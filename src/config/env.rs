//! The environment as a value: `cli` reads it once, and nothing else in the crate may.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The environment that the process was started with. Names that are not UTF-8 are left out: no setting names one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<String, OsString>);

impl Env {
    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// Every variable, for a child process.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_os_str()))
    }

    /// A folder that a variable names. A relative one is ignored, as the XDG base directory specification demands: it
    /// would mean the current folder, where a stranger may have put a file.
    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The user's folder of this program under `variable`, else under the home folder.
    pub(super) fn own_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let base = self.folder(variable).or_else(|| self.folder("HOME").map(|home| home.join(below_home)))?;
        Some(base.join("otpctl"))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let named = |(name, value): (N, V)| Some((name.into().into_string().ok()?, value.into()));
        Self(variables.into_iter().filter_map(named).collect())
    }
}

impl fmt::Debug for Env {
    /// Names only: values are where secrets live.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
