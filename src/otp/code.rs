//! What a person types: how a code is made, how a typed one is read, and nothing about how it is kept.

use std::fmt;

use zeroize::Zeroizing;

/// A code has at least this many bits, unless the configuration says `allow_weak`
/// (NIST SP 800-63B-4 §3.1.3.2: at least six decimal digits or equivalent; ASVS 6.5.4: 20 bits).
pub const MIN_BITS: f64 = 19.9;

/// The longest code: more is a token, which no one types from a screen.
pub const MAX_LENGTH: usize = 32;

/// No typed code is longer than its letters, one separator and a few spaces around it.
const MAX_TYPED: usize = 64;

/// A one-time code. It has no `Display`; `Debug` says `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// None at all: of a message that tells no code.
    #[must_use]
    pub fn none() -> Self {
        Self(Zeroizing::new(String::new()))
    }

    /// The characters, for the message to the phone and for the MAC.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How long a code may be that another server made, and only passes through here.
const RELAYED: std::ops::RangeInclusive<usize> = 4..=12;

impl Code {
    /// Reads a code that another server made and checks: it is handed on letter by letter, as it is.
    ///
    /// # Errors
    /// When it is none.
    pub fn relayed(text: &str) -> Result<Self, CodeError> {
        if text.trim().is_empty() {
            return Err(CodeError::Empty);
        }
        let fits = RELAYED.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let shape = || format!("{} to {} letters or digits", RELAYED.start(), RELAYED.end());
        if fits { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(CodeError::Shape(shape())) }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A source of random bytes. The binary gives the operating system's; a test may give a known stream.
pub trait Randomness: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// When the operating system has no randomness to give; nothing may be issued then.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed>;
}

/// The operating system's random source failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system provided no random bytes")]
pub struct RandomnessFailed;

/// The characters that a code is made of, in upper case: codes are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alphabet(Vec<u8>);

/// Why a set of characters is no alphabet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlphabetError {
    /// One character carries no information.
    #[error("an alphabet needs at least 2 characters")]
    TooSmall,
    /// Only letters and digits of ASCII can be typed on every phone, and none of them ends a code in a message.
    #[error("an alphabet may contain only ASCII letters and digits, not {0:?}")]
    Character(char),
    /// Twice the same, or both cases of one letter.
    #[error("{0:?} is in the alphabet twice (codes are compared without regard to case)")]
    Twice(char),
}

impl Alphabet {
    const NAMED: [(&str, &str); 2] = [("digits", "0123456789"), ("hex", "0123456789ABCDEF")];

    /// `digits`, `hex`, or the characters themselves.
    ///
    /// # Errors
    /// When the characters cannot be distinguished or typed everywhere.
    pub fn named(name: &str) -> Result<Self, AlphabetError> {
        let known = Self::NAMED.iter().find(|(known, _)| *known == name);
        let characters = known.map_or(name, |(_, characters)| characters);
        let mut seen = Vec::with_capacity(characters.len());
        for character in characters.chars() {
            if !character.is_ascii_alphanumeric() {
                return Err(AlphabetError::Character(character));
            }
            let upper = character.to_ascii_uppercase() as u8;
            if seen.contains(&upper) {
                return Err(AlphabetError::Twice(character));
            }
            seen.push(upper);
        }
        if seen.len() < 2 {
            return Err(AlphabetError::TooSmall);
        }
        Ok(Self(seen))
    }

    /// Its name, or its characters in upper case.
    #[must_use]
    pub fn name(&self) -> &str {
        // Only ASCII is let in.
        let own = std::str::from_utf8(&self.0).unwrap_or_default();
        Self::NAMED.iter().find(|(_, characters)| *characters == own).map_or(own, |(name, _)| name)
    }

    /// Whether a code may have this character, in either case.
    #[must_use]
    pub fn has(&self, character: char) -> bool {
        u8::try_from(character).is_ok_and(|byte| self.0.contains(&byte.to_ascii_uppercase()))
    }

    /// How many characters there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

/// What a code looks like: its alphabet and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSpec {
    /// The characters.
    pub alphabet: Alphabet,
    /// How many of them.
    pub length: usize,
}

/// Why what was typed cannot be a code at all. It is not counted as an attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing, or only spaces.
    #[error("the code is empty")]
    Empty,
    /// Longer or shorter than a code is, or with a character that no code has, such as a full-width digit or a no-break
    /// space.
    #[error("the code must be {0}")]
    Shape(String),
}

impl fmt::Display for CodeSpec {
    /// `6 digits`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.alphabet.name() {
            "digits" => write!(f, "{} digits", self.length),
            "hex" => write!(f, "{} hexadecimal digits", self.length),
            own => write!(f, "{} characters of {own}", self.length),
        }
    }
}

impl CodeSpec {
    /// The information in one code, in bits.
    #[must_use]
    pub fn bits(&self) -> f64 {
        let length = u32::try_from(self.length).unwrap_or(u32::MAX);
        let size = u32::try_from(self.alphabet.size()).unwrap_or(u32::MAX);
        f64::from(length) * f64::from(size).log2()
    }

    /// Draws a code, each character with equal chance: a byte in the incomplete last run of the alphabet is thrown
    /// away, never folded back onto the first characters.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn draw(&self, randomness: &dyn Randomness) -> Result<Code, RandomnessFailed> {
        let size = self.alphabet.0.len();
        let fair = 256 - 256 % size;
        let mut code = Zeroizing::new(String::with_capacity(self.length));
        let mut bytes = Zeroizing::new([0_u8; 32]);
        while code.len() < self.length {
            randomness.fill(&mut *bytes)?;
            for byte in bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair) {
                if code.len() == self.length {
                    break;
                }
                code.push(char::from(self.alphabet.0[byte % size]));
            }
        }
        Ok(Code(code))
    }

    fn refused(&self) -> CodeError {
        CodeError::Shape(self.to_string())
    }

    /// Reads what a person typed: ASCII spaces around it and one space or hyphen inside are forgiven, case is
    /// ignored, everything else is refused. All accepted spellings of a code are one code, so none gives extra attempts.
    ///
    /// # Errors
    /// When it cannot be a code of this shape.
    pub fn read(&self, typed: &str) -> Result<Code, CodeError> {
        if typed.len() > MAX_TYPED {
            return Err(self.refused());
        }
        let typed = typed.trim_matches(' ');
        if typed.is_empty() {
            return Err(CodeError::Empty);
        }
        let (mut code, mut separators) = (Zeroizing::new(String::with_capacity(self.length)), 0);
        for character in typed.chars() {
            if matches!(character, ' ' | '-') && !code.is_empty() && separators == 0 {
                separators += 1;
                continue;
            }
            let upper = character.to_ascii_uppercase();
            if !self.alphabet.has(upper) {
                return Err(self.refused());
            }
            code.push(upper);
        }
        if code.len() != self.length || typed.ends_with('-') {
            return Err(self.refused());
        }
        Ok(Code(code))
    }
}

crate::otp::schema::text_in_documents!(Code);
