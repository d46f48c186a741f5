//! The settings as the program uses them: checked, paths taken from the file's folder, secrets still where they are.

mod assertion;
mod audit;
mod routes;
mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;

use super::locate::Origin;
use super::secret::SecretSource;
use crate::otp::money::PriceList;
use crate::otp::{Alphabet, Channel, Code, CodeSpec, Country, Limits, Phone, Policy, Purpose, Role};
use crate::system::{FilePath, Program};
use crate::toml_tree::{ConfigError, Position};
use crate::{directory, provider};

pub use assertion::AssertionSettings;
pub use audit::{AuditSettings, SyslogTarget};
pub use routes::{PURPOSE, RouteEntry, RoutedBy, Routes};
pub use store::{
    Deployment, DurabilitySettings, LayoutSettings, RedisSettings, RedisTarget, SentinelSettings, ServerAddress,
    StoreSettings, TlsFiles,
};

/// The shortest text of a pepper: 32 random bytes in base64 are 44 characters.
pub const MIN_PEPPER: usize = 32;

/// One file, read as a whole: see [`crate::config::load`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// The file was named by flag or environment: what a mutation under `protected` asks for.
    pub named: bool,
    /// A command that changes something must name this file, and asks for confirmation.
    pub protected: bool,
    /// `issue` may print a code although the file is `protected`.
    pub reveal: bool,
    /// What the people who use this file may do; `None`: everything.
    pub role: Option<Role>,
    /// The country of national numbers; `None`: only +E.164 is read.
    pub region: Option<Country>,
    /// Where records are.
    pub store: StoreSettings,
    /// The shape of codes.
    pub code: CodeSettings,
    /// Quotas, cooldowns and locks.
    pub limits: Limits,
    /// Which numbers are allowed.
    pub policy: Policy,
    /// The text of the SMS.
    pub message: MessageSettings,
    /// Which provider, by country.
    pub routes: Routes,
    /// The configured providers, by name; `console` alone where none is.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// The configured directories, by name.
    pub directories: BTreeMap<String, DirectorySettings>,
    /// Whose phone it is, beside the store's own map.
    pub user: UserSettings,
    /// Numbers with a fixed code that no SMS goes to.
    pub test_numbers: Vec<TestNumber>,
    /// How long events are kept.
    pub timeline: TimelineSettings,
    /// Where what is done is recorded; `None`: nowhere.
    pub audit: Option<AuditSettings>,
    /// Who signs what an application is handed instead of a user; `None`: nobody.
    pub assertion: Option<AssertionSettings>,
    /// How the file was chosen.
    pub chosen: Origin,
    /// The line of every key in the file.
    pub(super) lines: BTreeMap<String, usize>,
}

/// `[code]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSettings {
    /// Alphabet and length.
    pub spec: CodeSpec,
    /// Codes of fewer bits than [`crate::otp::MIN_BITS`] are allowed.
    pub allow_weak: bool,
    /// How long a code is valid.
    pub ttl: Duration,
    /// How many attempts it allows.
    pub max_attempts: u32,
    /// The first one signs, all of them verify; empty: the embedded store makes its own, and Redis requires one.
    pub peppers: Vec<PepperSource>,
    pub(super) alphabet: String,
}

/// A pepper and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperSource {
    /// Kept in each record, so that a pepper can be rotated.
    pub id: String,
    /// Where the text is.
    pub source: SecretSource,
    pub(super) position: Position,
}

/// `[message]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSettings {
    /// The name of the application, as people know it.
    pub app: String,
    /// The template.
    pub text: String,
    /// Adds the line that binds the code to a site.
    pub host: Option<String>,
    /// Templates by language.
    pub lang: BTreeMap<String, String>,
    /// The template of the text that tells of a change of the map.
    pub notify: String,
}

/// One `[providers.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// Which definition or backend.
    pub kind: provider::Kind,
    /// By which way its messages reach people.
    pub channel: Channel,
    /// The file with its definition, if the user wrote it.
    pub definition: Option<FilePath>,
    /// What is set, by name; the rest has the defaults of the kind.
    pub entries: BTreeMap<String, SettingSource>,
    pub(super) positions: BTreeMap<String, Position>,
    /// What is set otherwise for codes of a purpose, such as the sender.
    pub purposes: BTreeMap<Purpose, BTreeMap<String, SettingSource>>,
    /// What it takes for a message, where the file says that.
    pub price: Option<PriceList>,
    /// What is wrong with that file. Only what needs the provider fails: a wrong gateway must not stop `verify`.
    pub(super) broken: Option<ConfigError>,
}

/// One `[directory.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectorySettings {
    /// Which definition or backend.
    pub kind: directory::Kind,
    /// The file with its definition, if the user wrote it.
    pub definition: Option<FilePath>,
    /// How it writes phones.
    pub phones: directory::Phones,
    /// The country of its national numbers.
    pub region: Option<Country>,
    /// What is set, by name; the rest has the defaults of the kind.
    pub entries: BTreeMap<String, SettingSource>,
    pub(super) positions: BTreeMap<String, Position>,
    /// What is wrong with that file: only what needs the directory fails.
    pub(super) broken: Option<ConfigError>,
}

/// `[user]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// The directories that are asked where the store's own map has no user, in this order.
    pub directories: Vec<String>,
    /// The holder of a phone gets a text when the phones of its user change.
    pub notify_on_change: bool,
}

/// One setting of a provider or a directory, its secret not fetched yet.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingSource {
    /// A value that is written in the file and may be shown.
    Plain(serde_json::Value),
    /// A file that the provider reads or writes.
    File(FilePath),
    /// The file of a CA that TLS trusts instead of the usual ones.
    Authority(FilePath),
    /// A program and its arguments.
    Program(Program, Vec<String>),
    /// A value that is fetched when the provider is opened.
    Secret(SecretSource),
}

/// One of `[[test_numbers]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestNumber {
    /// The number.
    pub phone: Phone,
    /// Its fixed code.
    pub code: Code,
    /// The first day, in UTC, on which it is an ordinary number again.
    pub valid_until: Date,
    /// What becomes of an SMS to it.
    pub outcome: provider::TestOutcome,
    pub(super) position: Position,
}

/// `[timeline]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineSettings {
    /// How long events are kept.
    pub keep: Duration,
}

impl Default for TimelineSettings {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self {
            app: "otpctl".to_owned(),
            text: "{{ code }} is your {{ app }} code. It expires in {{ ttl_minutes }} minutes.".to_owned(),
            host: None,
            lang: BTreeMap::new(),
            notify: "The phone numbers of your {{ app }} account were changed. If this was not you, contact us."
                .to_owned(),
        }
    }
}

impl CodeSettings {
    /// The defaults.
    pub(super) fn with(alphabet: Alphabet) -> Self {
        Self {
            spec: CodeSpec { alphabet, length: 6 },
            allow_weak: false,
            ttl: Duration::from_secs(300),
            max_attempts: 5,
            peppers: Vec::new(),
            alphabet: "digits".to_owned(),
        }
    }
}

impl TestNumber {
    /// Whether the fixed code still works on this day (UTC).
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        day < self.valid_until
    }
}
