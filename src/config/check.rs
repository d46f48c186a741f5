//! `config check`: what loads and may still not work: templates, secrets, and likely mistakes that only a person can
//! judge.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::check_secrets::check_secrets;
use super::finding::{Finding, Level, finding};
use super::guard;
use super::lint;
use super::secret::Fetch;
use super::senders;
use super::settings::{CodeSettings, MessageSettings, ProviderSettings, SettingSource, Settings, StoreSettings};
use crate::directory::Phones;
use crate::layout::{Layout, Native, Operation};
use crate::otp::text::{Encoding, MessageTemplate, NoticeTemplate, PhoneChange, TemplateError, Vars, segments};
use crate::otp::{Countries, MIN_BITS, Purpose};

/// A fixed code that works for longer is likely forgotten, in days.
const FAR: i64 = 366;

/// Checks everything that loading skips because it takes time or depends on others: [`check_texts`], then
/// [`check_secrets`].
pub async fn check_all(settings: &Settings, fetch: &Fetch<'_>, today: Date) -> Vec<Finding> {
    let mut findings = check_texts(settings, today);
    findings.extend(check_secrets(settings, fetch).await);
    findings
}

/// Compiles every template and counts its segments, and finds likely mistakes and broken definitions. `today` is the
/// day in UTC.
#[must_use]
pub fn check_texts(settings: &Settings, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    codes(settings, &mut findings);
    guards(settings, &mut findings);
    policy(settings, &mut findings);
    messages(settings, &mut findings);
    test_numbers(settings, today, &mut findings);
    provider_settings(settings, &mut findings);
    dlt(settings, &mut findings);
    dlt_template(settings, &mut findings);
    registers(settings, &mut findings);
    for (key, text, hint) in lint::routes(settings) {
        findings.push(finding(Level::Warning, key, text).hint(hint));
    }
    definitions(settings, &mut findings);
    directories(settings, &mut findings);
    assertions(settings, &mut findings);
    findings
}

/// Who may print a code, and is one of many, could sign in as anybody.
fn assertions(settings: &Settings, findings: &mut Vec<Finding>) {
    if settings.assertion.as_ref().is_some_and(|own| own.allow_issued) {
        let text = "whoever may print a code can sign in to the audiences as any user";
        findings.push(finding(Level::Warning, "assertion.allow_issued", text).hint("remove the key"));
    }
}

fn is_real(settings: &Settings) -> bool {
    settings.providers.values().any(|one| one.kind.is_real())
}

fn codes(settings: &Settings, findings: &mut Vec<Finding>) {
    let code = &settings.code;
    if code.allow_weak {
        let bits = code.spec.bits();
        findings.push(if bits < MIN_BITS {
            finding(Level::Warning, "code.allow_weak", format!("a code has {bits:.1} bits; at least 20 are safe"))
                .hint("set length = 6 with digits, and remove allow_weak")
        } else {
            finding(Level::Note, "code.allow_weak", "weak codes are allowed, but these are not weak")
                .hint("remove the key")
        });
    }
    if let StoreSettings::Redis(redis) = &settings.store {
        let layout = redis.layout.as_ref().map_or(&Native as &dyn Layout, |own| own.layout.as_ref());
        // Nothing is signed where codes are only read.
        if code.peppers.is_empty() && (!layout.is_foreign() || layout.needs_context()) {
            findings.push(Finding::failed("code.peppers", &guard::missing_pepper(settings.path.as_deref())));
        }
        layouts(layout, code, findings);
    }
    if settings.protected && matches!(&settings.store, StoreSettings::Redis(redis) if redis.accept_eviction_risk) {
        findings.push(finding(
            Level::Warning,
            "store.redis.accept_eviction_risk",
            "a server that evicts keys forgets failures, so that limits can be bypassed",
        ));
    }
}

