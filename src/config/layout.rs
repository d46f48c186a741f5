//! `layout` of `[store.redis]`: a preset, which is a data file, a table with the same keys, or both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;

use super::keys;
use super::secret::{PlacedSecret, SecretSource};
use super::settings::LayoutSettings;
use crate::layout::privacyidea::{NAME as PRIVACYIDEA, PrivacyIdea};
use crate::layout::{
    AttemptCounter, CounterFormat, Form, HashScheme, KeyTemplate, KeyTemplateError, KeyedLayout, Operation, Pattern,
    PhoneFormat, TimeFormat,
};
use crate::otp::{Alphabet, Country, MAX_LENGTH, MAX_TTL, Purpose, suggest};
use crate::toml_tree::{ConfigError, Document, Node, Table, expected_one_of};

/// The presets of applications that have a key for each code, each with its file.
const PRESETS: [(&str, &str); 5] = [
    ("authgear", include_str!("../layout/presets/authgear.toml")),
    ("django-cache", include_str!("../layout/presets/django-cache.toml")),
    ("frappe", include_str!("../layout/presets/frappe.toml")),
    ("otpgateway", include_str!("../layout/presets/otpgateway.toml")),
    ("sibling-strings", include_str!("../layout/presets/sibling-strings.toml")),
];

/// privacyIDEA's codes are only read, and its keys need no description.
fn read_only() -> LayoutSettings {
    LayoutSettings { layout: Arc::new(PrivacyIdea), secret: None }
}

/// The settings of the store that a layout depends on.
pub(super) struct StoreContext<'a> {
    pub region: Option<Country>,
    pub prefix: &'a str,
    pub cluster: bool,
}

/// The values of the layout: those of the preset first, those of the file over them.
#[derive(Default)]
struct LayoutValues {
    texts: BTreeMap<&'static str, String>,
    lists: BTreeMap<&'static str, Vec<String>>,
    maps: BTreeMap<&'static str, Vec<(String, String)>>,
    ttl: Option<Duration>,
    length: Option<u32>,
    begin: Option<u32>,
    secret: Option<PlacedSecret>,
}

const TEXTS: [&str; 16] = [
    "key",
    "app",
    "alphabet",
    "phone",
    "type",
    "field",
    "verifier",
    "pattern",
    "attempts",
    "attempts_field",
    "max_attempts_field",
    "closed_field",
    "expires_field",
    "expires_as",
    "cooldown",
    "numbers",
];

pub(super) fn read(table: &Table<'_>, store: &StoreContext<'_>) -> Result<Option<LayoutSettings>, ConfigError> {
    let Some(node) = table.get("layout") else { return Ok(None) };
    let mut values = LayoutValues::default();
    let (name, own) = match node.value {
        DeValue::String(name) if name == "native" => return Ok(None),
        DeValue::String(name) if name == PRIVACYIDEA => return Ok(Some(read_only())),
        DeValue::String(name) => {
            values.preset(&node, name)?;
            (name.to_string(), None)
        }
        DeValue::Table(_) => {
            let own = node.table()?;
            own.only(&keys::LAYOUT)?;
            let preset = own.text("preset")?;
            if preset == Some(PRIVACYIDEA) {
                return match own.nodes().find(|node| node.name != "preset") {
                    Some(node) => Err(node.refuse("privacyIDEA's keys are known; remove this key")),
                    None => Ok(Some(read_only())),
                };
            }
            if let (Some(preset), Some(at)) = (preset, own.get("preset")) {
                values.preset(&at, preset)?;
            }
            values.add(&own)?;
            (preset.unwrap_or("own").to_owned(), Some(own))
        }
        _ => return Err(node.wrong_type("\"native\", a preset or a table")),
    };
    let at = LayoutNode { node: &node, own: own.as_ref() };
    let layout = values.layout(&name, &at, store)?;
    Ok(Some(LayoutSettings { layout: Arc::new(layout), secret: values.secret }))
}

/// Where an error points: to the key in the file, or, if the preset has the value, to the layout itself.
struct LayoutNode<'a> {
    node: &'a Node<'a>,
    own: Option<&'a Table<'a>>,
}

impl LayoutNode<'_> {
    fn refuse(&self, key: &str, message: impl Into<String>) -> ConfigError {
        match self.own.and_then(|own| own.get(key)) {
            Some(node) => node.refuse(message),
            None => self.node.refuse(message),
        }
    }
}

