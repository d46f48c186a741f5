//! Whose codes they are. This is the only module that knows how an application keeps its own codes in Redis. It is pure:
//! it gets values and gives values, and names neither a store nor an operation.
//!
//! * `native` is our own layout. It is one among others, so nobody asks whether there is an application.
//! * `keyed` reads and writes codes in keys that are made from the phone, as a preset or a table of the file describes.
//! * `privacyidea` reads challenges by token, not codes by phone; nothing of it is written.
//! * `known_keys` knows what many applications have in common: enough to find codes that no layout names.
//!
//! A layout that fits no table is a file here with its [`Layout`], and its name in `config/layout.rs`.

mod keyed;
pub mod known_keys;
mod native;
mod operation;
pub mod privacyidea;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::otp::rules::PhoneState;
use crate::otp::{Code, CodeSpec, Event, Moment, Peppers, Phone, Purpose, Record, Secret, UserId, Users};

pub use keyed::*;
pub use native::Native;
pub use operation::{Operation, PhoneOperation};

/// What is known of a layout from the configuration alone.
pub trait Layout: fmt::Debug + Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Whether an application keeps the codes, and we follow it.
    fn is_foreign(&self) -> bool {
        true
    }

    /// Refuses an operation that it does not allow.
    ///
    /// # Errors
    /// When it does not, with the reason.
    fn allows(&self, operation: Operation) -> Result<(), Refusal>;

    /// What its application's own codes are like, where those that are made here are like `ours`.
    fn own_codes(&self, ours: &CodeSpec) -> CodeSpec {
        ours.clone()
    }

    /// What all codes may be like.
    fn shapes(&self, ours: &CodeSpec) -> CodeShapes {
        CodeShapes::of(ours)
    }

    /// How long its application lets a code live; `None`: as long as we do.
    fn ttl(&self) -> Option<Duration> {
        None
    }

    /// Whether whoever reads the store reads the codes.
    fn is_plain(&self) -> bool {
        false
    }

    /// What the owner of the file should know of it.
    fn note(&self) -> Option<&'static str> {
        None
    }

    /// What the file or its preset says, by the keys of the configuration.
    fn settings(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Whether any key has the user in its name, so that users are looked up first.
    fn has_user_in_keys(&self) -> bool {
        false
    }

    /// The application's keys of a phone, beside ours.
    fn keys(&self, _phone: &Phone, _user: Option<&UserId>) -> Vec<String> {
        Vec::new()
    }

    /// The Redis Cluster hash tag of our own keys of a phone.
    fn tag(&self, phone: &Phone) -> String {
        phone.as_str().to_owned()
    }

    /// The number (+E.164) of the phone with that tag.
    fn phone_of_tag(&self, tag: &str) -> Option<String> {
        Some(tag.to_owned())
    }

    /// The pattern of Redis's that all tags of phones fit.
    fn tag_pattern(&self) -> &'static str {
        "+*"
    }

    /// The patterns of Redis's that the keys of the application's codes fit, in the order of its purposes.
    fn scan_patterns(&self) -> Vec<String> {
        Vec::new()
    }

    /// The phone of a key that fits the pattern of that index.
    fn phone_of_key(&self, _pattern: usize, _key: &str) -> Option<Phone> {
        None
    }

    /// The keys of a phone's codes, in the order of the patterns.
    fn code_keys(&self, _phone: &Phone) -> Vec<String> {
        Vec::new()
    }

    /// Which of the application's keys has this name; `None`: none whose content is read.
    fn app_key(&self, _name: &str) -> Option<AppKey> {
        None
    }

    /// The keys of the application's, as far as the rights of a Redis user go.
    fn access(&self) -> Access {
        Access::default()
    }

    /// Where challenges are kept by token: the sets that name those of these users.
    fn token_sets(&self, _users: &Users) -> Option<Vec<TokenSet>> {
        None
    }

    /// The layout with what it needs to read and write; no context where it needs none.
    ///
    /// # Errors
    /// When it needs one.
    fn bind<'a>(&'a self, context: Option<LayoutContext<'a>>) -> Result<Box<dyn BoundLayout + 'a>, NoContext>;

    /// Whether it needs a context.
    fn needs_context(&self) -> bool;
}

/// Two that say the same are the same.
impl PartialEq for dyn Layout {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.settings() == other.settings()
    }
}

impl Eq for dyn Layout {}

/// A layout with all it needs to run before and after each rule.
pub trait BoundLayout: Send + Sync {
    /// The layout.
    fn layout(&self) -> &dyn Layout;

