//! One process that works on a store: a verifier with its keys and limits, and short words for what the clauses do.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use otpctl::app::{OsRandom, clock};
use otpctl::directory::Directories;
use otpctl::layout::{BoundLayout, Layout, LayoutContext, Native};
use otpctl::operations::{
    Applied, AttemptOutcome, FoundIssue, IssueRequest, Moved, OperationError, Operations, PhoneSnapshot, PolicyRequest,
    Progress, Route, Scan, SendRequest, Sent, Turns,
};
use otpctl::otp::policy_entry::{PolicyEffect, Scope};
use otpctl::otp::record::{Answer, Reason, Verdict};
use otpctl::otp::rules::{AttemptRequest, Linked, Reserved, RevokeRequest, UnlockRequest};
use otpctl::otp::text::MessageTemplate;
use otpctl::otp::{
    Alphabet, Clock, Code, CodeSpec, Event, Limits, LockLength, LockStep, Pepper, Peppers, Phone, Phones, Policy,
    Purpose, Secret, Stored as _, Ttl, UserId,
};
use otpctl::store::{
    Addition, Change, Committed, FeedPage, FeedPart, Health, Key, KeySnapshot, Loaded, Owner, Page, Put, ReadAnswer,
    ReadRequest, Store, StoreError, StoreKey, Sums, Write,
};

use crate::support::fixtures::Fixture;

/// Whose a phone is says the store alone.
static NO_DIRECTORIES: Directories = Directories::none();

/// The usual right code, and one that is wrong.
pub const RIGHT: &str = "424242";
pub const WRONG: &str = "111111";

/// One process.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    pub store: Box<dyn Store>,
    pub limits: Limits,
    pub peppers: Peppers,
    pub ttl: Duration,
    pub policy: Policy,
    pub dry_run: bool,
    pub purpose: Purpose,
    pub user: Option<UserId>,
    pub key: Option<String>,
    pub layout: Arc<dyn Layout>,
    ours: CodeSpec,
    progress: Progress,
    turns: Arc<Turns>,
    clock: Clock,
}

impl Client {
    /// With a way of its own to the store, and limits on nothing but guesses.
    pub fn of(fixture: &dyn Fixture) -> Self {
        Self { layout: fixture.layout(), ..Self::over(fixture.store()) }
    }

