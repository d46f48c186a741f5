//! The options of every command that takes many lines.

use std::path::PathBuf;

use super::pace::Rate;
use super::records::Form;

/// The options of every command that takes many lines.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::commands) struct BatchArgs {
    /// Do it for each line of a file, or of stdin (`-`)
    ///
    /// A phone, `user:ID` or reference a line; CSV with a header such as `phone,purpose`; or JSON Lines. What a line says
    /// is used instead of the options of the same name. Exits with 19 if some lines failed.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) from: Option<PathBuf>,
    /// How the file is written [default: as its first line looks]
    #[arg(long, value_name = "FORM", value_enum, requires = "from", hide_short_help = true)]
    pub(super) format: Option<Form>,
    /// Lines at once [default: 8 for messages, 16 for changes; 1 for changes of the embedded store]
    #[arg(long, value_name = "N", requires = "from", hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) concurrency: Option<u16>,
    /// Begin at most so many lines in a second, minute or hour: 50/s, 300/m
    #[arg(long, value_name = "RATE", requires = "from", hide_short_help = true)]
    pub(super) rate: Option<Rate>,
    /// Begin no more lines after so many failed
    #[arg(long, value_name = "N", requires = "from", hide_short_help = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_errors: Option<u64>,
    /// Keep in FILE what was done, and continue there when run again
    ///
    /// Each line is done once, also if the command is killed. Lines that were being done then are reported as exit 27
    /// or 23, and are not repeated.
    #[arg(long, value_name = "FILE", requires = "from", hide_short_help = true)]
    pub(super) checkpoint: Option<PathBuf>,
}
