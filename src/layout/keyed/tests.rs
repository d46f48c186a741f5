//! A record and an application's keys, side by side: single cases, and random histories of merged.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::merge::{LoadedKeys, MergedState, PhoneKeys};
use super::*;
use crate::layout::{Layout as _, LayoutContext, PhoneOperation};
use crate::otp::record::{Answer, Reason, State, Verdict};
use crate::otp::rules::{
    AttemptRequest, Decision, IssueMode, PhoneState, ReserveRequest, RevokeRequest, UnlockRequest, attempt, reserve,
    revoke, unlock,
};
use crate::otp::{Alphabet, Channel, Code, CodeSpec, Limits, Moment, Pepper, Peppers, Secret};

const START: Moment = Moment::from_millis(1_790_000_000_000);
const KEY: &str = "otp:+919876543210";
const ATTEMPTS: &str = "otp:attempts:+919876543210";

fn template(text: &str) -> KeyTemplate {
    KeyTemplate::parse(text).unwrap()
}

/// As the article's module keeps them.
fn frappe() -> KeyedLayout {
    KeyedLayout {
        name: "frappe".to_owned(),
        phone: PhoneFormat::E164,
        purposes: vec![(Purpose::default(), "login".to_owned())],
        key: template("otp:{phone}"),
        form: Form::Text,
        field: None,
        hash_scheme: HashScheme::Plain,
        pattern: Pattern::parse("{code}").unwrap(),
        ttl: Duration::from_secs(300),
        length: Some(4),
        alphabet: None,
        attempts: None,
        attempts_begin: 0,
        max_attempts: None,
        used_field: None,
        expires: None,
        nullable: Vec::new(),
        fields: Vec::new(),
        reset_fields: Vec::new(),
        cooldown: None,
        locks: Vec::new(),
        counter_format: CounterFormat::Text,
        allows: Operation::IN_FILES.map(|(_, operation)| operation).into(),
        because: None,
    }
}

fn siblings() -> KeyedLayout {
    KeyedLayout {
        attempts: Some(AttemptCounter::Key(template("otp:attempts:{phone}"))),
        cooldown: Some(template("otp:cooldown:{phone}")),
        ..frappe()
    }
}

/// As otpgateway keeps them.
fn gateway() -> KeyedLayout {
    KeyedLayout {
        key: template("OTP:app:{phone}"),
        form: Form::Hash,
        field: Some("otp".to_owned()),
        attempts: Some(AttemptCounter::Field("attempts".to_owned())),
        attempts_begin: 1,
        max_attempts: Some("max_attempts".to_owned()),
        used_field: Some("closed".to_owned()),
        fields: vec![("to".to_owned(), "{phone}".to_owned())],
        reset_fields: vec!["generate".to_owned()],
        ..frappe()
    }
}

fn code(text: &str) -> Code {
    CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: text.len() }.read(text).unwrap()
}

/// A phone, what we know of it, and what the application keeps.
struct World {
    layout: KeyedLayout,
    peppers: Peppers,
    secret: Secret,
    ours: CodeSpec,
    limits: Limits,
    phone: Phone,
    known: PhoneState,
    keys: BTreeMap<String, RawKey>,
    now: Moment,
    count: u32,
    include_dead: bool,
}