    pub fn over(store: Box<dyn Store>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self {
            runtime,
            store,
            limits: no_limits(),
            peppers: pepper("k1"),
            ttl: Duration::from_secs(300),
            dry_run: false,
            policy: Policy::default(),
            purpose: Purpose::default(),
            user: None,
            key: None,
            layout: Arc::new(Native),
            ours: CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 },
            progress: Progress::default(),
            turns: Arc::default(),
            clock: clock(),
        }
    }

    fn bound(&self) -> Box<dyn BoundLayout + '_> {
        let context = LayoutContext { peppers: &self.peppers, secret: None, max_attempts: 5, ours: &self.ours };
        self.layout.bind(Some(context)).unwrap()
    }

    fn operations(&self) -> Operations<'_> {
        Operations {
            store: self.store.as_ref(),
            limits: &self.limits,
            timeline_kept: Duration::from_secs(3600),
            randomness: &OsRandom,
            clock: self.clock.as_ref(),
            progress: &self.progress,
            turns: &self.turns,
            dry_run: self.dry_run,
            reason: None,
            by: None,
            audit: None,
            brakes: self.policy.brakes,
            directories: &NO_DIRECTORIES,
            layout: self.bound(),
        }
    }

    fn to_issue<'a>(&'a self, phone: &'a Phone, code: &'a Code) -> IssueRequest<'a> {
        let user = self.user.as_ref();
        IssueRequest {
            phone,
            purpose: &self.purpose,
            user,
            code,
            peppers: &self.peppers,
            ttl: self.ttl,
            max_tries: 5,
            elsewhere: false,
        }
    }

    /// Makes a code that needs no SMS, and gives its id.
    pub fn issue(&self, phone: &Phone, code: &str) -> String {
        match self.try_issue(phone, code).unwrap().outcome {
            Reserved::New(challenge) | Reserved::Replayed(challenge) => challenge.id,
        }
    }

    pub fn try_issue(&self, phone: &Phone, code: &str) -> Result<Applied<Reserved>, OperationError> {
        self.runtime.block_on(self.operations().issue(&self.to_issue(phone, &read(code))))
    }

    /// Sends a code.
    pub fn send(&self, phone: &Phone, code: &str, route: &Route) -> Result<Sent, OperationError> {
        let code = read(code);
        let template = MessageTemplate::new("{{ code }} is your code", None).unwrap();
        let sending = async {
            let asked = SendRequest {
                issue: self.to_issue(phone, &code),
                policy: &self.policy,
                route,
                template: &template,
                app: "Example",
                lang: None,
                idempotency_key: self.key.as_deref(),
                deadline: tokio::time::Instant::now() + Duration::from_secs(10),
            };
            self.operations().send(&asked, &asked.text(code.expose()).unwrap()).await
        };
        self.runtime.block_on(sending)
    }

    /// Blocks a phone until it is allowed again.
    pub fn block(&self, phone: &Phone) {
        let asked = PolicyRequest { effect: PolicyEffect::Block, until: None };
        self.runtime.block_on(self.operations().set_policy(&Scope::Phone(phone.clone()), &asked)).unwrap();
    }

    /// Types a code.
    pub fn verify(&self, phone: &Phone, code: &str) -> Answer {
        self.try_verify(phone, code, &fresh_id()).unwrap().answer
    }

    /// The verdict alone.
    pub fn verdict(&self, phone: &Phone, code: &str) -> (Verdict, Option<Reason>) {
        let answer = self.verify(phone, code);
        (answer.verdict, answer.reason)
    }

    pub fn try_verify(&self, phone: &Phone, code: &str, attempt_id: &str) -> Result<AttemptOutcome, OperationError> {
        let asked = AttemptRequest {
            phone,
            purpose: &self.purpose,
            code: &read(code),
            peppers: &self.peppers,
            attempt_id,
            user: self.user.as_ref(),
            require_user: false,
            assertion: None,
        };
        self.runtime.block_on(self.operations().verify(&asked)).map(|stepped| stepped.outcome)
    }

    /// Kills live codes, and says how many.
    pub fn revoke(&self, phone: &Phone) -> Result<usize, OperationError> {
        let revoked = self.runtime.block_on(self.operations().revoke(phone, &RevokeRequest::default()));
        revoked.map(|stepped| stepped.outcome.0.len())
    }

    /// Clears failures and locks; with `limits`, the phone's own limits too.
    pub fn unlock(&self, phone: &Phone, limits: bool) {
        let asked = UnlockRequest { limits, ..UnlockRequest::default() };
        self.runtime.block_on(self.operations().unlock(phone, &asked)).unwrap();
    }

    pub fn link(&self, phone: &Phone, user: &UserId) {
        self.try_link(phone, user).unwrap();
    }

    pub fn try_link(&self, phone: &Phone, user: &UserId) -> Result<Linked, OperationError> {
        self.runtime.block_on(self.operations().link(phone, user)).map(|stepped| stepped.outcome)
    }

    pub fn unlink(&self, phone: &Phone, user: &UserId) {
        self.try_unlink(phone, user).unwrap();
    }

    pub fn try_unlink(&self, phone: &Phone, user: &UserId) -> Result<Linked, OperationError> {
        self.runtime.block_on(self.operations().unlink(phone, user)).map(|stepped| stepped.outcome)
    }

    /// Gives a user this phone and no other, and tells which it had before.
    pub fn move_to(&self, phone: &Phone, user: &UserId) -> Vec<String> {
        self.try_move(phone, user).unwrap().unlinked.into_iter().map(|phone| phone.as_str().to_owned()).collect()
    }

    pub fn try_move(&self, phone: &Phone, user: &UserId) -> Result<Moved, OperationError> {
        self.runtime.block_on(self.operations().move_to(phone, user))
    }

    /// The changes of a phone's users that are kept, as words, the newest first.
    pub fn links_of_phone(&self, phone: &Phone) -> Vec<String> {
        let links = self.runtime.block_on(self.operations().links_of_phone(phone)).unwrap();
        assert_eq!(links.unreadable, None);
        links.changes.iter().map(|event| format!("{} {}", event.result, event.detail.as_deref().unwrap())).collect()
    }

    /// The changes of a user's phones that are kept, likewise.
    pub fn links_of_user(&self, user: &UserId) -> Vec<String> {
        let (changes, unread) = self.runtime.block_on(self.operations().links_of_user(user)).unwrap();
        assert!(unread.is_empty());
        changes.iter().map(|(phone, event)| format!("{} {}", event.result, phone.as_str())).collect()
    }

    /// The numbers that the index of a user names, whether they lead anywhere or not.
    pub fn index_of(&self, user: &UserId) -> Vec<String> {
        let loaded = self.load(&[vec![StoreKey::Phones(user.clone())]]).unwrap().remove(0);
        Phones::read(loaded.values[0].as_deref()).unwrap().phones
    }

    /// Writes the index of a user as it is in a store.
    pub fn set_index(&self, user: &UserId, json: &str) {
        let put = Put::Set(json.into(), Ttl::Forever);
        let write = Write { key: StoreKey::Phones(user.clone()), loaded: None, put };
        let committed = self.commit(&[Change::of(vec![write])]).unwrap();
        assert!(matches!(committed.as_slice(), [Committed::Done(_)]), "{committed:?}");
    }

    /// What is wrong in the whole store.
    pub fn survey(&self) -> Vec<FoundIssue> {
        let (mut survey, mut found) = (Scan::new(None), Vec::new());
        while !survey.is_over() {
            found.extend(self.runtime.block_on(self.operations().scan(&mut survey)).unwrap());
        }
        found
    }

    /// Removes what was found, and tells what of it is gone.
    pub fn remove(&self, found: &[FoundIssue]) -> Vec<bool> {
        self.runtime.block_on(self.operations().purge(&mut Scan::new(None), found)).unwrap()
    }

    /// The numbers that a user has.
    pub fn phones_of(&self, user: &UserId) -> Vec<String> {
        let links = self.runtime.block_on(self.operations().phones_of(user)).unwrap();
        links.into_iter().map(|(phone, _)| phone.as_str().to_owned()).collect()
    }

    pub fn try_look(&self, phone: &Phone) -> Result<PhoneSnapshot, OperationError> {
        self.runtime.block_on(self.operations().snapshot(phone))
    }

    pub fn look(&self, phone: &Phone) -> PhoneSnapshot {
        self.try_look(phone).unwrap()
    }

    /// The failures in a row of the usual purpose.
    pub fn failures(&self, phone: &Phone) -> u32 {
        let look = self.look(phone);
        look.known.record.purposes.get(&self.purpose).map_or(0, |slot| slot.failures(look.now, &self.limits))
    }

    pub fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        self.runtime.block_on(self.store.load(groups))
    }

    pub fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        self.runtime.block_on(self.store.commit(changes))
    }

    pub fn health(&self) -> Health {
        self.runtime.block_on(self.store.health()).unwrap()
    }

    pub fn timeline(&self, phone: &Phone, most: usize) -> Vec<Event> {
        self.runtime.block_on(self.store.timeline(phone, most)).unwrap()
    }

    /// How many lines of the feed there are, at most so many thousands.
    pub fn feed(&self, part: &FeedPart) -> usize {
        self.runtime.block_on(self.store.feed(part, 5000)).unwrap().lines.len()
    }

    pub fn feed_page(&self, part: &FeedPart, most: usize) -> FeedPage {
        self.runtime.block_on(self.store.feed(part, most)).unwrap()
    }

    pub fn add(&self, additions: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        self.runtime.block_on(self.store.add(additions))
    }

    pub fn try_read(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        self.runtime.block_on(self.store.read(request))
    }

    pub fn read(&self, request: &ReadRequest) -> ReadAnswer {
        self.runtime.block_on(self.store.read(request)).unwrap()
    }

    /// All numbers that have a record, asked for in pages of three.
    pub fn phones(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.runtime.block_on(self.operations().phones(cursor.as_deref(), 3)).unwrap();
            found.extend(page.found);
            cursor = page.next;
            if cursor.is_none() {
                return once(found);
            }
        }
    }

    /// One page of them, as one process asks for it.
    pub fn page(&self, cursor: Option<&str>, page: usize) -> Page<String> {
        self.try_page(cursor, page).unwrap()
    }

    pub fn try_page(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        self.runtime.block_on(self.operations().phones(cursor, page))
    }

    /// All keys of ours, seen as they are now.
    pub fn sights(&self) -> Vec<KeySnapshot> {
        let (mut found, mut cursor): (Vec<Key>, _) = (Vec::new(), None);
        loop {
            let page = self.runtime.block_on(self.store.keys(None, cursor.as_deref(), 3)).unwrap();
            found.extend(page.found.into_iter().filter(|key| key.owner != Owner::Other));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found.dedup();
        let seen = self.runtime.block_on(self.store.read_keys(&found)).unwrap();
        assert_eq!(seen.len(), found.len());
        seen.into_iter().flatten().collect()
    }

    pub fn purge(&self, sights: &[KeySnapshot]) -> Vec<bool> {
        self.runtime.block_on(self.store.purge(sights)).unwrap()
    }

    /// All users that have phones, likewise.
    pub fn users(&self) -> Vec<UserId> {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.runtime.block_on(self.store.users(cursor.as_deref(), 3)).unwrap();
            found.extend(page.found);
            cursor = page.next;
            if cursor.is_none() {
                return once(found);
            }
        }
    }
}

