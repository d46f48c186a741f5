//! Everything that a diagnosis is made from, made up: a phone at 20:40, and what happened to it before.

use std::time::Duration;

use otpctl::otp::diagnosis::{
    Block, Diagnosis, Facts, History, Keeper, Lost, NearNumber, Nearness, QuotaUse, RouteProvider, Share, Sums, Times,
    diagnose,
};
use otpctl::otp::link_history::FormerUser;
use otpctl::otp::record::{
    Answer, Attempt, Challenge, Delivery, Lock, PurposeState, Reason, SendOutcome, State, Verdict,
};
use otpctl::otp::rules::{Allowance, PhoneState, SendRule};
use otpctl::otp::user::Link;
use otpctl::otp::{
    Alphabet, Binding, CodeSpec, DeliveryReason, DeliveryReport, DeliveryState, Event, EventKind, Limits, MAX_TTL,
    Moment, More, Phone, Purpose, UserId, UsersVersion,
};

use crate::support::client::pepper;

/// 2026-11-27T20:40:00Z.
pub const NOW: Moment = Moment::from_millis(1_795_812_000_000);

pub fn ago(seconds: u64) -> Moment {
    NOW.before(Duration::from_secs(seconds))
}

pub fn ahead(seconds: u64) -> Moment {
    NOW.after(Duration::from_secs(seconds))
}

/// Times as the page shows them.
pub struct OnThePage;

impl Times for OnThePage {
    fn clock(&self, at: Moment) -> String {
        at.rfc3339()[11..16].to_owned()
    }

    fn when(&self, at: Moment) -> String {
        format!("at {} ({})", self.clock(at), self.away(at))
    }

    fn away(&self, at: Moment) -> String {
        let (later, earlier) = (at.since(NOW), NOW.since(at));
        if at > NOW { format!("in {}", self.length(later)) } else { format!("{} ago", self.length(earlier)) }
    }

    fn length(&self, span: Duration) -> String {
        otpctl::output::length(span)
    }
}

/// What is known of a phone.
#[derive(Clone)]
pub struct World {
    pub challenge: Option<String>,
    pub purpose: Purpose,
    pub known: PhoneState,
    /// The newest first.
    pub timeline: Vec<Event>,
    pub send: Allowance,
    pub quotas: Vec<QuotaUse>,
    pub lost: Option<Lost>,
    pub blocks: Vec<Block>,
    pub route: Vec<RouteProvider>,
    pub history: History,
    pub keeper: Keeper<'static>,
    pub former: Vec<FormerUser>,
    pub near: Vec<NearNumber>,
}

pub fn provider(name: &str) -> RouteProvider {
    RouteProvider {
        name: name.to_owned(),
        reports: true,
        sender: Some("IoTRDY".to_owned()),
        ..RouteProvider::default()
    }
}

/// A code that was made so many seconds ago, with its SMS.
pub fn code(id: &str, state: State, age: u64) -> Challenge {
    let delivery =
        Delivery { message_id: Some(format!("m-{id}")), outcome: Some(SendOutcome::Accepted), ..Delivery::by("msg91") };
    Challenge {
        id: format!("ch_{id}"),
        state,
        mac: None,
        app_fingerprint: None,
        user: None,
        users_version: None,
        created_at: ago(age),
        expires_at: ago(age).after(Duration::from_secs(300)),
        tries: 0,
        max_tries: 5,
        lease_until: None,
        cooldown_before: None,
        delivery: Some(delivery),
        more: More::default(),
    }
}

/// The same with what its gateway reported.
pub fn reported(code: Challenge, state: DeliveryState, reason: Option<DeliveryReason>, age: u64) -> Challenge {
    let report = DeliveryReport { reason, ..DeliveryReport::of(state) };
    let delivery =
        code.delivery.clone().map(|own| Delivery { report: Some(report), reported_at: Some(ago(age)), ..own });
    Challenge { delivery, ..code }
}

/// The same as it was left by a send that failed, or that nobody knows the end of.
pub fn ended(code: Challenge, outcome: SendOutcome, detail: &str) -> Challenge {
    let delivery = code.delivery.clone().map(|own| Delivery {
        outcome: Some(outcome),
        message_id: None,
        detail: Some(detail.to_owned()),
        ..own
    });
    Challenge { delivery, ..code }
}