impl World {
    fn new(layout: KeyedLayout) -> Self {
        let key = Secret::new("a pepper of these tests, and of nothing else".to_owned());
        Self {
            layout,
            peppers: Peppers::new(vec![Pepper { id: "1".to_owned(), key }]).unwrap(),
            secret: Secret::new("the application's own".to_owned()),
            ours: CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 },
            limits: Limits { cooldown: vec![Duration::from_secs(30)], per_phone: Vec::new(), ..Limits::default() },
            phone: Phone::parse("+919876543210", None).unwrap(),
            known: PhoneState::default(),
            keys: BTreeMap::new(),
            now: START,
            count: 0,
            include_dead: false,
        }
    }

    fn shared(&self) -> PhoneKeys<'_> {
        let (peppers, secret) = (&self.peppers, Some(&self.secret));
        let context = LayoutContext { peppers, secret, max_attempts: 5, ours: &self.ours };
        PhoneKeys { layout: &self.layout, context, phone: &self.phone, include_dead: self.include_dead }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        let now = self.now;
        self.keys.retain(|_, raw| raw.until.is_none_or(|until| until > now));
    }

    fn loaded(&self) -> Result<Vec<LoadedKeys>, MergeError> {
        let keys = self.layout.phone_keys(&self.phone, None).unwrap();
        let read = |keys: Keys| {
            let names: Vec<String> = keys.names().map(str::to_owned).collect();
            let mut values = names.iter().map(|name| self.keys.get(name).map(RawKey::write));
            LoadedKeys::read(&self.layout, keys, &mut values)
        };
        keys.into_iter().map(read).collect()
    }

    fn look(&self) -> Result<MergedState, MergeError> {
        self.shared().merge(self.known.clone(), &self.loaded()?, self.now)
    }

    fn step<T>(
        &mut self,
        typed: Option<&Code>,
        operation: PhoneOperation<'_>,
        rule: impl Fn(&PhoneState, Moment) -> Decision<T>,
    ) -> (T, WriteBack) {
        let loaded = self.loaded().unwrap();
        let shared = self.shared();
        let mut merged = shared.merge(self.known.clone(), &loaded, self.now).unwrap();
        if let Some(typed) = typed {
            let purpose = Purpose::default();
            if let Some((id, comparison)) = shared.comparison(&merged, &loaded, &purpose, typed)
                && comparison.run()
            {
                shared.lend(&mut merged, &id, &purpose, typed);
            }
        }
        let mut step = rule(&merged.known, self.now);
        let written = shared.write_back(&merged, &mut step.record, &loaded, self.now, operation).unwrap();
        let names: Vec<String> = loaded.iter().flat_map(|loaded| loaded.keys.names()).map(str::to_owned).collect();
        assert_eq!(names.len(), written.keys.len());
        for (name, after) in names.into_iter().zip(&written.keys) {
            match after {
                KeyChange::Keep => {}
                KeyChange::Drop => assert!(self.keys.remove(&name).is_some(), "{name} was not there"),
                KeyChange::Hold(raw) => drop(self.keys.insert(name, raw.clone())),
            }
        }
        if let Some(record) = step.record {
            let macs = record.purposes.values().flat_map(|slot| &slot.challenges);
            for challenge in macs.filter(|challenge| merged.lent.contains(&challenge.id)) {
                assert_eq!(challenge.mac, None, "what is lent is not stored");
            }
            self.known.record = record;
        }
        (step.outcome, written)
    }

    fn verify(&mut self, typed: &str) -> Answer {
        self.count += 1;
        let (typed, id) = (code(typed), format!("at_{}", self.count));
        let (phone, peppers, limits) = (self.phone.clone(), self.peppers.clone(), self.limits.clone());
        let purpose = Purpose::default();
        let asked = AttemptRequest {
            phone: &phone,
            purpose: &purpose,
            code: &typed,
            peppers: &peppers,
            attempt_id: &id,
            user: None,
            require_user: false,
            assertion: None,
        };
        self.step(Some(&typed), PhoneOperation::Other, |known, now| attempt(known, now, &limits, &asked).unwrap())
            .0
            .answer
    }

    fn verdict(&mut self, typed: &str) -> (Verdict, Option<Reason>) {
        let answer = self.verify(typed);
        (answer.verdict, answer.reason)
    }

    fn issue(&mut self, text: &str, way: IssueMode) -> bool {
        self.count += 1;
        let (own, id) = (code(text), format!("ch_{}", self.count));
        let (phone, peppers, limits) = (self.phone.clone(), self.peppers.clone(), self.limits.clone());
        let purpose = Purpose::default();
        let asked = ReserveRequest {
            phone: &phone,
            purpose: &purpose,
            user: None,
            challenge_id: &id,
            code: &own,
            peppers: &peppers,
            ttl: Duration::from_secs(300),
            max_tries: 5,
            way,
            elsewhere: false,
            request: None,
            reason: None,
        };
        let stored = self.shared().hashing(&own).unwrap().run([9; 16]).unwrap();
        let act = PhoneOperation::Issue { purpose: &purpose, challenge_id: &id, stored: &stored };
        let (done, _) = self.step(None, act, |known, now| match reserve(known, now, &limits, &asked) {
            Ok(step) => Decision { outcome: true, record: step.record, users: step.users, events: step.events },
            Err(_) => Decision { outcome: false, record: None, users: None, events: Vec::new() },
        });
        done
    }

    fn revoke(&mut self) -> usize {
        self.include_dead = true;
        let (revoked, _) =
            self.step(None, PhoneOperation::Other, |known, now| revoke(known, now, &RevokeRequest::default()));
        self.include_dead = false;
        revoked.0.len()
    }

    fn unlock(&mut self) -> u32 {
        let limits = self.limits.clone();
        let asked = UnlockRequest { limits: true, ..UnlockRequest::default() };
        self.step(None, PhoneOperation::Unlock(None), |known, now| unlock(known, now, &limits, &asked)).1.unlocked
    }

    /// The application keeps a code.
    fn app_sets(&mut self, key: &str, text: &str, seconds: Option<u64>) {
        let until = seconds.map(|seconds| self.now.after(Duration::from_secs(seconds)));
        self.keys.insert(key.to_owned(), RawKey { until, content: Content::Text(text.into()) });
    }

    fn app_hash(&mut self, key: &str, fields: &[(&str, &str)], seconds: Option<u64>) {
        let until = seconds.map(|seconds| self.now.after(Duration::from_secs(seconds)));
        let fields = fields.iter().map(|(field, value)| ((*field).into(), (*value).into())).collect();
        self.keys.insert(key.to_owned(), RawKey { until, content: Content::Fields(fields) });
    }

    fn field(&self, key: &str, field: &str) -> Option<String> {
        let Content::Fields(fields) = &self.keys.get(key)?.content else { panic!("no hash") };
        fields.get(field.as_bytes()).map(|value| String::from_utf8(value.clone()).unwrap())
    }

    fn text(&self, key: &str) -> Option<String> {
        let Content::Text(text) = &self.keys.get(key)?.content else { panic!("no string") };
        Some(String::from_utf8(text.clone()).unwrap())
    }

    fn failures(&self) -> u32 {
        let slot = self.known.record.purposes.get(&Purpose::default());
        slot.map_or(0, |slot| slot.failures(self.now, &self.limits))
    }
}

