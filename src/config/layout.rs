//! `layout` of `[store.redis]`: a preset, which is a data file, or a table that says the same, or both.

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

/// Codes that are only looked at, in keys that need no description.
fn looked_at() -> LayoutSettings {
    LayoutSettings { layout: Arc::new(PrivacyIdea), secret: None }
}

/// What stands around the layout and decides whether it fits.
pub(super) struct Around<'a> {
    pub region: Option<Country>,
    pub prefix: &'a str,
    pub cluster: bool,
}

/// What was said so far: the preset first, the file over it.
#[derive(Default)]
struct Said {
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

pub(super) fn read(table: &Table<'_>, around: &Around<'_>) -> Result<Option<LayoutSettings>, ConfigError> {
    let Some(node) = table.get("layout") else { return Ok(None) };
    let mut said = Said::default();
    let (name, own) = match node.value {
        DeValue::String(name) if name == "native" => return Ok(None),
        DeValue::String(name) if name == PRIVACYIDEA => return Ok(Some(looked_at())),
        DeValue::String(name) => {
            said.preset(&node, name)?;
            (name.to_string(), None)
        }
        DeValue::Table(_) => {
            let own = node.table()?;
            own.only(&keys::LAYOUT)?;
            let preset = own.text("preset")?;
            if preset == Some(PRIVACYIDEA) {
                return match own.nodes().find(|node| node.name != "preset") {
                    Some(node) => Err(node.refuse("of privacyIDEA's keys nothing else can be said: they are known")),
                    None => Ok(Some(looked_at())),
                };
            }
            if let (Some(preset), Some(place)) = (preset, own.get("preset")) {
                said.preset(&place, preset)?;
            }
            said.add(&own)?;
            (preset.unwrap_or("own").to_owned(), Some(own))
        }
        _ => return Err(node.wrong_type("\"native\", a preset or a table")),
    };
    let place = Place { node: &node, own: own.as_ref() };
    let layout = said.layout(&name, &place, around)?;
    Ok(Some(LayoutSettings { layout: Arc::new(layout), secret: said.secret }))
}

/// Where to point: the key in the file, or, of what a preset says, the layout itself.
struct Place<'a> {
    node: &'a Node<'a>,
    own: Option<&'a Table<'a>>,
}

impl Place<'_> {
    fn refuse(&self, key: &str, message: impl Into<String>) -> ConfigError {
        match self.own.and_then(|own| own.get(key)) {
            Some(node) => node.refuse(message),
            None => self.node.refuse(message),
        }
    }
}

impl Said {
    fn preset(&mut self, node: &Node<'_>, name: &str) -> Result<(), ConfigError> {
        let Some((_, text)) = PRESETS.iter().find(|(preset, _)| *preset == name) else {
            let all = || PRESETS.iter().map(|(preset, _)| *preset).chain([PRIVACYIDEA]);
            let meant = suggest::meant(name, all().chain(["native"]));
            let hint = format!("\"native\", a table, or one of {}", all().collect::<Vec<_>>().join(", "));
            return Err(node.refuse(format!("this layout is not known{meant}")).hint(hint));
        };
        self.add(&Document::parse(None, text)?.root())
    }

