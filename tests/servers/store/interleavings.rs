//! Every interleaving of `link`, `unlink`, `move` and a reader, as they are, over a store that lets a scheduler decide who
//! takes the next step: each call to it is one step, a load of two slots is two. A process may be killed before any step,
//! and any answer may get lost. What [`otpctl::otp::user`] promises is looked at after each step.
//!
//! A process is determined by what it was told, so what it asks next is found once for each such story, by running it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::{Future as _, poll_fn};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use otpctl::directory::Directories;
use otpctl::layout::Native;
use otpctl::operations::{Moved, OperationError, Operations, Progress};
use otpctl::otp::rules::Linked;
use otpctl::otp::{FormerPhones, Moment, Phone, Phones, Randomness, RandomnessFailed, Stored as _, Ttl, UserId, Users};
use otpctl::store::{
    Addition, Change, Committed, FeedPage, FeedPart, Health, Key, KeyCopy, KeySnapshot, Loaded, Members, OwnKey, Page,
    Put, ReadAnswer, ReadRequest, Store, StoreError, StoreKey, Sums,
};

use crate::support::client::{no_limits, user};

/// Four phones, each parsed once.
fn phone(n: usize) -> Phone {
    static PHONES: LazyLock<Vec<Phone>> = LazyLock::new(|| (0..4).map(crate::support::client::phone).collect());
    PHONES[n].clone()
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Link(usize),
    Unlink(usize),
    Move(usize),
    Read,
}

/// How a process ended.
#[derive(Debug)]
enum End {
    Link(Linked),
    Unlink(Linked),
    Move(Box<Moved>),
    Read(usize),
    Failed(OperationError),
    Killed,
}

/// A step that a process wants to take.
#[derive(Debug, Clone)]
enum Request {
    Load(Vec<StoreKey>),
    Commit(Change),
}

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Reply {
    Loaded(Vec<Option<Vec<u8>>>),
    Committed(bool),
    Lost,
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Heard,
    /// It is done, and the answer is lost.
    Lost,
    /// It is not done, and nobody knows.
    LostBefore,
    /// The process is killed instead.
    Killed,
}

type Cells = BTreeMap<String, Vec<u8>>;

const NOW: Moment = Moment::from_millis(1_790_000_000_000);

/// Takes a step on what the store holds.
fn take(cells: &mut Cells, request: &Request) -> Reply {
    let change = match request {
        Request::Load(group) => {
            return Reply::Loaded(group.iter().map(|cell| cells.get(&cell.name()).cloned()).collect());
        }
        Request::Commit(change) => change,
    };
    if change.writes.iter().any(|write| cells.get(&write.key.name()) != write.loaded.as_ref()) {
        return Reply::Committed(false);
    }
    for write in &change.writes {
        match &write.put {
            // The history of a phone changes with its users and never without them, so it tells no two states apart.
            Put::Set(..) if matches!(write.key, StoreKey::LinkHistory(_)) => {
                let users = |write: &&otpctl::store::Write| matches!(write.key, StoreKey::Users(_));
                let with = change.writes.iter().find(users).map(|write| &write.put);
                assert!(matches!(with, Some(Put::Set(..))), "a history without its users: {change:?}");
            }
            Put::Keep => {}
            Put::Set(_, Ttl::Expired) => drop(cells.remove(&write.key.name())),
            Put::Set(value, _) => drop(cells.insert(write.key.name(), value.clone())),
        }
    }
    let had = sides(cells).had;
    cells.insert(HAD.to_owned(), had.iter().map(|n| u8::try_from(*n).unwrap()).collect());
    Reply::Committed(true)
}

/// Where the search itself notes which phones the user has ever had.
const HAD: &str = "had";

/// The store of one process, which tells it what a script says.
#[derive(Default)]
struct Scripted {
    /// What is yet to be told, the last first.
    script: Mutex<Vec<Reply>>,
    /// What it asked for when there was nothing more to tell.
    asks: Mutex<Option<Request>>,
    backwards: bool,
}

impl Scripted {
    async fn step(&self, request: Request) -> Result<Reply, StoreError> {
        let reply = poll_fn(|_| {
            let reply = self.script.lock().unwrap().pop();
            if reply.is_none() {
                *self.asks.lock().unwrap() = Some(request.clone());
            }
            reply.map_or(Poll::Pending, Poll::Ready)
        });
        match reply.await {
            Reply::Lost => Err(StoreError::Unknown("lost".to_owned())),
            reply => Ok(reply),
        }
    }
}

