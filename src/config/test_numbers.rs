//! `[[test_numbers]]`: numbers with a fixed code that no SMS goes to, and what becomes of an SMS that would.

use std::time::Duration;

use jiff::civil::Date;
use toml::de::DeValue;

use super::keys;
use super::settings::TestNumber;
use crate::otp::escape::is_unsafe;
use crate::otp::{CodeSpec, DeliveryReason, Phone, duration, suggest};
use crate::provider::TestOutcome;
use crate::toml_tree::{ConfigError, Node, Table};

pub(super) fn read(node: Option<&Node<'_>>, protected: bool, spec: &CodeSpec) -> Result<Vec<TestNumber>, ConfigError> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let mut numbers: Vec<TestNumber> = Vec::new();
    for item in node.list("tables, each under [[test_numbers]]")? {
        let table = item.table()?;
        table.only(&keys::TEST_NUMBER)?;
        if protected {
            return Err(
                table.refuse("this file is protected, and a fixed code would let anyone in; remove the test number")
            );
        }
        let number = test_number(&table, spec)?;
        if numbers.iter().any(|known| known.phone == number.phone) {
            return Err(table.refuse("this number is listed twice"));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

fn test_number(table: &Table<'_>, spec: &CodeSpec) -> Result<TestNumber, ConfigError> {
    let phone = table.require("phone")?;
    let text = phone.text()?;
    let expected = "expected a valid number in E.164, such as \"+12025550100\"";
    let number = Phone::parse(text, None).map_err(|error| phone.refuse(format!("{expected}: {error}")))?;
    if number.as_str() != text {
        return Err(phone.refuse(expected));
    }
    let code = table.require("code")?;
    let typed = spec.read(code.text()?).map_err(|error| code.refuse(error.to_string()))?;
    let until = table.require("valid_until")?;
    let valid_until = date(&until).ok_or_else(|| until.wrong_type("a date without quotes, such as 2027-01-31"))?;
    let outcome = table.get("outcome").map(|node| outcome(&node)).transpose()?.unwrap_or(TestOutcome::Accepted);
    Ok(TestNumber { phone: number, code: typed, valid_until, outcome, position: table.position() })
}

/// What becomes of an SMS to a test number.
fn outcome(node: &Node<'_>) -> Result<TestOutcome, ConfigError> {
    let text = node.text()?;
    let (word, rest) = text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest.trim())));
    let expected = "expected \"delivered\", \"undelivered:REASON\", \"unknown\" or \"slow:5s\"";
    match (word, rest) {
        ("delivered", None) => Ok(TestOutcome::Delivered),
        ("unknown", None) => Ok(TestOutcome::Unknown),
        ("undelivered", Some(reason)) if !reason.is_empty() && !reason.chars().any(is_unsafe) => {
            Ok(TestOutcome::Undelivered(reason.to_owned()))
        }
        ("undelivered", _) => {
            let reasons: Vec<&str> = DeliveryReason::ALL.iter().map(|reason| reason.as_str()).collect();
            Err(node
                .refuse("expected a reason, such as \"undelivered:handset_off\"")
                .hint(format!("reasons: {}; or your own words", reasons.join(", "))))
        }
        ("slow", Some(span)) => match duration::duration(span).filter(|span| *span <= Duration::from_secs(600)) {
            Some(span) => Ok(TestOutcome::Slow(span)),
            None => Err(node.refuse("expected a duration of at most 10m, such as \"slow:5s\"")),
        },
        _ => {
            let meant = suggest::meant(word, ["delivered", "undelivered", "unknown", "slow"]);
            Err(node.refuse(format!("{expected}{meant}")))
        }
    }
}

fn date(node: &Node<'_>) -> Option<Date> {
    let DeValue::Datetime(found) = node.value else { return None };
    let date = found.date.filter(|_| found.time.is_none())?;
    let [year, month, day] = [i16::try_from(date.year).ok()?, i16::from(date.month), i16::from(date.day)];
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
