//! What is wrong in a store, key by key: found while all of its keys go by, and removed where nobody needs it any more.
//! Only counts are kept of the keys that went by.

mod app_keys;
mod own_keys;

use crate::otp::user::{Age, Mark};
use crate::otp::{Phone, UserId};
use crate::store::{Key, KeySnapshot, OwnKey, Owner, StoreError, StoreKey};

use super::{Effect, OperationError, Operations};

/// How many names one page asks for.
const PAGE: usize = 500;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does no harm.
    Note,
    /// It is not as it should be.
    Warning,
    /// Commands fail because of it.
    Failure,
}

/// Whether a key may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nobody needs it any more.
    Safe,
    /// Somebody may need it: remove it only by name.
    Named,
    /// Not by us.
    Never,
}

/// What to do about a key that is not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// In words.
    Words(&'static str),
    /// A command of ours on the user and the phone.
    Run(&'static [&'static str]),
    /// A command of another program, with `KEY` for the name of the key.
    Shell(&'static str),
}

macro_rules! issues {
    ($($name:ident = $id:literal, $severity:ident, $removal:ident, $what:literal, $fix:expr;)*) => {
        /// What may be wrong with a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Issue {
            $(#[doc = $what] $name,)*
        }

        impl Issue {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable name.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Whether keys of this kind may be removed.
            #[must_use]
            pub fn removal(self) -> Removal {
                match self { $(Self::$name => Removal::$removal,)* }
            }

            /// In words.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// What to do where it is not removed.
            #[must_use]
            pub fn fix(self) -> Option<Fix> {
                match self { $(Self::$name => $fix,)* }
            }
        }
    };
}

