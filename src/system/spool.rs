//! A copy of what can be read only once, in a file that has no name: nobody else can open it, and it is gone with the
//! process.

use std::fs::File;
use std::io;

/// An empty file without a name, in the folder for temporary files.
///
/// # Errors
/// When there is no room for one.
pub fn spool() -> io::Result<File> {
    tempfile::tempfile()
}
