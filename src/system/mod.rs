//! What is taken from the machine: the only module that opens files to read them or to append to them, and that starts
//! programs. It decides what of it is trusted.
//!
//! * [`FilePath`] and [`Program`] are what a setting names. Neither can mean the current folder.
//! * [`read_text`] reads a regular file up to a size; [`Trust`] says whose file it must be. the files that we
//!   keep are opened by [`append`] and [`open_private`].
//! * [`spool()`] keeps what can be read only once, in a file without a name.
//! * [`LogFile`] is a file that many processes add lines to, under its [`Lock`].
//! * [`Who`] is the operator of this run.
//! * [`Group`] is a running program with everything that it started.
//! * [`tls`] says whose certificates are trusted.

mod again;
mod error;
mod follow;
mod log;
mod path;
mod private;
mod program;
mod published;
mod read;
mod spool;
pub mod tls;
mod trust;
mod who;

pub use again::start_again;
pub use error::{FileError, pasteable, shown};
pub use log::{FileId, LOCK_PAUSE, Lock, LogFile, file_at, files_beside, open_lines};
pub use path::FilePath;
pub use private::{
    append, check_append, check_folder, check_private, create_private, is_writable, open_private, write_private,
};
pub use program::{Group, Program};
pub use published::write_shared;
pub use read::{MAX_CERTIFICATES, MAX_CONFIG, MAX_SECRET, Text, first_bytes, read_text, resolved};
pub use spool::spool;
pub use trust::{Found, Reader, Trust, private};
pub use who::Who;
