//! The composition root: what a command needs, opened when it is first asked for.

mod act;
mod asserting;
mod auditing;
mod directories;
pub mod feedback;
mod guarding;
mod health;
pub mod layout;
mod local_pepper;
mod prompt;
mod redis;
mod rights;
mod sending;

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell as AsyncOnceCell;

use crate::config::{self, Env, Request, Settings, StoreSettings};
use crate::directory::Directories;
use crate::error::{Error, Exit};
use crate::otp::brake::BrakeMode;
use crate::otp::reference::PhoneReferences;
use crate::otp::{Clock, Moment, Pepper, Peppers, Phone, Randomness, RandomnessFailed, Secret};
use crate::output::{Printer, zone_is_named};
use crate::provider::Machine;
use crate::store::{Embedded, ReadOnly, Store};
use crate::system::{Who, shown};

pub use self::act::{Act, Done, Ended};
pub use self::auditing::Intent;
pub use self::rights::{RIGHTS, Right};
pub use self::sending::AskedRoute;
use crate::operations::{Operations, Progress, Turns};
pub use crate::store::{Endpoint, Understood};

/// What was said on the command line and in the environment for every command.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Globals {
    /// Which file.
    pub request: Request,
    /// `--yes`.
    pub yes: bool,
    /// Never a prompt.
    pub no_input: bool,
    /// Numbers in full.
    pub unmask: bool,
    /// No writes, no provider calls.
    pub dry_run: bool,
    /// Why.
    pub reason: Option<String>,
    /// The time of the whole command.
    pub timeout: Duration,
    /// Whether that is the usual time of the command: nobody asked for another.
    pub usual_timeout: bool,
    /// The command itself.
    pub command: &'static str,
    /// It, and the command of it: `user link`.
    pub path: String,
}

/// Everything that a command may ask for. What is opened is shared by all lines of a batch; what is known of the effects of
/// each is its own.
pub struct App {
    shared: Rc<Shared>,
    /// What is under way.
    pub progress: Arc<Progress>,
    /// Why, where a line of a batch says so itself.
    reason: Option<String>,
}

/// What all lines of a batch share.
pub struct Shared {
    /// What was said for every command.
    pub globals: Globals,
    /// The environment.
    pub env: Env,
    /// The writer, for warnings and prompts.
    pub printer: Printer,
    /// What waits for each other.
    pub turns: Arc<Turns>,
    time: prompt::Time,
    settings: OnceCell<Settings>,
    store: AsyncOnceCell<Opened>,
    peppers: AsyncOnceCell<Peppers>,
    references: OnceCell<PhoneReferences>,
    app_secret: AsyncOnceCell<Secret>,
    who: OnceCell<Who>,
    /// The same in a few words.
    by: OnceCell<String>,
    auditing: AsyncOnceCell<Option<auditing::Auditing>>,
    directories: OnceCell<Directories>,
    providers: sending::Opened,
    templates: sending::Templates,
    /// What gateways are to be told once the answer is printed.
    owed: RefCell<Vec<feedback::OwedFeedback>>,
}

/// A store, and what of it a command gets that has not said what it changes.
struct Opened {
    whole: Arc<dyn Store>,
    reads: ReadOnly,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// Nothing is read or opened yet.
    #[must_use]
    pub fn new(globals: Globals, env: Env, printer: Printer, progress: Arc<Progress>) -> Self {
        zone_is_named(env.get("TZ").is_some());
        let shared = Shared {
            time: prompt::Time::new(globals.timeout),
            globals,
            env,
            printer,
            turns: Arc::default(),
            settings: OnceCell::new(),
            store: AsyncOnceCell::new(),
            peppers: AsyncOnceCell::new(),
            references: OnceCell::new(),
            app_secret: AsyncOnceCell::new(),
            who: OnceCell::new(),
            by: OnceCell::new(),
            auditing: AsyncOnceCell::new(),
            directories: OnceCell::new(),
            providers: sending::Opened::default(),
            templates: sending::Templates::default(),
            owed: RefCell::default(),
        };
        Self { shared: Rc::new(shared), progress, reason: None }
    }

    /// The same for a line of a batch, with a progress of its own. `reason`: why, where the line says so itself.
    #[must_use]
    pub fn for_line(&self, reason: Option<String>) -> Self {
        let progress = Arc::new(self.progress.line());
        Self { shared: Rc::clone(&self.shared), progress, reason: reason.or_else(|| self.reason.clone()) }
    }

    /// The same command on the environment of another file, with the same progress.
    #[must_use]
    pub fn with_config(&self, file: OsString) -> Self {
        let request = Request { config: Some(config::Chosen { value: file.into(), by_flag: true }), profile: None };
        let globals = Globals { request, ..self.globals.clone() };
        Self::new(globals, self.env.clone(), self.printer.clone(), Arc::clone(&self.progress))
    }

