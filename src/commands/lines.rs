//! Lines that somebody else wrote: from a file, a pipe or standard input, one at a time, none longer than it may be.

use std::path::Path;

use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::error::{Error, Exit};

/// The lines that are still to be read.
pub(super) struct InputLines {
    input: Box<dyn AsyncBufRead + Unpin>,
    longest: u64,
    number: u64,
}

/// A line that cannot be used: as much of it as can be shown, and what is wrong with it.
pub(super) struct BadLine {
    pub(super) name: String,
    pub(super) error: Error,
    /// Nothing more can be read.
    pub(super) is_last: bool,
}

impl BadLine {
    fn new(name: String, why: impl Into<String>) -> Self {
        Self { name, error: Error::said(Exit::Usage, why.into()), is_last: false }
    }
}

/// Opens what is to be read; `-` is standard input.
///
/// # Errors
/// When it cannot be opened.
pub(super) async fn open(from: &Path) -> Result<Box<dyn AsyncBufRead + Unpin>, Error> {
    if from == Path::new("-") {
        return Ok(Box::new(BufReader::new(tokio::io::stdin())));
    }
    let failed = |error| Error::new(Exit::Usage, anyhow::Error::new(error).context(from.display().to_string()));
    Ok(Box::new(BufReader::new(opened(from).await.map_err(failed)?)))
}

/// A file of lines may be a pipe, and as long as it likes: it is read line by line.
#[expect(clippy::disallowed_methods, reason = "lines are streamed, from a pipe too")]
async fn opened(from: &Path) -> std::io::Result<File> {
    File::open(from).await
}

impl InputLines {
    /// No line may be as long as this, in bytes.
    pub(super) fn new(input: Box<dyn AsyncBufRead + Unpin>, longest: u64) -> Self {
        Self { input, longest, number: 0 }
    }

    /// The number of the last line that was read, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that says something, without the space around it. Empty lines and comments, which begin with `#`, say
    /// nothing.
    pub(super) async fn next(&mut self) -> Option<Result<String, BadLine>> {
        loop {
            let mut line = Vec::new();
            match (&mut self.input).take(self.longest).read_until(b'\n', &mut line).await {
                Err(error) => {
                    let error = anyhow::Error::new(error).context("the rest could not be read");
                    let error = Error::new(Exit::Usage, error);
                    return Some(Err(BadLine { name: "-".to_owned(), error, is_last: true }));
                }
                Ok(0) => return None,
                Ok(_) => self.number += 1,
            }
            if u64::try_from(line.len()).is_ok_and(|length| length >= self.longest) && line.last() != Some(&b'\n') {
                self.skip_line().await;
                let why = format!("a line is longer than {} bytes", self.longest);
                return Some(Err(BadLine::new(format!("line {}", self.number), why)));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.number == 1).unwrap_or(&line);
            let Ok(text) = std::str::from_utf8(text) else {
                let name = String::from_utf8_lossy(text).trim().to_owned();
                return Some(Err(BadLine::new(name, "this line is not UTF-8 text")));
            };
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                return Some(Ok(text.to_owned()));
            }
        }
    }

    /// Passes over the rest of a line, however long it is, and keeps none of it.
    async fn skip_line(&mut self) {
        loop {
            let Ok(buffer) = self.input.fill_buf().await else { return };
            let (length, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.input.consume(length);
            if ends {
                return;
            }
        }
    }
}
