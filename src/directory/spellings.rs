//! How applications write one number. People typed it into a form years ago, or a program stored it: `098765 43210`,
//! `+91-9876543210`, `0091 98765 43210`.
//!
//! A stored text is read as what is typed on the command line is: with a plus or `00` it is international, and else a number
//! of the directory's region, never of the country of whoever asks. So each stored text is one number or none, and nobody
//! gets the account of a stranger whose national number has the same digits in another country.

use crate::otp::{Country, Phone};

/// How a directory writes phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// As people typed them. National numbers are of this country; `None`: there are none.
    Typed(Option<Country>),
    /// All as E.164: `+919876543210`.
    E164,
    /// All as E.164 without the plus: `919876543210`.
    Digits,
}

impl Stored {
    /// The number that a stored text is, if it is one.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Phone> {
        let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Typed(region) => Phone::parse(text, region).ok(),
            Self::E164 => Phone::parse(text, None).ok().filter(|phone| phone.as_str() == text),
            Self::Digits => Phone::parse(&format!("+{text}"), None).ok().filter(|_| is_digits(text)),
        }
    }

    /// All the spellings to ask for, the most usual first.
    #[must_use]
    pub fn spellings(self, phone: &Phone) -> Vec<String> {
        match self {
            Self::Typed(_) => {
                let mut list = List { stored: self, phone, all: Vec::new() };
                list.fill();
                list.all
            }
            Self::E164 | Self::Digits => vec![self.written(phone)],
        }
    }

    /// As this directory writes it: what nobody has to guess at.
    #[must_use]
    pub fn written(self, phone: &Phone) -> String {
        match self {
            Self::Typed(_) | Self::E164 => phone.as_str().to_owned(),
            Self::Digits => phone.digits().to_owned(),
        }
    }
}

/// What people put between groups of digits.
const SEPARATORS: [&str; 3] = [" ", "-", "."];

/// Groups that people make by themselves, whatever their country writes: by the number of digits.
const GROUPS: [(usize, &[usize]); 14] = [
    (7, &[3, 4]),
    (7, &[3, 2, 2]),
    (8, &[4, 4]),
    (8, &[2, 2, 2, 2]),
    (8, &[2, 3, 3]),
    (9, &[3, 3, 3]),
    (9, &[2, 3, 4]),
    (9, &[3, 2, 2, 2]),
    (9, &[2, 3, 2, 2]),
    (10, &[5, 5]),
    (10, &[3, 3, 4]),
    (10, &[4, 3, 3]),
    (10, &[3, 3, 2, 2]),
    (11, &[3, 4, 4]),
];

struct List<'a> {
    stored: Stored,
    phone: &'a Phone,
    all: Vec<String>,
}

impl List<'_> {
    /// One more, if it is read as this very number.
    fn add(&mut self, text: String) {
        if !self.all.contains(&text) && self.stored.read(&text).as_ref() == Some(self.phone) {
            self.all.push(text);
        }
    }

    fn fill(&mut self) {
        let phone = self.phone;
        let (code, national, trunk) = (phone.calling_code(), phone.national(), phone.trunk());
        for text in [
            phone.as_str().to_owned(),
            phone.digits().to_owned(),
            national.to_owned(),
            format!("{trunk}{national}"),
            format!("+{code} {national}"),
            format!("+{code}-{national}"),
            format!("00{}", phone.digits()),
        ] {
            self.add(text);
        }
        let mut groupings = Vec::new();
        if let Some(written) = phone.written() {
            for text in [&written.home, &written.bare] {
                self.add(text.clone());
            }
            for text in written.abroad.iter().chain([&written.bare]) {
                self.add(format!("+{code} {text}"));
                groupings.push(groups_of(text));
            }
            // Where the number is another one at home, as a mobile one in Argentina, its groups are too.
            let home = groups_of(&written.home);
            for separator in SEPARATORS.iter().chain(&[""]) {
                self.add(home.join(separator));
            }
        }
        // The whole number, and those of the plan.
        let own = groupings.len() + 1;
        groupings.extend([3, 4, 2].map(|first| split(national, &[first, national.len().saturating_sub(first)])));
        let generic = GROUPS.iter().filter(|(length, _)| *length == national.len());
        groupings.extend(generic.map(|(_, sizes)| split(national, sizes)));
        groupings.insert(0, vec![national.to_owned()]);
        groupings.retain(|groups| groups.concat() == national);
        for (at, groups) in groupings.iter().enumerate() {
            self.in_groups(groups, code, trunk);
            // All other ways are for the groups that the country itself makes.
            if at < own {
                self.in_own_groups(groups, code, trunk);
            }
            if groups.len() > 1 {
                self.with_area(groups, code, trunk);
            }
        }
    }

    /// What people write with any groups.
    fn in_groups(&mut self, groups: &[String], code: u16, trunk: &str) {
        for separator in SEPARATORS {
            let joined = groups.join(separator);
            self.add(joined.clone());
            self.add(format!("{trunk}{joined}"));
            self.add(format!("+{code}{separator}{joined}"));
            self.add(format!("+{code} {joined}"));
        }
        let joined = groups.join(" ");
        self.add(format!("00{code} {joined}"));
        self.add(format!("{code} {joined}"));
        self.add(format!("+{code} ({trunk}) {joined}"));
        self.add(format!("+{code} ({trunk}){joined}"));
    }

    /// What people write with the groups of their country.
    fn in_own_groups(&mut self, groups: &[String], code: u16, trunk: &str) {
        for separator in SEPARATORS {
            let joined = groups.join(separator);
            self.add(format!("{trunk}{separator}{joined}"));
            for lead in [format!("+{code}"), format!("00{code}"), code.to_string()] {
                self.add(format!("{lead}{separator}{joined}"));
                self.add(format!("{lead}{joined}"));
            }
            self.add(format!("(+{code}) {joined}"));
            self.add(format!("+{code} {trunk}{joined}"));
            self.add(format!("+{code}{trunk}{joined}"));
            self.add(format!("00 {code} {joined}"));
        }
        self.add(format!("tel:+{code}-{}", groups.join("-")));
        self.add(format!("tel:{}", self.phone.as_str()));
    }

    /// An area, and the rest behind it.
    fn with_area(&mut self, groups: &[String], code: u16, trunk: &str) {
        let (first, rest) = groups.split_first().map_or(("", groups), |(first, rest)| (first.as_str(), rest));
        for separator in ["/", "-", " "] {
            self.add(format!("{trunk}{first}{separator}{}", rest.concat()));
            self.add(format!("+{code} {first}{separator}{}", rest.concat()));
        }
        for rest in [rest.join("-"), rest.join(" "), rest.concat()] {
            for area in [first.to_owned(), format!("{trunk}{first}")] {
                self.add(format!("({area}) {rest}"));
                self.add(format!("({area}){rest}"));
            }
            self.add(format!("{trunk} ({first}) {rest}"));
            self.add(format!("+{code} ({first}) {rest}"));
            self.add(format!("+{code}({first}){rest}"));
        }
    }
}