#[test]
fn a_code_of_the_application_is_spent_once_and_gone() {
    let mut world = World::new(frappe());
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::NeverIssued)));
    world.app_sets(KEY, "1234", Some(300));
    assert_eq!(world.verdict("1235"), (Verdict::Wrong, None));
    let answer = world.verify("1234");
    assert_eq!((answer.verdict, answer.attempts_left), (Verdict::Ok, 4));
    assert!(world.keys.is_empty(), "the application would take it again");
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::Used)));
}

#[test]
fn guesses_are_counted_and_a_new_code_does_not_clear_the_count() {
    let mut world = World::new(frappe());
    for count in 1..10 {
        world.app_sets(KEY, &format!("12{count:02}"), Some(300));
        assert_eq!(world.verdict("0000"), (Verdict::Wrong, None));
        assert_eq!(world.failures(), count);
    }
    world.app_sets(KEY, "1234", Some(300));
    assert_eq!(world.verdict("0000"), (Verdict::Locked, Some(Reason::TimedLock)));
    assert!(world.keys.is_empty(), "the lock bars the application too");
    world.app_sets(KEY, "1234", Some(300));
    assert_eq!(world.verdict("1234"), (Verdict::Locked, Some(Reason::TimedLock)));
}

#[test]
fn five_wrong_codes_end_it() {
    let mut world = World::new(siblings());
    world.app_sets(KEY, "1234", Some(300));
    for left in (0..5_u32).rev() {
        assert_eq!(world.verify("0000").attempts_left, left);
        let counted = (left > 0).then(|| (5 - left).to_string());
        assert_eq!(world.text(ATTEMPTS), counted, "the application reads it");
    }
    assert!(world.keys.is_empty());
    assert_eq!(world.verdict("1234"), (Verdict::Locked, Some(Reason::AttemptsExhausted)));
}