#[async_trait]
impl Store for Scripted {
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        let mut loaded = vec![None; groups.len()];
        let mut order: Vec<usize> = (0..groups.len()).collect();
        if self.backwards {
            order.reverse();
        }
        for at in order {
            let Reply::Loaded(values) = self.step(Request::Load(groups[at].clone())).await? else { panic!("a load") };
            loaded[at] = Some(Loaded { now: NOW, values });
        }
        Ok(loaded.into_iter().flatten().collect())
    }

    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        let mut committed = Vec::new();
        for change in changes {
            let reply = self.step(Request::Commit(change.clone())).await?;
            let done = reply == Reply::Committed(true);
            committed.push(if done { Committed::Done(NOW) } else { Committed::Conflict });
        }
        Ok(committed)
    }

    async fn add(&self, _: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        panic!("nobody adds");
    }

    async fn read(&self, _: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        panic!("nobody reads");
    }

    async fn feed(&self, _: &FeedPart, _: usize) -> Result<FeedPage, StoreError> {
        Ok(FeedPage::default())
    }

    async fn members(&self, _: &[String], _: usize) -> Result<Vec<Option<Members>>, StoreError> {
        Ok(Vec::new())
    }

    async fn phones(&self, _: Option<&str>, _: usize) -> Result<Page<String>, StoreError> {
        Ok(Page::default())
    }

    async fn users(&self, _: Option<&str>, _: usize) -> Result<Page<UserId>, StoreError> {
        Ok(Page::default())
    }

    async fn health(&self) -> Result<Health, StoreError> {
        Err(StoreError::NotReady("nobody asks".to_owned()))
    }

    async fn keys(&self, _: Option<&str>, _: Option<&str>, _: usize) -> Result<Page<Key>, StoreError> {
        Ok(Page::default())
    }

    async fn read_keys(&self, _: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError> {
        Ok(Vec::new())
    }

    async fn copies(&self, _: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError> {
        Ok(Vec::new())
    }

    async fn put_copies(&self, _: &[KeyCopy]) -> Result<Vec<bool>, StoreError> {
        Ok(Vec::new())
    }

    async fn purge(&self, _: &[KeySnapshot]) -> Result<Vec<bool>, StoreError> {
        Ok(Vec::new())
    }
}

/// Numbers that no other process draws, and the same in each run.
struct Counted(AtomicU64);

impl Randomness for Counted {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed> {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        buffer.iter_mut().zip(next.iter().rev()).for_each(|(byte, next)| *byte = *next);
        Ok(())
    }
}

/// Runs a process on what it is told, until it asks for more or ends.
fn run(act: Act, number: u64, told: &[Reply], backwards: bool) -> Next {
    let script = Mutex::new(told.iter().rev().cloned().collect());
    let store = Scripted { script, backwards, ..Scripted::default() };
    let (limits, progress, randomness) = (no_limits(), Progress::default(), Counted(AtomicU64::new(number << 32)));
    let verifier = Operations {
        store: &store,
        limits: &limits,
        timeline_kept: Duration::from_secs(3600),
        randomness: &randomness,
        clock: &|| NOW,
        progress: &progress,
        turns: &Arc::default(),
        dry_run: false,
        reason: None,
        by: None,
        audit: None,
        brakes: otpctl::otp::brake::BrakeMode::Off,
        directories: &Directories::none(),
        layout: Box::new(Native),
    };
    let owner = user("u");
    let mut running = Box::pin(async {
        let end = match act {
            Act::Link(n) => verifier.link(&phone(n), &owner).await.map(|stepped| End::Link(stepped.outcome)),
            Act::Unlink(n) => verifier.unlink(&phone(n), &owner).await.map(|stepped| End::Unlink(stepped.outcome)),
            Act::Move(n) => verifier.move_to(&phone(n), &owner).await.map(|moved| End::Move(Box::new(moved))),
            Act::Read => verifier.phones_of(&owner).await.map(|links| End::Read(links.len())),
        };
        end.unwrap_or_else(End::Failed)
    });
    loop {
        if let Poll::Ready(end) = running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Next::Ended(Arc::new(end));
        }
        if let Some(request) = store.asks.lock().unwrap().take() {
            return Next::Asks(Arc::new(request));
        }
    }
}

/// What a process does next.
#[derive(Debug, Clone)]
enum Next {
    Asks(Arc<Request>),
    Ended(Arc<End>),
}

