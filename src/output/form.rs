//! The form of what is printed, and how much of it.

/// The form of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A sentence for one thing, a table for many.
    #[default]
    Human,
    /// One document.
    Json,
    /// One document a line.
    Jsonl,
}

/// Whether words are colored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Nowhere.
    Never,
}

/// How much is printed beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Nothing but the exit code.
    Silent,
    /// Results and errors.
    Quiet,
    /// And hints and warnings.
    Normal,
}
