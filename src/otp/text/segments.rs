//! How a text travels as SMS: in which encoding, and in how many parts, each of which is paid for (3GPP TS 23.038,
//! TS 23.040).

use serde::{Serialize, Serializer};

/// The alphabet that a message is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table: 160 units in one message, 153 in each of several.
    Gsm7,
    /// UTF-16: 70 units in one message, 67 in each of several.
    Ucs2,
}

impl Encoding {
    /// The name in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }

    /// Units in a message of one part, and in each part of a longer one, which carries a header of six bytes.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// What a character takes: septets or UTF-16 units.
    fn width(self, c: char) -> usize {
        match self {
            Self::Gsm7 if EXTENSION.contains(c) => 2,
            Self::Gsm7 => 1,
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What sending a text takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// The encoding that the characters force.
    pub encoding: Encoding,
    /// The length in septets (GSM-7) or UTF-16 units (UCS-2).
    pub units: usize,
    /// How many SMS are paid for: at least 1.
    pub segments: usize,
    /// The first character that GSM-7 does not have, if there is one: all the others pay for it.
    pub offender: Option<char>,
}

/// The GSM 7-bit default alphabet (TS 23.038 §6.2.1), without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension table (§6.2.1.1): each takes an escape too.
const EXTENSION: &str = "\u{C}^{}\\[~]|€";

/// Counts what a text takes. A character is never split over two parts: neither an escape from what it escapes
/// (TS 23.040 §9.2.3.24.1), nor a surrogate from its pair, so a part may stay one unit short.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let offender = text.chars().find(|c| !BASIC.contains(*c) && !EXTENSION.contains(*c));
    let encoding = if offender.is_some() { Encoding::Ucs2 } else { Encoding::Gsm7 };
    let (alone, each) = encoding.room();
    let (mut units, mut parts, mut filled) = (0, 1, 0);
    for width in text.chars().map(|c| encoding.width(c)) {
        units += width;
        if filled + width > each {
            parts += 1;
            filled = 0;
        }
        filled += width;
    }
    Segments { encoding, units, segments: if units <= alone { 1 } else { parts }, offender }
}

#[cfg(test)]
mod tests {
    use super::{BASIC, EXTENSION, Encoding, segments};

    fn counted(text: &str) -> (Encoding, usize, usize) {
        let counted = segments(text);
        (counted.encoding, counted.units, counted.segments)
    }

    #[test]
    fn the_tables_have_their_size() {
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count()), (127, 10));
    }

    #[test]
    fn septets_fill_160_alone_and_153_in_parts() {
        use Encoding::Gsm7;
        for (length, parts) in [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)] {
            assert_eq!(counted(&"a".repeat(length)), (Gsm7, length, parts));
        }
    }

    #[test]
    fn units_fill_70_alone_and_67_in_parts() {
        use Encoding::Ucs2;
        for (length, parts) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)] {
            assert_eq!(counted(&"क".repeat(length)), (Ucs2, length, parts));
        }
    }

    #[test]
    fn an_extension_character_takes_two_and_is_not_split() {
        use Encoding::Gsm7;
        assert_eq!(counted(&"€".repeat(80)), (Gsm7, 160, 1));
        // 152 septets fill a part but for one, which the escape may not take.
        assert_eq!(counted(&("a".repeat(152) + "€" + &"b".repeat(151))), (Gsm7, 305, 2));
        assert_eq!(counted(&("a".repeat(152) + "€" + &"b".repeat(152))), (Gsm7, 306, 3));
        assert_eq!(counted(&("a".repeat(151) + "€" + &"b".repeat(153))), (Gsm7, 306, 2));
    }

    #[test]
    fn a_surrogate_pair_is_not_split() {
        use Encoding::Ucs2;
        assert_eq!(counted(&"😀".repeat(35)), (Ucs2, 70, 1));
        assert_eq!(counted(&("ж".repeat(66) + "😀" + &"ж".repeat(65))), (Ucs2, 133, 2));
        assert_eq!(counted(&("ж".repeat(66) + "😀" + &"ж".repeat(66))), (Ucs2, 134, 3));
    }

    #[test]
    fn the_first_foreign_character_is_named() {
        // Ç is in the alphabet, ç is not.
        assert_eq!(segments("Ç é à ñ").offender, None);
        assert_eq!(segments("código: 123456 ç").offender, Some('ó'));
        assert_eq!(segments("don’t").offender, Some('’'));
        assert_eq!(segments("a\tb").offender, Some('\t'));
    }
}