/// The digits of a written number, in its groups.
fn groups_of(text: &str) -> Vec<String> {
    let groups = text.split(|character: char| !character.is_ascii_digit());
    groups.filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

fn split(digits: &str, sizes: &[usize]) -> Vec<String> {
    let mut rest = digits;
    let groups = sizes.iter().filter_map(|size| {
        let (group, after) = rest.split_at_checked(*size)?;
        rest = after;
        Some(group.to_owned())
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Phone {
        Phone::parse(text, None).unwrap()
    }

    fn typed(region: &str) -> Stored {
        Stored::Typed(Some(region.parse().unwrap()))
    }

    #[test]
    fn every_spelling_is_read_as_the_number_that_it_is_asked_for() {
        for (number, region) in [("+919876543210", "IN"), ("+12015550123", "US"), ("+5491123456789", "AR")] {
            let (phone, stored) = (phone(number), typed(region));
            let spellings = stored.spellings(&phone);
            assert!((60..400).contains(&spellings.len()), "{number}: {}", spellings.len());
            for text in &spellings {
                assert_eq!(stored.read(text).as_ref(), Some(&phone), "{text}");
            }
        }
    }

    #[test]
    fn the_usual_spellings_come_first() {
        let spellings = typed("IN").spellings(&phone("+919876543210"));
        let first = ["+919876543210", "919876543210", "9876543210", "09876543210", "+91 9876543210", "+91-9876543210"];
        assert_eq!(spellings[..first.len()], first);
        for text in ["098765 43210", "98765 43210", "+91 98765 43210", "+91-98765-43210", "0091 98765 43210"] {
            assert!(spellings.iter().any(|own| own == text), "{text}");
        }
    }

    #[test]
    fn the_spellings_of_forty_countries_are_asked_for_and_read() {
        let rows = include_str!("../../tests/support/directory/spellings.txt").lines();
        let rows: Vec<Vec<&str>> =
            rows.filter(|row| !row.starts_with('#')).map(|row| row.split('|').collect()).collect();
        assert_eq!(rows.len(), 200);
        let mut missed = Vec::new();
        for row in &rows {
            let [country, number, text] = row.as_slice() else { panic!("{row:?}") };
            let (phone, stored) = (phone(number), typed(country));
            let is_asked_for = stored.spellings(&phone).iter().any(|own| own == text);
            if !is_asked_for || stored.read(text) != Some(phone) {
                missed.push(format!("{country} {number}: {text}"));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    /// The digits of a national number are another number's in another country.
    #[test]
    fn a_national_number_is_of_the_region_and_of_no_other_country() {
        let (india, iran) = (phone("+919876543210"), phone("+989121234567"));
        assert_eq!(typed("IN").read("98765 43210"), Some(india.clone()));
        assert_eq!(typed("IR").read("98765 43210"), None);
        assert_eq!(Stored::Typed(None).read("9876543210"), None, "nobody says of which country it is");
        assert_eq!(Stored::Typed(None).read("989121234567"), None);
        for text in Stored::Typed(None).spellings(&india) {
            assert!(text.contains('+') || text.starts_with("00"), "{text}");
        }
        for text in typed("IN").spellings(&iran) {
            assert!(text.contains("98") && (text.contains('+') || text.starts_with("00")), "{text}");
        }
    }

    #[test]
    fn a_directory_that_writes_one_form_is_asked_for_that_form() {
        let india = phone("+919876543210");
        assert_eq!(Stored::E164.spellings(&india), ["+919876543210"]);
        assert_eq!(Stored::Digits.spellings(&india), ["919876543210"]);
        assert_eq!(Stored::Digits.read("919876543210"), Some(india.clone()));
        for text in ["+919876543210", "91 98765 43210", "", "09876543210"] {
            assert_eq!(Stored::Digits.read(text), None, "{text}");
        }
        assert_eq!(Stored::E164.read("+91 9876543210"), None);
        assert_eq!(Stored::E164.read("+919876543210"), Some(india));
    }
}
