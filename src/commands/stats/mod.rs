//! `stats`: how many codes were sent, delivered and used, and how long an SMS takes.

mod drawing;
mod page;
mod prometheus;
mod row;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;
use serde::Serialize;

use self::row::StatsRow;
use super::CommandResult;
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::StatsWindow;
use crate::otp::duration::duration;
use crate::otp::stats::{By, KEPT, rows, total};
use crate::otp::time::rfc3339;
use crate::otp::{Hint, Moment};
use crate::output::{Cell, Format, Human, Lines, Report, Table, length, lines_of, plural, when};
use crate::system::write_private;

/// Count what was sent, delivered and used
///
/// The numbers are kept for 40 days, by half hours: the window begins at one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How far back
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = span)]
    since: Duration,
    /// What each row stands for
    #[arg(long, value_enum, default_value = "country")]
    by: Dimension,
    /// Print them in the text format of Prometheus
    #[arg(long, conflicts_with = "html")]
    prometheus: bool,
    /// Write them to a page for a browser instead
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
}

/// What a row stands for, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Dimension {
    Country,
    Provider,
    Channel,
    /// The number less its last six digits
    Range,
    Operator,
    Hour,
}

impl Dimension {
    /// The name of its column and of its field.
    fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Provider => "provider",
            Self::Channel => "channel",
            Self::Range => "range",
            Self::Operator => "operator",
            Self::Hour => "hour",
        }
    }
}

impl From<Dimension> for By {
    fn from(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Country => Self::Country,
            Dimension::Provider => Self::Provider,
            Dimension::Channel => Self::Channel,
            Dimension::Range => Self::Range,
            Dimension::Operator => Self::Operator,
            Dimension::Hour => Self::Hour,
        }
    }
}

fn span(text: &str) -> Result<Duration, String> {
    duration(text)
        .filter(|span| *span <= KEPT)
        .ok_or_else(|| "write a duration such as 24h or 7d, at most 40d".to_owned())
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Stats {
    #[serde(serialize_with = "rfc3339")]
    from: Moment,
    #[serde(serialize_with = "rfc3339")]
    to: Moment,
    by: &'static str,
    rows: Vec<StatsRow>,
    total: StatsRow,
    /// Why parts of the numbers could not be read.
    missing: Vec<String>,
    #[serde(skip)]
    form: Form,
}

/// How people read it.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Table,
    Prometheus,
    /// It was written to this file.
    Page(PathBuf),
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        if (self.prometheus || self.html.is_some()) && app.printer.format != Format::Human {
            let option = if self.prometheus { "--prometheus" } else { "--html" };
            let hint = Hint::run(&["stats"]).option("--output", "json").because("the numbers as JSON");
            return Err(Error::said(Exit::Usage, format!("{option} is a format of its own")).hint(hint));
        }
        let window = app.operations().await?.stats(self.since).await?;
        let mut stats = self.counted(&window);
        if let Some(path) = &self.html {
            write_private(path, page::page(&stats).as_bytes()).map_err(|error| Error::new(Exit::Usage, error))?;
            stats.form = Form::Page(path.clone());
        }
        Ok(Box::new(stats))
    }

    fn counted(&self, window: &StatsWindow) -> Stats {
        let by = self.by;
        let rows = rows(&window.cells, by.into()).into_iter();
        Stats {
            from: window.from,
            to: window.to,
            by: by.name(),
            rows: rows.map(|(name, counts)| StatsRow::new(by.name(), name, counts)).collect(),
            total: StatsRow::new("", None, total(&window.cells)),
            missing: window.missing.iter().map(ToString::to_string).collect(),
            form: if self.prometheus { Form::Prometheus } else { Form::Table },
        }
    }
}

impl Stats {
    /// All of it in one sentence.
    fn summary(&self) -> String {
        let all = &self.total;
        let messages = plural(all.sent() + all.unknown(), "message", "messages");
        let used = all.percent().map(|percent| format!(", {percent} used")).unwrap_or_default();
        let spent = all.spent().map(|spent| format!(", {spent}")).unwrap_or_default();
        format!("{messages}{used}{spent}, since {}", when(self.from, self.to))
    }

    fn table(&self) -> Table {
        let first = match self.by {
            "country" => "COUNTRY",
            "provider" => "PROVIDER",
            "channel" => "CHANNEL",
            "range" => "RANGE",
            "operator" => "OPERATOR",
            _ => "HOUR",
        };
        let mut header = vec![
            first,
            "ASKED",
            "REFUSED",
            "SENT",
            "DELIVERED",
            "FAILED",
            "USED",
            "USED OF SENT",
            "P50",
            "P95",
            "BY TIME",
        ];
        // Where no price is known there is nothing to show.
        let is_paid = self.total.spent().is_some();
        if is_paid {
            header.push("SPENT");
        }
        let none = if self.by == "operator" { "No gateway named an operator." } else { "Nothing was sent." };
        let mut table = Table::new(&header, none).captioned(self.summary());
        table = table.copied(&[first]).spare(&["ASKED", "REFUSED", "FAILED", "P50", "P95", "BY TIME"]);
        let most = self.rows.iter().map(StatsRow::sent).max().unwrap_or_default();
        for row in &self.rows {
            let by_time = if self.by == "hour" {
                drawing::bar(row.sent(), most, 12)
            } else {
                drawing::spark(&row.by_time(self.from, self.to, 12))
            };
            // A program counts for itself.
            let spent = is_paid.then(|| row.spent().unwrap_or_else(|| "-".to_owned()).into());
            table.row(row.cells(self.to).into_iter().chain([Cell::picture(&by_time, "")]).chain(spent));
        }
        table
    }
}

impl Report for Stats {
    const SCHEMA: &str = "otpctl.stats/1";

    fn human(&self) -> Human {
        match &self.form {
            Form::Table => Human::Rows(self.table()),
            Form::Prometheus => Human::Raw(prometheus::text(self)),
            Form::Page(path) => {
                let span = length(self.to.since(self.from));
                Human::Text(format!("The numbers of the last {span} are in {}.", path.display()))
            }
        }
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.stats_row/1", &self.rows)
    }

    fn warnings(&self) -> Vec<String> {
        self.missing.iter().map(|why| format!("a part of the numbers is missing: {why}")).collect()
    }
}

crate::otp::schema::documents! { "otpctl.stats/1" => Stats, "otpctl.stats_row/1" => StatsRow }
