//! Why a directory gave no answer. None of these means that nobody has the phone.

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// It was not reached, or did not answer in time.
    #[error("is unreachable: {0}")]
    Unreachable(String),
    /// It does not let us in, or not to these users.
    #[error("refused access: {0}")]
    Denied(String),
    /// It was reached, and asks to come later.
    #[error("is not ready: {0}")]
    NotReady(String),
    /// It refused the question, or its answer is not understood.
    #[error("cannot be used: {0}")]
    Data(String),
    /// Something was to be written, and it is not known whether it was.
    #[error("may have been changed: {0}")]
    Unknown(String),
    /// It has no such request or query.
    #[error("cannot do this: {0}")]
    Unable(&'static str),
    /// Its settings are wrong, or one of its secrets is not there.
    #[error("is not set up: {0}")]
    Config(String),
}

/// Which directory failed, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the directory `{directory}` {error}")]
pub struct DirectoryFailed {
    /// Its name in the file.
    pub directory: String,
    /// What went wrong.
    pub error: DirectoryError,
}

/// The words of a server or program, as far as they may be shown: in one line, of a bounded length, and without long
/// numbers, which may be somebody's phone.
pub(super) fn quoted(said: &str) -> String {
    const LONGEST: usize = 200;
    const MOST_DIGITS: usize = 5;
    let mut shown = String::new();
    // Where a run of digits, and of what may be between them, began; and how many digits it has.
    let (mut start, mut digits) = (0, 0);
    for character in said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST) {
        if character.is_numeric() {
            if digits == 0 {
                start = shown.len();
            }
            digits += 1;
        } else if !" -.()/".contains(character) {
            if digits > MOST_DIGITS {
                shown.truncate(start);
                shown.push('…');
            }
            digits = 0;
        }
        shown.push(character);
    }
    if digits > MOST_DIGITS {
        shown.truncate(start);
        shown.push('…');
    }
    crate::otp::escape::escaped(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phone_is_quoted() {
        assert_eq!(quoted("no 5432\n for \"+919876543210\" in tabUser"), "no 5432 for \"+…\" in tabUser");
        assert_eq!(quoted("syntax near '0987-65 43.210'"), "syntax near '…'");
        assert_eq!(quoted("at 98765 43210"), "at …");
        assert!(quoted(&"é".repeat(1000)).chars().count() <= 200);
        assert!(!quoted("\u{1b}[2J").contains('\u{1b}'));
    }
}