/// A process in some state: what it was told, and what it does next.
struct Story {
    told: Vec<Reply>,
    next: Next,
    goes_on: RefCell<HashMap<Reply, Rc<Story>>>,
    /// Tells it from all others.
    hash: u64,
}

impl Story {
    fn new(act: Act, number: u64, told: Vec<Reply>, backwards: bool) -> Rc<Self> {
        let next = run(act, number, &told, backwards);
        let hash = hash_of(&(number, &told));
        Rc::new(Self { told, next, goes_on: RefCell::default(), hash })
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    value.hash(&mut hash);
    hash.finish()
}

#[derive(Clone)]
struct State {
    cells: Rc<Cells>,
    processes: Vec<Process>,
    kills: usize,
    losses: usize,
    /// Who took the last step, and how often a process that could go on may yet be interrupted; `None`: always.
    turn: Option<(usize, usize)>,
}

#[derive(Clone)]
enum Process {
    Lives(Rc<Story>),
    Killed,
}

impl Process {
    fn request(&self) -> Option<&Arc<Request>> {
        match self {
            Self::Lives(story) => match &story.next {
                Next::Asks(request) => Some(request),
                Next::Ended(_) => None,
            },
            Self::Killed => None,
        }
    }

    fn end(&self) -> Option<&End> {
        match self {
            Self::Lives(story) => match &story.next {
                Next::Asks(_) => None,
                Next::Ended(end) => Some(end),
            },
            Self::Killed => Some(&End::Killed),
        }
    }
}

impl State {
    /// Whether another process would take a step although the last one could go on.
    fn interrupts(&self, last: usize, next: usize) -> bool {
        last != next && self.processes[last].request().is_some()
    }
}

type Path = Vec<(usize, Way)>;

/// Phones of the user: by their own sides, by the index, by what is kept of former ones, and all that ever were.
struct Sides {
    truth: BTreeSet<usize>,
    index: BTreeSet<usize>,
    former: BTreeSet<usize>,
    had: BTreeSet<usize>,
}

/// What is looked for.
struct Search<'a> {
    acts: &'a [Act],
    /// The phones that the user has before.
    before: &'a [usize],
    backwards: bool,
    seen: HashSet<u64>,
    /// By what the store holds: the phones of the user by their own sides and by the index, and after another command.
    sides: HashMap<u64, Rc<Sides>>,
    repaired: HashSet<u64>,
    ends: usize,
}

/// Runs one process to its end.
fn alone(act: Act, number: u64, cells: &mut Cells) {
    let mut told = Vec::new();
    while let Next::Asks(request) = run(act, number, &told, false) {
        told.push(take(cells, &request));
    }
}

fn sides(cells: &Cells) -> Sides {
    let owner = user("u");
    let has = |n: &usize| {
        let bytes = cells.get(&StoreKey::Users(phone(*n)).name()).map(Vec::as_slice);
        Users::read(bytes).unwrap().has(&owner)
    };
    let index = Phones::read(cells.get(&StoreKey::Phones(owner.clone()).name()).map(Vec::as_slice)).unwrap();
    let former = cells.get(&StoreKey::FormerPhones(owner.clone()).name()).map(Vec::as_slice);
    let former: Vec<Phone> = FormerPhones::read(former).unwrap().named().collect();
    let truth: BTreeSet<usize> = (0..4).filter(has).collect();
    let had = cells.get(HAD).into_iter().flatten().map(|n| usize::from(*n)).chain(truth.iter().copied());
    Sides {
        index: (0..4).filter(|n| index.has(&phone(*n))).collect(),
        former: (0..4).filter(|n| former.contains(&phone(*n))).collect(),
        had: had.collect(),
        truth,
    }
}

