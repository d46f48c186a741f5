//! From the tree to the settings: the top of the file and its smaller tables.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::de::DeValue;

use super::country::{country, country_named};
use super::env::Env;
use super::locate::Located;
use super::providers::{self, Configured};
use super::secret::{self, SecretSource};
use super::settings::{
    CodeSettings, MIN_PEPPER, MessageSettings, PepperSource, Settings, StoreSettings, TimelineSettings,
};
use super::{assertion, audit, directories, keys, limits, role, store, test_numbers};
use crate::otp::brake::BrakeMode;
use crate::otp::suggest;
use crate::otp::{Alphabet, CodeSpec, Countries, CountryState, MAX_LENGTH, MAX_TTL, MIN_BITS, NumberType, Policy};
use crate::toml_tree::{ConfigError, Document, Node, Table};

const DAY: u64 = 24 * 60 * 60;

pub(super) fn settings(located: &Located, document: &Document<'_>, env: &Env) -> Result<Settings, ConfigError> {
    let root = document.root();
    root.only(keys::of(""))?;
    let protected = root.flag("protected")?;
    let code_table = root.table("code")?;
    let mut code = code(code_table.as_ref())?;
    let region = root.get("region").map(|node| country(&node)).transpose()?;
    let store = store::read(root.table("store")?.as_ref(), region, env)?;
    // The application's lifetime is the usual one of codes that it keeps.
    if let StoreSettings::Redis(redis) = &store
        && let Some(ttl) = redis.layout.as_ref().and_then(|own| own.layout.ttl())
        && !code_table.is_some_and(|table| table.has("ttl"))
    {
        code.ttl = ttl;
    }
    // An application that keeps the codes may check them by itself.
    let has_foreign_layout = match &store {
        StoreSettings::Redis(redis) => redis.layout.as_ref().is_some_and(|own| own.layout.is_foreign()),
        StoreSettings::Embedded { .. } => false,
    };
    let Configured { providers, routes, real } = providers::read(&root)?;
    let (directories, user) = directories::read(&root, region)?;
    Ok(Settings {
        path: located.path.clone(),
        named: located.named,
        protected,
        reveal: root.flag("reveal")?,
        role: root.get("role").map(|node| role::read(&node)).transpose()?,
        region,
        store,
        limits: limits::read(root.table("limits")?.as_ref())?,
        policy: policy(root.table("policy")?.as_ref(), real, has_foreign_layout)?,
        message: message(root.table("message")?.as_ref())?,
        routes,
        providers,
        directories,
        user,
        test_numbers: test_numbers::read(root.get("test_numbers").as_ref(), protected, &code.spec)?,
        timeline: timeline(root.table("timeline")?.as_ref())?,
        audit: audit::read(root.table("audit")?.as_ref())?,
        assertion: assertion::read(root.table("assertion")?.as_ref())?,
        code,
        chosen: located.origin.clone(),
        lines: document.lines(),
    })
}

fn code(table: Option<&Table<'_>>) -> Result<CodeSettings, ConfigError> {
    let standard = |text| Alphabet::named(text).map_err(|error| ConfigError::new(error.to_string()));
    let mut code = CodeSettings::with(standard("digits")?);
    let Some(table) = table else { return Ok(code) };
    table.only(keys::of("code"))?;
    if let Some(node) = table.get("alphabet") {
        let text = node.text()?;
        code.spec.alphabet = Alphabet::named(text).map_err(|_| {
            let meant = suggest::meant(text, ["digits", "hex"]);
            node.refuse(format!(
                "expected \"digits\", \"hex\" or the characters themselves: ASCII letters and digits, each once \
                 whatever its case{meant}"
            ))
        })?;
        text.clone_into(&mut code.alphabet);
    }
    if let Some(node) = table.get("length") {
        let most = u32::try_from(MAX_LENGTH).unwrap_or(u32::MAX);
        code.spec.length = usize::try_from(node.number(1..=most)?).unwrap_or(MAX_LENGTH);
    }
    code.allow_weak = table.flag("allow_weak")?;
    if code.spec.bits() < MIN_BITS && !code.allow_weak {
        return Err(weak(table, &code.spec));
    }
    if let Some(node) = table.get("ttl") {
        code.ttl = node.duration(Duration::from_secs(1)..=MAX_TTL)?;
    }
    if let Some(node) = table.get("max_attempts") {
        code.max_attempts = node.number(1..=10)?;
    }
    if let Some(node) = table.get("peppers") {
        code.peppers = peppers(&node)?;
    }
    Ok(code)
}

/// Too few codes: says how long one must be.
fn weak(table: &Table<'_>, spec: &CodeSpec) -> ConfigError {
    let enough = (1..=MAX_LENGTH)
        .find(|length| CodeSpec { alphabet: spec.alphabet.clone(), length: *length }.bits() >= MIN_BITS)
        .map_or_else(|| "a larger alphabet".to_owned(), |length| format!("length = {length}"));
    let message = format!(
        "a code needs at least 20 bits, as 6 digits have; this one has {:.1}, and {enough} is enough",
        spec.bits()
    );
    let error = match table.get("length").or_else(|| table.get("alphabet")) {
        Some(node) => node.refuse(message),
        None => table.refuse(message),
    };
    error.hint(format!("{enough}, or allow_weak = true if an application demands it"))
}