/// Sorted, and each only once: a page may repeat a name.
fn once<T: Ord>(mut found: Vec<T>) -> Vec<T> {
    found.sort();
    found.dedup();
    found
}

/// No limit on sends; ten failures lock for a second, twenty until somebody unlocks.
pub fn no_limits() -> Limits {
    let lock = |failures, length| LockStep { failures, length };
    Limits {
        cooldown: Vec::new(),
        per_phone: Vec::new(),
        per_prefix: Vec::new(),
        per_country: Vec::new(),
        caps: std::collections::BTreeMap::new(),
        spend: std::collections::BTreeMap::new(),
        locks: vec![lock(10, LockLength::For(Duration::from_secs(1))), lock(20, LockLength::Hard)],
        failures_kept: Duration::from_secs(24 * 3600),
    }
}

/// One pepper of this name.
pub fn pepper(id: &str) -> Peppers {
    let key = Secret::new(format!("a key that no one guesses, by the name of {id}"));
    Peppers::new(vec![Pepper { id: id.to_owned(), key }]).unwrap()
}

/// A code of six digits.
pub fn read(code: &str) -> Code {
    CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 }.read(code).unwrap()
}

/// A mobile number in India, another one for each `n`.
pub fn phone(n: u32) -> Phone {
    Phone::parse(&format!("+9198765{n:05}"), None).unwrap()
}

pub fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub fn fresh_id() -> String {
    otpctl::otp::reference::attempt_id(&OsRandom).unwrap()
}

/// Does the same in so many processes at once, each with its own way to the store, and gives what each got.
pub fn at_once<T: Send>(fixture: &dyn Fixture, count: usize, work: impl Fn(&Client, usize) -> T + Sync) -> Vec<T> {
    let start = Arc::new(Barrier::new(count));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|index| {
                let (start, work) = (Arc::clone(&start), &work);
                scope.spawn(move || {
                    let client = Client::of(fixture);
                    start.wait();
                    work(&client, index)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
