//! Which role may run which command: one line a command. A role keeps people from what they do not mean to do; who can read
//! the pepper and the password of the store can go around it.

use super::{App, AskedRoute};
use crate::error::{Error, Exit};
use crate::otp::{Hint, Phone, Role};

/// Who may run a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Whoever has the program: it opens no store and shows no secret.
    Everybody,
    /// Everybody who looks.
    Reads,
    /// As [`Self::Reads`], and tests: with numbers and providers that nobody's phone is behind.
    Tests,
    /// Who changes the codes of one person, and tests.
    Codes,
    /// Who changes something of one person.
    Operates,
    /// Who changes something of everybody.
    Administers,
}

use Right::{Administers, Codes, Everybody, Operates, Reads, Tests};

/// Every command. A test fails where one has no line.
pub const RIGHTS: &[(&str, Right)] = &[
    ("send", Codes),
    ("issue", Operates),
    ("verify", Codes),
    ("deliver", Codes),
    ("outcome", Reads),
    ("revoke", Operates),
    ("wait", Tests),
    ("inspect", Reads),
    ("unlock", Operates),
    ("list", Reads),
    ("events", Reads),
    ("stats", Reads),
    ("policy show", Reads),
    ("policy list", Reads),
    ("policy allow", Operates),
    ("policy block", Administers),
    ("policy remove", Administers),
    ("user link", Operates),
    ("user unlink", Operates),
    ("user move", Operates),
    ("user show", Reads),
    ("user list", Reads),
    ("user import", Administers),
    ("user export", Reads),
    ("provider list", Reads),
    ("provider show", Everybody),
    ("provider check", Everybody),
    ("provider test", Reads),
    ("provider balance", Reads),
    ("delivery record", Reads),
    ("store check", Reads),
    ("store purge", Administers),
    ("store copy", Administers),
    ("store acl", Everybody),
    ("audit verify", Reads),
    ("audit anchor", Reads),
    ("doctor", Tests),
    ("config path", Everybody),
    ("config show", Everybody),
    ("config check", Everybody),
    ("config init", Everybody),
    ("config jwks", Everybody),
    ("completions", Everybody),
    ("man", Everybody),
    ("version", Everybody),
    ("help", Everybody),
];

impl Right {
    /// What a command needs; one that is not in the table is for administrators.
    #[must_use]
    pub fn of(command: &str) -> Self {
        RIGHTS.iter().find(|(name, _)| *name == command).map_or(Administers, |(_, right)| *right)
    }

    /// Whether a role has it.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        match role {
            Role::Admin => true,
            Role::Operator => !matches!(self, Administers),
            Role::Support => matches!(self, Everybody | Reads | Tests),
            Role::Ci => matches!(self, Everybody | Tests | Codes),
        }
    }
}

impl App {
    /// Refuses a command that the role of the file may not run, before anything is asked for or opened.
    ///
    /// # Errors
    /// When it may not.
    pub fn may_run(&self) -> Result<(), Error> {
        let right = Right::of(&self.globals.path);
        // What is wrong with the file is told by the command, and some commands mend it.
        let (false, Ok(settings)) = (right == Everybody, self.settings()) else { return Ok(()) };
        let Some(role) = settings.role.filter(|role| !right.has(*role)) else { return Ok(()) };
        let may: Vec<&str> = Role::ALL.iter().filter(|role| right.has(**role)).map(|role| role.as_str()).collect();
        let why = format!("the role `{role}` of this file may not run `{}`", self.globals.path);
        Err(Error::said(Exit::Role, why).hint(Hint::words(format!("ask somebody with the role {}", may.join(" or ")))))
    }

    /// Refuses what the role may do with some phones only: tests are about test numbers, and about providers that send
    /// nothing. `asked`: what names the providers.
    ///
    /// # Errors
    /// When it may not.
    pub fn may_concern(&self, phone: &Phone, asked: &AskedRoute<'_>) -> Result<(), Error> {
        let settings = self.settings()?;
        if settings.role != Some(Role::Ci) || self.test_number(phone)?.is_some() {
            return Ok(());
        }
        let (route, _) = settings.routes.of(phone, asked.purpose);
        let names = asked
            .provider
            .map_or_else(|| route.iter().map(|entry| entry.provider.as_str()).collect(), |name| vec![name]);
        let real = names.iter().find(|name| settings.providers.get(**name).is_none_or(|own| own.kind.is_real()));
        let Some(real) = real else { return Ok(()) };
        let why = format!("the role `ci` of this file may not send by `{real}`, which sends real SMS");
        Err(Error::said(Exit::Role, why).hint("use one of [[test_numbers]], or a provider of kind `outbox`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_have_the_rights_that_the_page_gives_them() {
        for (right, roles) in [
            (Everybody, "support operator admin ci"),
            (Reads, "support operator admin"),
            (Tests, "support operator admin ci"),
            (Codes, "operator admin ci"),
            (Operates, "operator admin"),
            (Administers, "admin"),
        ] {
            let have: Vec<&str> = Role::ALL.iter().filter(|role| right.has(**role)).map(|role| role.as_str()).collect();
            assert_eq!(have.join(" "), roles, "{right:?}");
        }
        assert_eq!(Right::of("brand new"), Administers);
    }
}
