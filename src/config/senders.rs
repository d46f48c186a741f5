//! Which senders the allowed countries take: the dated table `senders.toml`, and what it says of the senders that are set.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{ProviderSettings, SettingSource, Settings};
use crate::otp::{Channel, Country, CountryState, Phone};
use crate::toml_tree::{ConfigError, Document, Table};

static TABLE: &str = include_str!("senders.toml");

/// How providers call the setting with the sender.
const SETTINGS: [&str; 13] = [
    "from",
    "sender",
    "sender_id",
    "sendername",
    "originator",
    "origination_number",
    "origination_identity",
    "originator_id",
    "src",
    "mask",
    "msgheader",
    "source",
    "header",
];

/// The longest name that SMS can carry; what is longer is an id of the gateway.
const LONGEST_NAME: usize = 11;
/// The longest number, with its plus (ITU-T E.164).
const LONGEST_NUMBER: usize = 16;
/// The longest short code.
const LONGEST_SHORT_CODE: usize = 8;
/// The area codes of toll-free numbers in North America.
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

/// What a country makes of names as senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Only those on a register.
    Registered,
    /// None at all.
    None,
    /// All, but generic ones.
    Open,
}

/// The rule of one country.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    names: Names,
    register: Option<String>,
    since: Option<String>,
    length: Option<(usize, usize)>,
    letters: bool,
    generic: Vec<String>,
    numbers: Option<String>,
    foreign: bool,
    unregistered: Option<String>,
    /// When it was read, as the end of a finding.
    as_of: String,
}

/// What is set as the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender<'a> {
    Name(&'a str),
    Number(&'a str),
    ShortCode,
}

/// What the table says of the sender of a provider, for a country that it is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SenderFinding {
    /// The key of the sender.
    pub(super) key: String,
    /// It will not be taken; else it may be.
    pub(super) refused: bool,
    pub(super) text: String,
    pub(super) hint: String,
}

/// What the table says of all senders that are set, of the countries that they are used for.
pub(super) fn findings(settings: &Settings) -> Vec<SenderFinding> {
    let rules = rules().unwrap_or_default();
    let mut found = Vec::new();
    for (country, rule) in &rules {
        for name in used(settings, *country) {
            let sends_sms = |provider: &&ProviderSettings| provider.kind.is_real() && provider.channel == Channel::Sms;
            let Some(provider) = settings.providers.get(name).filter(sends_sms) else { continue };
            for (table, entries) in provider.tables(name) {
                let senders = senders(entries).filter_map(|(setting, text)| Some((setting, sender(text)?)));
                found.extend(senders.filter_map(|(setting, sender)| {
                    let (refused, text, hint) = rule.of(*country, sender)?;
                    Some(SenderFinding { key: format!("{table}.{setting}"), refused, text, hint })
                }));
            }
        }
    }
    found
}

/// The providers that are used for a country that the file names.
fn used(settings: &Settings, country: Country) -> BTreeSet<&str> {
    let named = settings.policy.countries.as_ref().and_then(|countries| countries.named.get(&country));
    if named.is_none_or(|state| *state == CountryState::Deny) {
        return BTreeSet::new();
    }
    let routes = &settings.routes;
    let own = routes.by_country.get(&country).unwrap_or(&routes.default);
    let by_prefix = routes.by_prefix.iter().filter(|(prefix, _)| reaches(prefix, country)).flat_map(|(_, route)| route);
    let by_purpose = routes.by_purpose.values().flatten();
    own.iter().chain(by_prefix).chain(by_purpose).map(|entry| entry.provider.as_str()).collect()
}

/// Whether a number of the country begins so. Several countries share a calling code, so it is tried with numbers.
fn reaches(prefix: &str, country: Country) -> bool {
    let number = |digit: char, length: usize| {
        let rest = digit.to_string().repeat(length.saturating_sub(prefix.len()));
        Phone::parse(&format!("{prefix}{rest}"), None).is_ok_and(|phone| phone.country() == Some(country))
    };
    ('0'..='9').any(|digit| (prefix.len()..=LONGEST_NUMBER).any(|length| number(digit, length)))
}

fn senders(entries: &BTreeMap<String, SettingSource>) -> impl Iterator<Item = (&str, &str)> {
    SETTINGS.into_iter().filter_map(|name| match entries.get(name) {
        Some(SettingSource::Plain(value)) => Some((name, value.as_str()?)),
        _ => None,
    })
}

