//! What to do next: advice in words, or a command that can be pasted as it stands and speaks to the same store.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use super::escape::is_unsafe;

/// Advice, a command, or a command with the reason for it. A command is kept as its words, so that nothing has to find
/// it in a text again, and it is written out only where it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    why: String,
    line: Option<Box<Line>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Own(Own),
    /// Another program's, as a shell takes it.
    Shell(String),
}

/// A command of this program, without what chooses the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Own {
    path: Vec<String>,
    arguments: Vec<String>,
    options: Vec<(String, Option<String>)>,
    /// Another file than the one that was chosen here.
    file: Option<Chosen>,
    redirect: Option<(char, Vec<u8>)>,
}

/// Which file the commands of this run read, so that a command that is pasted reads the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen(Option<(&'static str, Vec<u8>)>);

impl Chosen {
    /// A file, by its path as it was given.
    #[must_use]
    pub fn config(path: &OsStr) -> Self {
        Self(Some(("-c", path.as_bytes().to_vec())))
    }

    /// A profile, by its name.
    #[must_use]
    pub fn profile(name: &str) -> Self {
        Self(Some(("-p", name.as_bytes().to_vec())))
    }

    fn words(&self) -> Option<String> {
        let (flag, value) = self.0.as_ref()?;
        // A value that begins with a hyphen would be taken for another flag.
        let between = if value.starts_with(b"-") { "" } else { " " };
        Some(format!("{flag}{between}{}", word(value)))
    }
}

impl Hint {
    /// Advice in words.
    pub fn words(words: impl Into<String>) -> Self {
        Self { why: words.into(), line: None }
    }

    /// A command of this program: its name and its subcommand, with the options that are always the same.
    #[must_use]
    pub fn run(path: &[&str]) -> Self {
        let path = path.iter().map(|word| (*word).to_owned()).collect();
        Self { why: String::new(), line: Some(Box::new(Line::Own(Own { path, ..Own::default() }))) }
    }

    /// A command of another program, written as a shell takes it.
    pub fn shell(line: impl Into<String>) -> Self {
        Self { why: String::new(), line: Some(Box::new(Line::Shell(line.into()))) }
    }

    /// What stands before the command: a sentence without its full stop.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(self, argument: impl Into<String>) -> Self {
        self.own(|own| own.arguments.push(argument.into()))
    }

    /// An option with its value.
    #[must_use]
    pub fn option(self, name: &str, value: impl Into<String>) -> Self {
        self.own(|own| own.options.push((name.to_owned(), Some(value.into()))))
    }

    /// An option without a value.
    #[must_use]
    pub fn flag(self, name: &str) -> Self {
        self.own(|own| own.options.push((name.to_owned(), None)))
    }

    /// With this file instead of the one that was chosen here.
    #[must_use]
    pub fn with_file(self, file: Chosen) -> Self {
        self.own(|own| own.file = Some(file))
    }

    /// Reads standard input from a file.
    #[must_use]
    pub fn reading(self, file: &OsStr) -> Self {
        self.own(|own| own.redirect = Some(('<', file.as_bytes().to_vec())))
    }

    /// Writes standard output to a file.
    #[must_use]
    pub fn writing(self, file: &OsStr) -> Self {
        self.own(|own| own.redirect = Some(('>', file.as_bytes().to_vec())))
    }

    /// Puts what is known in the place of an argument that only stands for it, such as `PHONE`.
    #[must_use]
    pub fn fill(self, placeholder: &str, argument: &str) -> Self {
        self.own(|own| {
            for own in own.arguments.iter_mut().filter(|own| *own == placeholder) {
                argument.clone_into(own);
            }
        })
    }

    fn own(mut self, change: impl FnOnce(&mut Own)) -> Self {
        if let Some(Line::Own(own)) = self.line.as_deref_mut() {
            change(own);
        }
        self
    }

    /// The words before the command; all of it where it has none.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The command as a shell takes it; `None`: it is advice in words.
    #[must_use]
    pub fn command(&self, here: &Chosen) -> Option<String> {
        match self.line.as_deref()? {
            Line::Shell(line) => Some(line.clone()),
            Line::Own(own) => Some(own.written(here)),
        }
    }

    /// All of it in one line. The command comes last, and nothing follows it.
    #[must_use]
    pub fn text(&self, here: &Chosen) -> String {
        match (self.why.as_str(), self.command(here)) {
            (why, None) => why.to_owned(),
            ("", Some(command)) => command,
            (why, Some(command)) => format!("{why}: {command}"),
        }
    }
}