impl Search<'_> {
    /// Follows every way on from here.
    fn follow(&mut self, state: &State, path: &mut Path) {
        let cells = hash_of(&state.cells);
        let stories: Vec<u64> = state
            .processes
            .iter()
            .map(|process| if let Process::Lives(story) = process { story.hash } else { 0 })
            .collect();
        if !self.seen.insert(hash_of(&(cells, &stories, state.kills, state.losses, state.turn))) {
            return;
        }
        let both = Rc::clone(self.sides.entry(cells).or_insert_with(|| Rc::new(sides(&state.cells))));
        self.holds(state, &both, path);
        let mut ended = true;
        for (number, process) in state.processes.iter().enumerate() {
            let Some(request) = process.request() else { continue };
            ended = false;
            if state.turn.is_some_and(|(last, left)| left == 0 && state.interrupts(last, number)) {
                continue;
            }
            let mut ways = vec![Way::Heard];
            if state.kills > 0 {
                ways.push(Way::Killed);
            }
            if state.losses > 0 && matches!(**request, Request::Commit(_)) {
                ways.extend([Way::Lost, Way::LostBefore]);
            }
            for way in ways {
                path.push((number, way));
                let next = self.after(state, number, way);
                self.follow(&next, path);
                path.pop();
            }
        }
        if ended {
            self.ends += 1;
            self.ended(state, &both, path);
            if self.repaired.insert(cells) {
                self.mends(state, path);
            }
        }
    }

    fn after(&self, state: &State, number: usize, way: Way) -> State {
        let mut next = state.clone();
        next.turn = state.turn.map(|(last, left)| (number, left - usize::from(state.interrupts(last, number))));
        let (Process::Lives(story), Some(request)) = (&state.processes[number], state.processes[number].request())
        else {
            panic!("only who runs takes a step")
        };
        if way == Way::Killed {
            next.kills -= 1;
            next.processes[number] = Process::Killed;
            return next;
        }
        let reply = if way == Way::LostBefore { Reply::Lost } else { take(Rc::make_mut(&mut next.cells), request) };
        let reply = if way == Way::Heard { reply } else { Reply::Lost };
        next.losses -= usize::from(way != Way::Heard);
        let mut goes_on = story.goes_on.borrow_mut();
        let then = goes_on.entry(reply.clone()).or_insert_with(|| {
            let told = story.told.iter().cloned().chain([reply]).collect();
            Story::new(self.acts[number], number as u64 + 1, told, self.backwards)
        });
        next.processes[number] = Process::Lives(Rc::clone(then));
        next
    }

    /// What is promised at every moment.
    fn holds(&self, state: &State, sides: &Sides, path: &Path) {
        let Sides { truth, index, former, had } = sides;
        assert!(truth.is_subset(index), "{:?} {path:?}: {truth:?} are not all in {index:?}", self.acts);
        let known: BTreeSet<usize> = index | former;
        assert!(had.is_subset(&known), "{:?} {path:?}: of {had:?} only {known:?} are known", self.acts);
        let moves = self.acts.iter().all(|act| matches!(act, Act::Move(_) | Act::Read)) && !self.before.is_empty();
        assert!(!moves || !truth.is_empty(), "{:?} {path:?}: a user who only moves has no phone", self.acts);
        let blind = state.processes.iter().any(|process| matches!(process.end(), Some(End::Read(0))));
        assert!(!moves || !blind, "{:?} {path:?}: a reader meets no phone", self.acts);
    }

    /// What is promised at the end.
    fn ended(&self, state: &State, Sides { truth, index, .. }: &Sides, path: &Path) {
        let all: Vec<(Act, &End)> =
            self.acts.iter().zip(&state.processes).filter_map(|(act, process)| Some((*act, process.end()?))).collect();
        let wrong = || format!("{all:?} from {:?} by {path:?}: {truth:?}, index {index:?}", self.before);
        for (_, end) in &all {
            if let End::Failed(error) = end {
                panic!("{error}: {}", wrong());
            }
        }
        if all.iter().any(|(_, end)| matches!(end, End::Killed)) {
            return;
        }
        assert_eq!(truth, index, "an entry leads nowhere, and nobody was killed: {}", wrong());
        let changes: Vec<(Act, &End)> = all.iter().copied().filter(|(act, _)| *act != Act::Read).collect();
        let heard = path.iter().all(|(_, way)| *way == Way::Heard);
        let before = self.before.iter().copied().collect();
        let possible = in_some_order(&before, &changes, truth, heard);
        assert!(possible, "no order of the commands leads here: {}", wrong());
    }

    /// Whatever was left half-way, the next command puts right.
    fn mends(&self, state: &State, path: &Path) {
        let again = |act| {
            let mut cells = (*state.cells).clone();
            alone(act, 200, &mut cells);
            let Sides { truth, index, .. } = sides(&cells);
            (truth, index)
        };
        let wrong = || format!("{:?} from {:?} by {path:?}", self.acts, self.before);
        let one = BTreeSet::from([0]);
        assert_eq!(again(Act::Move(0)), (one.clone(), one), "after a move: {}", wrong());
        let (truth, index) = again(Act::Link(1));
        assert!(truth.contains(&1) && index.contains(&1), "after a link: {}", wrong());
        let (truth, index) = again(Act::Unlink(1));
        assert!(!truth.contains(&1) && !index.contains(&1), "after an unlink: {}", wrong());
    }
}

