//! Many phones, a line each: one command over all of them, in order, each with its own result.

use std::path::Path;

use async_trait::async_trait;
use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::Done;
use super::target::{Target, target};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::output::{Human, Many, Report, Row};

/// No phone, user or id is longer.
const LONGEST: u64 = 1024;

/// What is done with each line.
#[async_trait(?Send)]
pub(super) trait Each {
    /// One of them.
    async fn each(&self, app: &App, target: &Target) -> Done;
}

/// The lines that are still to be done.
pub(super) struct Batch<'a> {
    app: &'a App,
    lines: Box<dyn AsyncBufRead + Unpin>,
    each: &'a dyn Each,
    done: usize,
    failed: usize,
    over: bool,
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
        Ok(Self { app, lines, each, done: 0, failed: 0, over: false })
    }

    /// The next line that says something. What cannot be read ends the lines.
    async fn line(&mut self) -> Option<Result<String, Error>> {
        loop {
            let mut line = Vec::new();
            match (&mut self.lines).take(LONGEST).read_until(b'\n', &mut line).await {
                Err(error) => return Some(Err(Error::new(Exit::Usage, error))),
                Ok(0) => return None,
                Ok(_) => {}
            }
            if u64::try_from(line.len()).is_ok_and(|length| length >= LONGEST) {
                return Some(Err(Error::said(Exit::Usage, format!("a line is longer than {LONGEST} bytes"))));
            }
            let Ok(line) = String::from_utf8(line) else {
                return Some(Err(Error::said(Exit::Usage, "a line is not UTF-8 text")));
            };
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Some(Ok(line.to_owned()));
            }
        }
    }

    async fn result(&self, line: &str) -> Done {
        let target = target(self.app, line).await?;
        self.each.each(self.app, &target).await
    }
}

#[async_trait(?Send)]
impl Many for Batch<'_> {
    fn header(&self) -> &'static [&'static str] {
        &["LINE", "EXIT", "RESULT"]
    }

    async fn next(&mut self) -> Option<Row> {
        if self.over {
            return None;
        }
        let line = self.line().await?;
        let (name, result) = match line {
            Ok(line) => {
                let result = self.result(&line).await;
                (line, result)
            }
            Err(error) => {
                self.over = true;
                ("-".to_owned(), Err(error))
            }
        };
        Some(match result {
            Ok(report) => {
                self.done += 1;
                row(name, report.exit(), ("result", &document(report.as_ref(), self.app)), words(report.as_ref()))
            }
            Err(error) => {
                self.failed += 1;
                row(name, error.exit, ("error", &error.document(&self.app.printer.here)), error.message())
            }
        })
    }

    fn counts(&self) -> (usize, usize) {
        (self.done, self.failed)
    }
}

/// A file of lines may be a pipe, and as long as it likes: it is read line by line.
#[expect(clippy::disallowed_methods, reason = "lines are streamed, from a pipe too")]
async fn opened(from: &Path) -> std::io::Result<File> {
    File::open(from).await
}

/// A line's result: what was asked for, how it ended, and the document of the command alone or of its error.
fn row(line: String, exit: Exit, (key, document): (&str, &str), words: String) -> Row {
    let exit = exit.number();
    let named = serde_json::Value::from(line.as_str());
    Row {
        document: format!(r#"{{"schema":"otpctl.result/1","line":{named},"exit":{exit},"{key}":{document}}}"#),
        cells: vec![line, exit.to_string(), words],
    }
}

fn document(report: &dyn Report, app: &App) -> String {
    report.document().unwrap_or_else(|error| Error::new(Exit::Internal, error).document(&app.printer.here))
}

fn words(report: &dyn Report) -> String {
    match report.human() {
        Human::Text(text) | Human::Verbatim(text) | Human::Screen(text, _) | Human::Raw(text) => text,
        Human::Rows(_) | Human::Listed(..) => String::new(),
    }
}
