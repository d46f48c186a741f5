//! Many phones, a line each: one command over all of them, in order, each with its own result.

use std::path::Path;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;

use super::CommandResult;
use super::lines::{self, BadLine, InputLines};
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
    lines: InputLines,
    each: &'a dyn Each,
    done: usize,
    failed: usize,
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
        let lines = InputLines::new(lines::open(from).await?, LONGEST);
        Ok(Self { app, lines, each, done: 0, failed: 0, over: false, current: None })
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
        let line = app.progress.waiting_for("the next line", self.lines.next()).await?;
        let (name, result) = match line {
            Ok(line) => {
                self.current = Some(line.clone());
                let result = self.result(&line).await.map_err(|error| error.knowing(&self.app.progress.of_line()));
                self.app.progress.next_line();
                self.current = None;
                (line, result)
            }
            Err(BadLine { name, error, is_last }) => {
                self.over = is_last;
                (name, Err(error))
            }
        };
        let number = self.lines.number();
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
        Some(row((self.lines.number(), line), error.exit, result, error.message()))
    }

    fn outlives_a_stop(&self) -> bool {
        true
    }
}

/// What was asked for in a line, how it ended, and the document of the command alone or of its error.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LineDocument<'a> {
    line: &'a str,
    line_number: u64,
    exit: u8,
    #[serde(flatten)]
    result: LineResult,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum LineResult {
    Result(#[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))] Box<RawValue>),
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

crate::otp::schema::documents! { "otpctl.result/1" => LineDocument<'_> }
