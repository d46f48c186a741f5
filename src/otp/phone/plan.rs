//! The numbering plans of the world, of which only those are read that a number needs.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use super::index::{Entry, INDEX, TEXT};
use super::pattern;
use super::tree::Tree;
use super::{Country, NumberType};

/// The plans that this process has needed.
static READ: [OnceLock<Plan>; INDEX.len()] = [const { OnceLock::new() }; INDEX.len()];

/// The numbers of one type, or all numbers of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    lengths: Lengths,
    pattern: &'static str,
}

impl Numbers {
    /// Whether the pattern, whatever the length, matches them all. A plan may have no number of a type.
    pub(super) fn match_pattern(&self, national: &str) -> bool {
        !self.pattern.is_empty() && pattern::matches(self.pattern, national)
    }

    fn contain(&self, national: &str, tree: Option<&Tree>) -> bool {
        let match_pattern = || {
            tree.map_or_else(|| self.match_pattern(national), |tree| !self.pattern.is_empty() && tree.matches(national))
        };
        self.lengths.contain(national.len()) && match_pattern()
    }
}

/// A set of lengths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lengths(u32);

impl Lengths {
    fn read(text: &str) -> Self {
        let lengths = text.split(',').filter_map(|length| 1_u32.checked_shl(length.parse().ok()?));
        Self(lengths.fold(0, |all, length| all | length))
    }

    fn contain(self, length: usize) -> bool {
        u32::try_from(length).is_ok_and(|length| self.0.checked_shr(length).is_some_and(|rest| rest & 1 == 1))
    }

    fn shortest(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    fn longest(self) -> usize {
        (u32::BITS - 1).saturating_sub(self.0.leading_zeros()) as usize
    }
}

/// What the length of a national number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// There are numbers of this length.
    Possible,
    /// It can be dialed only inside its own area.
    LocalOnly,
    /// Shorter than any.
    TooShort,
    /// Longer than any.
    TooLong,
    /// There are shorter and longer ones.
    Invalid,
}

/// The types in the order in which they are asked; the two that are left exclude each other.
const KINDS: [(&str, NumberType); 8] = [
    ("premium_rate", NumberType::PremiumRate),
    ("toll_free", NumberType::TollFree),
    ("shared_cost", NumberType::SharedCost),
    ("voip", NumberType::Voip),
    ("personal_number", NumberType::PersonalNumber),
    ("pager", NumberType::Pager),
    ("uan", NumberType::Uan),
    ("voicemail", NumberType::Voicemail),
];

/// A country's numbering plan. What it does not have is empty.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) calling_code: u16,
    /// None for the plans that span the world.
    pub(super) country: Option<Country>,
    /// A pattern: what one dials there before a foreign calling code.
    international_prefix: &'static str,
    /// A pattern: what one dials there before a national number.
    pub(super) national_prefix: &'static str,
    /// What the national prefix becomes where its last group took part; `\1` is its first group.
    pub(super) transform: &'static str,
    /// A pattern: the beginnings of the numbers of this country, where it shares its calling code.
    pub(super) leading_digits: &'static str,
    local_only: Lengths,
    pub(super) general: Numbers,
    kinds: [Numbers; KINDS.len()],
    fixed_line: Numbers,
    mobile: Numbers,
    /// What is written before a national number.
    pub(super) trunk: &'static str,
    /// How numbers are written; only the main country of a calling code has them.
    pub(super) forms: Vec<Form>,
    /// How many numbers were held to the plan.
    used: AtomicU32,
    /// Its patterns, once they have been used often: to read them takes longer than to match one number.
    trees: OnceLock<Box<Trees>>,
}

/// So many numbers are matched before the patterns of a plan are read.
const OFTEN: u32 = 16;

/// The patterns of the numbers of a plan.
#[derive(Debug)]
struct Trees {
    general: Tree,
    kinds: [Tree; KINDS.len()],
    fixed_line: Tree,
    mobile: Tree,
}

/// One way to write numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// A pattern: the beginnings of the numbers that are written so; empty: all.
    pub(super) leading: &'static str,
    /// A pattern with the groups of their digits.
    pub(super) groups: &'static str,
    /// What the first group becomes at home; empty: it stays.
    pub(super) first: &'static str,
    /// The groups and what is between them.
    pub(super) home: &'static str,
    /// The same behind the calling code; empty: as at home.
    pub(super) abroad: &'static str,
}

impl Form {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split('\t');
        let mut part = || parts.next();
        Some(Self { leading: part()?, groups: part()?, first: part()?, home: part()?, abroad: part()? })
    }
}

/// The plan of a country, if it has one.
pub(super) fn of_country(country: Country) -> Option<&'static Plan> {
    INDEX.iter().position(|entry| entry.letters == country.letters()).and_then(read)
}

/// The plans of all countries that share a calling code, that of the main one first.
pub(super) fn of_calling_code(calling_code: u16) -> impl Iterator<Item = &'static Plan> + Clone {
    let first = INDEX.partition_point(|entry| entry.calling_code < calling_code);
    let count = INDEX[first..].iter().take_while(|entry| entry.calling_code == calling_code).count();
    (first..first + count).filter_map(read)
}

/// The calling code that the digits begin with, and what follows it. No calling code is the beginning of another one.
pub(super) fn split(digits: &str) -> Option<(u16, &str)> {
    if digits.starts_with('0') {
        return None;
    }
    (1..=3).find_map(|length| {
        let (code, rest) = digits.split_at_checked(length)?;
        let code = code.parse().ok()?;
        INDEX.binary_search_by_key(&code, |entry| entry.calling_code).is_ok().then_some((code, rest))
    })
}

