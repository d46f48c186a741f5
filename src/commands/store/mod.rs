//! `store`: what a store needs from its owner.

mod acl;
mod check;
mod copy;
mod purge;
mod row;
mod walk;

group! {
    /// Check, clean and copy the store; print Redis ACL rules
    pub struct Args;

    Check "check" check.await ["store check", "store check --limit 100"];
    Purge "purge" purge.await ["store purge --dry-run", "store purge --yes"];
    Copy "copy" copy.await ["store copy --to new.toml --dry-run", "store copy --to new.toml"];
    Acl "acl" acl.await ["store acl", "store acl --role support --user asha"];
}

impl Args {
    /// Whether it goes over all keys.
    pub(super) fn is_batch(&self) -> bool {
        !matches!(self.command, Command::Acl(_))
    }
}
