//! `user list`: users that have phones.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;

use super::directory;
use super::walk::{self, Found, Users};
use crate::app::App;
use crate::commands::skipped::{self, Skipped};
use crate::error::{Error, Exit};
use crate::otp::{Hint, UserId};
use crate::output::{Format, Many, Output, Row, Table, document};

/// List users that have phones
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most about this many rows; 0: all
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=10_000))]
    limit: u32,
    /// Continue where the last page ended
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UserRow {
    user: UserId,
    phones: Vec<String>,
    source: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListDocument<'a> {
    #[cfg_attr(test, schemars(with = "Vec<UserRow>"))]
    users: &'a [&'a RawValue],
    next_cursor: Option<&'a String>,
    /// Users and phones that could not be read.
    skipped: &'a [Skipped],
}

impl Args {
    /// Whether all users are listed.
    pub(super) fn is_endless(&self) -> bool {
        self.limit == 0
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let most = usize::try_from(self.limit).ok().filter(|most| *most > 0);
        let users = Users::from(app, self.cursor.clone()).await?;
        Ok(Output::Many(Box::new(List { app, most, users, listed: 0, skipped: Vec::new(), failure: None })))
    }
}

/// A list that is under way.
struct List<'a> {
    app: &'a App,
    most: Option<usize>,
    users: Users<'a>,
    listed: usize,
    skipped: Vec<Skipped>,
    failure: Option<Error>,
}

impl List<'_> {
    fn is_full(&self) -> bool {
        self.users.is_between_pages() && self.most.is_some_and(|most| self.listed >= most)
    }

    fn row(&mut self, user: UserId, phones: Vec<String>) -> Row {
        self.listed += 1;
        let cells = vec![user.to_string(), phones.join(", ")];
        let row = UserRow { user, phones, source: directory::STORE };
        let document = match self.app.printer.format {
            Format::Json => serde_json::value::to_raw_value(&row).ok(),
            Format::Human | Format::Jsonl => document("otpctl.user_list_row/1", &row).ok(),
        };
        Row { document, cells }
    }
}

#[async_trait(?Send)]
impl Many for List<'_> {
    fn table(&self) -> Table {
        Table::new(&["USER", "PHONES"], "No user has a phone.").wrapped(&["PHONES"])
    }

    async fn next(&mut self) -> Option<Row> {
        while self.failure.is_none() && !self.is_full() {
            if let Some(most) = self.most {
                self.users.wants(most.saturating_sub(self.listed));
            }
            match self.users.next().await {
                Ok(Some(Found::User(user, phones))) => {
                    let phones = phones.iter().map(|(phone, _)| self.app.display(phone, false)).collect();
                    return Some(self.row(user, phones));
                }
                Ok(Some(Found::Skipped(skipped))) => {
                    let row = document("otpctl.skipped/1", &*skipped).ok();
                    self.skipped.push(*skipped);
                    if self.app.printer.format == Format::Jsonl {
                        return Some(Row { document: row, cells: Vec::new() });
                    }
                }
                Ok(None) => break,
                Err(error) => self.failure = Some(error),
            }
        }
        if self.failure.is_none() {
            for warning in skipped::warnings(&self.skipped) {
                self.app.printer.warning(&warning);
            }
        }
        None
    }

    fn counts(&self) -> (usize, usize) {
        (self.listed, 0)
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn is_streamed(&self) -> bool {
        false
    }

    fn document(&self, rows: &[&RawValue]) -> Option<Box<RawValue>> {
        // In JSON Lines each row has said all there is to say.
        if self.app.printer.format == Format::Jsonl {
            return None;
        }
        let list = ListDocument { users: rows, next_cursor: self.users.cursor(), skipped: &self.skipped };
        document("otpctl.user_list/1", &list).ok()
    }

    fn hints(&self) -> Vec<Hint> {
        let app = self.app;
        let limit = self.most.map_or_else(|| "0".to_owned(), |most| most.to_string());
        let hint = Hint::run(&["user", "list"]).option("--limit", limit).because("there is more");
        let again = if app.globals.unmask { hint.flag("--unmask") } else { hint };
        skipped::hints(&self.skipped, &again, self.users.cursor())
    }

    fn said(&self) -> Vec<String> {
        let has_directories = self.app.settings().is_ok_and(|settings| !settings.user.directories.is_empty());
        let note = "Users that only a directory has are not listed; `user show` asks for one.";
        has_directories.then(|| note.to_owned()).into_iter().collect()
    }

    fn exit(&self) -> Exit {
        walk::exit(self.skipped.len())
    }
}

crate::otp::schema::documents! { "otpctl.user_list/1" => ListDocument<'_>, "otpctl.user_list_row/1" => UserRow }
