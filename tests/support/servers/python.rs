//! The Python that has the packages which tests need.

use std::ffi::OsString;
use std::path::Path;

/// `OTPCTL_PYTHON`, else the one that `scripts/test` installs, else that of the system.
pub fn python() -> OsString {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    let usual = || if installed.exists() { installed.into_os_string() } else { "python3".into() };
    std::env::var_os("OTPCTL_PYTHON").unwrap_or_else(usual)
}
