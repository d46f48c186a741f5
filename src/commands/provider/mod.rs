//! `provider`: the SMS providers, and what they say of themselves.

mod balance;
mod check;
mod list;
pub(super) mod question;
mod show;
mod test;

group! {
    /// List and test providers; show balances
    pub struct Args;

    List "list" list.await ["provider list", "provider list --all"];
    Show "show" show ["provider show telnyx", "provider show telnyx > gateway.toml"];
    Check "check" check ["provider check gateway.toml", "provider check gateway.toml --json"];
    Test "test" test.await ["provider test console", "provider test console --json"];
    Balance "balance" balance.await ["provider balance", "provider balance --json"];
}
