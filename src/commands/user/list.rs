//! `user list`: users that have phones.

use serde::Serialize;

use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::skipped::{self, Skipped};
use crate::error::Exit;
use crate::otp::{Hint, UserId};
use crate::output::{Human, Lines, Report, Table};

/// List users that have phones
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most about this many rows
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Continue where the last page ended
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Row {
    user: UserId,
    phones: Vec<String>,
}

#[derive(Serialize)]
struct Users {
    users: Vec<Row>,
    next_cursor: Option<String>,
    /// Users and phones that could not be read.
    skipped: Vec<Skipped>,
    /// The command that was given, less its cursor.
    #[serde(skip)]
    again: Hint,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let operations = app.operations().await?;
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (mut users, mut skipped, mut cursor) = (Vec::new(), Vec::new(), self.cursor.clone());
        loop {
            let page = operations.users(cursor.as_deref(), most).await?;
            skipped.extend(page.missing.map(Skipped::part));
            for user in page.found {
                let (phones, unread) = match operations.readable_phones_of(&user).await {
                    Ok(phones) => phones,
                    Err(error) if error.is_of_one_record() => {
                        skipped.push(Skipped::user(user, error));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                for one in unread {
                    skipped.push(Skipped::phone(app, &one.phone, one.error).await);
                }
                if !phones.is_empty() {
                    users.push(Row {
                        user,
                        phones: phones.iter().map(|(phone, _)| app.display(phone, false)).collect(),
                    });
                }
            }
            cursor = page.next;
            if cursor.is_none() || users.len() >= most {
                break;
            }
        }
        Ok(Box::new(Users { users, next_cursor: cursor, skipped, again: self.again(app) }))
    }
}

impl Args {
    fn again(&self, app: &App) -> Hint {
        let hint = Hint::run(&["user", "list"]).option("--limit", self.limit.to_string()).because("there is more");
        if app.globals.unmask { hint.flag("--unmask") } else { hint }
    }
}

impl Report for Users {
    const SCHEMA: &str = "otpctl.user_list/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["USER", "PHONES"], "No user has a phone.").wrapped(&["PHONES"]);
        for row in &self.users {
            table.row([row.user.as_str(), &row.phones.join(", ")]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        skipped::lines("otpctl.user_list_row/1", &self.users, &self.skipped)
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped)
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.skipped)
    }

    fn hints(&self) -> Vec<Hint> {
        skipped::hints(&self.skipped, &self.again, self.next_cursor.as_ref())
    }
}
