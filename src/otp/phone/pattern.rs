//! Matches the patterns of the numbering plans against digits, as the text that they are: a process reads one or two
//! numbers, and compiling the patterns of a plan costs a hundred times what matching them does.
//!
//! A pattern has digits, `\d`, classes such as `[1-357]`, groups `(?:…)` and `(…)`, alternatives `|`, counts `?`, `{n}`
//! and `{n,m}`, and `$`. There is no `*` and no `+`, so that a match ends. The first alternative that fits wins, and a
//! count takes as much as it can, as in Perl.

/// The most groups that a pattern captures.
const GROUPS: usize = 5;

/// The beginning of a text that a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// How long it is.
    pub(super) end: usize,
    /// Where each group begins and ends, if it took part.
    groups: [Option<(usize, usize)>; GROUPS],
}

impl Match {
    /// What the group captured; they are counted from 1.
    pub(super) fn group<'a>(&self, number: usize, digits: &'a str) -> Option<&'a str> {
        let (start, end) = (*self.groups.get(number.checked_sub(1)?)?)?;
        digits.get(start..end)
    }
}

/// Whether the pattern matches all of the digits.
pub(super) fn matches(pattern: &str, digits: &str) -> bool {
    Matcher::new(pattern, digits, true).alternatives(0, 0, None)
}

/// Matches the beginning of the digits.
pub(super) fn prefix(pattern: &str, digits: &str) -> Option<Match> {
    let mut matcher = Matcher::new(pattern, digits, false);
    matcher.alternatives(0, 0, None).then_some(Match { end: matcher.end, groups: matcher.groups })
}

/// Matches all of the digits, and tells what the groups captured.
pub(super) fn whole(pattern: &str, digits: &str) -> Option<Match> {
    let mut matcher = Matcher::new(pattern, digits, true);
    matcher.alternatives(0, 0, None).then_some(Match { end: matcher.end, groups: matcher.groups })
}

/// How many groups of the pattern capture.
pub(super) fn groups(pattern: &str) -> usize {
    pattern.as_bytes().windows(2).filter(|pair| pair[0] == b'(' && pair[1] != b'?').count()
}

struct Matcher<'a> {
    pattern: &'a [u8],
    digits: &'a [u8],
    /// Whether a match has to reach the end of the digits.
    whole: bool,
    /// Where the match ended.
    end: usize,
    groups: [Option<(usize, usize)>; GROUPS],
}

/// A group that has been entered, and those around it.
struct Open<'a> {
    around: Option<&'a Open<'a>>,
    /// Where its first alternative begins in the pattern.
    first: usize,
    /// Where in the digits this repetition of it began.
    from: usize,
    /// How often it has matched before.
    done: usize,
    /// Its number, less one, if it captures.
    captures: Option<usize>,
}

/// How often a piece may occur, and where the pattern goes on.
pub(super) struct Count {
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) next: usize,
}

/// Where a digit or a class that begins at `at` ends.
pub(super) fn end_of_class(pattern: &[u8], at: usize) -> usize {
    match pattern[at] {
        b'\\' => at + 2,
        b'[' => pattern[at..].iter().position(|byte| *byte == b']').map_or(pattern.len(), |end| at + end + 1),
        _ => at + 1,
    }
}

/// The count that is written at `at`; where there is none, exactly one.
pub(super) fn count(pattern: &[u8], at: usize) -> Count {
    match pattern.get(at) {
        Some(b'?') => Count { least: 0, most: 1, next: at + 1 },
        Some(b'{') => {
            let (mut numbers, mut second, mut next) = ([0; 2], 0, at + 1);
            while let Some(&byte) = pattern.get(next).filter(|byte| **byte != b'}') {
                match byte {
                    b',' => second = 1,
                    digit => numbers[second] = numbers[second] * 10 + usize::from(digit & 0xF),
                }
                next += 1;
            }
            Count { least: numbers[0], most: numbers[second], next: next + 1 }
        }
        _ => Count { least: 1, most: 1, next: at },
    }
}

impl<'a> Matcher<'a> {
    fn new(pattern: &'a str, digits: &'a str, whole: bool) -> Self {
        Self { pattern: pattern.as_bytes(), digits: digits.as_bytes(), whole, end: 0, groups: [None; GROUPS] }
    }

