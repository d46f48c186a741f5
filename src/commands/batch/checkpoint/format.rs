//! The lines of a checkpoint: its header, and for each line of the batch that it began and how it ended.

use std::collections::HashMap;

use data_encoding::HEXLOWER;

/// The first word of the first line, with the version.
const FIRST: &str = "otpctl-checkpoint/1";

/// What a checkpoint is about: it is continued only where all of it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The words of the command, with `-` between them.
    pub(super) command: String,
    /// Names this checkpoint among all.
    pub(super) id: String,
    /// The name of the pepper whose key makes the digests, in hexadecimal.
    pub(super) pepper: String,
    /// The digest of the options and of the place that is worked on.
    pub(super) options: u64,
}

/// One line of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The line of the batch is about to have an effect, at this second.
    Begin { line: u64, digest: u64, at: i64 },
    /// It ended so.
    End { line: u64, digest: u64, exit: u8 },
}

/// What is known of a line of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) digest: u64,
    /// When it was begun last, if it was.
    pub(super) begun: Option<i64>,
    /// How it ended after that; `None`: it was under way when the batch was killed.
    pub(super) exit: Option<u8>,
}

impl Header {
    pub(super) fn text(&self) -> String {
        let pepper = HEXLOWER.encode(self.pepper.as_bytes());
        format!("{FIRST} {} {} {pepper} {:016x}\n", self.command, self.id, self.options)
    }

    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [FIRST, command, id, pepper, options] = words.as_slice() else { return None };
        let pepper = String::from_utf8(HEXLOWER.decode(pepper.as_bytes()).ok()?).ok()?;
        Some(Self { command: (*command).to_owned(), id: (*id).to_owned(), pepper, options: hex(options)? })
    }
}

impl Entry {
    pub(super) fn text(self) -> String {
        match self {
            Self::Begin { line, digest, at } => format!("begin {line} {digest:016x} {at}\n"),
            Self::End { line, digest, exit } => format!("end {line} {digest:016x} {exit}\n"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [word, line, digest, last] = words.as_slice() else { return None };
        let (line, digest) = (line.parse().ok()?, hex(digest)?);
        match *word {
            "begin" => Some(Self::Begin { line, digest, at: last.parse().ok()? }),
            "end" => Some(Self::End { line, digest, exit: last.parse().ok()? }),
            _ => None,
        }
    }
}

fn hex(text: &str) -> Option<u64> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// What a checkpoint says, and so many of its bytes: a last line that is torn is none.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) header: Option<Header>,
    pub(super) lines: HashMap<u64, Known>,
    pub(super) length: u64,
}

/// Something that no run of ours leaves behind, in this line of a checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damaged(pub(super) usize);

/// Reads a whole checkpoint. What is torn by the end of a process, or of a machine, is at the end of the file: a line
/// without its end, or bytes that no line has.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, Damaged> {
    let mut contents = Contents::default();
    let mut torn = None;
    for (nth, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let whole = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let is_read = match whole {
            None => false,
            Some(line) if nth == 0 => {
                contents.header = Header::read(line);
                if contents.header.is_none() {
                    return Err(Damaged(1));
                }
                true
            }
            Some(line) => Entry::read(line).map(|entry| contents.add(entry)).is_some(),
        };
        match (is_read, torn) {
            (true, None) => contents.length += u64::try_from(line.len()).unwrap_or(u64::MAX),
            (true, Some(at)) => return Err(Damaged(at)),
            (false, _) => torn = torn.or(Some(nth + 1)),
        }
    }
    Ok(contents)
}

impl Contents {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Begin { line, digest, at } => {
                self.lines.insert(line, Known { digest, begun: Some(at), exit: None });
            }
            Entry::End { line, digest, exit } => {
                let known = self.lines.entry(line).or_insert(Known { digest, begun: None, exit: None });
                *known = Known { digest, exit: Some(exit), ..*known };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> String {
        let header = Header { command: "user-link".into(), id: "abc".into(), pepper: "2026 b".into(), options: 7 };
        let entries = [
            Entry::Begin { line: 2, digest: 9, at: 1_795_000_000 },
            Entry::Begin { line: 3, digest: u64::MAX, at: 1_795_000_001 },
            Entry::End { line: 2, digest: 9, exit: 0 },
            Entry::End { line: 4, digest: 1, exit: 2 },
        ];
        header.text() + &entries.map(Entry::text).concat()
    }

    #[test]
    fn a_checkpoint_that_is_cut_at_any_byte_says_what_was_whole() {
        let text = written();
        for end in 0..=text.len() {
            let contents = read(&text.as_bytes()[..end]).unwrap();
            let whole = text[..end].rfind('\n').map_or(0, |at| at + 1);
            assert_eq!(contents.length, u64::try_from(whole).unwrap(), "{end}");
            let begun = contents.lines.contains_key(&3);
            assert_eq!(begun, text[..whole].contains("begin 3 "), "{end}");
            let ended = contents.lines.get(&2).is_some_and(|known| known.exit == Some(0));
            assert_eq!(ended, text[..whole].contains("end 2 "), "{end}");
        }
        let all = read(text.as_bytes()).unwrap();
        assert_eq!(all.header.unwrap().pepper, "2026 b");
        assert_eq!(all.lines[&3], Known { digest: u64::MAX, begun: Some(1_795_000_001), exit: None });
        assert_eq!(all.lines[&4], Known { digest: 1, begun: None, exit: Some(2) });
    }

    #[test]
    fn what_no_run_leaves_behind_is_told_by_its_line() {
        let text = written();
        assert_eq!(read(format!("{text}\0\0\0\0").as_bytes()).unwrap().length, text.len() as u64, "a torn block");
        assert_eq!(read(b"some other file\n").unwrap_err(), Damaged(1));
        let broken = text.replace("begin 3", "bogin 3");
        assert_eq!(read(broken.as_bytes()).unwrap_err(), Damaged(3), "lines follow it");
    }
}