pub fn event(age: u64, kind: EventKind, result: &str) -> Event {
    Event { purpose: Some(Purpose::default()), ..Event::new(ago(age), kind, result) }
}

/// A request that a rule refused.
pub fn refused(age: u64, rule: &str, until: Option<Moment>) -> Event {
    Event { rule: Some(rule.to_owned()), until, ..event(age, EventKind::Send, "refused") }
}

/// A user whose phone it was until so many seconds ago.
pub fn former(age: u64) -> FormerUser {
    let unlinked = Event::new(ago(age), EventKind::User, "unlinked");
    let unlinked = unlinked.detail("asha".to_owned()).done_by(Some("ravi"), None).because(Some("lost phone"));
    FormerUser { user: "asha".to_owned(), linked_at: None, unlinked }
}

impl World {
    /// Nothing was ever requested, and a code could be sent.
    pub fn new() -> Self {
        Self {
            challenge: None,
            purpose: Purpose::default(),
            known: PhoneState::default(),
            timeline: Vec::new(),
            send: Allowance { allowed: true, ..Allowance::default() },
            quotas: Vec::new(),
            lost: None,
            blocks: Vec::new(),
            route: vec![provider("msg91"), provider("telnyx")],
            history: History::default(),
            keeper: Keeper::default(),
            former: Vec::new(),
            near: Vec::new(),
        }
    }

    /// With a code, and the event of its send.
    pub fn with(mut self, code: Challenge) -> Self {
        let result = code.state.as_str();
        let result = if code.state.is_open() || code.state == State::Failed { result } else { "sent" };
        let sent = Event::new(code.created_at, EventKind::Send, result).about(&self.purpose, &code.id);
        self.timeline.insert(0, sent);
        self.slot().challenges.push(code);
        self
    }

    pub fn slot(&mut self) -> &mut PurposeState {
        self.known.record.purposes.entry(self.purpose.clone()).or_default()
    }

    pub fn of(mut self, purpose: &str) -> Self {
        self.purpose = Purpose::new(purpose).unwrap();
        self
    }

    /// With one more event on top.
    pub fn then(mut self, event: Event) -> Self {
        self.timeline.insert(0, event);
        self
    }

    pub fn refusing(mut self, rule: SendRule, until: Option<Moment>) -> Self {
        self.send = Allowance { allowed: false, rule: Some(rule), until, ..Allowance::default() };
        self
    }

    pub fn linked(mut self, user: &str) -> Self {
        self.known.users.users.push(Link::new(&UserId::new(user).unwrap(), ago(86_400)));
        self
    }

    pub fn locked(mut self, until: Option<Moment>, failures: u32) -> Self {
        let slot = self.slot();
        (slot.lock, slot.failures, slot.failed_at) = (Some(Lock { until }), failures, Some(ago(60)));
        self.refusing(SendRule::Lock, until)
    }

    /// An older code was typed.
    pub fn older_typed(mut self, age: u64) -> Self {
        let slot = self.slot();
        (slot.failures, slot.failed_at) = (slot.failures + 1, Some(ago(age)));
        if let Some(last) = slot.challenges.last_mut() {
            last.tries += 1;
        }
        let answer = Answer {
            verdict: Verdict::Wrong,
            reason: Some(Reason::SupersededCode),
            user: None,
            challenge_id: None,
            attempts_left: 4,
            failures: 1,
            locked_until: None,
            expires_at: None,
        };
        let (peppers, phone, purpose) = (pepper("k1"), phone(), Purpose::default());
        let spec = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 };
        let binding = Binding { phone: &phone, purpose: &purpose, user: None, users_version: None, id: "at_1" };
        let typed = peppers.sign(&binding, &spec.read("123456").unwrap());
        let until = ago(age).after(MAX_TTL);
        self.slot().attempts.push(Attempt { id: "at_1".to_owned(), typed, until, answer, more: More::default() });
        self.then(event(age, EventKind::Verify, "wrong"))
    }

    pub fn asked(mut self, id: &str) -> Self {
        self.challenge = Some(format!("ch_{id}"));
        self
    }

    pub fn diagnosed(&self) -> Diagnosis {
        let (phone, limits) = (phone(), Limits::default());
        let facts = Facts {
            phone: &phone,
            shown: phone.as_str(),
            argument: self.challenge.as_deref().unwrap_or(phone.as_str()),
            phone_argument: phone.as_str(),
            challenge: self.challenge.as_deref(),
            known: &self.known,
            timeline: &self.timeline,
            timeline_kept: Duration::from_secs(7 * 24 * 60 * 60),
            limits: &limits,
            send: &self.send,
            quotas: &self.quotas,
            lost: self.lost,
            blocks: &self.blocks,
            route: &self.route,
            history: &self.history,
            keeper: self.keeper,
            former: &self.former,
            near: &self.near,
        };
        diagnose(&facts, NOW, &self.purpose, &OnThePage)
    }
}

