//! The list of an import, compared with the map before anything is changed: what each line would change, after those before
//! it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Seek as _, SeekFrom};
use std::path::Path;

use serde::Serialize;
use tokio::fs::File;
use tokio::io::BufReader;

use super::pairs::{PairLines, ReadPair};
use crate::app::App;
use crate::commands::lines;
use crate::error::{Error, Exit};
use crate::operations::{ImportPlan, Operations};
use crate::otp::{Phone, UserId};
use crate::system;

/// So many lines are compared at once.
const CHUNK: usize = 100;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Added,
    Moved,
    Unchanged,
    Duplicate,
    Conflict,
    Failed,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Unchanged => "unchanged",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
        }
    }
}

/// What a line gives, of which only so much is kept that the others can be compared with it: 16 bytes a line, whatever is
/// in them.
#[derive(Default)]
struct Given {
    keys: RandomState,
    /// The first line that gives a pair.
    lines: HashMap<u64, u32>,
}

impl Given {
    fn key(&self, user: &UserId, phone: &Phone) -> u64 {
        self.keys.hash_one((user.as_str(), phone.as_str()))
    }

    /// Notes that a line gives this pair, and tells which line gave it first.
    fn note(&mut self, user: &UserId, phone: &Phone, line: u64) {
        let key = self.key(user, phone);
        self.lines.entry(key).or_insert(u32::try_from(line).unwrap_or(u32::MAX));
    }

    fn first_line(&self, user: &UserId, phone: &Phone) -> Option<u64> {
        self.lines.get(&self.key(user, phone)).map(|line| u64::from(*line))
    }

    fn has(&self, user: &UserId, phone: &Phone) -> bool {
        self.lines.contains_key(&self.key(user, phone))
    }
}

/// The whole list, to be read from its beginning as often as needed.
struct List {
    file: std::fs::File,
}

impl List {
    /// Copies it, since it may be a pipe, and may change while it is read.
    async fn copied(app: &App, from: &Path) -> Result<Self, Error> {
        let failed = |error| Error::new(Exit::Usage, anyhow::Error::new(error).context(from.display().to_string()));
        let mut input = lines::open(from).await?;
        let file = system::spool().map_err(failed)?;
        let mut copy = File::from_std(file.try_clone().map_err(failed)?);
        let copied = async {
            tokio::io::copy_buf(&mut input, &mut copy).await?;
            tokio::io::AsyncWriteExt::flush(&mut copy).await
        };
        app.progress.waiting_for("the list", copied).await.map_err(failed)?;
        Ok(Self { file })
    }

    async fn pairs(&self) -> Result<PairLines, Error> {
        let failed = |error: std::io::Error| Error::new(Exit::Internal, error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        PairLines::open(Box::new(BufReader::with_capacity(1 << 16, File::from_std(file)))).await
    }
}

/// A line that was compared.
pub(super) struct Compared {
    pub(super) number: u64,
    pub(super) read: Result<ReadPair, Error>,
    pub(super) plan: Option<ImportPlan>,
}

/// The lines of a list, compared with the map some at a time.
pub(super) struct Comparing<'a> {
    app: &'a App,
    list: List,
    pairs: PairLines,
    given: Given,
    /// Users who were moved to a phone of the list: another phone of theirs in it is one more.
    moved: HashSet<UserId>,
    ready: VecDeque<Compared>,
}

impl<'a> Comparing<'a> {
    /// Reads the whole list once, to know what it gives, and stands at its beginning.
    pub(super) async fn begin(app: &'a App, from: &Path) -> Result<Self, Error> {
        let list = List::copied(app, from).await?;
        let mut given = Given::default();
        let mut pairs = list.pairs().await?;
        while let Some((number, read)) = pairs.next(app).await {
            if let Ok(ReadPair { pair, .. }) = read {
                given.note(&pair.user, &pair.phone, number);
            }
        }
        let pairs = list.pairs().await?;
        Ok(Self { app, list, pairs, given, moved: HashSet::new(), ready: VecDeque::new() })
    }

    /// The same from the beginning again.
    pub(super) async fn again(self) -> Result<Self, Error> {
        Ok(Self { pairs: self.list.pairs().await?, moved: HashSet::new(), ready: VecDeque::new(), ..self })
    }

    /// Whether some line gives this pair.
    pub(super) fn gives(&self, user: &UserId, phone: &Phone) -> bool {
        self.given.has(user, phone)
    }

    pub(super) async fn next(&mut self, operations: &Operations<'_>) -> Result<Option<Compared>, Error> {
        if self.ready.is_empty() {
            self.chunk(operations).await?;
        }
        Ok(self.ready.pop_front())
    }

    async fn chunk(&mut self, operations: &Operations<'_>) -> Result<(), Error> {
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK
            && let Some((number, read)) = self.pairs.next(self.app).await
        {
            chunk.push(Compared { number, read, plan: None });
        }
        let wanted = |one: &&mut Compared| {
            let pair = one.read.as_ref().ok().map(|read| &read.pair);
            pair.is_some_and(|pair| self.given.first_line(&pair.user, &pair.phone) == Some(one.number))
        };
        let wanted: Vec<&mut Compared> = chunk.iter_mut().filter(wanted).collect();
        let pairs = wanted.iter().filter_map(|one| Some(one.read.as_ref().ok()?.pair.clone()));
        let pairs: Vec<_> = pairs.collect();
        let plans = operations.import_plans(&pairs, &|user, phone| self.gives(user, phone)).await?;
        for (one, plan) in wanted.into_iter().zip(plans) {
            match plan {
                Ok(plan) => one.plan = Some(plan),
                Err(error) => one.read = Err(error.into()),
            }
        }
        self.ready.extend(chunk);
        Ok(())
    }

    /// What a line would change, after those before it.
    pub(super) fn status(&mut self, one: &mut Compared, replace: bool) -> Status {
        let Ok(read) = &one.read else { return Status::Failed };
        let Some(plan) = &mut one.plan else { return Status::Duplicate };
        if self.moved.contains(&read.pair.user) {
            plan.phones.clear();
        }
        if plan.is_nothing() {
            return Status::Unchanged;
        }
        if plan.is_conflict() && !replace {
            return Status::Conflict;
        }
        if !plan.phones.is_empty() {
            self.moved.insert(read.pair.user.clone());
        }
        if plan.phones.is_empty() && plan.users.is_empty() { Status::Added } else { Status::Moved }
    }
}