impl Own {
    fn written(&self, here: &Chosen) -> String {
        let mut line = vec!["otpctl".to_owned()];
        line.extend(self.file.as_ref().unwrap_or(here).words());
        line.extend(self.path.iter().map(|own| word(own.as_bytes())));
        let arguments = self.arguments.iter().map(|own| word(own.as_bytes()));
        let options = self.options.iter().map(|(name, value)| match value {
            None => name.clone(),
            Some(value) if value.starts_with('-') => format!("{name}={}", word(value.as_bytes())),
            Some(value) => format!("{name} {}", word(value.as_bytes())),
        });
        if self.arguments.iter().any(|own| own.starts_with('-') && own != "-") {
            line.extend(options);
            line.push("--".to_owned());
            line.extend(arguments);
        } else {
            line.extend(arguments);
            line.extend(options);
        }
        line.extend(self.redirect.iter().map(|(sign, file)| format!("{sign} {}", word(file))));
        line.join(" ")
    }
}

impl From<&str> for Hint {
    fn from(words: &str) -> Self {
        Self::words(words)
    }
}

impl From<String> for Hint {
    fn from(words: String) -> Self {
        Self::words(words)
    }
}

/// One word of a command line, in quotes where a shell needs them. What no terminal may see, and what is
/// no text, is written as octal numbers for `printf`, which every shell has.
#[must_use]
pub fn word(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.chars().any(is_unsafe));
    if let Some(text) = text {
        return super::escape::quoted(text);
    }
    let octal = bytes.iter().fold(String::new(), |mut octal, byte| {
        // Writing to a String does not fail.
        let _ = write!(octal, "\\{byte:03o}");
        octal
    });
    format!("\"$(printf '{octal}')\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_carries_the_file_that_was_chosen() {
        let hint = Hint::run(&["user", "link"]).arg("u 1").arg("+919876543210").option("--purpose", "x");
        let prod = Chosen::profile("prod");
        assert_eq!(hint.text(&prod), "otpctl -p prod user link 'u 1' +919876543210 --purpose x");
        assert_eq!(hint.text(&Chosen::default()), "otpctl user link 'u 1' +919876543210 --purpose x");
        let file = Chosen::config(OsStr::new("/etc/my file.toml"));
        assert_eq!(Hint::run(&["list"]).text(&file), "otpctl -c '/etc/my file.toml' list");
        let other = Hint::run(&["config", "check"]).with_file(file).because("look");
        assert_eq!(other.text(&prod), "look: otpctl -c '/etc/my file.toml' config check");
        assert_eq!(Hint::shell("chmod 600 x").text(&prod), "chmod 600 x");
    }

    #[test]
    fn a_value_that_looks_like_a_flag_stays_a_value() {
        let hint = Hint::run(&["user", "link"]).arg("-x").arg("PHONE").option("--reason", "-y").flag("--yes");
        let here = Chosen::config(OsStr::new("-z"));
        assert_eq!(hint.fill("PHONE", "+1").text(&here), "otpctl -c-z user link --reason=-y --yes -- -x +1");
    }

    #[expect(clippy::disallowed_methods, reason = "the test asks a shell what it makes of a word")]
    #[test]
    fn a_shell_reads_every_word_back() {
        for bytes in [&b"plain"[..], b"", b"a'b \"c\" $HOME `id` \\", b"\x1b[2J\xff\xfe", "\u{202e}é".as_bytes()] {
            let shell = std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", word(bytes))).output();
            assert_eq!(shell.unwrap().stdout, bytes, "{}", word(bytes));
            assert!(!word(bytes).chars().any(is_unsafe));
        }
    }
}
