//! `user export`: every pair of a user and a phone, as `user import` reads it.

use std::collections::VecDeque;

use async_trait::async_trait;

use super::pairs::{PairRow, csv_header};
use super::walk::{self, Found, Users};
use crate::app::App;
use crate::commands::skipped::{Skipped, hint};
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::output::{Format, Many, Output, Row, Table, document, plural};

/// Write all users with their phones, for `user import`
///
/// CSV with a header, or with -o jsonl one JSON document a line. Numbers are masked unless --unmask is passed, and have a
/// reference beside them, which `user import` reads where the pepper is the same; another pepper needs --unmask.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let users = Users::from(app, None).await?;
        let mut ready = VecDeque::new();
        if app.printer.format == Format::Human {
            ready.push_back(Row { document: None, cells: vec![csv_header()] });
        }
        Ok(Output::Many(Box::new(Export { app, users, ready, pairs: 0, skipped: Vec::new(), failure: None })))
    }
}

/// An export that is under way.
struct Export<'a> {
    app: &'a App,
    users: Users<'a>,
    /// Lines that are to be written.
    ready: VecDeque<Row>,
    pairs: usize,
    skipped: Vec<Skipped>,
    failure: Option<Error>,
}

impl Export<'_> {
    async fn rows(&mut self, found: Found) {
        let (user, phones) = match found {
            Found::User(user, phones) => (user, phones),
            Found::Skipped(skipped) => {
                self.app.printer.warning(&skipped.sentence());
                self.skipped.push(*skipped);
                return;
            }
        };
        for (phone, link) in phones {
            self.pairs += 1;
            let row = PairRow {
                user: user.clone(),
                phone: self.app.display(&phone, false),
                reference: self.app.reference(&phone).await,
                linked_at: link.linked_at,
                verified_at: link.verified_at,
            };
            let document = document("otpctl.user_export_row/1", &row).ok();
            self.ready.push_back(Row { document, cells: vec![row.csv()] });
        }
    }
}

#[async_trait(?Send)]
impl Many for Export<'_> {
    fn table(&self) -> Table {
        Table::new(&[], "")
    }

    async fn next(&mut self) -> Option<Row> {
        while self.ready.is_empty() {
            match self.users.next().await {
                Ok(Some(found)) => self.rows(found).await,
                Ok(None) => return None,
                Err(error) => {
                    self.failure = Some(error);
                    return None;
                }
            }
        }
        self.ready.pop_front()
    }

    fn counts(&self) -> (usize, usize) {
        (self.pairs, self.skipped.len())
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn is_verbatim(&self) -> bool {
        true
    }

    fn schema(&self) -> &'static str {
        "otpctl.user_export/1"
    }

    fn said(&self) -> Vec<String> {
        vec![format!("{} exported", plural(self.pairs, "pair", "pairs"))]
    }

    fn hints(&self) -> Vec<Hint> {
        let masked = (self.pairs > 0 && !self.app.globals.unmask).then(|| {
            let export = Hint::run(&["user", "export"]).flag("--unmask");
            export.because("the numbers are masked; with another pepper their references mean nothing")
        });
        hint(&self.skipped).into_iter().chain(masked).collect()
    }

    fn exit(&self) -> Exit {
        walk::exit(self.skipped.len())
    }
}

crate::otp::schema::documents! {
    "otpctl.user_export/1" => crate::output::ManyDocument<PairRow>,
    "otpctl.user_export_row/1" => PairRow,
}
