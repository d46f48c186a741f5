//! What a phone, a code, a challenge and a policy are, and the rules over them. Nothing here does input or output,
//! reads a clock or draws a number by itself, and nothing here knows of stores, providers or commands.

mod answer;
mod audit_head;
pub mod brake;
mod challenge;
mod channel;
pub mod circuit;
mod clock;
mod code;
pub mod counter;
mod delivery;
pub mod diagnosis;
pub mod duration;
pub mod escape;
mod event;
pub mod feedback;
pub mod hint;
mod ids;
mod kept_delivery;
pub mod link_history;
mod mac;
mod message;
mod messages;
pub mod money;
mod owners;
mod persist;
mod phone;
mod policy;
pub mod policy_entry;
pub mod record;
pub mod redact;
pub mod reference;
pub mod refusal;
mod role;
pub mod rules;
pub(crate) mod schema;
mod secret;
pub mod stats;
pub mod suggest;
pub mod text;
pub mod time;
pub mod user;
pub mod wait_for;

pub use audit_head::{AuditHead, Moved};
pub use channel::Channel;
pub use code::{
    Alphabet, AlphabetError, Code, CodeError, CodeSpec, MAX_LENGTH, MIN_BITS, Randomness, RandomnessFailed,
};
pub use delivery::{DeliveryReason, DeliveryReport, DeliveryState, ReportIds};
pub use event::{CHECKED_BY_APPLICATION, Event, KEPT as EVENTS_KEPT, Kind as EventKind};
pub use hint::Hint;
pub use ids::{NameError, Purpose, UserId};
pub use link_history::{FormerPhones, LinkHistory};
pub use mac::{Binding, Mac, NoPepper, Pepper, Peppers, UnknownKey};
pub use message::Message;
pub use owners::{DirectoryUsers, Owners, UsersVersion};
pub use persist::{More, Newer, Stored, Ttl, Unreadable, is_plain};
pub use phone::{
    Country, CountryError, ErrorPlace, NumberType, NumberTypeError, Phone, PhoneError, Prefix, PrefixError, Why,
    calling_codes, numbering,
};
pub use policy::{
    Countries, CountryState, Denied, Limits, LockLength, LockStep, MAX_COOLDOWN, MAX_LOCK, MAX_PER_PHONE, MAX_TTL,
    MAX_WINDOW, Policy, Quota, SpendCap, used_up,
};
pub use record::{Challenge, Record};
pub use role::Role;
pub use secret::Secret;
pub use time::{Clock, Moment};
pub use user::{Phones, Users};
pub use wait_for::{WaitFor, WaitStatus};
