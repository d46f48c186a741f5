//! Numbers that are mistyped for one another, and whether one of them waits for a code.

use std::time::Duration;

use super::facts::Nearness;
use crate::otp::record::State;
use crate::otp::{Moment, Phone, Record};

/// A request that is older is not the one that the customer calls about.
const LATELY: Duration = Duration::from_secs(30 * 60);

/// The valid numbers of the same calling code that differ in one digit, or have two neighbors swapped: about a hundred.
#[must_use]
pub fn candidates(phone: &Phone) -> Vec<(Phone, Nearness)> {
    let whole = phone.as_str().as_bytes();
    let from = whole.len() - phone.national().len();
    let mut found: Vec<(Phone, Nearness)> = Vec::new();
    let mut take = |digits: Vec<u8>, how: Nearness| {
        let text = String::from_utf8(digits).unwrap_or_default();
        let near = Phone::parse(&text, None).ok().filter(|near| near.as_str() == text && near != phone);
        found.extend(near.map(|near| (near, how)));
    };
    for at in from..whole.len() {
        for digit in b'0'..=b'9' {
            let mut digits = whole.to_vec();
            digits[at] = digit;
            take(digits, Nearness::Digit);
        }
        if at + 1 < whole.len() && whole[at] != whole[at + 1] {
            let mut digits = whole.to_vec();
            digits.swap(at, at + 1);
            take(digits, Nearness::Swap);
        }
    }
    found
}

/// When a code was requested lately that nobody has entered; `None`: none was, or somebody got in since.
#[must_use]
pub fn waits_since(record: &Record, now: Moment) -> Option<Moment> {
    let codes = || record.purposes.values().flat_map(|state| &state.challenges);
    let made = codes().filter(|code| code.state != State::Issued).map(|code| code.created_at);
    // A text that tells no code counts as a send, and is no step toward the next wait.
    let sends = record.sends.iter().copied().filter(|_| record.cooldown_step > 0);
    let newest = sends.chain(made).max().filter(|at| at.after(LATELY) > now && *at <= now)?;
    let is_in = codes().any(|code| code.state == State::Used && code.created_at.after(LATELY) > now);
    (!is_in).then_some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_number_is_among_about_a_hundred() {
        let of = |number: &str| Phone::parse(number, None).unwrap();
        let near = candidates(&of("+919876543210"));
        assert!((80..=100).contains(&near.len()), "{}", near.len());
        for (number, how) in [
            ("+919876543211", Nearness::Digit),
            ("+919876543201", Nearness::Swap),
            ("+918976543210", Nearness::Swap),
            ("+919876543290", Nearness::Digit),
        ] {
            assert!(near.contains(&(of(number), how)), "{number}");
        }
        assert!(!near.iter().any(|(phone, _)| phone.calling_code() != 91 || phone.as_str() == "+919876543210"));
        let mut numbers: Vec<&str> = near.iter().map(|(phone, _)| phone.as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), near.len(), "each once");
    }
}
