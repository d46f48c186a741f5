//! Lists of codes and locks over all phones. It only reads.

use std::time::Duration;

use super::{OperationError, Operations};
use crate::layout::Operation;
use crate::otp::record::{Challenge, State};
use crate::otp::rules::PhoneState;
use crate::otp::{DeliveryState, Limits, Moment, Phone, Purpose};
use crate::store::{Loaded, StoreError, StoreKey};

/// So many names are read at a time, where no more lines are wanted.
const PAGE: usize = 200;
/// Where more are wanted: a server is kept busy for a millisecond or two, and asked seldom.
pub(super) const LARGE_PAGE: usize = 1000;

/// Which codes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFilter {
    /// Codes that are valid now.
    Live,
    /// Phones that are locked.
    Locked,
    /// Codes whose provider has not answered yet.
    Pending,
    /// Codes that may have been sent.
    Unknown,
    /// SMS that were not sent, or did not arrive.
    Failed,
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListWanted {
    /// Which codes.
    pub filter: ListFilter,
    /// Only what began within this time; `None`: whenever it began.
    pub within: Option<Duration>,
}

impl From<ListFilter> for ListWanted {
    fn from(filter: ListFilter) -> Self {
        Self { filter, within: None }
    }
}

/// One line of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The phone.
    pub phone: Phone,
    /// The purpose.
    pub purpose: Purpose,
    /// The code; `None` on a lock.
    pub challenge: Option<Challenge>,
    /// The end of the code or the lock; `None`: no end.
    pub until: Option<Moment>,
    /// Since when it is so: when the code was made, the phone locked, or the SMS found to have failed.
    pub since: Option<Moment>,
    /// Consecutive wrong codes.
    pub failures: u32,
    /// The store's time.
    pub now: Moment,
}

/// One of many that could not be read, and that stopped none of the others.
#[derive(Debug, Clone)]
pub struct Skipped {
    /// The phone.
    pub phone: Phone,
    /// Why.
    pub error: OperationError,
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub struct ListedPage {
    /// Its lines.
    pub found: Vec<Listed>,
    /// Phones whose records are not understood: whether they belong here is not known.
    pub skipped: Vec<Skipped>,
    /// Why parts of the store, such as nodes of a Cluster, could not be asked.
    pub missing: Vec<StoreError>,
    /// Where to go on.
    pub next: Option<String>,
}

impl Operations<'_> {
    /// A page of at most `most` lines. The cursor is the store's own, and how many lines of that place were shown.
    ///
    /// # Errors
    /// When the store fails, or the cursor is none.
    pub async fn list(
        &self,
        wanted: ListWanted,
        keep: impl Fn(&Phone) -> bool,
        cursor: Option<&str>,
        most: usize,
    ) -> Result<ListedPage, OperationError> {
        let (mut place, mut skip) = place_of(cursor)?;
        // The first rows of a page are the same however large it is.
        let size = most.clamp(PAGE, LARGE_PAGE);
        let mut page = ListedPage::default();
        loop {
            let ListedPage { found, skipped, missing, next } =
                self.page_of(size, wanted, &keep, place.as_deref()).await?;
            // A page that is shown in parts is read again, and names what it skips again.
            page.skipped.extend(skipped);
            page.missing.extend(missing);
            let room = most - page.found.len();
            let total = found.len();
            page.found.extend(found.into_iter().skip(skip).take(room));
            if skip + room < total {
                let place = place.map(|place| format!(".{place}")).unwrap_or_default();
                page.next = Some(format!("{}{place}", skip + room));
                return Ok(page);
            }
            skip = 0;
            place = next;
            if place.is_none() {
                return Ok(page);
            }
            if page.found.len() == most {
                page.next = place.map(|place| format!("0.{place}"));
                return Ok(page);
            }
        }
    }

