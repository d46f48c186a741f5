//! `help`: of a command, or the exit codes.

use serde::Serialize;

use super::man::unknown;
use super::{CommandResult, globals, schemas, whole};
use crate::app::App;
use crate::error::{EXITS, Exit};
use crate::output::{Human, Lines, Report, Table, lines_of};

/// Explain a command, the global options, the exit codes or the documents
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command, such as `user link`; `options`, `exit-codes`, or `json` and a command
    topic: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Text {
    topic: String,
    text: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Codes {
    exit_codes: Vec<Code>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Code {
    exit: u8,
    code: &'static str,
    meaning: &'static str,
    repeat: &'static str,
}

impl Args {
    pub(super) fn run(&self, _app: &App) -> CommandResult {
        if self.topic == ["exit-codes"] {
            let code = |(exit, code, meaning, repeat): &(Exit, &'static str, &'static str, &'static str)| Code {
                exit: exit.number(),
                code,
                meaning,
                repeat,
            };
            let exit_codes = EXITS.iter().map(code).collect();
            return Ok(Box::new(Codes { exit_codes }));
        }
        if self.topic == ["options"] {
            let text = globals().help_template("{all-args}").render_help().to_string();
            return Ok(Box::new(Text { topic: "options".to_owned(), text: text + "\n" }));
        }
        if let Some(("json", words)) = self.topic.split_first().map(|(first, rest)| (first.as_str(), rest)) {
            return schemas::help(words);
        }
        let mut command = whole();
        let mut found = &mut command;
        for word in &self.topic {
            found = found.find_subcommand_mut(word).ok_or_else(|| unknown(&self.topic.join(" "), &whole()))?;
        }
        let text = found.render_long_help().to_string();
        Ok(Box::new(Text { topic: self.topic.join(" "), text }))
    }
}

impl Report for Text {
    const SCHEMA: &str = "otpctl.help/1";

    fn human(&self) -> Human {
        Human::Raw(self.text.clone())
    }
}

impl Report for Codes {
    const SCHEMA: &str = "otpctl.exit_codes/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["EXIT", "NAME", "MEANING", "REPEAT AS IS?"], "").wrapped(&["MEANING"]);
        for code in &self.exit_codes {
            table.row([&code.exit.to_string(), code.code, code.meaning, code.repeat]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.exit_codes_row/1", &self.exit_codes)
    }
}

crate::otp::schema::documents! {
    "otpctl.help/1" => Text,
    "otpctl.exit_codes/1" => Codes,
    "otpctl.exit_codes_row/1" => Code,
}