/// What is weaker where an application keeps the codes.
fn layouts(layout: &dyn Layout, code: &CodeSettings, findings: &mut Vec<Finding>) {
    let key = "store.redis.layout";
    findings.extend(layout.note().map(|note| finding(Level::Note, key, note)));
    if layout.is_plain() {
        let text = "your application stores codes in plain text; anyone who can read this Redis can use them";
        findings.push(finding(Level::Warning, key, text));
    }
    let (own, ours) = (layout.own_codes(&code.spec), &code.spec);
    if own == *ours {
        return;
    }
    if own.bits() < MIN_BITS {
        let text = format!("the application's own codes have {:.1} bits; at least 20 are safe", own.bits());
        findings.push(finding(Level::Warning, key, text).hint("let the application make codes of 6 digits"));
    }
    // Where none are made here, there is only one kind.
    if layout.allows(Operation::Issue).is_ok() {
        let text = format!("the application makes codes of {own}, and this file of {ours}");
        let hint = if own.alphabet == ours.alphabet {
            let length = own.length;
            format!("if its form takes {length} only: under [code], length = {length} (and allow_weak = true)")
        } else {
            format!(
                "if its form takes its own only: under [code], length = {}, alphabet = \"{}\"",
                own.length,
                own.alphabet.name()
            )
        };
        findings.push(finding(Level::Note, key, text).hint(hint));
    }
}

/// What a protected file refuses, and any other file is warned of.
fn guards(settings: &Settings, findings: &mut Vec<Finding>) {
    let level = if settings.protected { Level::Error } else { Level::Warning };
    for weakness in guard::weaknesses(settings) {
        let key = weakness.key().unwrap_or_default().to_owned();
        let hint = weakness.next().cloned();
        findings.push(Finding { level, key, text: weakness.message().to_owned(), hint });
    }
    if !settings.protected || settings.reveal {
        return;
    }
    for (name, _) in settings.providers.iter().filter(|(_, provider)| provider.kind.shows_codes()) {
        let routed = settings.routes.with(name).next().is_some();
        let level = if routed { Level::Error } else { Level::Warning };
        let text = "it shows codes, which this protected file does not allow; it sends nothing";
        let hint = "use an SMS provider, or set `reveal = true` at the top of the file";
        findings.push(finding(level, format!("providers.{name}"), text).hint(hint));
    }
}

fn policy(settings: &Settings, findings: &mut Vec<Finding>) {
    if settings.policy.countries.as_ref().is_some_and(Countries::deny_all) {
        findings.push(
            finding(Level::Warning, "policy.countries", "no country is allowed, so every send is refused")
                .hint("under [policy]: countries = [\"IN\"], with the countries of your users"),
        );
    }
    if is_real(settings) && settings.limits.caps.is_empty() {
        let text = "nothing limits the SMS to all numbers together, which bounds the bill when all else fails";
        findings.push(
            finding(Level::Note, "limits.caps", text)
                .hint("under [limits]: caps = { sms = { \"1d\" = 20000 } }, with a few times what you usually send"),
        );
    }
    for currency in settings.limits.spend.keys() {
        let is_its = |provider: &ProviderSettings| provider.price.as_ref().is_some_and(|own| own.currency == *currency);
        if !settings.providers.values().any(is_its) {
            let text = format!("no provider has a price in {currency}, so nothing is counted against it");
            findings.push(
                finding(Level::Warning, format!("limits.spend.{currency}"), text)
                    .hint(format!("under [providers.NAME]: price = {{ default = 0.05 }}, currency = \"{currency}\"")),
            );
        }
    }
    if is_real(settings) && !settings.lines.contains_key("message.app") {
        let text = format!("messages will name the app {:?}", settings.message.app);
        findings.push(
            finding(Level::Warning, "message.app", text)
                .hint("under [message]: app = \"the name of your application\""),
        );
    }
}

fn messages(settings: &Settings, findings: &mut Vec<Finding>) {
    let message = &settings.message;
    message_costs(settings, message, None, &message.text, findings);
    for (lang, text) in &message.lang {
        message_costs(settings, message, Some(lang), text, findings);
    }
    if settings.user.notify_on_change {
        findings.push(notice_costs(settings));
    }
}

/// The text that tells of a change of the map: what it costs, and whether any provider takes it.
fn notice_costs(settings: &Settings) -> Finding {
    let message = &settings.message;
    let key = "message.notify".to_owned();
    let text = NoticeTemplate::new(&message.notify).and_then(|own| own.render(&message.app, PhoneChange::Moved));
    match text {
        Ok(_) if !is_text_sent(settings) => {
            let text = "not sent: every routed provider sends its own template, which is for codes";
            finding(Level::Warning, key, text).hint("route \"purpose:notice\" to a provider that takes a text")
        }
        Ok(text) => {
            let (text, costly) = cost_of(&text);
            finding(if costly { Level::Warning } else { Level::Note }, key, text)
        }
        Err(error) => finding(Level::Error, key, error.to_string()),
    }
}

