//! `config show`: every key with its value and where that came from, secrets left out.

use std::time::Duration;

use serde_json::{Value, json};

use super::locate::Origin;
use super::secret::PlacedSecret;
use super::settings::{
    AssertionSettings, Deployment, LayoutSettings, PepperSource, ProviderSettings, RedisSettings, RouteEntry,
    ServerAddress, SettingSource, Settings, StoreSettings, TestNumber, TlsFiles,
};
use crate::otp::duration::spelled;
use crate::otp::{Channel, Countries, CountryState, LockLength, Quota};
use crate::system::{FilePath, shown as path_shown};

/// What is shown in place of a secret.
const REDACTED: &str = "[redacted]";

/// One key.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Dotted, such as `code.ttl`; `config` is the file itself.
    pub key: String,
    /// The value, `null` where there is none. Of a secret only its source, or `[redacted]`.
    pub value: Value,
    /// Where the value came from.
    pub origin: Origin,
}

/// Every key with its value, those with their defaults too.
#[must_use]
pub fn shown(settings: &Settings) -> Vec<Shown> {
    let mut rows = vec![Shown {
        key: "config".to_owned(),
        value: settings.path.as_deref().map_or(Value::Null, |path| path_shown(path).into()),
        origin: settings.chosen.clone(),
    }];
    let values = [top(settings), store(&settings.store), code(settings), limits(settings), rest(settings)];
    for (key, value) in values
        .into_iter()
        .flatten()
        .chain(providers(settings))
        .chain(directories(settings))
        .chain(test_numbers(settings))
    {
        let origin = settings.lines.get(&key).map_or(Origin::Default, |line| Origin::File { line: *line });
        rows.push(Shown { key, value, origin });
    }
    rows
}

type Rows = Vec<(String, Value)>;

fn rows<'k>(table: &str, values: impl IntoIterator<Item = (&'k str, Value)>) -> Rows {
    let dotted = |key: &str| if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
    values.into_iter().map(|(key, value)| (dotted(key), value)).collect()
}

fn span(span: Duration) -> Value {
    spelled(span).into()
}

fn top(settings: &Settings) -> Rows {
    rows(
        "",
        [
            ("protected", settings.protected.into()),
            ("reveal", settings.reveal.into()),
            ("role", json!(settings.role.map(crate::otp::Role::as_str))),
            ("region", json!(settings.region.map(|region| region.to_string()))),
        ],
    )
}

fn store(store: &StoreSettings) -> Rows {
    match store {
        StoreSettings::Embedded { path } => rows("store.embedded", [("path", path.to_string().into())]),
        StoreSettings::Redis(redis) => redis_rows(redis),
    }
}

fn redis_rows(redis: &RedisSettings) -> Rows {
    let listed = |nodes: &[ServerAddress]| -> Value { nodes.iter().map(ToString::to_string).collect() };
    let password = |password: &Option<PlacedSecret>| password.as_ref().map_or(Value::Null, |own| own.source.shown());
    let mut all = match &redis.deployment {
        Deployment::Alone(target) => rows("store.redis", [("url", target.to_string().into())]),
        Deployment::Cluster(nodes) => rows("store.redis", [("nodes", listed(nodes))]),
        Deployment::Sentinel(sentinel) => {
            let own = [
                ("master", sentinel.master.as_str().into()),
                ("nodes", listed(&sentinel.nodes)),
                ("username", json!(sentinel.username)),
                ("password", password(&sentinel.password)),
            ];
            let mut own = rows("store.redis.sentinel", own);
            own.extend(tls_rows("store.redis.sentinel", sentinel.tls.as_ref()));
            own.extend(rows("store.redis", [("database", sentinel.database.into())]));
            own
        }
    };
    all.extend(rows(
        "store.redis",
        [
            ("username", json!(redis.username)),
            ("password", password(&redis.password)),
            ("connect_timeout", span(redis.connect_timeout)),
            ("prefix", redis.prefix.as_str().into()),
            ("layout", redis.layout.as_ref().map_or("native", |own| own.layout.name()).into()),
            ("accept_eviction_risk", redis.accept_eviction_risk.into()),
        ],
    ));
    all.extend(redis.layout.as_ref().map(layout_rows).unwrap_or_default());
    all.extend(tls_rows("store.redis", redis.tls.as_ref()));
    if let Some(durability) = redis.durability {
        all.extend(rows(
            "store.redis.durability",
            [
                ("wait_replicas", durability.wait_replicas.into()),
                ("wait_ms", json!(durability.wait.as_millis())),
                ("strict", durability.strict.into()),
            ],
        ));
    }
    all
}