pub fn phone() -> Phone {
    Phone::parse("+919876543210", None).unwrap()
}

/// A history for each verdict, in the order of the table.
#[expect(clippy::too_many_lines, reason = "a table: one entry a verdict")]
pub fn examples() -> Vec<(&'static str, World)> {
    use DeliveryState::{Delivered, Failed};
    let new = World::new;
    let login = Purpose::default();
    let about =
        |age: u64, kind, result: &str, id: &str| Event::new(ago(age), kind, result).about(&login, &format!("ch_{id}"));
    let app = Keeper { app: Some("frappe"), checks: false, ..Keeper::default() };
    let quota = QuotaUse { rule: "per_phone", window: Duration::from_secs(600), used: Some(3), most: 3 };
    let block = Block {
        subject: "+919876543210".to_owned(),
        words: "this number".to_owned(),
        at: ago(3600),
        by: Some("asha".to_owned()),
        reason: Some("fraud, ticket 12".to_owned()),
        until: Some(ahead(3600)),
    };
    let near = NearNumber {
        shown: "+91*******211".to_owned(),
        argument: "ph_aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        at: ago(120),
        how: Nearness::Digit,
    };
    let sums = |sent, delivered, entered| Sums { sent, delivered, entered };
    let fallen = Share {
        provider: "msg91".to_owned(),
        place: "IN".to_owned(),
        now: sums(100, 90, 31),
        before: sums(2000, 1900, 1560),
    };
    let remapped = Challenge { users_version: Some(UsersVersion::of_map(ago(86_400))), ..code("a", State::Sent, 120) };
    let mut relinked = new().with(remapped).linked("u_2");
    relinked.known.users.version = Some(ago(60));
    let relinked_event = Event { by: Some("ravi".to_owned()), ..Event::new(ago(60), EventKind::User, "linked") };
    vec![
        ("STORE_RESET", World { lost: Some(Lost::Code(ago(1680))), ..new().asked("a") }),
        ("LOCKED", new().with(code("a", State::Sent, 60)).locked(Some(ahead(780)), 10)),
        (
            "BLOCKED",
            World { blocks: vec![block], ..new() }
                .then(refused(30, "blocked", None))
                .refusing(SendRule::Blocked, Some(ahead(3600))),
        ),
        (
            "SUPERSEDED_CODE",
            new().with(code("a", State::Superseded, 240)).with(code("b", State::Sent, 120)).older_typed(20),
        ),
        ("WRONG_CODE", {
            let mut world = new().with(Challenge { tries: 2, ..code("a", State::Sent, 120) });
            (world.slot().failures, world.slot().failed_at) = (2, Some(ago(10)));
            world
        }),
        (
            "WRONG_PURPOSE",
            new()
                .of("signup")
                .with(code("a", State::Sent, 60))
                .of("login")
                .then(Event { rule: Some("never_issued".to_owned()), ..event(20, EventKind::Verify, "no_code") }),
        ),
        (
            "UNDELIVERED",
            new().with(reported(code("a", State::Sent, 120), Failed, Some(DeliveryReason::HandsetOff), 60)),
        ),
        ("PROVIDER_UNKNOWN", new().with(ended(code("a", State::Unknown, 60), SendOutcome::Unknown, "msg91: HTTP 504"))),
        (
            "PENDING_CRASHED",
            new().with(Challenge { lease_until: Some(ago(15)), delivery: None, ..code("a", State::Pending, 60) }),
        ),
        (
            "SENDING",
            new()
                .with(Challenge { lease_until: Some(ahead(41)), delivery: None, ..code("a", State::Pending, 4) })
                .refusing(SendRule::UnderWay, Some(ahead(41))),
        ),
        ("ISSUED_NOT_SENT", {
            let mut world = new().with(Challenge { delivery: None, ..code("a", State::Issued, 120) });
            world.timeline[0].by = Some("asha".to_owned());
            world
        }),
        ("PROVIDER_INCIDENT", {
            let history = History { shares: vec![fallen], ..History::default() };
            World { history, ..new() }.with(code("a", State::Sent, 30))
        }),
        ("DELIVERED_LATE", new().with(reported(code("a", State::Sent, 240), Delivered, None, 5))),
        ("DELIVERED_NOT_TRIED", {
            let history = History { entered: Some(0.78), ..History::default() };
            World { history, ..new() }.with(reported(code("a", State::Sent, 120), Delivered, None, 112))
        }),
        ("IN_TRANSIT", {
            let (usual, p95) = (Some(Duration::from_secs(8)), Some(Duration::from_secs(40)));
            World { history: History { usual, p95, ..History::default() }, ..new() }.with(code("a", State::Sent, 12))
        }),
        ("NO_REPORT", new().with(code("a", State::Sent, 120))),
        ("POLICY_REFUSED", new().then(refused(30, "country", None)).refusing(SendRule::Country, None)),
        (
            "RATE_LIMITED",
            World { quotas: vec![quota], ..new() }
                .then(refused(20, "per_phone", Some(ahead(480))))
                .refusing(SendRule::PerPhone, Some(ahead(480))),
        ),
        (
            "OPTED_OUT",
            new()
                .with(reported(code("a", State::Sent, 120), Failed, Some(DeliveryReason::OptedOut), 60))
                .refusing(SendRule::OptedOut, None),
        ),
        ("PROVIDER_REFUSED", {
            let detail = "msg91: The provided template ID is invalid";
            let mut world = new().with(ended(code("a", State::Failed, 60), SendOutcome::Refused, detail));
            world.timeline[0].rule = Some("content".to_owned());
            world
        }),
        ("PROVIDER_DOWN", {
            let detail = "msg91: connection refused";
            let mut world = new().with(ended(code("a", State::Failed, 60), SendOutcome::Refused, detail));
            world.timeline[0].rule = Some("unreachable".to_owned());
            world
        }),
        ("ALREADY_VERIFIED", new().with(code("a", State::Used, 120)).then(about(60, EventKind::Verify, "ok", "a"))),
        ("TRIES_EXHAUSTED", {
            let mut world = new().with(Challenge { tries: 5, ..code("a", State::Exhausted, 120) });
            (world.slot().failures, world.slot().failed_at) = (5, Some(ago(10)));
            world
        }),
        (
            "REVOKED",
            new().with(code("a", State::Revoked, 120)).then(Event {
                by: Some("asha".to_owned()),
                reason: Some("wrong number".to_owned()),
                ..about(60, EventKind::Revoke, "revoked", "a")
            }),
        ),
        ("REMAPPED", relinked.then(relinked_event.detail("u_2".to_owned()))),
        (
            "EXPIRED_BEFORE_ENTRY",
            new()
                .with(code("a", State::Sent, 420))
                .then(Event { rule: Some("expired".to_owned()), ..about(60, EventKind::Verify, "no_code", "a") }),
        ),
        ("WRONG_NUMBER_LIKELY", World { near: vec![near], ..new() }),
        ("NOT_SEEN_HERE", World { keeper: app, ..new() }),
        (
            "NOT_MAPPED",
            new().with(code("a", State::Sent, 60)).linked("asha").then(Event {
                rule: Some("no_such_user".to_owned()),
                detail: Some("ravi".to_owned()),
                ..event(20, EventKind::Verify, "no_user")
            }),
        ),
        ("CHANGED_HANDS", World { former: vec![former(3 * 86_400)], ..new() }),
        ("NEVER_REQUESTED", new()),
    ]
}
