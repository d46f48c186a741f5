//! Lists of codes and locks over all phones. It only reads.

use std::time::Duration;

use super::{OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::record::{Challenge, PurposeState, State};
use crate::otp::rules::PhoneState;
use crate::otp::{DeliveryState, Limits, Moment, Phone, Purpose};
use crate::store::StoreError;

/// So many phones are read at a time.
const PAGE: usize = 200;

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
        let (mut place, mut skip) = match cursor {
            None => (None, 0),
            Some(cursor) => {
                // A cursor of the first page is only a number: a period after it could be taken for that of a sentence.
                let (skip, place) = cursor.split_once('.').unwrap_or((cursor, ""));
                let place = (!place.is_empty()).then(|| place.to_owned());
                (place, skip.parse::<usize>().map_err(|_| StoreError::Cursor)?)
            }
        };
        let mut page = ListedPage::default();
        loop {
            let ListedPage { found, skipped, missing, next } = self.page(wanted, &keep, place.as_deref()).await?;
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
        self.allowed_at_all(Operation::List)?;
        let names = self.phones(place, PAGE).await?;
        let lines = self.lines(&names.found, wanted, keep).await?;
        Ok(ListedPage { next: names.next, missing: names.missing.into_iter().collect(), ..lines })
    }

    async fn lines(
        &self,
        names: &[String],
        wanted: ListWanted,
        keep: impl Fn(&Phone) -> bool,
    ) -> Result<ListedPage, OperationError> {
        let phones: Vec<Phone> = names.iter().filter_map(|name| Phone::parse(name, None).ok()).filter(keep).collect();
        if phones.is_empty() {
            return Ok(ListedPage::default());
        }
        let groups = self.keys_of(&phones).await?;
        let loaded = self.load_each(&groups).await?;
        let mut page = ListedPage::default();
        for ((phone, cells), loaded) in phones.into_iter().zip(&groups).zip(loaded) {
            let seen = loaded.and_then(|loaded| {
                let view = self.view(&phone, cells, &loaded, PhoneOperation::Other)?;
                Ok((view.map(|view| view.known), loaded.now))
            });
            match seen {
                Ok((Some(known), now)) => page.found.extend(lines_of(&phone, &known, now, wanted, self.limits)),
                // A phone whose user has just changed is listed the next time.
                Ok((None, _)) => {}
                Err(error) if error.is_of_one_record() => page.skipped.push(Skipped { phone, error }),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }
}

fn lines_of(phone: &Phone, known: &PhoneState, now: Moment, wanted: ListWanted, limits: &Limits) -> Vec<Listed> {
    let mut lines = Vec::new();
    for (purpose, slot) in &known.record.purposes {
        let line = |challenge: Option<&Challenge>, until, since| Listed {
            phone: phone.clone(),
            purpose: purpose.clone(),
            challenge: challenge.cloned(),
            until,
            since,
            failures: slot.failures(now, limits),
            now,
        };
        let of_code = |code: &Challenge| line(Some(code), Some(code.expires_at), Some(since(code, wanted.filter)));
        match wanted.filter {
            // A phone is locked by the last of its failures.
            ListFilter::Locked => lines.extend(slot.lock(now).map(|lock| line(None, lock.until, slot.failed_at))),
            ListFilter::Failed => lines.extend(failed(slot).map(of_code)),
            ListFilter::Live | ListFilter::Pending | ListFilter::Unknown => {
                let fits = |challenge: &&Challenge| match wanted.filter {
                    ListFilter::Pending => challenge.state == State::Pending,
                    ListFilter::Unknown => challenge.state == State::Unknown,
                    _ => known.is_for_users(challenge.users_version),
                };
                lines.extend(slot.live(now).filter(fits).map(of_code));
            }
        }
    }
    let earliest = wanted.within.map(|within| now.before(within));
    lines.retain(|line| earliest.is_none_or(|earliest| line.since.is_some_and(|since| since >= earliest)));
    lines
}

/// The codes whose SMS nobody got. A code that was typed has arrived, whatever its gateway reports.
fn failed(slot: &PurposeState) -> impl Iterator<Item = &Challenge> {
    slot.challenges.iter().filter(|challenge| {
        let reported = challenge.delivery.as_ref().and_then(|delivery| delivery.report.as_ref()?.state);
        challenge.state == State::Failed || reported == Some(DeliveryState::Failed) && challenge.state != State::Used
    })
}

/// Since when it is as it is listed.
fn since(challenge: &Challenge, filter: ListFilter) -> Moment {
    let reported = challenge.delivery.as_ref().and_then(|delivery| delivery.reported_at);
    reported.filter(|_| filter == ListFilter::Failed).unwrap_or(challenge.created_at)
}