/// `None`: an id of the gateway's own, whose sender nobody knows here.
fn sender(text: &str) -> Option<Sender<'_>> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || text.contains("{{") {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(if digits.len() <= LONGEST_SHORT_CODE { Sender::ShortCode } else { Sender::Number(digits) });
    }
    (text.chars().count() <= LONGEST_NAME).then_some(Sender::Name(text))
}

impl Rule {
    /// Whether the sender is surely not taken, what is to be said of it, and what to do.
    fn of(&self, country: Country, sender: Sender<'_>) -> Option<(bool, String, String)> {
        match sender {
            Sender::Name(name) => self.of_name(country, name),
            Sender::Number(digits) => self.of_number(country, digits),
            Sender::ShortCode => {
                let needs = self.numbers.as_ref()?;
                let text = format!("{country}: a number there {needs} {}", self.as_of);
                Some((false, text, "check at the gateway that this short code is approved".to_owned()))
            }
        }
    }

    fn of_name(&self, country: Country, name: &str) -> Option<(bool, String, String)> {
        let as_of = &self.as_of;
        let own_route =
            format!("give the country a sender of its own: under [routes], {country} = [\"another provider\"]");
        if self.names == Names::None {
            let text = format!("{country}: carriers there take no names as senders, only numbers {as_of}");
            return Some((true, text, own_route));
        }
        let register = self.register.as_deref().unwrap_or("the register");
        if self.generic.iter().any(|generic| generic.eq_ignore_ascii_case(name)) {
            let text = format!("{country}: a name that anybody could have is not taken there {as_of}");
            return Some((true, text, "use the name of your company or application".to_owned()));
        }
        let length = name.chars().count();
        if let Some((least, most)) = self.length.filter(|(least, most)| length < *least || length > *most) {
            let text = format!("{country}: a name on {register} has {least} to {most} characters {as_of}");
            return Some((true, text, own_route));
        }
        if self.letters && !name.chars().all(|letter| letter.is_ascii_alphabetic()) {
            let text = format!("{country}: a name on {register} has letters only {as_of}");
            return Some((true, text, own_route));
        }
        if self.names == Names::Open {
            return None;
        }
        let since = self.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        let else_what = self.unregistered.as_deref().unwrap_or("it is blocked");
        let text = format!("{country}: a name has to be on {register}{since}; without that, {else_what} {as_of}");
        Some((false, text, "have the gateway confirm that this name is registered for the country".to_owned()))
    }

    fn of_number(&self, country: Country, digits: &str) -> Option<(bool, String, String)> {
        let as_of = &self.as_of;
        let number = Phone::parse(&format!("+{digits}"), None).ok()?;
        let is_american = |own: Option<Country>| own.is_some_and(|own| ["US", "CA", "PR"].contains(&own.as_str()));
        let own = number.country();
        // The US and Canada take each other's numbers.
        let is_foreign = own != Some(country) && !(is_american(own) && is_american(Some(country)));
        let toll_free =
            TOLL_FREE.iter().any(|area| digits.strip_prefix('1').is_some_and(|rest| rest.starts_with(area)));
        if self.foreign && is_foreign && !(toll_free && is_american(Some(country))) {
            let text = format!("{country}: numbers of other countries are not taken there as senders {as_of}");
            let hint = format!("under [routes]: {country} = [\"a provider with a sender of that country\"]");
            return Some((true, text, hint));
        }
        let needs = self.numbers.as_ref()?;
        let hint = if toll_free {
            "check at the gateway that this toll-free number is verified"
        } else if is_american(Some(country)) {
            "check at the gateway that this number is registered for A2P 10DLC"
        } else {
            "ask the gateway for a sender that it has registered for this country"
        };
        Some((false, format!("{country}: a number there {needs} {as_of}"), hint.to_owned()))
    }
}

/// The table, which a test holds to be readable.
fn rules() -> Result<BTreeMap<Country, Rule>, ConfigError> {
    let document = Document::parse(None, TABLE)?;
    document
        .root()
        .nodes()
        .map(|node| {
            let country = node.name.parse().map_err(|_| node.refuse("expected the two letters of a country"))?;
            Ok((country, rule(&node.table()?)?))
        })
        .collect()
}

