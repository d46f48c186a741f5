//! A list of everything: page after page, of which no more are held than two. While the lines of one are made and written,
//! the store reads the next.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::future::{MaybeDone, join, maybe_done};

use super::listing::{LARGE_PAGE, ReadPhone, place_of};
use super::{ListWanted, ListedPage, OperationError, Operations};
use crate::layout::Operation;
use crate::otp::Phone;
use crate::store::{Page, StoreError};

/// The walk over all phones of a store.
pub struct ListWalk<'a> {
    operations: Rc<Operations<'a>>,
    wanted: ListWanted,
    keep: Rc<dyn Fn(&Phone) -> bool + 'a>,
    at: Place<'a>,
    /// So many lines of the first page were shown before.
    skip: usize,
}

/// Where a walk is.
enum Place<'a> {
    /// Before the page at this cursor.
    Before(Option<String>),
    /// A page is being read.
    Reading(Box<MaybeDone<Reading<'a>>>),
    /// The names of the next page could not be read.
    Failed(OperationError),
    Over,
}

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Step, OperationError>> + 'a>>;

/// A page that was read, and the names of the next.
struct Step {
    read: Vec<ReadPhone>,
    missing: Option<StoreError>,
    next: Result<Option<Page<String>>, StoreError>,
}

impl<'a> Operations<'a> {
    /// Lists everything from a cursor on. It is one that a page of the same list gave.
    ///
    /// # Errors
    /// When the layout has no list, or the cursor is none.
    pub fn list_all(
        self,
        wanted: ListWanted,
        keep: impl Fn(&Phone) -> bool + 'a,
        cursor: Option<&str>,
    ) -> Result<ListWalk<'a>, OperationError> {
        self.allowed_at_all(Operation::List)?;
        let (place, skip) = place_of(cursor)?;
        Ok(ListWalk { operations: Rc::new(self), wanted, keep: Rc::new(keep), at: Place::Before(place), skip })
    }
}

impl<'a> ListWalk<'a> {
    /// The next page, which may have no line; `None`: that was all.
    ///
    /// # Errors
    /// When the store fails. Nothing follows.
    pub async fn next(&mut self) -> Result<Option<ListedPage>, OperationError> {
        let mut reading = match std::mem::replace(&mut self.at, Place::Over) {
            Place::Over => return Ok(None),
            Place::Failed(error) => return Err(error),
            Place::Before(cursor) => {
                let names = self.operations.phones(cursor.as_deref(), LARGE_PAGE).await?;
                self.reading(names)
            }
            Place::Reading(reading) => reading,
        };
        (&mut *reading).await;
        let Some(step) = Pin::new(&mut *reading).take_output() else { return Ok(None) };
        let Step { read, missing, next } = step?;
        self.at = match next {
            Ok(Some(names)) => Place::Reading(self.begun(names).await),
            Ok(None) => Place::Over,
            Err(error) => Place::Failed(error.into()),
        };
        let mut page = self.operations.lines(read, self.wanted)?;
        page.found.drain(..std::mem::take(&mut self.skip).min(page.found.len()));
        Ok(Some(ListedPage { missing: missing.into_iter().collect(), ..page }))
    }

    /// Reads the phones of a page, and the names of the one behind it.
    fn reading(&self, names: Page<String>) -> Box<MaybeDone<Reading<'a>>> {
        let (operations, keep) = (Rc::clone(&self.operations), Rc::clone(&self.keep));
        let reading: Reading<'a> = Box::pin(async move {
            let next = async {
                let Some(cursor) = &names.next else { return Ok(None) };
                operations.phones(Some(cursor), LARGE_PAGE).await.map(Some)
            };
            let (read, next) = join(operations.read_phones(&names.found, |phone| keep(phone)), next).await;
            Ok(Step { read: read?, missing: names.missing, next })
        });
        Box::new(maybe_done(reading))
    }

    /// The same, already asked for.
    async fn begun(&self, names: Page<String>) -> Box<MaybeDone<Reading<'a>>> {
        let mut reading = self.reading(names);
        let once = poll_fn(|context| {
            let _ = Pin::new(&mut *reading).poll(context);
            Poll::Ready(())
        });
        once.await;
        // What sends it is a task of its own.
        tokio::task::yield_now().await;
        reading
    }
}
