//! All rows of `list`, one after the other: a million of them take no more memory than a few pages.

use std::collections::VecDeque;

use async_trait::async_trait;
use serde_json::value::to_raw_value;

use super::row::{Row as CodeRow, table};
use crate::app::App;
use crate::commands::skipped::{self, Skipped};
use crate::error::{Error, Exit};
use crate::operations::{ListWalk, ListedPage};
use crate::otp::{Hint, Moment};
use crate::output::{Format, Many, Row, Table, document, is_piped, when};

/// A list of everything that is under way.
pub(super) struct AllRows<'a> {
    app: &'a App,
    walk: ListWalk<'a>,
    /// Rows that are to be written.
    ready: VecDeque<Row>,
    shown: usize,
    /// What could not be read: named at the end of the document, and on stderr as it is found.
    skipped: Vec<Skipped>,
    failure: Option<Error>,
}

impl<'a> AllRows<'a> {
    pub(super) fn new(app: &'a App, walk: ListWalk<'a>) -> Self {
        Self { app, walk, ready: VecDeque::new(), shown: 0, skipped: Vec::new(), failure: None }
    }

    async fn page(&mut self, page: ListedPage) {
        let now = self.app.now();
        for line in &page.found {
            let row = CodeRow::of(self.app, line).await;
            self.ready.push_back(self.row(&row, now));
        }
        for one in page.skipped {
            let skipped = Skipped::phone(self.app, &one.phone, one.error).await;
            self.skip(skipped);
        }
        for part in page.missing {
            self.skip(Skipped::part(part));
        }
    }

    fn row(&self, row: &CodeRow, now: Moment) -> Row {
        let document = match self.app.printer.format {
            Format::Json => to_raw_value(row).ok(),
            Format::Jsonl => document("otpctl.list_row/1", row).ok(),
            Format::Human => None,
        };
        if self.app.printer.format != Format::Human {
            return Row { document, cells: Vec::new() };
        }
        let cells = row.cells(|at| if is_piped() { at.to_the_second() } else { when(at, now) });
        Row { document, cells: cells.into() }
    }

    fn skip(&mut self, skipped: Skipped) {
        if self.skipped.len() < skipped::TOLD {
            self.app.printer.warning(&skipped.sentence());
        }
        if self.app.printer.format == Format::Jsonl {
            self.ready.push_back(Row { document: document("otpctl.skipped/1", &skipped).ok(), cells: Vec::new() });
        }
        self.skipped.push(skipped);
    }
}

#[async_trait(?Send)]
impl Many for AllRows<'_> {
    fn table(&self) -> Table {
        table()
    }

    async fn next(&mut self) -> Option<Row> {
        while self.ready.is_empty() {
            if self.app.printer.is_unread() {
                return None;
            }
            match self.walk.next().await {
                Ok(Some(page)) => self.page(page).await,
                Ok(None) => return None,
                Err(error) => {
                    self.failure = Some(error.into());
                    return None;
                }
            }
        }
        self.shown += 1;
        self.ready.pop_front()
    }

    fn is_at_hand(&self) -> bool {
        !self.ready.is_empty()
    }

    fn counts(&self) -> (usize, usize) {
        (self.shown, 0)
    }

    fn outlives_a_stop(&self) -> bool {
        true
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn opening(&self) -> String {
        r#"{"schema":"otpctl.list/1","codes":["#.to_owned()
    }

    fn closing(&self, _counts: (usize, usize), is_interrupted: bool) -> String {
        let skipped = serde_json::to_string(&self.skipped).unwrap_or_else(|_| "null".to_owned());
        format!("],\"next_cursor\":null,\"skipped\":{skipped},\"interrupted\":{is_interrupted}}}\n")
    }

    fn said(&self) -> Vec<String> {
        skipped::left_untold(self.skipped.len())
    }

    fn hints(&self) -> Vec<Hint> {
        skipped::hint(&self.skipped).into_iter().collect()
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.skipped)
    }
}