issues! {
    Over = "over", Warning, Safe, "it has expired, and has no lifetime", None;
    NoLife = "no_ttl", Warning, Never, "it has no lifetime, and needs one", Some(Fix::Words("the next command on this phone sets it"));
    LongLife = "long_ttl", Warning, Never, "its lifetime is longer than the settings ask for", Some(Fix::Words("the next command on this phone sets it"));
    EndingLife = "unexpected_ttl", Warning, Never, "it must not expire, and has a lifetime", Some(Fix::Shell("redis-cli PERSIST KEY"));
    WrongType = "wrong_type", Failure, Named, "its type is not one that otpctl writes", None;
    Unreadable = "unreadable", Failure, Named, "its content is not what otpctl writes", None;
    UnknownVersion = "unknown_version", Failure, Never, "a newer otpctl wrote it", Some(Fix::Words("update otpctl on this machine"));
    UnknownKey = "unknown_key", Note, Named, "it has our prefix, but otpctl has no such key", None;
    StaleIndex = "stale_index", Note, Safe, "it names a phone that is not linked to the user", Some(Fix::Run(&["user", "unlink"]));
    MissingIndex = "missing_index", Warning, Never, "the phone is linked to a user who is not in the index", Some(Fix::Run(&["user", "link"]));
    PlainCode = "plaintext_code", Warning, Named, "anyone who can read this store can read this code", None;
    CodeWithoutEnd = "code_no_ttl", Warning, Named, "a code that never expires", None;
    CodeOfLongLife = "code_long_ttl", Warning, Named, "a code with a lifetime of more than a day", None;
    LimitWithoutEnd = "limit_no_ttl", Warning, Named, "a count or a wait that never expires", None;
    OrphanCount = "orphan_counter", Warning, Named, "a count of attempts that never expires, and its code is gone", None;
    StrangeCode = "code_unreadable", Failure, Never, "it does not match the layout: commands on its phone end with exit code 24", Some(Fix::Words("find out what wrote it, or fix the layout"));
    StrangeChallenge = "challenge_unreadable", Warning, Never, "privacyIDEA reads no challenge in it", Some(Fix::Words("it is gone when its lifetime ends"));
    ChallengeWithoutEnd = "challenge_no_ttl", Warning, Never, "privacyIDEA challenges that never expire", Some(Fix::Shell("redis-cli EXPIRE KEY 330"));
    GatewayOrphan = "otpgateway_orphan", Warning, Safe, "what otpgateway leaves behind after each login", None;
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub struct FoundIssue {
    /// What.
    pub issue: Issue,
    /// Where.
    pub snapshot: KeySnapshot,
    /// The user and the phone that it is about, of whom one side knows.
    pub pair: Option<(UserId, Phone)>,
    /// More of it, without anything secret.
    pub detail: Option<String>,
    /// The entry of an index that leads nowhere.
    stale_entry: Option<StaleEntry>,
}

/// An entry of an index that leads nowhere. Only the entry may be removed, never the key that it is in.
#[derive(Debug, Clone)]
struct StaleEntry {
    mark: Option<Mark>,
    age: Age,
}

impl FoundIssue {
    fn new(issue: Issue, sight: &KeySnapshot) -> Self {
        Self { issue, snapshot: sight.clone(), pair: None, detail: None, stale_entry: None }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The phone that it is about: of our keys, or one that is in another name.
    #[must_use]
    pub fn phone(&self) -> Option<Phone> {
        match (&self.pair, &self.snapshot.key.owner) {
            (Some((_, phone)), _) => return Some(phone.clone()),
            (None, Owner::Ours(own)) => return own.phone().cloned(),
            (None, _) => {}
        }
        let name = String::from_utf8_lossy(&self.snapshot.key.name);
        let numbers = name.split(|character: char| !(character.is_ascii_digit() || character == '+'));
        numbers.filter(|text| text.len() > 7).find_map(|text| Phone::parse(text, None).ok())
    }

    /// The phone of the entry that is to be removed, where it is not the whole key.
    #[must_use]
    pub fn entry(&self) -> Option<Phone> {
        self.stale_entry.as_ref().and(self.pair.as_ref()).map(|(_, phone)| phone.clone())
    }

    /// Whether the key may be removed, or the entry in it. Users are kept, whatever state they are in; so is what was not
    /// seen well enough to be told from what it may become, and an entry that a running link may need.
    #[must_use]
    pub fn removal(&self) -> Removal {
        if let Some(leftover) = &self.stale_entry {
            return match leftover.age {
                Age::UnderWay => Removal::Never,
                Age::Old => Removal::Safe,
                Age::Unknown => Removal::Named,
            };
        }
        match self.snapshot.key.owner {
            Owner::Ours(OwnKey::Value(StoreKey::Users(_) | StoreKey::Phones(_))) => Removal::Never,
            _ if self.snapshot.can_be_compared() => self.issue.removal(),
            _ => Removal::Never,
        }
    }
}

/// A walk over all keys.
#[derive(Debug, Default)]
pub struct Scan {
    /// Only keys that this pattern of Redis's fits.
    pub pattern: Option<String>,
    /// So many went by.
    pub keys: u64,
    /// So many of them have our prefix.
    pub ours: u64,
    /// Why the keys of others could not be looked at.
    pub denied: Option<String>,
    /// Why parts of the store, such as nodes of a Cluster, could not be gone over.
    pub missing: Vec<StoreError>,
    /// So many were removed.
    pub removed: u64,
    place: Option<String>,
    begun: bool,
}

impl Scan {
    /// A walk that has not begun.
    #[must_use]
    pub fn new(pattern: Option<String>) -> Self {
        Self { pattern, ..Self::default() }
    }

    /// Whether all keys went by.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.begun && self.place.is_none()
    }
}

impl Operations<'_> {
    /// What is wrong with the next page of keys.
    ///
    /// # Errors
    /// When the store fails. That the keys of others may not be looked at is no failure.
    pub async fn scan(&self, survey: &mut Scan) -> Result<Vec<FoundIssue>, OperationError> {
        let page = self.store.keys(survey.pattern.as_deref(), survey.place.as_deref(), PAGE).await?;
        survey.begun = true;
        survey.place = page.next;
        survey.missing.extend(page.missing);
        survey.keys += u64::try_from(page.found.len()).unwrap_or_default();
        let (others, ours): (Vec<Key>, Vec<Key>) =
            page.found.into_iter().partition(|key| matches!(key.owner, Owner::Other));
        survey.ours += u64::try_from(ours.len()).unwrap_or_default();
        // Whoever may work on the codes of an application may look at them, and maybe at nobody else's.
        let (codes, others) = others.into_iter().partition(|key| self.is_app_code(key));
        let mut found = self.check_own_keys(&ours).await?;
        found.extend(self.check_app_keys(codes).await?);
        if survey.denied.is_none() {
            match self.check_app_keys(others).await {
                Ok(theirs) => found.extend(theirs),
                // Whoever may look at our keys only still learns what is wrong with them.
                Err(OperationError::Store(StoreError::Denied(why))) => survey.denied = Some(why),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Removes keys and entries that still are what was seen of them, and tells which were removed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge(&self, survey: &mut Scan, found: &[FoundIssue]) -> Result<Vec<bool>, OperationError> {
        if self.dry_run {
            survey.removed += u64::try_from(found.len()).unwrap_or_default();
            return Ok(vec![true; found.len()]);
        }
        self.progress.is_one_of_many();
        let whole = found.iter().filter(|one| one.stale_entry.is_none());
        let whole: Vec<KeySnapshot> = whole.map(|one| one.snapshot.clone()).collect();
        let purged = match whole.as_slice() {
            [] => Vec::new(),
            sights => self.removing(self.store.purge(sights)).await?,
        };
        let count = u64::try_from(purged.iter().filter(|removed| **removed).count()).unwrap_or_default();
        survey.removed += count;
        self.progress.removed(count);
        let (mut purged, mut removed) = (purged.into_iter(), Vec::with_capacity(found.len()));
        for one in found {
            let Some((leftover, (user, phone))) = one.stale_entry.as_ref().zip(one.pair.as_ref()) else {
                removed.push(purged.next().unwrap_or(false));
                continue;
            };
            let sweep = async {
                match self.sweep(user, phone, leftover.mark.as_ref()).await {
                    // One side of it cannot be read any more, so it stays.
                    Err(error) if error.is_of_one_record() => Ok(false),
                    Err(OperationError::Store(StoreError::Unreachable(_))) => Ok(false),
                    gone => gone,
                }
            };
            let gone = self.removing(sweep).await?;
            survey.removed += u64::from(gone);
            self.progress.removed(u64::from(gone));
            removed.push(gone);
        }
        Ok(removed)
    }

    /// Removes something; where it fails, some of it may be gone.
    async fn removing<T, E: Into<OperationError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, OperationError> {
        let begun = self.progress.begin(Effect::Removal);
        let removed = work.await.map_err(Into::into)?;
        // What was removed is counted, so nothing is in doubt any more.
        begun.was_not_done();
        Ok(removed)
    }
}
