//! All users of the store with their phones, page by page: no more is held than one page, however many there are.

use std::collections::VecDeque;

use crate::app::App;
use crate::commands::skipped::Skipped;
use crate::error::{Error, Exit};
use crate::operations::Operations;
use crate::otp::user::Link;
use crate::otp::{Phone, UserId};

/// So many users are read at once.
const PAGE: usize = 200;

/// What comes next.
pub(super) enum Found {
    User(UserId, Vec<(Phone, Link)>),
    /// Something that could not be read.
    Skipped(Box<Skipped>),
}

/// The walk over all users.
pub(super) struct Users<'a> {
    app: &'a App,
    operations: Operations<'a>,
    page: usize,
    cursor: Option<String>,
    is_over: bool,
    ready: VecDeque<Found>,
}

impl<'a> Users<'a> {
    /// From a cursor on.
    pub(super) async fn from(app: &'a App, cursor: Option<String>) -> Result<Self, Error> {
        let page = PAGE;
        let (operations, is_over, ready) = (app.operations().await?, false, VecDeque::new());
        Ok(Self { app, operations, page, cursor, is_over, ready })
    }

    /// No more than about so many are wanted from now on.
    pub(super) fn wants(&mut self, most: usize) {
        self.page = most.clamp(1, PAGE);
    }

    /// Where another walk would go on, once everything of this page has been taken; `None`: nowhere.
    pub(super) fn cursor(&self) -> Option<&String> {
        self.cursor.as_ref()
    }

    /// Whether all of the present page has been taken.
    pub(super) fn is_between_pages(&self) -> bool {
        self.ready.is_empty()
    }

    /// The next user who has a phone, or what was skipped; `None`: that was all.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, Error> {
        while self.ready.is_empty() {
            if self.is_over {
                return Ok(None);
            }
            self.read().await?;
        }
        Ok(self.ready.pop_front())
    }

    async fn read(&mut self) -> Result<(), Error> {
        let page = self.operations.users(self.cursor.as_deref(), self.page).await?;
        self.ready.extend(page.missing.map(|part| Found::Skipped(Box::new(Skipped::part(part)))));
        let each = self.operations.readable_phones_of_each(&page.found).await?;
        for (user, phones) in page.found.into_iter().zip(each) {
            let (phones, unread) = match phones {
                Ok(phones) => phones,
                Err(error) if error.is_of_one_record() => {
                    self.ready.push_back(Found::Skipped(Box::new(Skipped::user(user, error))));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for one in unread {
                let skipped = Skipped::phone(self.app, &one.phone, one.error).await;
                self.ready.push_back(Found::Skipped(Box::new(skipped)));
            }
            if !phones.is_empty() {
                self.ready.push_back(Found::User(user, phones));
            }
        }
        self.is_over = page.next.is_none();
        self.cursor = page.next;
        Ok(())
    }
}

/// How a walk ends that skipped so many.
pub(super) fn exit(skipped: usize) -> Exit {
    if skipped == 0 { Exit::Ok } else { Exit::Partial }
}