#[test]
fn the_same_code_set_again_is_the_same_challenge() {
    let mut world = World::new(frappe());
    world.app_sets(KEY, "1234", Some(300));
    let first = world.verify("0000");
    world.pass(100);
    world.app_sets(KEY, "1234", Some(300));
    let second = world.verify("0000");
    assert_eq!((first.challenge_id, second.attempts_left), (second.challenge_id, 3));
    assert_eq!(second.expires_at, Some(world.now.after(Duration::from_secs(300))));
}

#[test]
fn what_the_application_counted_is_not_forgotten() {
    let mut world = World::new(siblings());
    world.app_sets(KEY, "1234", Some(300));
    world.app_sets(ATTEMPTS, "3", None);
    assert_eq!(world.verify("0000").attempts_left, 1);
    assert_eq!(world.keys[ATTEMPTS].until, world.keys[KEY].until, "and has an end now");
    world.app_sets(ATTEMPTS, "9", Some(300));
    assert_eq!(world.verdict("1234"), (Verdict::Locked, Some(Reason::AttemptsExhausted)));
    assert_eq!(world.text(KEY).as_deref(), Some("1234"), "its own affair");
    world.app_sets(ATTEMPTS, "many", Some(300));
    let error = world.look().unwrap_err().to_string();
    assert!(error.contains("it is no number") && !error.contains("many"), "{error}");
}

#[test]
fn a_code_that_the_application_used_is_told() {
    let mut world = World::new(frappe());
    assert!(world.issue("123456", IssueMode::Print));
    assert_eq!(world.text(KEY).as_deref(), Some("123456"));
    world.keys.clear();
    assert_eq!(world.verdict("123456"), (Verdict::NoCode, Some(Reason::Used)));
    let merged = world.look().unwrap();
    assert_eq!(merged.events[0].detail.as_deref(), Some("the application removed it"));
}

#[test]
fn a_newer_code_takes_the_place_of_the_older() {
    let mut world = World::new(frappe());
    assert!(world.issue("123456", IssueMode::Print));
    world.app_sets(KEY, "654321", Some(300));
    assert_eq!(world.verdict("123456"), (Verdict::Wrong, Some(Reason::SupersededCode)));
    assert!(world.issue("222222", IssueMode::Print));
    assert_eq!(world.verdict("654321"), (Verdict::Wrong, None), "a code of the application's is not stored");
    assert_eq!(world.verdict("222222"), (Verdict::Ok, None));
}

#[test]
fn an_sms_replaces_at_once_since_there_is_room_for_one() {
    let mut world = World::new(siblings());
    assert!(world.issue("123456", IssueMode::Print));
    assert!(world.issue("654321", IssueMode::Sms { lease: Duration::from_secs(10), channel: Channel::Sms }));
    let slot = &world.known.record.purposes[&Purpose::default()];
    assert_eq!(slot.challenges.iter().map(|own| own.state).collect::<Vec<_>>(), [State::Superseded, State::Pending]);
    let cooldown = "otp:cooldown:+919876543210";
    assert_eq!(world.keys[cooldown].until, Some(world.now.after(Duration::from_secs(30))));
    world.unlock();
    assert!(!world.keys.contains_key(cooldown));
}

#[test]
fn the_applications_own_wait_holds_here() {
    let mut world = World::new(siblings());
    world.app_sets("otp:cooldown:+919876543210", "1", Some(60));
    assert!(!world.issue("123456", IssueMode::Sms { lease: Duration::from_secs(10), channel: Channel::Sms }));
    world.pass(61);
    assert!(world.issue("123456", IssueMode::Sms { lease: Duration::from_secs(10), channel: Channel::Sms }));
}

