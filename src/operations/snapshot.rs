//! What is known of one phone, and lists of many. It only reads.

use super::loading::no_answer;
use super::{OperationError, Operations, Tokens};
use crate::layout::{Finding, Operation, PhoneOperation};
use crate::otp::record::{Challenge, State};
use crate::otp::rules::PhoneState;
use crate::otp::{EVENTS_KEPT, Event, Moment, Phone, Purpose};
use crate::store::{Loaded, StoreError, StoreKey};

/// So many phones are read at a time.
const PAGE: usize = 200;

/// All that is known of one phone.
#[derive(Debug, Clone)]
pub struct PhoneSnapshot {
    /// The store's time.
    pub now: Moment,
    /// Its record and users.
    pub known: PhoneState,
    /// Its newest events, the newest first.
    pub timeline: Vec<Event>,
    /// Why the timeline cannot be read, where it cannot. It hides nothing else.
    pub unreadable: Option<String>,
    /// What the owner of an application that keeps the codes should know.
    pub findings: Vec<Finding>,
    /// The challenges of the phone's tokens, where privacyIDEA keeps them.
    pub tokens: Option<Tokens>,
}

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
    /// Reads one phone and its timeline, both at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn snapshot(&self, phone: &Phone) -> Result<PhoneSnapshot, OperationError> {
        let groups = [self.keys(phone).await?];
        let (loaded, timeline) = tokio::join!(self.store.load(&groups), self.store.timeline(phone, EVENTS_KEPT));
        let loaded = loaded?;
        let loaded = loaded.first().ok_or_else(no_answer)?;
        let (timeline, unreadable) = match timeline {
            Err(StoreError::Data(why)) => (Vec::new(), Some(why)),
            timeline => (timeline?, None),
        };
        let view = self.view(phone, &groups[0], loaded, PhoneOperation::Other)?.ok_or(OperationError::Contended)?;
        let findings = view.findings().to_vec();
        let tokens = self.tokens(&view.known.users, loaded.now).await?;
        Ok(PhoneSnapshot { now: loaded.now, known: view.known, timeline, unreadable, findings, tokens })
    }

    /// A page of at most `most` lines. The cursor is the store's own, and how many lines of that place were shown.
    ///
    /// # Errors
    /// When the store fails, or the cursor is none.
    pub async fn list(
        &self,
        wanted: ListFilter,
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
        wanted: ListFilter,
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
        wanted: ListFilter,
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
                Ok((Some(known), now)) => page.found.extend(lines_of(&phone, &known, now, wanted)),
                // A phone whose user has just changed is listed the next time.
                Ok((None, _)) => {}
                Err(error) if error.is_of_one_record() => page.skipped.push(Skipped { phone, error }),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// The values of each group. Where one of them cannot be read at all, each is loaded by itself, so that it costs the
    /// others nothing but time.
    pub(super) async fn load_each(
        &self,
        groups: &[Vec<StoreKey>],
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        self.load_unless(groups, |error| matches!(error, StoreError::Data(_))).await
    }

    /// As [`Self::load_each`], for the other side of something that was read: its node of a Cluster may be down, while
    /// others are not.
    pub(super) async fn load_reachable(
        &self,
        groups: &[Vec<StoreKey>],
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        self.load_unless(groups, |error| matches!(error, StoreError::Data(_) | StoreError::Unreachable(_))).await
    }

    async fn load_unless(
        &self,
        groups: &[Vec<StoreKey>],
        of_one: impl Fn(&StoreError) -> bool,
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        match self.store.load(groups).await {
            Err(error) if of_one(&error) && groups.len() == 1 => return Ok(vec![Err(error.into())]),
            Err(error) if of_one(&error) => {}
            loaded => return Ok(loaded?.into_iter().map(Ok).collect()),
        }
        let mut each = Vec::with_capacity(groups.len());
        for group in groups {
            each.push(match self.store.load(std::slice::from_ref(group)).await {
                Err(error) if of_one(&error) => Err(error.into()),
                loaded => Ok(loaded?.into_iter().next().ok_or_else(no_answer)?),
            });
        }
        Ok(each)
    }
}

fn lines_of(phone: &Phone, known: &PhoneState, now: Moment, wanted: ListFilter) -> Vec<Listed> {
    let mut lines = Vec::new();
    for (purpose, slot) in &known.record.purposes {
        let line = |challenge: Option<Challenge>, until| Listed {
            phone: phone.clone(),
            purpose: purpose.clone(),
            challenge,
            until,
        };
        if wanted == ListFilter::Locked {
            lines.extend(slot.lock(now).map(|lock| line(None, lock.until)));
            continue;
        }
        let fits = |challenge: &&Challenge| match wanted {
            ListFilter::Pending => challenge.state == State::Pending,
            ListFilter::Unknown => challenge.state == State::Unknown,
            _ => challenge.users_version == known.users.version,
        };
        lines.extend(slot.live(now).filter(fits).map(|live| line(Some(live.clone()), Some(live.expires_at))));
    }
    lines
}
