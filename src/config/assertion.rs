//! `[assertion]`: who signs, and for whom.

use super::keys;
use super::secret::{Fetch, PlacedSecret, SecretSource};
use super::settings::AssertionSettings;
use crate::assertion::Signer;
use crate::otp::Hint;
use crate::otp::escape::is_unsafe;
use crate::toml_tree::{ConfigError, Node, Table};

/// A name in a header or a claim is not longer.
const LONGEST: usize = 200;

pub(super) fn read(table: Option<&Table<'_>>) -> Result<Option<AssertionSettings>, ConfigError> {
    let Some(table) = table else { return Ok(None) };
    table.only(keys::of("assertion"))?;
    let missing = |name: &str, such: &str| table.refuse(format!("`{name}` is missing")).hint(format!("such as {such}"));
    let key = table
        .get("key")
        .ok_or_else(|| missing("key", "key = { file = \"/etc/otpctl/assertion.pem\" }").hint(Hint::shell(MAKE)))?;
    let issuer = table.get("issuer").ok_or_else(|| missing("issuer", "issuer = \"https://otp.example.com\""))?;
    let audiences = table.get("audiences").ok_or_else(|| missing("audiences", "audiences = [\"erp.example.com\"]"))?;
    let expected = "audiences such as [\"erp.example.com\"]";
    let names = audiences.list(expected)?.map(|item| name(&item)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        return Err(audiences.refuse(format!("expected {expected}; without one nobody takes an assertion")));
    }
    Ok(Some(AssertionSettings {
        key: PlacedSecret { source: SecretSource::read(&key)?, position: key.position() },
        kid: table.get("kid").map(|node| name(&node)).transpose()?,
        issuer: name(&issuer)?,
        audiences: names,
        allow_issued: table.flag("allow_issued")?,
    }))
}

/// How a key is made.
const MAKE: &str = "openssl genpkey -algorithm ed25519 -out assertion.pem";

fn name(node: &Node<'_>) -> Result<String, ConfigError> {
    let text = node.text()?;
    let fits = (1..=LONGEST).contains(&text.len()) && !text.chars().any(|one| is_unsafe(one) || one.is_whitespace());
    if fits { Ok(text.to_owned()) } else { Err(node.refuse("expected 1 to 200 characters without spaces")) }
}

impl AssertionSettings {
    /// Fetches the key, and reads it.
    ///
    /// # Errors
    /// As [`SecretSource::resolve`], and when it cannot sign.
    pub async fn signer(&self, fetch: &Fetch<'_>) -> Result<Signer, ConfigError> {
        let key = self.key.resolve(fetch).await?;
        Signer::new(&key, self.kid.as_deref(), &self.issuer).map_err(|error| {
            let hint = Hint::shell(error.fix()).because("make one with");
            ConfigError::new(error.to_string()).at(&self.key.position).hint(hint)
        })
    }
}
