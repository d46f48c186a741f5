//! The queries of a file: `:spellings`, `:user` and `:phone` in them become parameters of the database, never text.

use std::fmt::Write as _;

/// How a database writes a parameter, and what it takes for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `$1`; `$tag$…$tag$` is a text.
    Postgres,
    /// `?`; a backslash in a text escapes what follows, and `#` begins a comment.
    MySql,
    /// `?`.
    Sqlite,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Spellings,
    User,
    Phone,
}

impl Name {
    const ALL: [(&str, Self); 3] = [("spellings", Self::Spellings), ("user", Self::User), ("phone", Self::Phone)];
}

/// What the names of a query stand for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values<'a> {
    pub(super) spellings: &'a [String],
    pub(super) user: &'a str,
    pub(super) phone: &'a str,
}

/// A query, cut at its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    dialect: Dialect,
    /// Each text is followed by the name, but for the last.
    parts: Vec<(String, Option<Name>)>,
}

/// Why a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StatementError {
    /// A name that means nothing.
    #[error("there is no `:{0}`; a query may use :spellings, :user and :phone")]
    Unknown(String),
    /// A query without what it is to find.
    #[error("it does not use `:{0}`")]
    Missing(&'static str),
}

impl Statement {
    /// Reads a query that has to use these names.
    pub(super) fn read(text: &str, dialect: Dialect, must: &[&'static str]) -> Result<Self, StatementError> {
        let mut parts = Vec::new();
        let (mut rest, mut part) = (text, String::new());
        while let Some(next) = rest.chars().next() {
            let skipped = quoted(rest, dialect);
            if skipped > 0 {
                part.push_str(&rest[..skipped]);
                rest = &rest[skipped..];
                continue;
            }
            let name = rest.strip_prefix(':').map(word).filter(|name| !name.is_empty());
            // A cast such as `phone::text`, and an assignment.
            let is_name = name.is_some() && !part.ends_with(':');
            let Some(name) = name.filter(|_| is_name) else {
                part.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            };
            let known = Name::ALL.iter().find(|(known, _)| *known == name);
            let (_, known) = known.ok_or_else(|| StatementError::Unknown(name.to_owned()))?;
            parts.push((std::mem::take(&mut part), Some(*known)));
            rest = &rest[1 + name.len()..];
        }
        parts.push((part, None));
        let used = |name: &str| {
            let name = Name::ALL.iter().find(|(text, _)| *text == name).map(|(_, name)| *name);
            parts.iter().any(|(_, own)| *own == name)
        };
        match must.iter().find(|name| !used(name)) {
            Some(missing) => Err(StatementError::Missing(missing)),
            None => Ok(Self { dialect, parts }),
        }
    }

    /// The query for the database, and its parameters in their order.
    pub(super) fn fill(&self, values: Values<'_>) -> (String, Vec<String>) {
        let (mut text, mut parameters) = (String::new(), Vec::new());
        for (part, name) in &self.parts {
            text.push_str(part);
            let own: &[String] = match name {
                Some(Name::Spellings) => values.spellings,
                Some(Name::User) => &[values.user.to_owned()],
                Some(Name::Phone) => &[values.phone.to_owned()],
                None => &[],
            };
            for (at, value) in own.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                parameters.push(value.clone());
                match self.dialect {
                    Dialect::Postgres => _ = write!(text, "${}", parameters.len()),
                    Dialect::MySql | Dialect::Sqlite => text.push('?'),
                }
            }
        }
        (text, parameters)
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let word = &text[..end.unwrap_or(text.len())];
    if word.starts_with(|first: char| first.is_ascii_digit()) { "" } else { word }
}

/// The length of the text, the quoted name or the comment that begins here; 0: none does.
fn quoted(rest: &str, dialect: Dialect) -> usize {
    let bytes = rest.as_bytes();
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    match bytes {
        [quote @ (b'\'' | b'"' | b'`'), ..] => {
            let mut at = 1;
            while let Some(byte) = bytes.get(at) {
                if *byte == b'\\' && dialect == Dialect::MySql && *quote != b'`' {
                    at += 2;
                } else if byte != quote {
                    at += 1;
                } else if bytes.get(at + 1) == Some(quote) {
                    at += 2;
                } else {
                    return at + 1;
                }
            }
            rest.len()
        }
        [b'-', b'-', ..] => until("\n", 2),
        [b'#', ..] if dialect == Dialect::MySql => until("\n", 1),
        [b'/', b'*', ..] => until("*/", 2),
        [b'$', ..] if dialect == Dialect::Postgres => {
            let tag = word(&rest[1..]);
            let open = format!("${tag}$");
            if rest.starts_with(&open) { until(&open, open.len()) } else { 0 }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, dialect: Dialect) -> (String, Vec<String>) {
        let spellings = ["+91".to_owned(), "0' or 1=1".to_owned()];
        let values = Values { spellings: &spellings, user: "asha", phone: "+91" };
        Statement::read(text, dialect, &["spellings"]).unwrap().fill(values)
    }

    #[test]
    fn names_become_parameters() {
        let query = "select name, mobile_no from `tabUser` where enabled = 1 and mobile_no in (:spellings)";
        let (text, values) = filled(query, Dialect::MySql);
        assert_eq!(text, "select name, mobile_no from `tabUser` where enabled = 1 and mobile_no in (?, ?)");
        assert_eq!(values, ["+91", "0' or 1=1"]);
        let (text, values) =
            filled("select a where b in (:spellings) or c in (:spellings) and d = :user", Dialect::Postgres);
        assert_eq!(text, "select a where b in ($1, $2) or c in ($3, $4) and d = $5");
        assert_eq!(values.len(), 5);
    }

    #[test]
    fn what_is_quoted_or_a_comment_stays_as_it_is() {
        for (text, dialect) in [
            ("select ':user', \":user\", `:user` where a in (:spellings)", Dialect::MySql),
            ("select 'it\\':user' where a in (:spellings)", Dialect::MySql),
            ("select 'it'':user' where a in (:spellings)", Dialect::Sqlite),
            ("select a::text -- :user\n where a in (:spellings) /* :nobody */", Dialect::Postgres),
            ("select $x$ :nobody $x$ where a in (:spellings)", Dialect::Postgres),
            ("select 1 # :nobody\n where a in (:spellings)", Dialect::MySql),
            ("select a from b where c = '12:30:00' and a[1:2] and d in (:spellings)", Dialect::Postgres),
        ] {
            let (filled, values) = filled(text, dialect);
            assert_eq!(values.len(), 2, "{text}: {filled}");
            let (before, _) = text.split_once(":spellings").unwrap();
            assert!(filled.starts_with(before), "{filled}");
        }
    }

    #[test]
    fn a_query_uses_what_it_is_to_find_and_nothing_unknown() {
        let read = |text| Statement::read(text, Dialect::Sqlite, &["spellings"]);
        assert_eq!(read("select 1 where a = ':spellings'"), Err(StatementError::Missing("spellings")));
        assert_eq!(read("select 1 where a in (:spelling)"), Err(StatementError::Unknown("spelling".to_owned())));
    }
}