fn layout_rows(settings: &LayoutSettings) -> Rows {
    let table = "store.redis.layout";
    let mut all = rows(table, settings.layout.settings());
    if let Some(secret) = &settings.secret {
        all.extend(rows(table, [("secret", secret.source.shown())]));
    }
    all
}

/// `tls` itself says whether there is any; its files follow where there is.
fn tls_rows(table: &str, tls: Option<&TlsFiles>) -> Rows {
    let file = |path: &Option<FilePath>| json!(path.as_ref().map(ToString::to_string));
    let Some(tls) = tls else { return rows(table, [("tls", false.into())]) };
    rows(&format!("{table}.tls"), [("ca", file(&tls.ca)), ("cert", file(&tls.cert)), ("key", file(&tls.key))])
}

fn code(settings: &Settings) -> Rows {
    let code = &settings.code;
    let pepper = |pepper: &PepperSource| json!({ "id": pepper.id, "source": pepper.source.shown() });
    rows(
        "code",
        [
            ("length", code.spec.length.into()),
            ("alphabet", code.alphabet.as_str().into()),
            ("allow_weak", code.allow_weak.into()),
            ("ttl", span(code.ttl)),
            ("max_attempts", code.max_attempts.into()),
            ("peppers", code.peppers.iter().map(pepper).collect()),
        ],
    )
}

fn limits(settings: &Settings) -> Rows {
    let limits = &settings.limits;
    let quotas = |quotas: &[Quota]| -> Value {
        Value::Object(quotas.iter().map(|quota| (spelled(quota.window), quota.limit.into())).collect())
    };
    // The usual channel is shown without a cap too.
    let capped = Channel::ALL.into_iter().filter(|own| *own == Channel::default() || limits.caps.contains_key(own));
    let caps =
        capped.map(|own| (own.to_string(), quotas(limits.caps.get(&own).map(Vec::as_slice).unwrap_or_default())));
    let spend = limits.spend.iter().map(|(currency, caps)| {
        let caps = caps.iter().map(|cap| (spelled(cap.window), cap.most.to_string().into()));
        (currency.to_string(), Value::Object(caps.collect()))
    });
    let locks = limits.locks.iter().map(|step| {
        let length = match step.length {
            LockLength::For(length) => span(length),
            LockLength::Hard => "hard".into(),
        };
        (step.failures.to_string(), length)
    });
    rows(
        "limits",
        [
            ("cooldown", limits.cooldown.iter().map(|wait| spelled(*wait)).collect()),
            ("per_phone", quotas(&limits.per_phone)),
            ("per_prefix", quotas(&limits.per_prefix)),
            ("per_country", quotas(&limits.per_country)),
            ("caps", Value::Object(caps.collect())),
            ("spend", Value::Object(spend.collect())),
            ("locks", Value::Object(locks.collect())),
            ("failures_kept", span(limits.failures_kept)),
        ],
    )
}

/// As it may be written: a list where it can be one.
fn countries(countries: &Countries) -> Value {
    let is_list =
        countries.others == CountryState::Deny && countries.named.values().all(|state| *state == CountryState::Allow);
    if is_list {
        return json!(countries.named.keys().map(ToString::to_string).collect::<Vec<_>>());
    }
    let named = countries.named.iter().map(|(country, state)| (country.to_string(), state.as_str().into()));
    let others = ("*".to_owned(), countries.others.as_str().into());
    Value::Object(named.chain([others]).collect())
}

fn rest(settings: &Settings) -> Rows {
    let (policy, message) = (&settings.policy, &settings.message);
    let countries = policy.countries.as_ref().map_or(Value::Null, countries);
    let types: Vec<&str> = policy.types.iter().map(|kind| kind.as_str()).collect();
    let mut all =
        rows("policy", [("countries", countries), ("types", json!(types)), ("brakes", policy.brakes.as_str().into())]);
    all.extend(rows(
        "message",
        [
            ("app", message.app.as_str().into()),
            ("text", message.text.as_str().into()),
            ("host", json!(message.host)),
            ("notify", message.notify.as_str().into()),
        ],
    ));
    all.extend(message.lang.iter().map(|(lang, text)| (format!("message.lang.{lang}.text"), text.as_str().into())));
    let routes = &settings.routes;
    all.extend(
        routes.all().map(|(key, route)| (format!("routes.{key}"), route.iter().map(RouteEntry::shown).collect())),
    );
    all.extend(rows(
        "routes",
        [
            ("failover_on_unknown", routes.failover_on_unknown.into()),
            ("pass_over.after", routes.pass_over.map_or(0, |rule| rule.after).into()),
            ("pass_over.for", routes.pass_over.map_or(Value::Null, |rule| span(rule.pause))),
        ],
    ));
    all.extend(rows("timeline", [("keep", span(settings.timeline.keep))]));
    let audit = settings.audit.as_ref();
    let (file, syslog) = (
        audit.map(|audit| audit.file.to_string()),
        audit.and_then(|audit| audit.syslog.as_ref()).map(ToString::to_string),
    );
    all.extend(rows("audit", [("file", json!(file)), ("syslog", json!(syslog))]));
    all.extend(assertion(settings.assertion.as_ref()));
    all
}

