//! The result of a line, as documents and people have it.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::commands::CommandResult;
use crate::error::{Error, ErrorDocument, Exit};
use crate::output::{AnyReport, Human, Row, document};

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

/// The row of a line.
pub(super) fn row(app: &App, line: (u64, String), result: CommandResult) -> Row {
    let failed = |error: Error| LineResult::Error(Box::new(error.described(&app.printer.here)));
    match result {
        Ok(report) => {
            let made = report.document();
            let made = made.map_or_else(|error| failed(Error::new(Exit::Internal, error)), LineResult::Result);
            row_of(line, report.exit(), made, words(report.as_ref()))
        }
        Err(error) => {
            let (exit, words) = (error.exit, error.message());
            row_of(line, exit, failed(error), words)
        }
    }
}

fn row_of((line_number, line): (u64, String), exit: Exit, result: LineResult, words: String) -> Row {
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