fn message_costs(
    settings: &Settings,
    message: &MessageSettings,
    lang: Option<&str>,
    source: &str,
    findings: &mut Vec<Finding>,
) {
    let key = lang.map_or_else(|| "message.text".to_owned(), |lang| format!("message.lang.{lang}.text"));
    match costs(settings, message, lang, source) {
        // A template at the gateway is sent in its place.
        Ok(_) if !is_text_sent(settings) => {
            findings.push(finding(Level::Note, key, "not sent: every routed provider sends its own template"));
        }
        Ok((text, costly)) => {
            let level = if costly { Level::Warning } else { Level::Note };
            findings.push(finding(level, key, text));
        }
        Err(error) => findings.push(finding(Level::Error, key, error.to_string())),
    }
}

/// Whether any route sends our text, and not only a template that a gateway holds.
fn is_text_sent(settings: &Settings) -> bool {
    let mut names = settings.routes.all().flat_map(|(_, route)| route).map(|entry| &entry.provider).peekable();
    let sends_ours = |name: &String| {
        let described = settings.providers.get(name).and_then(|provider| provider.kind.describe());
        described.is_none_or(|described| !described.template_sender)
    };
    names.peek().is_none() || names.any(sends_ours)
}

/// How many segments one message takes, and whether a single character makes it cost more.
fn costs(
    settings: &Settings,
    message: &MessageSettings,
    lang: Option<&str>,
    source: &str,
) -> Result<(String, bool), TemplateError> {
    let template = MessageTemplate::new(source, message.host.as_deref())?;
    let text = template.render(&Vars {
        // As long as a code, and like one to the encoding: codes are ASCII letters and digits.
        code: &"0".repeat(settings.code.spec.length),
        app: &message.app,
        ttl_minutes: settings.code.ttl.as_secs().div_ceil(60),
        purpose: Purpose::default().as_str(),
        lang,
    })?;
    Ok(cost_of(&text))
}

/// How many segments a text takes, and whether a single character makes it cost more.
fn cost_of(text: &str) -> (String, bool) {
    let cost = segments(text);
    let parts =
        if cost.segments == 1 { "1 segment".to_owned() } else { format!("{} segments, each billed", cost.segments) };
    let alphabet = match cost.encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    };
    let mut summary = format!("{parts}, {} {alphabet} characters", cost.units);
    // A text in another script needs UCS-2; a single stray letter in a Latin one does not.
    let stray = cost.offender.filter(|_| text.chars().filter(|c| !c.is_ascii()).count() <= 3);
    if let Some(offender) = stray {
        let letter = u32::from(offender);
        // Writing to a String does not fail.
        let _ = write!(summary, " because of U+{letter:04X}; without it 160 characters fit instead of 70");
    }
    (summary, stray.is_some() && cost.segments > 1)
}

fn test_numbers(settings: &Settings, today: Date, findings: &mut Vec<Finding>) {
    for (index, number) in settings.test_numbers.iter().enumerate() {
        let key = format!("test_numbers.{index}");
        let masked = number.phone.masked();
        findings.push(if today.saturating_add(jiff::Span::new().days(FAR)) < number.valid_until {
            let text = format!("{masked} accepts a fixed code until {}, more than a year from now", number.valid_until);
            finding(Level::Warning, key, text)
                .hint(format!("set an earlier valid_until, line {}", number.position.line))
        } else if number.holds_on(today) {
            let text = format!("{} accepts a fixed code until {}", number.phone.masked(), number.valid_until);
            finding(Level::Note, key, text)
        } else {
            let text = format!(
                "{} is past its valid_until, {}, and is an ordinary number now",
                number.phone.masked(),
                number.valid_until
            );
            finding(Level::Warning, key, text).hint(format!("remove it, line {}", number.position.line))
        });
    }
}

