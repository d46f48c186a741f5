//! One line of many: whom it is about, and the options that it has of its own.

use std::fmt::Display;

use zeroize::Zeroizing;

use crate::error::{Error, Exit};
use crate::otp::suggest::meant;

/// What a line may say: a column of CSV, or a field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Column {
    Phone,
    User,
    Purpose,
    Lang,
    Ttl,
    Channel,
    Provider,
    IdempotencyKey,
    Reason,
    Code,
}

/// A phone may be called by either name.
const NAMES: [(&str, Column); 11] = [
    ("phone", Column::Phone),
    ("target", Column::Phone),
    ("user", Column::User),
    ("purpose", Column::Purpose),
    ("lang", Column::Lang),
    ("ttl", Column::Ttl),
    ("channel", Column::Channel),
    ("provider", Column::Provider),
    ("idempotency_key", Column::IdempotencyKey),
    ("reason", Column::Reason),
    ("code", Column::Code),
];

impl Column {
    /// What it is called.
    pub(in crate::commands) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, column)| *column == self).map_or("phone", |(name, _)| name)
    }

    /// The column of a name, in letters of any size, whichever command has it.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, column)| *column)
    }
}

/// What the lines of a command may say, and must say.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Columns {
    /// Beside `phone` and `user`.
    pub(in crate::commands) more: &'static [Column],
    /// In every line, beside the phone.
    pub(in crate::commands) needed: &'static [Column],
}

impl Columns {
    /// The column of a name.
    ///
    /// # Errors
    /// When the command has no such column; the name that was probably meant is told.
    pub(super) fn column(&self, name: &str) -> Result<Column, Error> {
        let of_command = |column: &Column| {
            matches!(column, Column::Phone | Column::User) || self.more.contains(column) || self.needed.contains(column)
        };
        if let Some(column) = Column::named(name).filter(of_command) {
            return Ok(column);
        }
        let known: Vec<&str> = NAMES.iter().filter(|(_, column)| of_command(column)).map(|(name, _)| *name).collect();
        let shown: String = name.chars().take(40).collect();
        let meant = meant(&shown, known.iter().copied());
        let hint = format!("columns of this command: {}", known.join(", "));
        Err(Error::said(Exit::Usage, format!("there is no column `{shown}`{meant}")).hint(hint))
    }

    /// Whether a line is about a user where it names no phone.
    pub(super) fn may_be_a_user(&self) -> bool {
        !self.needed.contains(&Column::User)
    }
}

/// What a line says.
#[derive(Debug, Default)]
pub(in crate::commands) struct Line {
    /// A number, `user:ID`, or an id, as it was written.
    pub(super) target: String,
    fields: Vec<(Column, Zeroizing<String>)>,
    /// The key that a checkpoint gives a send that has none.
    pub(super) own_key: Option<String>,
}

impl Line {
    /// A line that says only whom it is about.
    pub(super) fn plain(target: &str) -> Self {
        Self { target: target.to_owned(), ..Self::default() }
    }

    /// A line of these fields.
    ///
    /// # Errors
    /// When it says nothing that it must say; and whom it is about, as far as that is known.
    pub(super) fn of(
        fields: impl IntoIterator<Item = (Column, Zeroizing<String>)>,
        columns: Columns,
    ) -> Result<Self, (Option<String>, Error)> {
        let said = fields.into_iter().filter_map(|(column, text)| {
            let text = Zeroizing::new(text.trim().to_owned());
            (!text.is_empty()).then_some((column, text))
        });
        let mut line = Self { fields: said.collect(), ..Self::default() };
        let phone = line.taken(Column::Phone);
        let target = match phone {
            Some(phone) => phone,
            None if columns.may_be_a_user() => match line.taken(Column::User) {
                Some(user) if user.starts_with("user:") => user,
                Some(user) => format!("user:{user}"),
                None => return Err((None, Error::said(Exit::Usage, "this line has neither `phone` nor `user`"))),
            },
            None => return Err((None, missing(Column::Phone))),
        };
        if let Some(column) = columns.needed.iter().find(|column| line.text(**column).is_none()) {
            return Err((Some(target), missing(*column)));
        }
        Ok(Self { target, ..line })
    }

    fn taken(&mut self, column: Column) -> Option<String> {
        let at = self.fields.iter().position(|(own, _)| *own == column)?;
        Some(self.fields.remove(at).1.to_string())
    }

    /// What it says in a column.
    pub(in crate::commands) fn text(&self, column: Column) -> Option<&str> {
        self.fields.iter().find(|(own, _)| *own == column).map(|(_, text)| text.as_str())
    }

    /// The same as a value.
    ///
    /// # Errors
    /// When it is none. What was written is not repeated: it may be a code.
    pub(in crate::commands) fn read<T, E: Display>(
        &self,
        column: Column,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        let read = self.text(column).map(read).transpose();
        read.map_err(|error| Error::said(Exit::Usage, format!("`{}`: {error}", column.name())))
    }

    /// The same, where the line must say it.
    ///
    /// # Errors
    /// When it does not, or it is none.
    pub(in crate::commands) fn needed<T, E: Display>(
        &self,
        column: Column,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        self.read(column, read)?.ok_or_else(|| missing(column))
    }

    /// The idempotency key of a send that names none.
    pub(in crate::commands) fn own_key(&self) -> Option<&str> {
        self.own_key.as_deref()
    }
}

fn missing(column: Column) -> Error {
    Error::said(Exit::Usage, format!("this line has no `{}`", column.name()))
}