#[test]
fn a_code_without_a_lifetime_is_never_taken_and_can_be_revoked() {
    let mut world = World::new(frappe());
    world.app_sets(KEY, "1234", None);
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::Expired)));
    assert_eq!(world.look().unwrap().findings, [Finding::Endless(Purpose::default())]);
    assert_eq!(world.failures(), 0);
    assert_eq!(world.revoke(), 1);
    assert!(world.keys.is_empty());
    world.app_sets(KEY, "1234", Some(300));
    assert_eq!(world.verdict("0000"), (Verdict::Wrong, None));
    world.app_sets(KEY, "1234", None);
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::Expired)), "known before or not");
}

#[test]
fn a_gateways_count_begins_at_one() {
    let mut world = World::new(gateway());
    let key = "OTP:app:+919876543210";
    let fields = [("otp", "1234"), ("closed", "0"), ("attempts", "1"), ("generate", "1"), ("max_attempts", "5")];
    world.app_hash(key, &fields, Some(300));
    assert_eq!(world.verify("0000").attempts_left, 3, "four were left");
    assert_eq!(world.field(key, "attempts").as_deref(), Some("2"));
    assert_eq!(world.field(key, "generate").as_deref(), Some("1"));
    world.unlock();
    assert_eq!(world.field(key, "attempts").as_deref(), Some("1"));
    assert_eq!(world.verdict("1234"), (Verdict::Ok, None));
    assert!(world.keys.is_empty());
}

#[test]
fn a_gateways_orphan_is_no_code() {
    let mut world = World::new(gateway());
    let key = "OTP:app:+919876543210";
    world.app_hash(key, &[("closed", "1")], None);
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::NeverIssued)));
    assert_eq!(world.look().unwrap().findings, [Finding::Orphan(Purpose::default())]);
    assert!(world.issue("123456", IssueMode::Print));
    assert_eq!(world.field(key, "closed").as_deref(), Some("0"));
    assert_eq!(world.field(key, "to").as_deref(), Some("+919876543210"));
    assert_eq!(world.field(key, "max_attempts").as_deref(), Some("6"));
    let fields = [("otp", "1234"), ("closed", "1"), ("attempts", "2"), ("max_attempts", "5")];
    world.app_hash(key, &fields, Some(300));
    assert_eq!(world.verdict("1234"), (Verdict::NoCode, Some(Reason::Used)), "closed is used");
}

