//! Lines that somebody else wrote: from a file, a pipe or standard input, one at a time, none longer than it may be.

use std::path::Path;

use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use zeroize::Zeroizing;

use crate::error::{Error, Exit};

/// The lines that are still to be read.
pub(super) struct InputLines {
    input: Box<dyn AsyncBufRead + Unpin>,
    longest: u64,
    number: u64,
    bytes: u64,
}

/// A line as it was written, without its end.
pub(super) struct RawLine {
    /// From 1.
    pub(super) number: u64,
    pub(super) text: Zeroizing<String>,
}

/// A line that cannot be used: as much of it as can be shown, and what is wrong with it.
pub(super) struct BadLine {
    pub(super) name: String,
    pub(super) error: Error,
    /// Nothing more can be read.
    pub(super) is_last: bool,
}

impl RawLine {
    /// Empty lines and comments, which begin with `#`.
    pub(super) fn says_nothing(&self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }
}

/// The fields of a record of CSV, without the space around them. `None`: it is none, or a quote of it is not closed.
pub(super) fn fields(line: &str, delimiter: u8) -> Option<Vec<Zeroizing<String>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    is_closed(line).then(|| record.iter().map(|field| Zeroizing::new(field.to_owned())).collect())
}

/// Whether every quote is closed.
pub(super) fn is_closed(line: &str) -> bool {
    line.bytes().filter(|byte| *byte == b'"').count() % 2 == 0
}

/// What stands between the fields of a header.
pub(super) fn delimiter(header: &str) -> Option<u8> {
    [b',', b';', b'\t'].into_iter().find(|byte| header.as_bytes().contains(byte))
}

impl BadLine {
    pub(super) fn new(name: String, why: impl Into<String>) -> Self {
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
        Self { input, longest, number: 0, bytes: 0 }
    }

    /// The number of the last line that was read, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes of the input the lines so far took.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that says something, without the space around it. Empty lines and comments, which begin with `#`, say
    /// nothing.
    pub(super) async fn next(&mut self) -> Option<Result<String, BadLine>> {
        loop {
            match self.next_raw().await? {
                Ok(line) if line.says_nothing() => {}
                line => return Some(line.map(|line| line.text.trim().to_owned())),
            }
        }
    }

    /// The next line, whatever is in it.
    pub(super) async fn next_raw(&mut self) -> Option<Result<RawLine, BadLine>> {
        // It may hold a code.
        let mut line = Zeroizing::new(Vec::new());
        match (&mut self.input).take(self.longest).read_until(b'\n', &mut line).await {
            Err(error) => {
                let error = anyhow::Error::new(error).context("the rest could not be read");
                let error = Error::new(Exit::Usage, error);
                return Some(Err(BadLine { name: "-".to_owned(), error, is_last: true }));
            }
            Ok(0) => return None,
            Ok(length) => {
                self.number += 1;
                self.bytes += u64::try_from(length).unwrap_or(u64::MAX);
            }
        }
        let number = self.number;
        if u64::try_from(line.len()).is_ok_and(|length| length >= self.longest) && line.last() != Some(&b'\n') {
            self.skip_line().await;
            let why = format!("a line is longer than {} bytes", self.longest);
            return Some(Err(BadLine::new(format!("line {number}"), why)));
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(&line);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let Ok(text) = std::str::from_utf8(text) else {
            let name = String::from_utf8_lossy(text).trim().to_owned();
            return Some(Err(BadLine::new(name, "this line is not UTF-8 text")));
        };
        Some(Ok(RawLine { number, text: Zeroizing::new(text.to_owned()) }))
    }

    /// Passes over the rest of a line, however long it is, and keeps none of it.
    async fn skip_line(&mut self) {
        loop {
            let Ok(buffer) = self.input.fill_buf().await else { return };
            let (length, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.bytes += u64::try_from(length).unwrap_or(u64::MAX);
            self.input.consume(length);
            if ends {
                return;
            }
        }
    }
}
