//! What codes are like where an application makes them: its own, and those that are made here.

use std::fmt;

use super::KeyedLayout;
use super::codec::StoredCode;
use crate::layout::{Layout as _, Operation};
use crate::otp::{Code, CodeError, CodeSpec};

/// The longest text that is taken for a code where nobody here checks or makes one.
const LONGEST: usize = 128;

/// All shapes that a code may have, the shortest first. Without any, codes are neither checked nor made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeShapes(Vec<CodeSpec>);

impl CodeShapes {
    /// What all codes of a layout may be like: the application's own, and, where codes are made here, ours.
    pub(super) fn of_layout(layout: &KeyedLayout, ours: &CodeSpec) -> Self {
        if !layout.allows.contains(&Operation::Verify) && !layout.allows.contains(&Operation::Issue) {
            return Self::unknown();
        }
        let mut all = vec![layout.own_codes(ours)];
        if layout.allows.contains(&Operation::Issue) && !all.contains(ours) {
            all.push(ours.clone());
        }
        all.sort_by_key(|spec| spec.length);
        Self(all)
    }
}

impl CodeShapes {
    /// Codes that nobody here checks or makes.
    pub(in crate::layout) fn unknown() -> Self {
        Self(Vec::new())
    }

    /// Those of one kind of codes.
    #[must_use]
    pub fn of(spec: &CodeSpec) -> Self {
        Self(vec![spec.clone()])
    }

    /// Reads what a person typed.
    ///
    /// # Errors
    /// When it cannot be a code of any of these shapes; the error names them all.
    pub fn read(&self, typed: &str) -> Result<Code, CodeError> {
        let mut refused = CodeError::Shape(self.to_string());
        for spec in &self.0 {
            match spec.read(typed) {
                Ok(code) => return Ok(code),
                Err(CodeError::Empty) => refused = CodeError::Empty,
                Err(CodeError::Shape(_)) => {}
            }
        }
        Err(refused)
    }

    /// Whether what is stored is a code of one of these shapes, to the letter. A number may have lost zeros at its front.
    pub(super) fn fit(&self, stored: &StoredCode) -> bool {
        let text = stored.text.as_str();
        if self.0.is_empty() {
            return (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        }
        self.0.iter().any(|spec| {
            let lost = spec.length.saturating_sub(text.len());
            let whole = text.len() == spec.length || stored.number && text.len() < spec.length;
            whole && (lost == 0 || spec.alphabet.has('0')) && text.chars().all(|one| spec.alphabet.has(one))
        })
    }
}

impl fmt::Display for CodeShapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, spec) in self.0.iter().enumerate() {
            match self.0.get(nth + 1) {
                // "4 or 6 digits"
                Some(next) if next.alphabet == spec.alphabet => write!(f, "{} or ", spec.length)?,
                Some(_) => write!(f, "{spec} or ")?,
                None => write!(f, "{spec}")?,
            }
        }
        if self.0.is_empty() { f.write_str("letters and digits") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::Alphabet;

    fn spec(alphabet: &str, length: usize) -> CodeSpec {
        CodeSpec { alphabet: Alphabet::named(alphabet).unwrap(), length }
    }

    #[test]
    fn a_code_has_one_of_its_shapes_to_the_letter() {
        let shapes = CodeShapes(vec![spec("digits", 4), spec("digits", 6)]);
        let fits = |text: &str, number| shapes.fit(&StoredCode { text: text.to_owned().into(), number });
        for text in ["0421", "042137"] {
            assert!(fits(text, false), "{text}");
        }
        for text in ["", "421", "04213", "0421378", "042a", " 0421", "0421\n", "-421", "０４２１"] {
            assert!(!fits(text, false), "{text:?}");
        }
        for (number, is_one) in
            [("7", true), ("421", true), ("42137", true), ("421378", true), ("4213789", false), ("-42", false)]
        {
            assert_eq!(fits(number, true), is_one, "{number}");
        }
        assert!(CodeShapes(vec![spec("ABCDEF", 4)]).fit(&StoredCode { text: "abCD".to_owned().into(), number: false }));
        assert!(
            !CodeShapes(vec![spec("123456789", 4)]).fit(&StoredCode { text: "12".to_owned().into(), number: true })
        );
    }

    #[test]
    fn shapes_are_told_as_people_say_them() {
        for (shapes, told) in [
            (vec![spec("digits", 6)], "6 digits"),
            (vec![spec("digits", 4), spec("digits", 6)], "4 or 6 digits"),
            (vec![spec("digits", 6), spec("hex", 8)], "6 digits or 8 hexadecimal digits"),
            (vec![spec("abc23", 10)], "10 characters of ABC23"),
        ] {
            let shapes = CodeShapes(shapes);
            assert_eq!(shapes.to_string(), told);
            assert_eq!(shapes.read("12-").unwrap_err().to_string(), format!("the code must be {told}"));
            assert_eq!(shapes.read(" ").unwrap_err(), CodeError::Empty);
        }
    }
}