/// Whether the commands, one after another in some order, would have ended so and, where every answer was heard, would
/// have said so: after a lost answer a change of the same millisecond may pass for the own one.
fn in_some_order(phones: &BTreeSet<usize>, left: &[(Act, &End)], end: &BTreeSet<usize>, heard: bool) -> bool {
    if left.is_empty() {
        return phones == end;
    }
    (0..left.len()).any(|at| {
        let mut others = left.to_vec();
        let (act, answer) = others.remove(at);
        let mut after = phones.clone();
        let changed = |linked: &Linked| matches!(linked, Linked::Changed(_));
        let fits = match (act, answer) {
            (Act::Link(n), End::Link(linked)) => after.insert(n) == changed(linked) || !heard,
            (Act::Unlink(n), End::Unlink(linked)) => after.remove(&n) == changed(linked) || !heard,
            (Act::Move(n), End::Move(moved)) => {
                after = BTreeSet::from([n]);
                // What another command took away in the middle of a move, the move does not claim; nor its own phone.
                !moved.unlinked.contains(&phone(n))
            }
            _ => false,
        };
        fits && in_some_order(&after, &others, end, heard)
    })
}

/// `faults`: how many may be killed, and how many answers may get lost. `interruptions`: how many at most; `None`: any number.
/// Returns in how many states they may be.
fn explore(acts: &[Act], before: &[usize], faults: (usize, usize), interruptions: Option<usize>) -> usize {
    let backwards = acts.len() == 2 && faults == (0, 0) && before.len() == 2;
    let mut cells = Cells::new();
    for (number, before) in (100..).zip(before) {
        alone(Act::Link(*before), number, &mut cells);
    }
    let stories = (1..).zip(acts).map(|(number, act)| Process::Lives(Story::new(*act, number, Vec::new(), backwards)));
    let state = State {
        cells: Rc::new(cells),
        processes: stories.collect(),
        kills: faults.0,
        losses: faults.1,
        turn: interruptions.map(|most| (0, most)),
    };
    let mut search = Search {
        acts,
        before,
        backwards,
        seen: HashSet::new(),
        sides: HashMap::new(),
        repaired: HashSet::new(),
        ends: 0,
    };
    search.follow(&state, &mut Path::new());
    assert!(search.ends > 0, "{acts:?} from {before:?}: no run comes to an end");
    search.seen.len()
}

use Act::{Link, Move, Read, Unlink};

#[test]
fn two_commands_on_users_keep_both_sides_together_in_every_order_of_their_steps() {
    const ACTS: [Act; 6] = [Link(0), Link(1), Unlink(0), Unlink(1), Move(0), Move(1)];
    let mut states = 0;
    for (at, one) in ACTS.iter().enumerate() {
        for other in &ACTS[at..] {
            for before in [&[][..], &[0], &[0, 1]] {
                // Whoever is killed, and whichever answer is lost.
                states += explore(&[*one, *other], before, (0, 0), None);
                states += explore(&[*one, *other], before, (1, 0), None);
                if before.len() == 1 {
                    states += explore(&[*one, *other], before, (0, 1), None);
                }
            }
        }
    }
    assert!(states > 5_000, "{states} states");
}

#[test]
fn three_commands_on_users_keep_both_sides_together_however_they_interrupt_each_other() {
    // All orders of three are millions; interruptions are what breaks things.
    const MOST: usize = 4;
    let all: [(&[Act], &[usize]); 8] = [
        (&[Link(0), Unlink(0), Link(0)], &[]),
        (&[Link(0), Unlink(0), Unlink(0)], &[0]),
        (&[Move(0), Move(1), Read], &[0]),
        (&[Move(1), Link(2), Read], &[0]),
        (&[Move(1), Unlink(0), Link(0)], &[0]),
        (&[Move(1), Link(0), Unlink(1)], &[]),
        (&[Move(0), Move(1), Move(0)], &[0]),
        (&[Move(0), Move(1), Move(2)], &[0]),
    ];
    let states: usize = all.iter().map(|(acts, before)| explore(acts, before, (0, 0), Some(MOST))).sum();
    assert!(states > 5_000, "{states} states");
}
