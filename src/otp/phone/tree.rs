//! Patterns of a numbering plan that many numbers are held to, read once: what `pattern` does with the text, a hundred times
//! faster. It says only whether all digits match, so that all alternatives are followed at once: what a piece makes of a set
//! of places in the digits is another set of places.

use super::pattern::{Count, count, end_of_class};

/// Digits that are longer than a set of places has room for are none of a plan.
const LONGEST: usize = 31;

/// A pattern.
#[derive(Debug)]
pub(super) struct Tree(Vec<Vec<Piece>>);

#[derive(Debug)]
enum Piece {
    /// One of these digits.
    Digit { digits: u16, least: usize, most: usize },
    /// Alternatives.
    Group { group: Tree, least: usize, most: usize },
    /// The end of the digits.
    End,
}

/// Places in digits, a bit for each; the first is before the first digit.
type Places = u32;

/// The digits of a number.
struct Digits {
    length: usize,
    /// The places before each of the ten digits.
    before: [Places; 10],
}

impl Digits {
    fn of(digits: &str) -> Option<Self> {
        let mut before = [0; 10];
        for (place, byte) in digits.bytes().enumerate() {
            *before.get_mut(usize::from(byte.checked_sub(b'0')?))? |= 1 << place.min(LONGEST);
        }
        (digits.len() <= LONGEST).then_some(Self { length: digits.len(), before })
    }

    /// The places before one of these digits.
    fn any(&self, digits: u16) -> Places {
        let chosen = self.before.iter().enumerate().filter(|(digit, _)| digits >> digit & 1 == 1);
        chosen.fold(0, |all, (_, places)| all | places)
    }
}

impl Tree {
    pub(super) fn read(pattern: &str) -> Self {
        Self::alternatives(pattern.as_bytes(), 0).0
    }

    /// Whether the pattern matches all of the digits.
    pub(super) fn matches(&self, digits: &str) -> bool {
        Digits::of(digits).is_some_and(|digits| self.ends(1, &digits) >> digits.length & 1 == 1)
    }

    /// The alternatives that begin at `at`, and where they end.
    fn alternatives(pattern: &[u8], mut at: usize) -> (Self, usize) {
        let mut alternatives = Vec::new();
        loop {
            let mut pieces = Vec::new();
            while let Some(&byte) = pattern.get(at).filter(|byte| !matches!(byte, b'|' | b')')) {
                let (piece, next) = Self::piece(pattern, at, byte);
                pieces.push(piece);
                at = next;
            }
            alternatives.push(pieces);
            if pattern.get(at) != Some(&b'|') {
                return (Self(alternatives), at);
            }
            at += 1;
        }
    }

    fn piece(pattern: &[u8], at: usize, byte: u8) -> (Piece, usize) {
        match byte {
            b'$' => (Piece::End, at + 1),
            b'(' => {
                let captures = pattern.get(at + 1) != Some(&b'?');
                let (group, end) = Self::alternatives(pattern, if captures { at + 1 } else { at + 3 });
                let Count { least, most, next } = count(pattern, end + 1);
                (Piece::Group { group, least, most }, next)
            }
            _ => {
                let end = end_of_class(pattern, at);
                let Count { least, most, next } = count(pattern, end);
                (Piece::Digit { digits: class(&pattern[at..end.min(pattern.len())]), least, most }, next)
            }
        }
    }

    /// The places that are reached from these.
    fn ends(&self, from: Places, digits: &Digits) -> Places {
        let end_of = |pieces: &Vec<Piece>| {
            let mut places = from;
            for piece in pieces {
                places = piece.ends(places, digits);
                if places == 0 {
                    break;
                }
            }
            places
        };
        self.0.iter().fold(0, |all, pieces| all | end_of(pieces))
    }
}

impl Piece {
    fn ends(&self, from: Places, digits: &Digits) -> Places {
        match self {
            Self::End => from & 1 << digits.length,
            Self::Digit { digits: own, least, most } => {
                let fitting = digits.any(*own);
                repeated(from, *least, *most, |places| (places & fitting) << 1)
            }
            Self::Group { group, least, most } => repeated(from, *least, *most, |places| group.ends(places, digits)),
        }
    }
}

/// The places that are reached by as many steps as are allowed.
fn repeated(from: Places, least: usize, most: usize, step: impl Fn(Places) -> Places) -> Places {
    let (mut reached, mut places) = (if least == 0 { from } else { 0 }, from);
    for done in 1..=most {
        places = step(places);
        if places == 0 {
            break;
        }
        if done >= least {
            reached |= places;
        }
    }
    reached
}

/// The digits of `7`, `\d` or `[1-357]`.
fn class(text: &[u8]) -> u16 {
    let bit = |byte: u8| 1_u16.checked_shl(u32::from(byte.wrapping_sub(b'0'))).filter(|_| byte.is_ascii_digit());
    match text {
        [b'\\', ..] => (1 << 10) - 1,
        [b'[', inside @ ..] => {
            let (mut digits, mut low, mut is_range) = (0, u8::MAX, false);
            for &byte in inside.iter().filter(|byte| **byte != b']') {
                if byte == b'-' {
                    is_range = true;
                    continue;
                }
                let first = if std::mem::take(&mut is_range) { low } else { byte };
                digits |= (first..=byte).filter_map(bit).fold(0, |all, bit| all | bit);
                low = byte;
            }
            digits
        }
        [byte] => bit(*byte).unwrap_or_default(),
        _ => 0,
    }
}