    /// Matches one of the alternatives that begin at `at` in the pattern, and all that follows their group.
    fn alternatives(&mut self, mut at: usize, from: usize, open: Option<&Open<'_>>) -> bool {
        loop {
            if self.sequence(at, from, open) {
                return true;
            }
            at = self.end_of_alternative(at);
            if self.pattern.get(at) != Some(&b'|') {
                return false;
            }
            at += 1;
        }
    }

    /// Matches the rest of an alternative, and all that follows its group.
    fn sequence(&mut self, mut at: usize, mut from: usize, open: Option<&Open<'_>>) -> bool {
        loop {
            match self.pattern.get(at) {
                None | Some(b'|' | b')') => return self.close(at, from, open),
                Some(b'$') if from == self.digits.len() => at += 1,
                Some(b'$') => return false,
                Some(b'(') => {
                    let captures = self.pattern.get(at + 1) != Some(&b'?');
                    let first = if captures { at + 1 } else { at + 3 };
                    let captures = captures.then(|| self.number(at));
                    if self.alternatives(first, from, Some(&Open { around: open, first, from, done: 0, captures })) {
                        return true;
                    }
                    let count = count(self.pattern, self.end_of_group(first) + 1);
                    if count.least > 0 {
                        return false;
                    }
                    at = count.next;
                }
                Some(_) => {
                    let count = count(self.pattern, end_of_class(self.pattern, at));
                    let left = self.digits.len() - from;
                    let fits = (0..count.most.min(left)).take_while(|taken| self.is_digit(at, from + taken)).count();
                    if fits < count.least {
                        return false;
                    }
                    if (count.least + 1..=fits).rev().any(|taken| self.sequence(count.next, from + taken, open)) {
                        return true;
                    }
                    (at, from) = (count.next, from + count.least);
                }
            }
        }
    }

    /// An alternative is through, at `at` in the pattern: its group once more, or what follows the group.
    fn close(&mut self, at: usize, from: usize, open: Option<&Open<'_>>) -> bool {
        let Some(open) = open else {
            self.end = from;
            return !self.whole || from == self.digits.len();
        };
        let count = count(self.pattern, self.end_of_group(at) + 1);
        let (done, before) = (open.done + 1, self.groups);
        if let Some(group) = open.captures.and_then(|group| self.groups.get_mut(group)) {
            *group = Some((open.from, from));
        }
        let again = Open { from, done, ..*open };
        if (done < count.most && self.alternatives(open.first, from, Some(&again)))
            || (done >= count.least && self.sequence(count.next, from, open.around))
        {
            return true;
        }
        self.groups = before;
        false
    }

    /// Whether the digit at `from` is the one, or in the class, at `at` of the pattern.
    fn is_digit(&self, at: usize, from: usize) -> bool {
        let (Some(&piece), Some(&digit)) = (self.pattern.get(at), self.digits.get(from)) else { return false };
        match piece {
            // Of the escapes there is only \d.
            b'\\' => digit.is_ascii_digit(),
            b'[' => {
                let mut class = self.pattern[at + 1..].iter().take_while(|byte| **byte != b']');
                let (mut low, mut is_range) = (u8::MAX, false);
                class.any(|&byte| {
                    if byte == b'-' {
                        is_range = true;
                        return false;
                    }
                    let fits =
                        if std::mem::take(&mut is_range) { low <= digit && digit <= byte } else { digit == byte };
                    low = byte;
                    fits
                })
            }
            piece => piece == digit,
        }
    }

    /// The next `|` or `)` that belongs to no group further in.
    fn end_of_alternative(&self, at: usize) -> usize {
        self.skip(at, |byte| matches!(byte, b'|' | b')'))
    }

    /// The `)` of the group that `at` is in.
    fn end_of_group(&self, at: usize) -> usize {
        self.skip(at, |byte| byte == b')')
    }

    fn skip(&self, at: usize, ends: impl Fn(u8) -> bool) -> usize {
        let mut depth = 0_usize;
        let rest = self.pattern.get(at..).unwrap_or_default();
        let length = rest.iter().position(|&byte| {
            let found = depth == 0 && ends(byte);
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            found
        });
        length.map_or(self.pattern.len(), |length| at + length)
    }

    /// How many groups before `at` capture.
    fn number(&self, at: usize) -> usize {
        self.pattern[..=at].windows(2).filter(|pair| pair[0] == b'(' && pair[1] != b'?').count()
    }
}
