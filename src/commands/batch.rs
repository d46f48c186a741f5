//! Many phones, a line each: one command over all of them, in order, each with its own result.

use std::path::Path;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::CommandResult;
use super::target::{Target, TargetArg};
use crate::app::App;
use crate::error::{Error, ErrorDocument, Exit};
use crate::output::{AnyReport, Human, Many, Row, Table, document};

/// No phone, user or id is longer.
const LONGEST: u64 = 1024;

/// What is done with each line.
#[async_trait(?Send)]
pub(super) trait Each {
    /// One of them.
    async fn each(&self, app: &App, target: &Target) -> CommandResult;
}

/// The lines that are still to be done.
pub(super) struct Batch<'a> {
    app: &'a App,
    lines: Box<dyn AsyncBufRead + Unpin>,
    each: &'a dyn Each,
    done: usize,
    failed: usize,
    /// The number of the last line that was read, from 1.
    number: u64,
    over: bool,
    /// The line that is under way.
    current: Option<String>,
}

impl<'a> Batch<'a> {
    /// Opens a file of lines; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn open(app: &'a App, from: &Path, each: &'a dyn Each) -> Result<Self, Error> {
        let lines: Box<dyn AsyncBufRead + Unpin> = if from == Path::new("-") {
            Box::new(BufReader::new(tokio::io::stdin()))
        } else {
            let opened = opened(from).await;
            let failed = |error| Error::new(Exit::Usage, anyhow::Error::new(error).context(from.display().to_string()));
            Box::new(BufReader::new(opened.map_err(failed)?))
        };
        Ok(Self { app, lines, each, done: 0, failed: 0, number: 0, over: false, current: None })
    }

    /// The next line that says something, or what is wrong with it, with as much of it as can be shown.
    async fn line(&mut self) -> Option<Result<String, (String, Error)>> {
        loop {
            let mut line = Vec::new();
            match (&mut self.lines).take(LONGEST).read_until(b'\n', &mut line).await {
                Err(error) => {
                    self.over = true;
                    let error = anyhow::Error::new(error).context("the rest could not be read");
                    return Some(Err(("-".to_owned(), Error::new(Exit::Usage, error))));
                }
                Ok(0) => return None,
                Ok(_) => self.number += 1,
            }
            if u64::try_from(line.len()).is_ok_and(|length| length >= LONGEST) && line.last() != Some(&b'\n') {
                self.skip_line().await;
                let name = format!("line {}", self.number);
                let error = Error::said(Exit::Usage, format!("a line is longer than {LONGEST} bytes"));
                return Some(Err((name, error)));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.number == 1).unwrap_or(&line);
            let Ok(text) = std::str::from_utf8(text) else {
                let name = String::from_utf8_lossy(text).trim().to_owned();
                return Some(Err((name, Error::said(Exit::Usage, "this line is not UTF-8 text"))));
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
            let Ok(buffer) = self.lines.fill_buf().await else { return };
            let (length, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.lines.consume(length);
            if ends {
                return;
            }
        }
    }

    async fn result(&self, line: &str) -> CommandResult {
        let target = line.parse::<TargetArg>()?.resolve(self.app).await?;
        self.each.each(self.app, &target).await
    }
}

#[async_trait(?Send)]
impl Many for Batch<'_> {
    fn table(&self) -> Table {
        Table::new(&["LINE", "EXIT", "RESULT"], "Nothing to do.").wrapped(&["RESULT"])
    }

    async fn next(&mut self) -> Option<Row> {
        if self.over {
            return None;
        }
        let app = self.app;
        let line = app.progress.waiting_for("the next line", self.line()).await?;
        let (name, result) = match line {
            Ok(line) => {
                self.current = Some(line.clone());
                let result = self.result(&line).await.map_err(|error| error.knowing(&self.app.progress.of_line()));
                self.app.progress.next_line();
                self.current = None;
                (line, result)
            }
            Err((name, error)) => (name, Err(error)),
        };
        let number = self.number;
        Some(match result {
            Ok(report) => {
                self.done += 1;
                let result = report.document().map_or_else(
                    |error| LineResult::Error(Box::new(Error::new(Exit::Internal, error).described(&app.printer.here))),
                    LineResult::Result,
                );
                row((number, name), report.exit(), result, words(report.as_ref()))
            }
            Err(error) => {
                self.failed += 1;
                row(
                    (number, name),
                    error.exit,
                    LineResult::Error(Box::new(error.described(&app.printer.here))),
                    error.message(),
                )
            }
        })
    }

    fn counts(&self) -> (usize, usize) {
        (self.done, self.failed)
    }

    fn interrupted(&mut self, error: &Error) -> Option<Row> {
        let line = self.current.take()?;
        self.failed += 1;
        let result = LineResult::Error(Box::new(error.described(&self.app.printer.here)));
        Some(row((self.number, line), error.exit, result, error.message()))
    }

    fn outlives_a_stop(&self) -> bool {
        true
    }
}

/// A file of lines may be a pipe, and as long as it likes: it is read line by line.
#[expect(clippy::disallowed_methods, reason = "lines are streamed, from a pipe too")]
async fn opened(from: &Path) -> std::io::Result<File> {
    File::open(from).await
}

/// What was asked for in a line, how it ended, and the document of the command alone or of its error.
#[derive(Serialize)]
struct LineDocument<'a> {
    line: &'a str,
    line_number: u64,
    exit: u8,
    #[serde(flatten)]
    result: LineResult,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineResult {
    Result(Box<RawValue>),
    Error(Box<ErrorDocument>),
}

fn row((line_number, line): (u64, String), exit: Exit, result: LineResult, words: String) -> Row {
    let exit = exit.number();
    let fields = LineDocument { line: &line, line_number, exit, result };
    Row { document: document("otpctl.result/1", &fields).ok(), cells: vec![line, exit.to_string(), words] }
}

fn words(report: &dyn AnyReport) -> String {
    match report.human() {
        Human::Text(text) | Human::Verbatim(text) | Human::Screen(text, _) | Human::Raw(text) => text,
        Human::Desk(desk, _) => desk.sentences.first().map(|(_, first)| first.clone()).unwrap_or_default(),
        Human::Rows(_) | Human::Listed(..) => String::new(),
    }
}