fn peppers(node: &Node<'_>) -> Result<Vec<PepperSource>, ConfigError> {
    let (mut peppers, mut ids) = (Vec::new(), BTreeSet::new());
    for item in node.list("peppers such as { id = \"1\", file = \"/etc/otpctl/pepper\" }")? {
        let table = item.table()?;
        table.only(&keys::PEPPER)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let id = table.text("id")?.unwrap_or("");
        if id.is_empty() || id.len() > 32 || !id.bytes().all(plain) {
            return Err(table.refuse("expected an `id` of 1 to 32 letters, digits, `_`, `.` and `-`"));
        }
        if !ids.insert(id) {
            return Err(table.refuse("two peppers have the same id"));
        }
        let source = match table.get("value") {
            Some(value) if keys::SECRET.iter().any(|name| table.has(name)) => {
                return Err(value.refuse("a secret has exactly one source: env, file, command or value"));
            }
            Some(value) => {
                let text = secret::literal(&value)?;
                if text.expose().trim().chars().count() < MIN_PEPPER {
                    return Err(value.refuse(format!("a pepper needs at least {MIN_PEPPER} characters")));
                }
                SecretSource::Literal(text)
            }
            None => SecretSource::from_table(&table)?,
        };
        peppers.push(PepperSource { id: id.to_owned(), source, position: table.position() });
    }
    Ok(peppers)
}

fn policy(table: Option<&Table<'_>>, real: bool, has_foreign_layout: bool) -> Result<Policy, ConfigError> {
    // Deny by default, once a message costs money.
    let mut policy = Policy { countries: real.then(Countries::default), ..Policy::default() };
    let Some(table) = table else { return Ok(policy) };
    table.only(keys::of("policy"))?;
    if let Some(node) = table.get("countries") {
        policy.countries = Some(countries(&node)?);
    }
    if let Some(node) = table.get("brakes") {
        let modes = [BrakeMode::Observe, BrakeMode::Enforce, BrakeMode::Off];
        let text = node.text()?;
        policy.brakes = modes.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            let meant = suggest::meant(text, modes.map(BrakeMode::as_str));
            node.refuse(format!("expected \"observe\", \"enforce\" or \"off\"{meant}"))
        })?;
        if policy.brakes == BrakeMode::Enforce && has_foreign_layout {
            let why = "the application of this `layout` checks codes by itself, so nobody here sees who verified";
            return Err(node.refuse(why).hint("brakes = \"observe\""));
        }
    }
    if let Some(node) = table.get("types") {
        let types = node.list("number types such as [\"mobile\"]")?.map(|item| number_type(&item));
        policy.types = types.collect::<Result<_, _>>()?;
        if policy.types.is_empty() {
            return Err(
                node.refuse("expected at least one number type, such as \"mobile\"; without one nothing could be sent")
            );
        }
    }
    Ok(policy)
}

/// `["IN", "AE"]`: these and no others; or `{ IN = "allow", AE = "verified_only", "*" = "deny" }`.
fn countries(node: &Node<'_>) -> Result<Countries, ConfigError> {
    if !matches!(node.value, DeValue::Table(_)) {
        let listed = node.list("countries such as [\"IN\", \"AE\"]")?.map(|item| country(&item));
        return Ok(Countries::only(listed.collect::<Result<Vec<_>, _>>()?));
    }
    let mut countries = Countries::default();
    for entry in node.table()?.nodes() {
        let text = entry.text()?;
        let state = CountryState::NAMED.iter().find(|(name, _)| *name == text).map(|(_, state)| *state);
        let state = state.ok_or_else(|| {
            let meant = suggest::meant(text, CountryState::NAMED.map(|(name, _)| name));
            entry.refuse(format!("expected \"allow\", \"verified_only\" or \"deny\"{meant}"))
        })?;
        if entry.name == "*" {
            countries.others = state;
            continue;
        }
        let named = country_named(entry.name).map_err(|meant| {
            entry.refuse(format!("expected the two letters of a country, or \"*\" for all others{meant}"))
        })?;
        countries.named.insert(named, state);
    }
    Ok(countries)
}

fn number_type(node: &Node<'_>) -> Result<NumberType, ConfigError> {
    let text = node.text()?;
    text.parse().map_err(|_| {
        let all: Vec<&str> = NumberType::ALL.iter().map(|kind| kind.as_str()).collect();
        let meant = suggest::meant(text, all.iter().copied());
        node.refuse(format!("unknown number type{meant}")).hint(format!("number types: {}", all.join(", ")))
    })
}

fn message(table: Option<&Table<'_>>) -> Result<MessageSettings, ConfigError> {
    let mut message = MessageSettings::default();
    let Some(table) = table else { return Ok(message) };
    table.only(keys::of("message"))?;
    if let Some(app) = table.text("app")? {
        app.clone_into(&mut message.app);
    }
    if let Some(text) = table.text("text")? {
        text.clone_into(&mut message.text);
    }
    message.host = table.text("host")?.map(str::to_owned);
    if let Some(notify) = table.text("notify")? {
        notify.clone_into(&mut message.notify);
    }
    if let Some(languages) = table.table("lang")? {
        message.lang = languages.nodes().map(|node| language(&node)).collect::<Result<BTreeMap<_, _>, _>>()?;
    }
    Ok(message)
}

fn language(node: &Node<'_>) -> Result<(String, String), ConfigError> {
    let tag = node
        .name
        .split('-')
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !tag {
        return Err(node.refuse("expected a language tag, such as hi or pt-BR"));
    }
    let table = node.table()?;
    table.only(&["text"])?;
    let text = table.require("text")?.text()?;
    Ok((node.name.to_owned(), text.to_owned()))
}

fn timeline(table: Option<&Table<'_>>) -> Result<TimelineSettings, ConfigError> {
    let mut timeline = TimelineSettings::default();
    let Some(table) = table else { return Ok(timeline) };
    table.only(keys::of("timeline"))?;
    if let Some(node) = table.get("keep") {
        timeline.keep = node.duration(Duration::from_secs(60)..=Duration::from_secs(366 * DAY))?;
    }
    Ok(timeline)
}
