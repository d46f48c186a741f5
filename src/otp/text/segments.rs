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

    /// Units that fit into the 140 octets of one message beside a header of this many octets.
    const fn room(self, header: usize) -> usize {
        let octets = 140 - header;
        match self {
            Self::Gsm7 => octets * 8 / 7,
            Self::Ucs2 => octets / 2,
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

    /// The text as the octets that an SMSC takes: one septet each, unpacked, or UTF-16 with the high octet first. A
    /// character that the alphabet does not have becomes a question mark.
    #[must_use]
    pub fn octets(self, text: &str) -> Vec<u8> {
        match self {
            Self::Gsm7 => text.chars().flat_map(septets).collect(),
            Self::Ucs2 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

/// One character in the default alphabet: an escape before it if it is in the extension table.
fn septets(character: char) -> impl Iterator<Item = u8> {
    let basic = BASIC.chars().zip((0..ESCAPE).chain(ESCAPE + 1..)).find(|(known, _)| *known == character);
    let extended = || EXTENSION.chars().zip(EXTENDED).find(|(known, _)| *known == character);
    let (escape, septet) = match basic {
        Some((_, septet)) => (None, septet),
        None => extended().map_or((None, QUESTION_MARK), |(_, septet)| (Some(ESCAPE), septet)),
    };
    escape.into_iter().chain([septet])
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

/// The positions of the characters of the extension table.
const EXTENDED: [u8; 10] = [0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65];

/// The septet that leads to the extension table. [`BASIC`] passes it over.
const ESCAPE: u8 = 0x1B;

/// `?`, in the default alphabet as in ASCII.
const QUESTION_MARK: u8 = 0x3F;

/// The octets of the header that most gateways put before each part of a longer message (TS 23.040 §9.2.3.24.1).
const HEADER: usize = 6;

/// Counts what a text takes.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let offender = text.chars().find(|c| !BASIC.contains(*c) && !EXTENSION.contains(*c));
    let encoding = if offender.is_some() { Encoding::Ucs2 } else { Encoding::Gsm7 };
    let units = text.chars().map(|c| encoding.width(c)).sum();
    Segments { encoding, units, segments: cut(text, encoding, HEADER).len(), offender }
}

/// Splits a text into the segments that it is sent in, with a header of this many octets before each of several. A character
/// is never split over two parts: neither an escape from what it escapes (TS 23.040 §9.2.3.24.1), nor a surrogate from
/// its pair, so a part may stay one unit short.
#[must_use]
pub fn cut(text: &str, encoding: Encoding, header: usize) -> Vec<&str> {
    if text.chars().map(|c| encoding.width(c)).sum::<usize>() <= encoding.room(0) {
        return vec![text];
    }
    let (mut parts, mut begin, mut filled) = (Vec::new(), 0, 0);
    for (at, width) in text.char_indices().map(|(at, c)| (at, encoding.width(c))) {
        if filled + width > encoding.room(header) {
            parts.push(&text[begin..at]);
            (begin, filled) = (at, 0);
        }
        filled += width;
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::{BASIC, EXTENDED, EXTENSION, Encoding, cut, segments};

    fn counted(text: &str) -> (Encoding, usize, usize) {
        let counted = segments(text);
        (counted.encoding, counted.units, counted.segments)
    }

    #[test]
    fn the_tables_have_their_size() {
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count(), EXTENDED.len()), (127, 10, 10));
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

    #[test]
    fn septets_are_those_of_the_table() {
        // TS 23.038 §6.2.1: the corners of the table, and both sides of the escape.
        assert_eq!(Encoding::Gsm7.octets("@Δ\u{1}ΞÆ ?¡Z¿zà"), [0, 16, 63, 26, 28, 32, 63, 64, 90, 96, 122, 127]);
        assert_eq!(Encoding::Gsm7.octets("é€[~]"), [5, 27, 0x65, 27, 0x3C, 27, 0x3D, 27, 0x3E]);
        assert_eq!(Encoding::Ucs2.octets("aж😀"), [0, 0x61, 0x04, 0x36, 0xD8, 0x3D, 0xDE, 0x00]);
    }

    #[test]
    fn a_longer_header_leaves_less_room() {
        assert_eq!(cut(&"a".repeat(306), Encoding::Gsm7, 6).len(), 2);
        assert_eq!(cut(&"a".repeat(306), Encoding::Gsm7, 7).len(), 3);
        assert_eq!(cut(&"ж".repeat(134), Encoding::Ucs2, 7).len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn parts_are_the_text_and_each_fits(text in "[a-z€ж😀]{0,500}", header in 6_usize..8) {
            let encoding = segments(&text).encoding;
            let parts = cut(&text, encoding, header);
            proptest::prop_assert_eq!(parts.concat(), text.as_str());
            if parts.len() > 1 {
                let room = match encoding { Encoding::Gsm7 => (140 - header) * 8 / 7, Encoding::Ucs2 => 140 - header };
                proptest::prop_assert!(parts.iter().all(|part| encoding.octets(part).len() <= room));
            }
        }
    }
}