#[test]
fn a_document_keeps_what_is_not_ours() {
    for form in [Form::Json, Form::Pickle] {
        let mut world = World::new(KeyedLayout {
            form,
            field: Some("otp".to_owned()),
            attempts: Some(AttemptCounter::Field("attempt".to_owned())),
            expires: Some(("expires_at".to_owned(), TimeFormat::Milliseconds)),
            ..frappe()
        });
        let until = world.now.after(Duration::from_secs(60)).millis();
        let text = match form {
            Form::Json => format!(r#"{{"otp":1234,"attempt":1,"name":"Asha","expires_at":{until}}}"#).into_bytes(),
            _ => pickle::write(&pickle::Value::Dict(vec![
                (pickle::Value::Text("otp".to_owned()), pickle::Value::Int(1234)),
                (pickle::Value::Text("attempt".to_owned()), pickle::Value::Int(1)),
                (pickle::Value::Text("name".to_owned()), pickle::Value::Text("Asha".to_owned())),
                (pickle::Value::Text("expires_at".to_owned()), pickle::Value::Int(until)),
            ])),
        };
        world.keys.insert(KEY.to_owned(), RawKey { until: None, content: Content::Text(text.clone()) });
        let answer = world.verify("0000");
        assert_eq!(answer.attempts_left, 3);
        assert_eq!(answer.expires_at.map(Moment::millis), Some(until), "the document itself says when");
        let Content::Text(now) = &world.keys[KEY].content else { panic!("no string") };
        assert!(*now != text && now.windows(4).any(|part| part == b"Asha"), "{form:?}");
        assert_eq!(world.verdict("1234"), (Verdict::Ok, None), "{form:?}");
    }
}

#[test]
fn what_is_of_another_form_is_refused_and_not_quoted() {
    for (layout, text) in [
        (gateway(), "1234"),
        (KeyedLayout { form: Form::Json, ..frappe() }, "{4321"),
        (KeyedLayout { form: Form::Pickle, ..frappe() }, "cos\nsystem\n(S'true'\ntR."),
        (KeyedLayout { form: Form::Json, field: Some("otp".to_owned()), ..frappe() }, "1234"),
        (KeyedLayout { form: Form::Json, ..frappe() }, r#"{"otp":"1234"}"#),
    ] {
        let mut world = World::new(layout);
        let key = world.layout.phone_keys(&world.phone, None).unwrap()[0].code.clone();
        world.app_sets(&key, text, Some(300));
        let error = world.look().unwrap_err();
        assert!(matches!(error, MergeError::Unexpected { .. }), "{error}");
        assert!(!error.to_string().contains(text), "{error}");
    }
}

#[test]
fn hashed_codes_are_compared_and_written() {
    for (_, keeping) in HashScheme::ALL {
        let pattern = Pattern::parse("{phone}:{code}:{secret}").unwrap();
        let mut world = World::new(KeyedLayout { hash_scheme: keeping, pattern, ..frappe() });
        assert!(world.issue("123456", IssueMode::Print));
        let stored = world.text(KEY).unwrap();
        assert_eq!(stored == "123456", keeping == HashScheme::Plain);
        // As if the application had made it: nothing of ours is known of it.
        world.known = PhoneState::default();
        assert_eq!(world.verdict("123457"), (Verdict::Wrong, None));
        assert_eq!(world.verdict("123456"), (Verdict::Ok, None));
    }
}

#[test]
fn a_foreign_number_has_no_national_key() {
    let layout = KeyedLayout { phone: PhoneFormat::National("IN".parse().unwrap()), ..frappe() };
    assert_eq!(layout.phone_keys(&Phone::parse("+14155550123", None).unwrap(), None), None);
    let keys = layout.phone_keys(&Phone::parse("+919876543210", None).unwrap(), None).unwrap();
    assert_eq!(keys[0].code, "otp:9876543210");
}

#[test]
fn a_key_with_the_user_in_it_needs_one() {
    let phone = Phone::parse("+919876543210", None).unwrap();
    let user = crate::otp::UserId::new("u_1").unwrap();
    let layout = KeyedLayout { key: template("account_otp:{user}"), ..frappe() };
    assert_eq!(layout.phone_keys(&phone, None), None);
    assert_eq!(layout.phone_keys(&phone, Some(&user)).unwrap()[0].code, "account_otp:u_1");
    assert_eq!(layout.tag(&phone), "+919876543210", "its slot is not the phone's");
    let layout = KeyedLayout { locks: vec![template("lock:{user}"), template("lock:{phone}")], ..frappe() };
    assert_eq!(layout.phone_keys(&phone, None).unwrap()[0].locks, ["lock:+919876543210"]);
    assert_eq!(layout.phone_keys(&phone, Some(&user)).unwrap()[0].locks, ["lock:u_1", "lock:+919876543210"]);
}

#[test]
fn our_keys_lie_in_the_slot_of_the_applications() {
    let phone = Phone::parse("+919876543210", None).unwrap();
    assert_eq!(frappe().tag(&phone), "otp:+919876543210");
    assert!(!siblings().shares_a_slot());
    assert_eq!(siblings().tag(&phone), "+919876543210");
    let tagged = KeyedLayout {
        key: template("otp:{{{phone}}}"),
        attempts: Some(AttemptCounter::Key(template("otp:attempts:{{{phone}}}"))),
        ..frappe()
    };
    assert!(tagged.shares_a_slot());
    assert_eq!(tagged.tag(&phone), "+919876543210");
    assert!(!KeyedLayout { key: template("a}}b:{phone}"), ..frappe() }.shares_a_slot(), "it would end our own tag");
}

/// What happens next.
#[derive(Debug, Clone)]
enum Turn {
    AppSets(u8, Option<u16>),
    AppRemoves,
    AppCounts(u8),
    Types(u8),
    Issues(u8, bool),
    Revokes,
    Unlocks,
    Waits(u16),
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => (0..3_u8, prop::option::weighted(0.9, 1..400_u16)).prop_map(|(code, ttl)| Turn::AppSets(code, ttl)),
        1 => Just(Turn::AppRemoves),
        1 => (0..7_u8).prop_map(Turn::AppCounts),
        6 => (0..4_u8).prop_map(Turn::Types),
        2 => (0..3_u8, any::<bool>()).prop_map(|(code, sms)| Turn::Issues(code, sms)),
        1 => Just(Turn::Revokes),
        1 => Just(Turn::Unlocks),
        2 => (1..200_u16).prop_map(Turn::Waits),
    ]
}

proptest! {
    #[test]
    fn no_history_opens_a_door(layout in prop_oneof![Just(frappe()), Just(siblings())], turns in prop::collection::vec(turns(), 1..40)) {
        let text = |code: u8| format!("00000{code}");
        let mut world = World::new(layout);
        let has_attempts = world.layout.attempts.is_some();
        for turn in turns {
            let (failures, before) = (world.failures(), world.keys.get(KEY).cloned());
            match turn {
                Turn::AppSets(code, ttl) => world.app_sets(KEY, &text(code), ttl.map(u64::from)),
                Turn::AppRemoves => drop(world.keys.remove(KEY)),
                Turn::AppCounts(count) if has_attempts => world.app_sets(ATTEMPTS, &count.to_string(), Some(300)),
                Turn::AppCounts(_) => {}
                Turn::Types(code) => {
                    let answer = world.verify(&text(code));
                    let there = before.as_ref().filter(|raw| raw.until.is_some());
                    let right = there.is_some_and(|raw| raw.content == Content::Text(text(code).into()));
                    prop_assert!(answer.verdict != Verdict::Ok || right, "only what the application keeps, with an end");
                    match answer.verdict {
                        Verdict::Ok => {
                            prop_assert!(!world.keys.contains_key(KEY), "a used code is gone");
                            prop_assert_eq!(world.failures(), 0);
                        }
                        Verdict::Wrong => {
                            prop_assert!(!right, "a right code is not called wrong");
                            prop_assert_eq!(world.failures(), failures + 1);
                        }
                        _ => prop_assert!(world.failures() >= failures),
                    }
                    if answer.verdict == Verdict::Locked && world.failures() > failures {
                        prop_assert!(!world.keys.contains_key(KEY), "the application would go on");
                    }
                    if answer.verdict == Verdict::NoCode {
                        prop_assert_eq!(world.keys.get(KEY), before.as_ref(), "nothing is done where nothing is asked");
                    }
                }
                Turn::Issues(code, sms) => {
                    let way = if sms { IssueMode::Sms { lease: Duration::from_secs(5), channel: Channel::Sms } } else { IssueMode::Print };
                    if world.issue(&text(code), way) {
                        prop_assert_eq!(world.text(KEY), Some(text(code)));
                        prop_assert!(world.keys[KEY].until.is_some());
                    }
                    prop_assert_eq!(world.failures(), failures, "a new code clears nothing");
                }
                Turn::Revokes => {
                    world.revoke();
                    prop_assert!(!world.keys.contains_key(KEY), "a revoked code is gone");
                    prop_assert_eq!(world.failures(), failures);
                }
                Turn::Unlocks => {
                    world.unlock();
                    prop_assert_eq!(world.failures(), 0);
                }
                Turn::Waits(seconds) => world.pass(u64::from(seconds)),
            }
            let live = world.look().unwrap();
            let slot = live.known.record.purposes.get(&Purpose::default());
            let count = slot.map_or(0, |slot| slot.live(world.now).count());
            prop_assert!(count <= 1, "there is room for one code");
            prop_assert_eq!(count, usize::from(live.current[0].is_some()));
        }
    }
}