    /// One page of the store, whatever it holds, and the store's own cursor to continue from.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn page(
        &self,
        wanted: ListWanted,
        keep: impl Fn(&Phone) -> bool,
        place: Option<&str>,
    ) -> Result<ListedPage, OperationError> {
        self.page_of(PAGE, wanted, keep, place).await
    }

    async fn page_of(
        &self,
        size: usize,
        wanted: ListWanted,
        keep: impl Fn(&Phone) -> bool,
        place: Option<&str>,
    ) -> Result<ListedPage, OperationError> {
        self.allowed_at_all(Operation::List)?;
        let names = self.phones(place, size).await?;
        let read = self.read_phones(&names.found, keep).await?;
        let lines = self.lines(read, wanted)?;
        Ok(ListedPage { next: names.next, missing: names.missing.into_iter().collect(), ..lines })
    }

    /// What is kept of the phones of a page.
    pub(super) async fn read_phones(
        &self,
        names: &[String],
        keep: impl Fn(&Phone) -> bool,
    ) -> Result<Vec<ReadPhone>, OperationError> {
        let phones: Vec<Phone> = names.iter().filter_map(|name| Phone::kept(name)).filter(keep).collect();
        if phones.is_empty() {
            return Ok(Vec::new());
        }
        let groups = self.keys_of(&phones).await?;
        let loaded = self.load_each(&groups).await?;
        let read = phones.into_iter().zip(groups).zip(loaded);
        Ok(read.map(|((phone, keys), loaded)| ReadPhone { phone, keys, loaded }).collect())
    }

    /// The lines that these phones have in the list.
    pub(super) fn lines(&self, read: Vec<ReadPhone>, wanted: ListWanted) -> Result<ListedPage, OperationError> {
        let mut page = ListedPage::default();
        for ReadPhone { phone, keys, loaded } in read {
            let seen = loaded.and_then(|loaded| Ok((self.seen(&phone, &keys, &loaded)?, loaded.now)));
            match seen {
                Ok((Some(known), now)) => page.found.extend(lines_of(&phone, known, now, wanted, self.limits)),
                // A phone whose user has just changed is listed the next time.
                Ok((None, _)) => {}
                Err(error) if error.is_of_one_record() => page.skipped.push(Skipped { phone, error }),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }
}

/// Where a cursor leads: a place of the store's, and how many lines of that place were shown.
pub(super) fn place_of(cursor: Option<&str>) -> Result<(Option<String>, usize), StoreError> {
    let Some(cursor) = cursor else { return Ok((None, 0)) };
    // A cursor of the first page is only a number: a period after it could be taken for that of a sentence.
    let (skip, place) = cursor.split_once('.').unwrap_or((cursor, ""));
    let place = (!place.is_empty()).then(|| place.to_owned());
    Ok((place, skip.parse::<usize>().map_err(|_| StoreError::Cursor)?))
}

/// What was read of a phone.
pub(super) struct ReadPhone {
    phone: Phone,
    keys: Vec<StoreKey>,
    loaded: Result<Loaded, OperationError>,
}

fn lines_of(phone: &Phone, mut known: PhoneState, now: Moment, wanted: ListWanted, limits: &Limits) -> Vec<Listed> {
    let mut lines = Vec::new();
    for (purpose, slot) in std::mem::take(&mut known.record.purposes) {
        let failures = slot.failures(now, limits);
        let line = |challenge: Option<Challenge>, until, since| Listed {
            phone: phone.clone(),
            purpose: purpose.clone(),
            challenge,
            until,
            since,
            failures,
            now,
        };
        if wanted.filter == ListFilter::Locked {
            // A phone is locked by the last of its failures.
            lines.extend(slot.lock(now).map(|lock| line(None, lock.until, slot.failed_at)));
            continue;
        }
        let fits = |challenge: &Challenge| match wanted.filter {
            ListFilter::Failed => has_failed(challenge),
            ListFilter::Pending => challenge.is_live(now) && challenge.state == State::Pending,
            ListFilter::Unknown => challenge.is_live(now) && challenge.state == State::Unknown,
            ListFilter::Live | ListFilter::Locked => {
                challenge.is_live(now) && known.is_for_users(challenge.users_version)
            }
        };
        lines.extend(slot.challenges.into_iter().filter(fits).map(|code| {
            let (until, since) = (code.expires_at, since(&code, wanted.filter));
            line(Some(code), Some(until), Some(since))
        }));
    }
    let earliest = wanted.within.map(|within| now.before(within));
    lines.retain(|line| earliest.is_none_or(|earliest| line.since.is_some_and(|since| since >= earliest)));
    lines
}

/// Whether it is a code whose SMS nobody got. One that was typed has arrived, whatever its gateway reports.
fn has_failed(challenge: &Challenge) -> bool {
    let reported = challenge.delivery.as_ref().and_then(|delivery| delivery.report.as_ref()?.state);
    challenge.state == State::Failed || reported == Some(DeliveryState::Failed) && challenge.state != State::Used
}

/// Since when it is as it is listed.
fn since(challenge: &Challenge, filter: ListFilter) -> Moment {
    let reported = challenge.delivery.as_ref().and_then(|delivery| delivery.reported_at);
    reported.filter(|_| filter == ListFilter::Failed).unwrap_or(challenge.created_at)
}