/// A broken definition does not stop loading: only a command that needs the provider fails.
fn definitions(settings: &Settings, findings: &mut Vec<Finding>) {
    let broken = settings.providers.iter().filter_map(|(name, provider)| Some((name, provider.broken()?)));
    findings.extend(broken.map(|(name, error)| Finding::failed(format!("providers.{name}.definition"), error)));
    let broken = settings.directories.iter().filter_map(|(name, directory)| Some((name, directory.broken()?)));
    findings.extend(broken.map(|(name, error)| Finding::failed(format!("directory.{name}.definition"), error)));
}

/// A directory that nobody asks, and one whose national numbers nobody reads.
fn directories(settings: &Settings, findings: &mut Vec<Finding>) {
    for (name, directory) in &settings.directories {
        if !settings.user.directories.contains(name) {
            let text = "it is never asked: `user.directories` does not name it";
            let hint = format!("under [user]: directories = [\"{name}\"]");
            findings.push(finding(Level::Warning, format!("directory.{name}"), text).hint(hint));
        }
        if directory.phones == Phones::Typed && directory.region.is_none() {
            let text = "phones that are stored without a country are not found";
            let hint = format!(
                "under [directory.{name}]: region = \"IN\", or phones = \"e164\" if all begin with a plus, or \"digits\" \
                 if all begin with a country code"
            );
            findings.push(finding(Level::Warning, format!("directory.{name}.region"), text).hint(hint));
        }
    }
}

/// The likely mistakes that each provider's definition knows of.
fn provider_settings(settings: &Settings, findings: &mut Vec<Finding>) {
    for (name, provider) in &settings.providers {
        for (table, warning) in provider.tables(name).flat_map(|(table, entries)| {
            let plain = entries.iter().filter_map(|(setting, entry)| match entry {
                SettingSource::Plain(value) => Some((setting.as_str(), value)),
                _ => None,
            });
            let warnings = provider.kind.warnings(&plain.collect());
            warnings.into_iter().map(move |warning| (table.clone(), warning))
        }) {
            let key = format!("{table}.{}", warning.setting);
            let found = finding(Level::Warning, key, warning.text);
            findings.push(match warning.hint {
                Some(hint) => found.hint(hint),
                None => found,
            });
        }
    }
}

/// What carriers in India ask for, and a provider was not given.
fn dlt(settings: &Settings, findings: &mut Vec<Finding>) {
    for (name, setting) in lint::missing_dlt(settings) {
        let text = format!("carriers in India drop an SMS without its DLT ids, and `{setting}` is not set");
        let hint = format!("under [providers.{name}]: {setting} = \"the id of the DLT registration\"");
        findings.push(finding(Level::Warning, format!("providers.{name}.{setting}"), text).hint(hint));
    }
}

/// The text as it is to be registered for DLT, with the tag of its variable (TRAI, direction of 2025-11-18: templates from
/// 2026-01-14 on have tagged variables; <https://msg91.com/help/dlt-registration-in-india/variable-tagging-on-dlt-sms-templates>).
fn dlt_template(settings: &Settings, findings: &mut Vec<Finding>) {
    if !lint::sends_text_to_india(settings) {
        return;
    }
    let message = &settings.message;
    let digits = settings.code.spec.alphabet.name() == "digits";
    let tag = if digits { "{#numeric#}" } else { "{#alphanumeric#}" };
    let texts =
        std::iter::once((None, &message.text)).chain(message.lang.iter().map(|(lang, text)| (Some(lang), text)));
    for (lang, source) in texts {
        let template = MessageTemplate::new(source, message.host.as_deref());
        let Ok(text) = template.and_then(|template| {
            template.render(&Vars {
                code: tag,
                app: &message.app,
                ttl_minutes: settings.code.ttl.as_secs().div_ceil(60),
                purpose: Purpose::default().as_str(),
                lang: lang.map(String::as_str),
            })
        }) else {
            continue;
        };
        let key = lang.map_or_else(|| "message.text".to_owned(), |lang| format!("message.lang.{lang}.text"));
        let text = text.replace('\n', "⏎");
        findings.push(finding(Level::Note, key, format!("India: as a DLT template this text is: {text}")));
    }
}

/// Senders that a country does not take, or only if they are registered.
fn registers(settings: &Settings, findings: &mut Vec<Finding>) {
    for found in senders::findings(settings) {
        let level = if found.refused { Level::Warning } else { Level::Note };
        findings.push(finding(level, found.key, found.text).hint(found.hint));
    }
}
