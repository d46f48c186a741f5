//! Thousands of phone numbers, good and bad, the same in every run.

use std::collections::BTreeSet;

use prost::Message;
use rlibphonenumber::{PhoneMetadata, PhoneMetadataCollection, PhoneNumberFormat, PhoneNumberUtil, Region};

/// A number as it is typed, in a country or in none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Typed {
    /// The country of whoever types, or empty.
    pub home: String,
    /// What is typed.
    pub text: String,
}

/// The numbering plans that the crate under test was built with.
pub fn plans() -> PhoneMetadataCollection {
    PhoneMetadataCollection::decode(&include_bytes!("../../src/otp/phone/metadata.bin")[..]).unwrap()
}

/// The whole corpus: examples of every country and type in many spellings, random digits under every calling code
/// and in every country, and what people have been seen to type.
pub fn corpus() -> BTreeSet<Typed> {
    let plans = plans();
    let library = PhoneNumberUtil::new_for_metadata(plans.clone()).unwrap();
    let mut corpus = Corpus { lines: BTreeSet::new(), random: Random(0x2545_F491_4F6C_DD1D) };
    for plan in &plans.metadata {
        for example in examples(plan) {
            corpus.spellings(&library, plan, &example);
        }
        corpus.noise(plan);
    }
    for line in include_str!("typed.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (home, text) = line.split_once('|').expect("a line of typed.txt is HOME|TEXT");
        corpus.add(home, text);
    }
    corpus.lines
}

/// The example number of each type that a plan has.
pub fn examples(plan: &PhoneMetadata) -> Vec<String> {
    // The crate marks these fields as its own; their example numbers stay in them.
    #[expect(deprecated, reason = "only the patterns have moved elsewhere, the examples have not")]
    let kinds = [
        &plan.fixed_line,
        &plan.mobile,
        &plan.toll_free,
        &plan.premium_rate,
        &plan.shared_cost,
        &plan.personal_number,
        &plan.voip,
        &plan.pager,
        &plan.uan,
        &plan.voicemail,
    ];
    let examples = kinds.into_iter().flatten().filter_map(|kind| kind.example_number.clone());
    examples.filter(|example| !example.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

struct Corpus {
    lines: BTreeSet<Typed>,
    random: Random,
}

impl Corpus {
    fn add(&mut self, home: &str, text: impl Into<String>) {
        self.lines.insert(Typed { home: home.to_owned(), text: text.into() });
    }

    /// One valid number, written in many ways, and the same with a wrong digit.
    fn spellings(&mut self, library: &PhoneNumberUtil, plan: &PhoneMetadata, national: &str) {
        let (home, code) = (home(plan), plan.country_code());
        self.add("", format!("+{code}{national}"));
        self.add("", format!("00{code} {national}"));
        self.add("IN", format!("+{code} {national}"));
        let prefixes = [("US", "011"), ("JP", "010"), ("SG", "001"), ("BR", "0015"), ("AU", "0011"), ("RU", "810")];
        let (abroad, prefix) = prefixes[self.random.below(prefixes.len())];
        self.add(abroad, format!("00 {code} {national}"));
        self.add(abroad, format!("{prefix}{code}{national}"));
        self.add(&home, format!("{code}{national}"));
        self.add(&home, national);
        let region = Region::from_code(&plan.id).unwrap();
        if let Ok(number) = library.parse(format!("+{code}{national}"), Some(region)) {
            for format in [PhoneNumberFormat::National, PhoneNumberFormat::International, PhoneNumberFormat::RFC3966] {
                self.add(&home, library.format(&number, format));
            }
            let trunk = library.format(&number, PhoneNumberFormat::National).replacen('0', "(0)", 1);
            self.add("", format!("+{code} {trunk}"));
        }
        for _ in 0..2 {
            let wrong = self.random.with_a_wrong_digit(national);
            self.add("", format!("+{code}{wrong}"));
            self.add(&home, wrong);
        }
    }

    /// Digits of any length under the plan's calling code, and dialled in its country.
    fn noise(&mut self, plan: &PhoneMetadata) {
        let (home, code) = (home(plan), plan.country_code());
        for _ in 0..6 {
            let length = 4 + self.random.below(9);
            let digits = self.random.digits(length);
            self.add("", format!("+{code}{digits}"));
            self.add(&home, digits.clone());
            self.add(&home, format!("0{digits}"));
            self.add(&home, format!("{code}{digits}"));
        }
    }
}

fn home(plan: &PhoneMetadata) -> String {
    if plan.id == "001" { String::new() } else { plan.id.clone() }
}

/// Xorshift: the same numbers in every run, on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn digits(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect()
    }

    fn with_a_wrong_digit(&mut self, number: &str) -> String {
        let at = self.below(number.len());
        format!("{}{}{}", &number[..at], self.digits(1), &number[at + 1..])
    }
}