fn assertion(own: Option<&AssertionSettings>) -> Rows {
    rows(
        "assertion",
        [
            ("key", own.map_or(Value::Null, |own| own.key.source.shown())),
            ("kid", json!(own.and_then(|own| own.kid.as_deref()))),
            ("issuer", json!(own.map(|own| own.issuer.as_str()))),
            ("audiences", json!(own.map(|own| &own.audiences))),
            ("allow_issued", json!(own.map(|own| own.allow_issued))),
        ],
    )
}

fn providers(settings: &Settings) -> Rows {
    settings.providers.iter().flat_map(|(name, provider)| provider_rows(name, provider)).collect()
}

fn provider_rows(name: &str, provider: &ProviderSettings) -> Rows {
    let table = format!("providers.{name}");
    let mut all = match &provider.definition {
        Some(path) => rows(&table, [("definition", path.to_string().into())]),
        None => rows(&table, [("kind", provider.kind.as_str().into())]),
    };
    for spec in provider.kind.describe().into_iter().flat_map(|description| description.settings) {
        let value = provider.entries.get(&spec.name).map_or_else(|| json!(spec.default), shown_setting);
        all.push((format!("{table}.{}", spec.name), value));
    }
    if let Some(list) = &provider.price {
        let of_prefix = list.by_prefix.iter().map(|(prefix, amount)| (prefix.clone(), amount));
        let of_country = list.by_country.iter().map(|(country, amount)| (country.to_string(), amount));
        let others = list.default.iter().map(|amount| ("default".to_owned(), amount));
        let prices = of_prefix.chain(of_country).chain(others).map(|(of, amount)| (of, amount.to_string().into()));
        all.push((format!("{table}.price"), Value::Object(prices.collect())));
        all.push((format!("{table}.currency"), list.currency.as_str().into()));
    }
    for (purpose, entries) in &provider.purposes {
        all.extend(
            entries.iter().map(|(name, source)| (format!("{table}.purpose.{purpose}.{name}"), shown_setting(source))),
        );
    }
    all
}

fn shown_setting(source: &SettingSource) -> Value {
    match source {
        SettingSource::Plain(value) => value.clone(),
        SettingSource::File(path) => path.to_string().into(),
        SettingSource::Authority(path) => json!({ "ca": path.to_string() }),
        SettingSource::Program(program, arguments) => {
            std::iter::once(program.to_string()).chain(arguments.iter().cloned()).collect()
        }
        SettingSource::Secret(source) => source.shown(),
    }
}

fn directories(settings: &Settings) -> Rows {
    let mut all = rows(
        "user",
        [
            ("directories", json!(settings.user.directories)),
            ("notify_on_change", settings.user.notify_on_change.into()),
        ],
    );
    for (name, directory) in &settings.directories {
        let table = format!("directory.{name}");
        all.extend(match &directory.definition {
            Some(path) => rows(&table, [("definition", path.to_string().into())]),
            None => rows(&table, [("kind", directory.kind.as_str().into())]),
        });
        let region = directory.region.map(|region| region.to_string());
        all.extend(rows(&table, [("phones", directory.phones.as_str().into()), ("region", json!(region))]));
        for spec in directory.kind.describe().into_iter().flat_map(|description| description.settings) {
            let value = directory.entries.get(&spec.name).map_or_else(|| json!(spec.default), shown_setting);
            all.push((format!("{table}.{}", spec.name), value));
        }
    }
    all
}

/// The numbers belong to someone, and their codes let anyone in: neither is printed in full.
fn test_numbers(settings: &Settings) -> Rows {
    if settings.test_numbers.is_empty() {
        return Vec::new();
    }
    let row = |number: &TestNumber| {
        let until = number.valid_until.to_string();
        let outcome = number.outcome.to_string();
        json!({ "phone": number.phone.masked(), "code": REDACTED, "valid_until": until, "outcome": outcome })
    };
    vec![("test_numbers".to_owned(), settings.test_numbers.iter().map(row).collect())]
}