fn rule(table: &Table<'_>) -> Result<Rule, ConfigError> {
    table.only(&[
        "names",
        "register",
        "since",
        "length",
        "letters",
        "generic",
        "numbers",
        "foreign",
        "unregistered",
        "source",
        "read",
    ])?;
    table.require("source")?.text()?;
    let words = [("registered", Names::Registered), ("none", Names::None), ("open", Names::Open)];
    let text = |key| Ok::<_, ConfigError>(table.text(key)?.map(str::to_owned));
    let length = match table.get("length") {
        None => None,
        Some(node) => {
            let ends = node.list("the least and the most")?.map(|item| item.number(1..=11));
            let ends = ends.collect::<Result<Vec<u32>, _>>()?;
            let [least, most] = ends.as_slice() else { return Err(node.refuse("expected the least and the most")) };
            Some((usize::try_from(*least).unwrap_or_default(), usize::try_from(*most).unwrap_or_default()))
        }
    };
    Ok(Rule {
        names: table.require("names")?.one_of(&words)?,
        register: text("register")?,
        since: text("since")?,
        length,
        letters: table.flag("letters")?,
        generic: table.get("generic").map(|node| node.codes()).transpose()?.unwrap_or_default(),
        numbers: text("numbers")?,
        foreign: table.flag("foreign")?,
        unregistered: text("unregistered")?,
        as_of: format!("(as of {})", table.require("read")?.text()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(country: &str, text: &str) -> Option<(bool, String)> {
        let country = country.parse().unwrap();
        let (refused, text, hint) = rules().unwrap().get(&country)?.of(country, sender(text)?)?;
        assert!(!hint.is_empty());
        Some((refused, text))
    }

    #[test]
    fn every_row_of_the_table_can_be_read_and_has_a_day() {
        let rules = rules().unwrap();
        assert!(rules.len() >= 12, "{}", rules.len());
        for rule in rules.values() {
            let read = rule.as_of.strip_prefix("(as of ").and_then(|rest| rest.strip_suffix(')'));
            read.unwrap().parse::<jiff::civil::Date>().unwrap();
            if let Some(since) = &rule.since {
                since.parse::<jiff::civil::Date>().unwrap();
            }
            assert!(rule.names != Names::Registered || rule.register.is_some(), "{rule:?}");
        }
    }

    #[test]
    fn a_route_by_prefix_is_one_of_the_countries_whose_numbers_begin_so() {
        let reaches = |prefix: &str, country: &str| reaches(prefix, country.parse().unwrap());
        for (prefix, country) in
            [("+91", "IN"), ("+9198", "IN"), ("+1", "US"), ("+1212", "US"), ("+1246", "BB"), ("+4477", "GB")]
        {
            assert!(reaches(prefix, country), "{prefix} {country}");
        }
        for (prefix, country) in [("+91", "US"), ("+9198", "AE"), ("+1212", "BB"), ("+1246", "US"), ("+4477", "IE")] {
            assert!(!reaches(prefix, country), "{prefix} {country}");
        }
    }

    #[test]
    fn what_a_country_makes_of_a_sender() {
        for (country, sender, expected) in [
            ("US", "Example", Some((true, "take no names"))),
            ("CA", "Example", Some((true, "take no names"))),
            ("US", "+13125550100", Some((false, "10DLC"))),
            ("US", "+18005550100", Some((false, "toll-free number must be verified"))),
            ("US", "62543", Some((false, "short code approved"))),
            ("US", "+919876543210", Some((true, "numbers of other countries"))),
            ("CA", "+13125550100", Some((false, "a number there"))),
            ("SG", "Example", Some((false, "SSIR"))),
            ("SG", "OTP", Some((true, "anybody could have"))),
            ("SG", "Ab", Some((true, "3 to 11"))),
            ("IN", "IOTRDY", Some((false, "DLT"))),
            ("IN", "Example", Some((true, "3 to 6"))),
            ("IN", "A1B2C3", Some((true, "letters only"))),
            ("IN", "+13125550100", Some((false, "replaced by a short code"))),
            ("GB", "+13125550100", Some((true, "numbers of other countries"))),
            ("GB", "+447700900123", None),
            ("AU", "Example", Some((false, "since 2026-07-01"))),
            ("IE", "Example", Some((false, "ComReg"))),
            ("GB", "Example", None),
            ("GB", "Verify", Some((true, "anybody could have"))),
            ("DE", "Example", None),
            // Ids of the gateway's own.
            ("US", "pool-0123456789abcdef", None),
        ] {
            let said = said(country, sender);
            let holds = match (&said, expected) {
                (None, None) => true,
                (Some((refused, text)), Some((expected, part))) => *refused == expected && text.contains(part),
                _ => false,
            };
            assert!(holds, "{country} {sender}: {said:?}");
        }
    }
}