    /// Why the operator does it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref().or(self.globals.reason.as_deref())
    }

    /// The settings, from the one file that holds.
    ///
    /// # Errors
    /// When the file is missing, wrong or unsafe.
    pub fn settings(&self) -> Result<&Settings, Error> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let located = config::locate(&self.globals.request, &self.env)?;
        if let Some(profile) = &located.ignored_profile {
            self.printer.warning(&format!("--config names a file, so the profile `{profile}` is ignored"));
        }
        let settings = config::load(&located, &self.env)?;
        let file = settings.path.as_deref().map_or_else(|| "none".to_owned(), shown);
        tracing::info!(file, "configuration");
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The store, to read. [`Self::audited`] gives one that can be changed.
    ///
    /// # Errors
    /// When its settings are wrong. It is connected to when it is first used.
    pub async fn store(&self) -> Result<&dyn Store, Error> {
        Ok(&self.opened().await?.reads)
    }

    /// The store, for what was recorded.
    async fn whole_store(&self) -> Result<&dyn Store, Error> {
        Ok(self.opened().await?.whole.as_ref())
    }

    async fn opened(&self) -> Result<&Opened, Error> {
        let store = self.store.get_or_try_init(async || -> Result<_, Error> {
            let whole: Arc<dyn Store> = match &self.settings()?.store {
                StoreSettings::Embedded { path } => {
                    tracing::info!(%path, "embedded store");
                    Arc::new(Embedded::new(path.to_path_buf(), clock()))
                }
                StoreSettings::Redis(settings) => {
                    tracing::info!(servers = %settings.deployment, prefix = settings.prefix, "Redis");
                    Arc::new(self.redis(settings, None).await?)
                }
            };
            Ok(Opened { reads: ReadOnly::new(Arc::clone(&whole)), whole })
        });
        store.await
    }

    /// What the store has to say beside its answers.
    #[must_use]
    pub fn warning_of_store(&self) -> Option<String> {
        self.store.get().and_then(|store| store.whole.warning())
    }

    /// The keys of the codes. The embedded store makes its own; a shared Redis must be given one, since every machine
    /// needs the same.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn peppers(&self) -> Result<&Peppers, Error> {
        let peppers = self.peppers.get_or_try_init(async || {
            let settings = self.settings()?;
            let mut peppers = Vec::with_capacity(settings.code.peppers.len());
            for pepper in &settings.code.peppers {
                peppers.push(Pepper { id: pepper.id.clone(), key: pepper.resolve(&self.fetch()).await? });
            }
            if peppers.is_empty() {
                let StoreSettings::Embedded { path } = &settings.store else {
                    return Err(config::missing_pepper(settings.path.as_deref()).into());
                };
                peppers.push(local_pepper::open(&path.with_file_name("pepper"), &OsRandom)?);
            }
            Peppers::new(peppers).map_err(|error| Error::new(Exit::Config, error))
        });
        peppers.await
    }

    /// What is done with codes, on a store that is only read: what changes something goes through [`Self::audited`].
    ///
    /// # Errors
    /// As [`Self::store`].
    pub async fn operations(&self) -> Result<Operations<'_>, Error> {
        let settings = self.settings()?;
        Ok(Operations {
            store: self.store().await?,
            limits: &settings.limits,
            timeline_kept: settings.timeline.keep,
            randomness: &OsRandom,
            clock: &now,
            progress: &self.progress,
            turns: &self.turns,
            dry_run: self.globals.dry_run,
            reason: self.reason(),
            by: Some(self.by()),
            audit: None,
            brakes: self.brakes(settings),
            directories: self.directories()?,
            layout: self.bound_layout().await?,
        })
    }

    /// What the brakes do: nothing where no SMS costs money, or where an application may check the codes by itself.
    fn brakes(&self, settings: &Settings) -> BrakeMode {
        let is_real = settings.providers.values().any(|provider| provider.kind.is_real());
        let is_foreign = self.layout().is_ok_and(crate::layout::Layout::is_foreign);
        if is_real && !is_foreign { settings.policy.brakes } else { BrakeMode::Off }
    }

    /// The operator. Neither a file nor a secret is needed to know.
    #[must_use]
    pub fn who(&self) -> &Who {
        self.who.get_or_init(|| Who::own(self.variables()))
    }

    /// The operator in a few words.
    fn by(&self) -> &str {
        self.by.get_or_init(|| match self.who.get() {
            Some(who) => who.short(),
            None => Who::without_terminal(self.variables()).short(),
        })
    }

    fn variables(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.env.get(name).and_then(|value| value.to_str()).map(str::to_owned)
    }

    /// The machine's time, from which times on a screen are told.
    #[must_use]
    pub fn now(&self) -> Moment {
        now()
    }

    /// Asks before something is changed where the file is `protected`. The file must have been named, so that nobody
    /// changes production by forgetting where he is.
    ///
    /// # Errors
    /// When it was not named, or the answer is no, or there is nobody to ask.
    pub async fn may_change(&self, what: &str, asks: Confirm) -> Result<(), Error> {
        let settings = self.settings()?;
        let Some(path) = settings.path.as_ref().filter(|_| settings.protected && !self.globals.dry_run) else {
            return Ok(());
        };
        if !settings.named {
            return Err(Error::said(Exit::Confirm, format!("{} is protected", path.display()))
                .hint(format!("pass --config {} to confirm that you mean it", config::pasteable(path))));
        }
        if asks == Confirm::No || self.globals.yes {
            return Ok(());
        }
        self.confirm(&format!("{what} on the protected {}?", path.display())).await
    }

    /// Whether a person is asked: not with `--yes`, and not where there is nobody.
    #[must_use]
    pub fn will_ask(&self) -> bool {
        use std::io::IsTerminal as _;
        !self.globals.yes && !self.globals.no_input && std::io::stdin().is_terminal()
    }

    /// Which environment is worked on, for a person who is asked: the file, or without one the store.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn place(&self) -> Result<String, Error> {
        let settings = self.settings()?;
        Ok(match (&settings.path, &settings.store) {
            (Some(path), _) => path.display().to_string(),
            (None, StoreSettings::Embedded { path }) => path.display().to_string(),
            (None, StoreSettings::Redis(redis)) => redis.deployment.to_string(),
        })
    }

    /// Where the codes are kept, for a person who is asked.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn store_place(&self) -> Result<String, Error> {
        Ok(match &self.settings()?.store {
            StoreSettings::Embedded { path } => path.display().to_string(),
            StoreSettings::Redis(redis) => redis.deployment.to_string(),
        })
    }

    /// The prefix of the keys in a Redis that is shared.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn redis_prefix(&self) -> Result<Option<&str>, Error> {
        Ok(match &self.settings()?.store {
            StoreSettings::Embedded { .. } => None,
            StoreSettings::Redis(redis) => Some(&redis.prefix),
        })
    }

    /// Whether the codes are kept in a file, which has one writer.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn is_embedded(&self) -> Result<bool, Error> {
        Ok(matches!(self.settings()?.store, StoreSettings::Embedded { .. }))
    }

    /// Asks on the terminal.
    ///
    /// # Errors
    /// When the answer is not yes, or there is nobody to ask.
    pub async fn confirm(&self, question: &str) -> Result<(), Error> {
        if self.globals.yes {
            return Ok(());
        }
        if !self.will_ask() {
            return Err(Error::said(Exit::Confirm, "confirmation required").hint("rerun with --yes"));
        }
        let answer = self.ask(&format!("{question} [y/N] ")).await?;
        if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Error::said(Exit::Confirm, "declined")) }
    }

    /// A number as it may be shown: in full if the caller typed it or says so, else masked.
    #[must_use]
    pub fn display(&self, phone: &Phone, typed: bool) -> String {
        if typed || self.globals.unmask { phone.as_str().to_owned() } else { phone.masked() }
    }

    /// The reference of a phone, which is accepted wherever a phone is; none where no pepper is at hand. Where there is
    /// no store yet, none is made for it: who looks leaves nothing behind.
    pub async fn reference(&self, phone: &Phone) -> Option<String> {
        if let Some(references) = self.references.get() {
            return Some(references.of(phone));
        }
        let settings = self.settings().ok()?;
        if let (StoreSettings::Embedded { path }, []) = (&settings.store, settings.code.peppers.as_slice())
            && !path.exists()
            && !path.with_file_name("pepper").exists()
        {
            return None;
        }
        let peppers = self.peppers().await.ok()?;
        Some(self.references.get_or_init(|| PhoneReferences::new(peppers)).of(phone))
    }
}

/// Whether a change of a protected environment asks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// It does.
    Yes,
    /// The code that is typed is its own confirmation.
    No,
}

/// The operating system's generator.
pub struct OsRandom;

impl Randomness for OsRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed> {
        use rand::TryRng as _;
        rand::rngs::SysRng.try_fill_bytes(buffer).map_err(|_| RandomnessFailed)
    }
}

/// The machine's clock: the embedded store's, and the calendar's.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
fn machine_time() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn now() -> Moment {
    Moment::from_millis(machine_time().as_millisecond())
}

/// The machine's time and random bytes, for requests that are signed.
#[must_use]
pub fn machine() -> Machine {
    Machine { clock: clock(), randomness: Arc::new(OsRandom) }
}

/// The machine's time in milliseconds: for the embedded store, and for providers that sign what they send.
#[must_use]
pub fn clock() -> Clock {
    Arc::new(now)
}

/// The day in UTC.
#[must_use]
pub fn today() -> jiff::civil::Date {
    machine_time().to_zoned(jiff::tz::TimeZone::UTC).date()
}
