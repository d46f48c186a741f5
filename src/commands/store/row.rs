//! The row of a key that something is wrong with: its name with the numbers in it hidden, what is wrong, what to do.

use serde::Serialize;

use crate::app::App;
use crate::operations::{Fix, FoundIssue, Removal, Severity};
use crate::otp::escape::quoted;
use crate::otp::{Hint, Phone};
use crate::output::{Row, document};

/// A run of digits of this length may be a phone.
const PHONE_DIGITS: usize = 7;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct KeyRow<'a> {
    finding: &'static str,
    status: &'static str,
    key: &'a str,
    phone: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    detail: &'a str,
    purge: &'static str,
    /// Of a purge: whether it was removed, or would be; `null` where nothing was to be removed.
    removed: Option<bool>,
    fix: Option<String>,
}

/// The row of a key that something is wrong with. `removed`: of a purge, whether it was removed, or would be.
pub(super) async fn row(app: &App, found: &FoundIssue, removed: Option<bool>) -> Row {
    let issue = found.issue;
    let name = String::from_utf8_lossy(&found.snapshot.key.name);
    let key = if app.globals.unmask { name.into_owned() } else { masked(&name) };
    let what = issue.what();
    let detail = found.detail.as_ref().map_or_else(|| what.to_owned(), |detail| format!("{what}: {detail}"));
    let phone = found.phone();
    let reference = match &phone {
        Some(phone) => app.reference(phone).await,
        None => None,
    };
    let (schema, last) = match (removed, app.globals.dry_run) {
        (None, _) => ("otpctl.store_check_row/1", purge_word(found.removal())),
        (Some(true), true) => ("otpctl.store_purge_row/1", "would be removed"),
        (Some(true), false) => ("otpctl.store_purge_row/1", "removed"),
        (Some(false), _) => ("otpctl.store_purge_row/1", "changed meanwhile, not removed"),
    };
    let row = KeyRow {
        finding: issue.id(),
        status: status(issue.severity()),
        key: &key,
        phone: phone.as_ref().map(|phone| app.display(phone, false)),
        fix: fix(found, &key, reference.as_deref()).filter(|_| removed.is_none()).map(|hint| app.printer.text(&hint)),
        reference,
        detail: &detail,
        purge: purge_word(found.removal()),
        removed,
    };
    let document = document(schema, &row).ok();
    let cells = [status(issue.severity()), issue.id(), &key, &detail, last].map(str::to_owned).to_vec();
    Row { document, cells }
}

pub(super) fn status(grade: Severity) -> &'static str {
    match grade {
        Severity::Note => "note",
        Severity::Warning => "warn",
        Severity::Failure => "fail",
    }
}

pub(super) fn purge_word(removal: Removal) -> &'static str {
    match removal {
        Removal::Safe => "safe",
        Removal::Named => "named",
        Removal::Never => "never",
    }
}

/// One command, where there is one.
fn fix(found: &FoundIssue, key: &str, reference: Option<&str>) -> Option<Hint> {
    match found.removal() {
        // An entry that leads nowhere is cleared by the command of its own pair, whatever its age.
        _ if found.entry().is_some() => own_fix(found, key, reference),
        Removal::Safe => Some(Hint::run(&["store", "purge", "--dry-run"])),
        Removal::Named => Some(Hint::run(&["store", "purge"]).option("--only", found.issue.id()).flag("--dry-run")),
        Removal::Never => own_fix(found, key, reference),
    }
}

fn own_fix(found: &FoundIssue, key: &str, reference: Option<&str>) -> Option<Hint> {
    let user = found.pair.as_ref().map_or("USER", |(user, _)| user.as_str());
    Some(match found.issue.fix()? {
        Fix::Words(words) => Hint::words(words),
        Fix::Run(path) => Hint::run(path).arg(user).arg(reference.unwrap_or("PHONE")),
        Fix::Shell(line) => Hint::shell(line.replace("KEY", &quoted(key))),
    })
}

/// A name with every number in it that may be a phone's hidden.
fn masked(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let (digits, after) =
            from.split_at(from.find(|character: char| !character.is_ascii_digit()).unwrap_or(from.len()));
        rest = after;
        if digits.len() < PHONE_DIGITS {
            shown.push_str(before);
            shown.push_str(digits);
            continue;
        }
        let (before, plus) = before.strip_suffix('+').map_or((before, ""), |before| (before, "+"));
        let hidden = match Phone::parse(&format!("+{digits}"), None) {
            Ok(phone) => phone.masked().trim_start_matches('+').to_owned(),
            Err(_) => format!("{}{}", "*".repeat(digits.len() - 3), &digits[digits.len() - 3..]),
        };
        shown.extend([before, plus, &hidden]);
    }
    shown.push_str(rest);
    shown
}

crate::otp::schema::documents! { "otpctl.store_check_row/1" => KeyRow<'_>, "otpctl.store_purge_row/1" => KeyRow<'_> }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_hidden_and_short_ones_are_not() {
        for (name, shown) in [
            ("otpctl:{+919876543210}:record", "otpctl:{+91*******210}:record"),
            ("otp:919876543210:2", "otp:91*******210:2"),
            (":1:otp:9876543", ":1:otp:****543"),
            ("_5e5899d8398b5f7b|otp:+14155550123", "_5e5899d8398b5f7b|otp:+1*******123"),
            ("", ""),
            ("+", "+"),
        ] {
            assert_eq!(masked(name), shown, "{name}");
        }
    }
}