    fn add(&mut self, table: &Table<'_>) -> Result<(), ConfigError> {
        for name in TEXTS.into_iter().chain(["because"]) {
            let Some(node) = table.get(name) else { continue };
            if node.text()?.is_empty() {
                return Err(node.refuse("this is empty; leave the key out"));
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
    fn word<T: Copy>(&self, place: &Place<'_>, name: &str, all: &[(&str, T)], usual: T) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        let found = all.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| place.refuse(name, expected_one_of(text, all.iter().map(|(word, _)| *word))))
    }

    fn template(&self, place: &Place<'_>, name: &str, text: &str) -> Result<KeyTemplate, ConfigError> {
        let text = match self.text("app") {
            Some(app) => text.replace("{app}", app),
            None if text.contains("{app}") => {
                let hint = "layout = { preset = \"…\", app = \"NAME\" }";
                return Err(place.refuse(name, format!("`app` is missing: it stands in the key {text}")).hint(hint));
            }
            None => text.to_owned(),
        };
        KeyTemplate::parse(&text).map_err(|error| {
            let hint = match error {
                KeyTemplateError::Text => "a shorter key",
                _ => "key = \"otp:{phone}\"",
            };
            place.refuse(name, error.to_string()).hint(hint)
        })
    }

    fn layout(&self, name: &str, place: &Place<'_>, around: &Around<'_>) -> Result<KeyedLayout, ConfigError> {
        let template = |name: &str| self.text(name).map(|text| self.template(place, name, text)).transpose();
        let key = template("key")?.ok_or_else(|| {
            place.refuse("key", "`key` is missing: where the code of a phone is").hint("key = \"otp:{phone}\"")
        })?;
        let form = self.word(place, "type", &Form::ALL, Form::Text)?;
        let keeping = self.word(place, "verifier", &HashScheme::ALL, HashScheme::Plain)?;
        let locks = self.lists.get("locks").into_iter().flatten();
        let locks = locks.map(|text| self.template(place, "locks", text)).collect::<Result<Vec<_>, _>>()?;
        let layout = KeyedLayout {
            name: name.to_owned(),
            phone: self.spelling(place, around)?,
            purposes: self.purposes(place)?,
            form,
            field: self.field(place, form)?,
            pattern: self.pattern(place, keeping)?,
            hash_scheme: keeping,
            ttl: self.ttl.unwrap_or(Duration::from_secs(300)),
            length: self.length.map(|length| usize::try_from(length).unwrap_or(MAX_LENGTH)),
            alphabet: self.alphabet(place)?,
            attempts: self.attempts(place, template("attempts")?)?,
            attempts_begin: self.begin.unwrap_or(0),
            max_attempts: self.text("max_attempts_field").map(str::to_owned),
            used_field: self.text("closed_field").map(str::to_owned),
            expires: self.expires(place)?,
            nullable: self.nullable(place)?,
            fields: self.maps.get("fields").cloned().unwrap_or_default(),
            reset_fields: self.lists.get("counts").cloned().unwrap_or_default(),
            cooldown: template("cooldown")?,
            locks,
            counter_format: self.numbers(place, form)?,
            allows: self.allows(place)?,
            because: self.text("because").map(str::to_owned),
            key,
        };
        fits(&layout, place, around)?;
        Ok(layout)
    }

    fn alphabet(&self, place: &Place<'_>) -> Result<Option<Alphabet>, ConfigError> {
        let alphabet = self.text("alphabet").map(|text| {
            Alphabet::named(text)
                .map_err(|error| place.refuse("alphabet", error.to_string()).hint("\"digits\" or \"hex\""))
        });
        alphabet.transpose()
    }

    /// Each is a field that the layout reads: of any other it does not matter.
    fn nullable(&self, place: &Place<'_>) -> Result<Vec<String>, ConfigError> {
        let nullable = self.lists.get("nullable").cloned().unwrap_or_default();
        let read = ["field", "attempts_field", "max_attempts_field", "closed_field", "expires_field"];
        let counts = self.lists.get("counts").into_iter().flatten().map(String::as_str);
        let read: Vec<&str> = read.into_iter().filter_map(|name| self.text(name)).chain(counts).collect();
        match nullable.iter().find(|name| !read.contains(&name.as_str())) {
            Some(strange) => {
                let meant = suggest::meant(strange, read.iter().copied());
                Err(place.refuse("nullable", format!("no field of this name is read{meant}")))
            }
            None => Ok(nullable),
        }
    }

    fn spelling(&self, place: &Place<'_>, around: &Around<'_>) -> Result<PhoneFormat, ConfigError> {
        match self.word(place, "phone", &[("e164", 0), ("digits", 1), ("national", 2)], 0)? {
            0 => Ok(PhoneFormat::E164),
            1 => Ok(PhoneFormat::Digits),
            _ => around.region.map(PhoneFormat::National).ok_or_else(|| {
                place
                    .refuse("phone", "national numbers are those of one country, and no `region` says which")
                    .hint("at the top of the file: region = \"IN\"")
            }),
        }
    }

    fn purposes(&self, place: &Place<'_>) -> Result<Vec<(Purpose, String)>, ConfigError> {
        let Some(named) = self.maps.get("purposes") else {
            return Ok(vec![(Purpose::default(), Purpose::default().to_string())]);
        };
        let purposes = named.iter().map(|(ours, theirs)| {
            let ours = Purpose::new(ours).map_err(|error| place.refuse("purposes", error.to_string()))?;
            if theirs.is_empty() || theirs.chars().any(|one| one.is_control() || "{}".contains(one)) {
                return Err(
                    place.refuse("purposes", "the application's word for a purpose has neither braces nor controls")
                );
            }
            Ok((ours, theirs.clone()))
        });
        let purposes: Vec<_> = purposes.collect::<Result<_, _>>()?;
        if purposes.is_empty() {
            return Err(place
                .refuse("purposes", "at least one purpose is wanted")
                .hint("purposes = { login = \"login\" }"));
        }
        Ok(purposes)
    }

    fn field(&self, place: &Place<'_>, form: Form) -> Result<Option<String>, ConfigError> {
        let field = self.text("field").map(str::to_owned);
        match (form, &field) {
            (Form::Hash, None) => {
                Err(place.refuse("type", "a hash needs a `field`: the one with the code").hint("field = \"otp\""))
            }
            (Form::Text, Some(_)) => {
                Err(place.refuse("field", "a string has no fields").hint("type = \"hash\" or \"json\""))
            }
            _ => {
                let many = ["attempts_field", "max_attempts_field", "closed_field", "expires_field"];
                let alone = many.into_iter().find(|name| self.text(name).is_some());
                let alone =
                    alone.or_else(|| ["counts", "nullable"].into_iter().find(|name| self.lists.contains_key(name)));
                let alone = alone.or_else(|| ["fields"].into_iter().find(|name| self.maps.contains_key(name)));
                match alone.filter(|_| field.is_none()) {
                    Some(name) => Err(place.refuse(name, "without a `field` for the code there are no others")),
                    None => Ok(field),
                }
            }
        }
    }

    fn pattern(&self, place: &Place<'_>, keeping: HashScheme) -> Result<Pattern, ConfigError> {
        if keeping == HashScheme::Plain && self.text("pattern").is_some() {
            return Err(place.refuse("pattern", "nothing is hashed where the verifier is \"plain\""));
        }
        let pattern = Pattern::parse(self.text("pattern").unwrap_or("{code}"));
        let pattern = pattern.map_err(|error| place.refuse("pattern", error.to_string()))?;
        let wanted = keeping == HashScheme::HmacSha256 || pattern.has_secret();
        match (wanted, &self.secret) {
            (true, None) => Err(place
                .refuse("verifier", "`secret` is missing: the key that the application hashes with")
                .hint("secret = { env = \"SECRET_KEY\" }")),
            (false, Some(_)) => Err(place.refuse("secret", "nothing is hashed with a secret here")),
            _ => Ok(pattern),
        }
    }

    fn attempts(&self, place: &Place<'_>, key: Option<KeyTemplate>) -> Result<Option<AttemptCounter>, ConfigError> {
        match (key, self.text("attempts_field")) {
            (Some(_), Some(_)) => Err(place.refuse("attempts", "tries are counted in one place: a key or a field")),
            (Some(key), None) => Ok(Some(AttemptCounter::Key(key))),
            (None, Some(field)) => Ok(Some(AttemptCounter::Field(field.to_owned()))),
            (None, None) if self.begin.is_some() => {
                Err(place.refuse("attempts_begin", "no tries are counted: `attempts` or `attempts_field` is missing"))
            }
            (None, None) => Ok(None),
        }
    }

    fn expires(&self, place: &Place<'_>) -> Result<Option<(String, TimeFormat)>, ConfigError> {
        let clock = self.word(place, "expires_as", &TimeFormat::ALL, TimeFormat::Seconds)?;
        match self.text("expires_field") {
            Some(field) => Ok(Some((field.to_owned(), clock))),
            None if self.text("expires_as").is_some() => Err(place.refuse("expires_as", "`expires_field` is missing")),
            None => Ok(None),
        }
    }

    fn numbers(&self, place: &Place<'_>, form: Form) -> Result<CounterFormat, ConfigError> {
        let usual = if form == Form::Pickle { CounterFormat::Pickle } else { CounterFormat::Text };
        self.word(place, "numbers", &[("text", CounterFormat::Text), ("pickle", CounterFormat::Pickle)], usual)
    }

    fn allows(&self, place: &Place<'_>) -> Result<Vec<Operation>, ConfigError> {
        let words = Operation::IN_FILES.map(|(word, _)| word);
        let Some(named) = self.lists.get("allows") else {
            return Ok(Operation::IN_FILES.map(|(_, operation)| operation).into());
        };
        if let Some(strange) = named.iter().find(|name| !words.contains(&name.as_str())) {
            return Err(place.refuse("allows", expected_one_of(strange, words)));
        }
        let allowed = Operation::IN_FILES.into_iter().filter(|(word, _)| named.iter().any(|name| name == word));
        Ok(allowed.map(|(_, operation)| operation).collect())
    }
}

/// What of a layout does not fit together, or not to this store.
fn fits(layout: &KeyedLayout, place: &Place<'_>, around: &Around<'_>) -> Result<(), ConfigError> {
    let beside = match &layout.attempts {
        Some(AttemptCounter::Key(key)) => Some(("attempts", key)),
        _ => None,
    };
    let cooldown = layout.cooldown.as_ref().map(|key| ("cooldown", key));
    let locks = layout.locks.iter().map(|key| ("locks", key));
    let all: Vec<(&str, &KeyTemplate)> =
        [Some(("key", &layout.key)), beside, cooldown].into_iter().flatten().chain(locks).collect();
    for (at, (name, key)) in all.iter().enumerate() {
        // A lock may be one for all purposes: it is only ever removed.
        if layout.purposes.len() > 1 && !key.has_purpose() && *name != "locks" {
            return Err(place.refuse(name, "several purposes need a key each: `{purpose}` is missing"));
        }
        if all.iter().take(at).any(|(_, other)| other == key) {
            return Err(place.refuse(name, "this is the name of another key already"));
        }
        if key.to_string().starts_with(&format!("{}:", around.prefix)) {
            let message = format!("our own keys begin with `{}:`, and this is the application's", around.prefix);
            return Err(place.refuse(name, message).hint("another `prefix` under [store.redis]"));
        }
    }
    if around.cluster && !layout.shares_a_slot() {
        return Err(place
            .refuse("key", "on a Cluster all keys of a phone must lie in one slot, and these do not")
            .hint("one key alone, or the phone in braces in each of them: otp:{{{phone}}}"));
    }
    Ok(())
}