fn read(at: usize) -> Option<&'static Plan> {
    let entry = INDEX.get(at)?;
    Some(READ.get(at)?.get_or_init(|| Plan::read(entry)))
}

impl Plan {
    /// Reads the lines of a plan, up to the empty one; the build has seen that it knows them all.
    fn read(entry: &Entry) -> Self {
        let mut plan = Self {
            calling_code: entry.calling_code,
            country: Country::from_letters(entry.letters),
            international_prefix: "",
            national_prefix: "",
            transform: "",
            leading_digits: "",
            local_only: Lengths::default(),
            general: Numbers::default(),
            kinds: [Numbers::default(); KINDS.len()],
            fixed_line: Numbers::default(),
            mobile: Numbers::default(),
            trunk: "",
            forms: Vec::new(),
            used: AtomicU32::new(0),
            trees: OnceLock::new(),
        };
        let lines = TEXT.get(entry.at..).unwrap_or_default().lines();
        for (key, value) in lines.map_while(|line| line.split_once(' ')) {
            let numbers = || {
                let (lengths, pattern) = value.split_once(' ').unwrap_or_default();
                Numbers { lengths: Lengths::read(lengths), pattern }
            };
            match key {
                "international_prefix" => plan.international_prefix = value,
                "national_prefix" => plan.national_prefix = value,
                "transform" => plan.transform = value,
                "leading_digits" => plan.leading_digits = value,
                "local_only" => plan.local_only = Lengths::read(value),
                "general" => plan.general = numbers(),
                "fixed_line" => plan.fixed_line = numbers(),
                "mobile" => plan.mobile = numbers(),
                "trunk" => plan.trunk = value,
                "format" => plan.forms.extend(Form::read(value)),
                _ => {
                    if let Some(kind) = KINDS.iter().position(|(name, _)| *name == key) {
                        plan.kinds[kind] = numbers();
                    }
                }
            }
        }
        plan
    }

    /// What follows the prefix that one dials in this country before a foreign calling code; a calling code does not
    /// begin with 0.
    pub(super) fn after_international_prefix<'a>(&self, dialed: &'a str) -> Option<&'a str> {
        if self.international_prefix.is_empty() {
            return None;
        }
        let rest = dialed.get(pattern::prefix(self.international_prefix, dialed)?.end..)?;
        (!rest.starts_with('0')).then_some(rest)
    }

    /// What the length of a national number says; the digits themselves may still be nobody's.
    pub(super) fn length(&self, national: &str) -> Length {
        let (length, lengths) = (national.len(), self.general.lengths);
        if self.local_only.contain(length) {
            Length::LocalOnly
        } else if lengths.contain(length) {
            Length::Possible
        } else if length < lengths.shortest() {
            Length::TooShort
        } else if length > lengths.longest() {
            Length::TooLong
        } else {
            Length::Invalid
        }
    }

    /// The fewest digits of a mobile number, or of any number where the plan has none.
    pub(super) fn shortest_mobile(&self) -> Option<usize> {
        [self.mobile, self.general]
            .into_iter()
            .find(|numbers| numbers.lengths.0 != 0)
            .map(|numbers| numbers.lengths.shortest())
    }

    /// Its patterns as they were read; `None`: not yet.
    fn trees(&self) -> Option<&Trees> {
        if self.used.load(Relaxed) < OFTEN {
            self.used.fetch_add(1, Relaxed);
            return None;
        }
        let tree = |numbers: &Numbers| Tree::read(numbers.pattern);
        let read = || Trees {
            general: tree(&self.general),
            kinds: std::array::from_fn(|at| tree(&self.kinds[at])),
            fixed_line: tree(&self.fixed_line),
            mobile: tree(&self.mobile),
        };
        Some(self.trees.get_or_init(|| Box::new(read())))
    }

    /// The type of a national number; unknown if it is not valid.
    pub(super) fn kind(&self, national: &str) -> NumberType {
        let trees = self.trees();
        if !self.general.contain(national, trees.map(|trees| &trees.general)) {
            return NumberType::Unknown;
        }
        let mut kinds = self.kinds.iter().zip(KINDS).enumerate();
        let is_own = |at: usize, numbers: &Numbers| numbers.contain(national, trees.map(|trees| &trees.kinds[at]));
        if let Some((_, (_, (_, kind)))) = kinds.find(|(at, (numbers, _))| is_own(*at, numbers)) {
            return kind;
        }
        let is_fixed = self.fixed_line.contain(national, trees.map(|trees| &trees.fixed_line));
        // Where the two are the same, as in North America, the long pattern is matched once.
        let is_mobile = || self.mobile.contain(national, trees.map(|trees| &trees.mobile));
        let is_mobile = if self.mobile == self.fixed_line { is_fixed } else { is_mobile() };
        match (is_fixed, is_mobile) {
            (true, true) => NumberType::FixedLineOrMobile,
            (true, false) => NumberType::FixedLine,
            (false, true) => NumberType::Mobile,
            (false, false) => NumberType::Unknown,
        }
    }
}

/// Every pattern of every plan, for the tests.
#[cfg(test)]
pub(super) fn patterns() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '+'])).filter_map(|line| {
        let mut words = line.split(' ');
        match words.next() {
            Some("transform" | "local_only" | "trunk" | "format") => None,
            _ => words.next_back(),
        }
    })
}