    /// Refuses an operation on a code of this phone and purpose that it cannot do.
    ///
    /// # Errors
    /// When it cannot, with the reason.
    fn allows_for(&self, operation: Operation, _phone: &Phone, _purpose: Option<&Purpose>) -> Result<(), Refusal> {
        self.layout().allows(operation)
    }

    /// What is to be computed for the application to keep of a new code; `None`: it keeps nothing of it.
    fn hashing(&self, _phone: &Phone, _code: &Code) -> Option<Hashing> {
        None
    }

    /// Whether the content of one of the application's keys is as the layout says.
    ///
    /// # Errors
    /// When it is not, with what it is.
    fn check(&self, _key: AppKey, _content: Content) -> Result<(), UnexpectedKey> {
        Ok(())
    }

    /// Brings our record of a phone and what was loaded of [`Layout::keys`] together, as the rules see it.
    ///
    /// # Errors
    /// When a key of the application's is not understood, or there is none for this operation.
    fn merge<'s>(
        &'s self,
        phone: &'s Phone,
        state: PhoneState,
        values: Vec<Option<Vec<u8>>>,
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<Box<dyn Merged + 's>, MergeError>;
}

/// A phone as the rules see it, and the way back into the application's keys.
pub trait Merged {
    /// What the rules see.
    fn state(&self) -> &PhoneState;

    /// The same, for whoever only looks.
    #[must_use]
    fn into_state(self: Box<Self>) -> PhoneState {
        self.state().clone()
    }

    /// What the application did since, for the timeline, once something is written.
    fn events(&self) -> &[Event] {
        &[]
    }

    /// What the application's owner should know.
    fn findings(&self) -> &[Finding] {
        &[]
    }

    /// The comparison of what was typed with the application's code, and the id of its challenge; `None`: there is nothing
    /// to compare with. It may take long, so it is made before the rule and not in it.
    fn comparison(&self, _purpose: &Purpose, _typed: &Code) -> Option<(String, Comparison)> {
        None
    }

    /// Lets the rule see that what was typed is the code of this challenge.
    fn lend(&mut self, _challenge_id: &str, _purpose: &Purpose, _typed: &Code) {}

    /// Puts what a rule decided into the application's keys, in the order of [`Layout::keys`]; where they cannot hold all of
    /// it, the record follows them. `record`: the rule's, `None` where it changes nothing.
    ///
    /// # Errors
    /// When a key of the application's is not understood.
    fn write_back(
        &self,
        _record: &mut Option<Record>,
        _operation: PhoneOperation<'_>,
        _now: Moment,
    ) -> Result<WriteBack, MergeError> {
        Ok(WriteBack::default())
    }
}

/// Where no application keeps anything, the rules see the state as it is.
impl Merged for PhoneState {
    fn state(&self) -> &PhoneState {
        self
    }

    fn into_state(self: Box<Self>) -> PhoneState {
        *self
    }
}

/// What a layout needs to read and write codes that an application keeps.
#[derive(Debug, Clone, Copy)]
pub struct LayoutContext<'a> {
    /// The keys of fingerprints and ids.
    pub peppers: &'a Peppers,
    /// The application's own secret.
    pub secret: Option<&'a Secret>,
    /// The attempts that a code has whose application does not say.
    pub max_attempts: u32,
    /// What codes that are made here are like.
    pub ours: &'a CodeSpec,
}

/// A layout that needs a context got none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this layout needs the keys that it signs with")]
pub struct NoContext;

/// A layout does not allow what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the layout `{layout}` {why}")]
pub struct Refusal {
    /// Its name.
    pub layout: String,
    /// Why not, as the rest of a sentence.
    pub why: String,
}

impl Refusal {
    /// Of a whole kind of operation.
    #[must_use]
    pub fn of(layout: &str, operation: Operation, because: Option<&str>) -> Self {
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        Self { layout: layout.to_owned(), why: format!("does not allow {}{because}", operation.verb()) }
    }
}

/// The application's keys, as far as the rights of a Redis user go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The patterns of all its keys.
    pub patterns: Vec<String>,
    /// Whether any of them is written.
    pub writes: bool,
    /// Keys of nobody, to ask what may be done to such keys.
    pub probe_keys: Vec<String>,
    /// The hash tag of our keys beside them.
    pub probe_tag: Option<String>,
}

/// A set that names the challenges of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSet {
    /// The token.
    pub user: UserId,
    /// Which version of its application wrote it.
    pub family: privacyidea::Family,
    /// Its key.
    pub key: String,
}