impl LayoutValues {
    fn preset(&mut self, node: &Node<'_>, name: &str) -> Result<(), ConfigError> {
        let Some((_, text)) = PRESETS.iter().find(|(preset, _)| *preset == name) else {
            let all = || PRESETS.iter().map(|(preset, _)| *preset).chain([PRIVACYIDEA]);
            let meant = suggest::meant(name, all().chain(["native"]));
            let hint = format!("expected \"native\", a table, or one of {}", all().collect::<Vec<_>>().join(", "));
            return Err(node.refuse(format!("unknown layout{meant}")).hint(hint));
        };
        self.add(&Document::parse(None, text)?.root())
    }

    fn add(&mut self, table: &Table<'_>) -> Result<(), ConfigError> {
        for name in TEXTS.into_iter().chain(["because"]) {
            let Some(node) = table.get(name) else { continue };
            if node.text()?.is_empty() {
                return Err(node.refuse("the value is empty; remove the key"));
            }
            self.texts.insert(name, node.text()?.to_owned());
        }
        for name in ["allows", "counts", "locks", "nullable"] {
            let Some(node) = table.get(name) else { continue };
            let items = node.list("text")?.map(|item| item.text().map(str::to_owned));
            self.lists.insert(name, items.collect::<Result<_, _>>()?);
        }
        for name in ["purposes", "fields"] {
            let Some(own) = table.table(name)? else { continue };
            let entries = own.nodes().map(|node| Ok((node.name.to_owned(), node.text()?.to_owned())));
            let mut entries: Vec<(String, String)> = entries.collect::<Result<_, ConfigError>>()?;
            entries.sort_unstable();
            if name == "fields" {
                let before = self.maps.remove(name).unwrap_or_default();
                let kept = before.into_iter().filter(|(field, _)| !own.has(field));
                entries = kept.chain(entries).collect();
            }
            self.maps.insert(name, entries);
        }
        if let Some(node) = table.get("ttl") {
            self.ttl = Some(node.duration(Duration::from_secs(1)..=MAX_TTL)?);
        }
        if let Some(node) = table.get("length") {
            self.length = Some(node.number(1..=u32::try_from(MAX_LENGTH).unwrap_or(u32::MAX))?);
        }
        if let Some(node) = table.get("attempts_begin") {
            self.begin = Some(node.number(0..=10)?);
        }
        if let Some(node) = table.get("secret") {
            self.secret = Some(PlacedSecret { source: SecretSource::read(&node)?, position: node.position() });
        }
        Ok(())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// One of a few words.
    fn one_of<T: Copy>(
        &self,
        at: &LayoutNode<'_>,
        name: &str,
        all: &[(&str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let found = all.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| at.refuse(name, expected_one_of(text, all.iter().map(|(word, _)| *word))))
    }

    fn template(&self, at: &LayoutNode<'_>, name: &str, text: &str) -> Result<KeyTemplate, ConfigError> {
        let text = match self.text("app") {
            Some(app) => text.replace("{app}", app),
            None if text.contains("{app}") => {
                let hint = "layout = { preset = \"…\", app = \"NAME\" }";
                return Err(at.refuse(name, format!("`app` is missing, and the key {text} contains it")).hint(hint));
            }
            None => text.to_owned(),
        };
        KeyTemplate::parse(&text).map_err(|error| {
            let hint = match error {
                KeyTemplateError::Text => "a shorter key",
                _ => "key = \"otp:{phone}\"",
            };
            at.refuse(name, error.to_string()).hint(hint)
        })
    }

    fn layout(&self, name: &str, at: &LayoutNode<'_>, store: &StoreContext<'_>) -> Result<KeyedLayout, ConfigError> {
        let template = |name: &str| self.text(name).map(|text| self.template(at, name, text)).transpose();
        let key = template("key")?.ok_or_else(|| {
            at.refuse("key", "`key` is missing: the key of the code of a phone").hint("key = \"otp:{phone}\"")
        })?;
        let form = self.one_of(at, "type", &Form::ALL, Form::Text)?;
        let scheme = self.one_of(at, "verifier", &HashScheme::ALL, HashScheme::Plain)?;
        let locks = self.lists.get("locks").into_iter().flatten();
        let locks = locks.map(|text| self.template(at, "locks", text)).collect::<Result<Vec<_>, _>>()?;
        let layout = KeyedLayout {
            name: name.to_owned(),
            phone: self.phone_format(at, store)?,
            purposes: self.purposes(at)?,
            form,
            field: self.field(at, form)?,
            pattern: self.pattern(at, scheme)?,
            hash_scheme: scheme,
            ttl: self.ttl.unwrap_or(Duration::from_secs(300)),
            length: self.length.map(|length| usize::try_from(length).unwrap_or(MAX_LENGTH)),
            alphabet: self.alphabet(at)?,
            attempts: self.attempts(at, template("attempts")?)?,
            attempts_begin: self.begin.unwrap_or(0),
            max_attempts: self.text("max_attempts_field").map(str::to_owned),
            used_field: self.text("closed_field").map(str::to_owned),
            expires: self.expires(at)?,
            nullable: self.nullable(at)?,
            fields: self.maps.get("fields").cloned().unwrap_or_default(),
            reset_fields: self.lists.get("counts").cloned().unwrap_or_default(),
            cooldown: template("cooldown")?,
            locks,
            counter_format: self.counter_format(at, form)?,
            allows: self.allows(at)?,
            because: self.text("because").map(str::to_owned),
            key,
        };
        check_fit(&layout, at, store)?;
        Ok(layout)
    }

    fn alphabet(&self, at: &LayoutNode<'_>) -> Result<Option<Alphabet>, ConfigError> {
        let alphabet = self.text("alphabet").map(|text| {
            Alphabet::named(text)
                .map_err(|error| at.refuse("alphabet", error.to_string()).hint("\"digits\" or \"hex\""))
        });
        alphabet.transpose()
    }

    /// Each must be a field that the layout reads.
    fn nullable(&self, at: &LayoutNode<'_>) -> Result<Vec<String>, ConfigError> {
        let nullable = self.lists.get("nullable").cloned().unwrap_or_default();
        let read = ["field", "attempts_field", "max_attempts_field", "closed_field", "expires_field"];
        let counts = self.lists.get("counts").into_iter().flatten().map(String::as_str);
        let read: Vec<&str> = read.into_iter().filter_map(|name| self.text(name)).chain(counts).collect();
        match nullable.iter().find(|name| !read.contains(&name.as_str())) {
            Some(unknown) => {
                let meant = suggest::meant(unknown, read.iter().copied());
                Err(at.refuse("nullable", format!("unknown field{meant}")))
            }
            None => Ok(nullable),
        }
    }

    fn phone_format(&self, at: &LayoutNode<'_>, store: &StoreContext<'_>) -> Result<PhoneFormat, ConfigError> {
        match self.one_of(at, "phone", &[("e164", 0), ("digits", 1), ("national", 2)], 0)? {
            0 => Ok(PhoneFormat::E164),
            1 => Ok(PhoneFormat::Digits),
            _ => store.region.map(PhoneFormat::National).ok_or_else(|| {
                at.refuse("phone", "national numbers need a country, and `region` is missing")
                    .hint("at the top of the file: region = \"IN\"")
            }),
        }
    }

    fn purposes(&self, at: &LayoutNode<'_>) -> Result<Vec<(Purpose, String)>, ConfigError> {
        let Some(named) = self.maps.get("purposes") else {
            return Ok(vec![(Purpose::default(), Purpose::default().to_string())]);
        };
        let purposes = named.iter().map(|(ours, theirs)| {
            let ours = Purpose::new(ours).map_err(|error| at.refuse("purposes", error.to_string()))?;
            if theirs.is_empty() || theirs.chars().any(|one| one.is_control() || "{}".contains(one)) {
                return Err(at.refuse(
                    "purposes",
                    "expected the application's name for a purpose, without braces and control characters",
                ));
            }
            Ok((ours, theirs.clone()))
        });
        let purposes: Vec<_> = purposes.collect::<Result<_, _>>()?;
        if purposes.is_empty() {
            return Err(at
                .refuse("purposes", "expected at least one purpose")
                .hint("purposes = { login = \"login\" }"));
        }
        Ok(purposes)
    }

    fn field(&self, at: &LayoutNode<'_>, form: Form) -> Result<Option<String>, ConfigError> {
        let field = self.text("field").map(str::to_owned);
        match (form, &field) {
            (Form::Hash, None) => {
                Err(at.refuse("type", "a hash needs a `field`: the one with the code").hint("field = \"otp\""))
            }
            (Form::Text, Some(_)) => {
                Err(at.refuse("field", "a string has no fields").hint("type = \"hash\" or \"json\""))
            }
            _ => {
                let many = ["attempts_field", "max_attempts_field", "closed_field", "expires_field"];
                let field_key = many.into_iter().find(|name| self.text(name).is_some());
                let field_key =
                    field_key.or_else(|| ["counts", "nullable"].into_iter().find(|name| self.lists.contains_key(name)));
                let field_key = field_key.or_else(|| ["fields"].into_iter().find(|name| self.maps.contains_key(name)));
                match field_key.filter(|_| field.is_none()) {
                    Some(name) => Err(at.refuse(name, "needs `field`, the field of the code")),
                    None => Ok(field),
                }
            }
        }
    }

    fn pattern(&self, at: &LayoutNode<'_>, scheme: HashScheme) -> Result<Pattern, ConfigError> {
        if scheme == HashScheme::Plain && self.text("pattern").is_some() {
            return Err(at.refuse("pattern", "nothing is hashed if `verifier` is \"plain\""));
        }
        let pattern = Pattern::parse(self.text("pattern").unwrap_or("{code}"));
        let pattern = pattern.map_err(|error| at.refuse("pattern", error.to_string()))?;
        let wanted = scheme == HashScheme::HmacSha256 || pattern.has_secret();
        match (wanted, &self.secret) {
            (true, None) => Err(at
                .refuse("verifier", "`secret` is missing: the key that the application hashes with")
                .hint("secret = { env = \"SECRET_KEY\" }")),
            (false, Some(_)) => Err(at.refuse("secret", "nothing is hashed with a secret here")),
            _ => Ok(pattern),
        }
    }

    fn attempts(&self, at: &LayoutNode<'_>, key: Option<KeyTemplate>) -> Result<Option<AttemptCounter>, ConfigError> {
        match (key, self.text("attempts_field")) {
            (Some(_), Some(_)) => Err(at.refuse("attempts", "attempts are counted in one place: a key or a field")),
            (Some(key), None) => Ok(Some(AttemptCounter::Key(key))),
            (None, Some(field)) => Ok(Some(AttemptCounter::Field(field.to_owned()))),
            (None, None) if self.begin.is_some() => {
                Err(at.refuse("attempts_begin", "no attempts are counted: `attempts` or `attempts_field` is missing"))
            }
            (None, None) => Ok(None),
        }
    }

    fn expires(&self, at: &LayoutNode<'_>) -> Result<Option<(String, TimeFormat)>, ConfigError> {
        let format = self.one_of(at, "expires_as", &TimeFormat::ALL, TimeFormat::Seconds)?;
        match self.text("expires_field") {
            Some(field) => Ok(Some((field.to_owned(), format))),
            None if self.text("expires_as").is_some() => Err(at.refuse("expires_as", "`expires_field` is missing")),
            None => Ok(None),
        }
    }

    fn counter_format(&self, at: &LayoutNode<'_>, form: Form) -> Result<CounterFormat, ConfigError> {
        let default = if form == Form::Pickle { CounterFormat::Pickle } else { CounterFormat::Text };
        self.one_of(at, "numbers", &[("text", CounterFormat::Text), ("pickle", CounterFormat::Pickle)], default)
    }

    fn allows(&self, at: &LayoutNode<'_>) -> Result<Vec<Operation>, ConfigError> {
        let words = Operation::IN_FILES.map(|(word, _)| word);
        let Some(named) = self.lists.get("allows") else {
            return Ok(Operation::IN_FILES.map(|(_, operation)| operation).into());
        };
        if let Some(unknown) = named.iter().find(|name| !words.contains(&name.as_str())) {
            return Err(at.refuse("allows", expected_one_of(unknown, words)));
        }
        let allowed = Operation::IN_FILES.into_iter().filter(|(word, _)| named.iter().any(|name| name == word));
        Ok(allowed.map(|(_, operation)| operation).collect())
    }
}

/// Refuses a layout whose keys do not fit together, or do not fit this store.
fn check_fit(layout: &KeyedLayout, at: &LayoutNode<'_>, store: &StoreContext<'_>) -> Result<(), ConfigError> {
    let beside = match &layout.attempts {
        Some(AttemptCounter::Key(key)) => Some(("attempts", key)),
        _ => None,
    };
    let cooldown = layout.cooldown.as_ref().map(|key| ("cooldown", key));
    let locks = layout.locks.iter().map(|key| ("locks", key));
    let all: Vec<(&str, &KeyTemplate)> =
        [Some(("key", &layout.key)), beside, cooldown].into_iter().flatten().chain(locks).collect();
    for (index, (name, key)) in all.iter().enumerate() {
        // A lock may be one for all purposes: it is only ever removed.
        if layout.purposes.len() > 1 && !key.has_purpose() && *name != "locks" {
            return Err(at.refuse(name, "several purposes need a key each: `{purpose}` is missing"));
        }
        if all.iter().take(index).any(|(_, other)| other == key) {
            return Err(at.refuse(name, "another key has this name already"));
        }
        if key.to_string().starts_with(&format!("{}:", store.prefix)) {
            let message = format!("keys that begin with `{}:` are otpctl's own", store.prefix);
            return Err(at.refuse(name, message).hint("set another `prefix` under [store.redis]"));
        }
    }
    if store.cluster && !layout.shares_a_slot() {
        return Err(at
            .refuse("key", "on a Cluster all keys of a phone must be in one slot")
            .hint("use one key only, or put the phone in braces in each key: otp:{{{phone}}}"));
    }
    Ok(())
}
