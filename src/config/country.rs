//! A country as it is written everywhere in the file: two capital letters.

use crate::otp::{Country, suggest};
use crate::toml_tree::{ConfigError, Node};

/// The country that a value names.
pub(super) fn country(node: &Node<'_>) -> Result<Country, ConfigError> {
    let text = node.text()?;
    country_named(text)
        .map_err(|meant| node.refuse(format!("expected the two letters of a country, such as \"IN\"{meant}")))
}

/// A country by its code, or what was probably meant.
pub(super) fn country_named(text: &str) -> Result<Country, String> {
    if text.len() == 2
        && text.bytes().all(|byte| byte.is_ascii_uppercase())
        && let Ok(country) = text.parse()
    {
        return Ok(country);
    }
    let upper = text.trim().to_ascii_uppercase();
    let meant = match upper.as_str() {
        "UK" => Some("GB"),
        "IND" => Some("IN"),
        "USA" => Some("US"),
        "UAE" => Some("AE"),
        code if code.len() == 2 && code.parse::<Country>().is_ok() => Some(code),
        _ => None,
    };
    Err(suggest::suggested(meant))
}
