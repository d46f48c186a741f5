//! What is different in each run, and the words that stand for it on a page.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};

/// A pattern, and what stands for its text. In the second, `#` is the number of a text among those of its kind, so that a
/// reader sees which are the same.
const PATTERNS: &[(&str, &str)] = &[
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    // Local times, for people.
    (r"\buntil [A-Z][a-z]{2} \d{1,2} at \d\d:\d\d\b", "until <time>"),
    (r"\b(on [A-Z][a-z]{2} \d{1,2}(, \d{4})? )?at \d\d:\d\d\b", "at <time>"),
    (r"\b([A-Z][a-z]{2} \d{1,2} (at )?)?\d\d:\d\d(:\d\d)?\b", "<time>"),
    (r"\bch_[a-z2-7]{26}\b", "<ch #>"),
    (r"\bch_[a-z2-7]{8}…", "<ch>…"),
    (r"\bph_[a-z2-7]{26}\b", "<ph #>"),
    (r"\bat_[a-z2-7]{16,}\b", "<at #>"),
    (r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<assertion>"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (r#""([a-z_]*seconds)":\d+(\.\d+)?"#, r#""$1":<seconds>"#),
    // The anchor of a record.
    (r"\b(\d+):[A-Za-z0-9_-]{11}(?:[A-Za-z0-9_]\b|-)", "$1:<mac>"),
    (r"window_seconds \d+", "window_seconds <seconds>"),
    (r#""by":"[^"]*""#, r#""by":"<operator>""#),
    (r"\bblocked by .+? at <time>", "blocked by <operator> at <time>"),
    (r"((?:block|allow)\t<time>\t(?:<time>|removed)\t)[^\t\n]+\t", "$1<operator>\t"),
    (r"\b\d+(\.\d+)? (ms|s|min|h)\b", "<span>"),
    (r", \d+ bytes\b", ", <size>"),
    (r"\b\d+(\.\d+)? [KMGT]iB left\b", "<size> left"),
    // What else has six digits is a code.
    (r"\b\d{6}\b", "<code #>"),
];

/// What was typed as a code where there is none, and stays as it is.
pub const ANY_CODE: &str = "123456";

/// The texts of one page that were replaced.
pub struct Masks {
    patterns: Vec<(Regex, &'static str)>,
    hidden: Vec<(String, String)>,
    seen: BTreeMap<&'static str, Vec<String>>,
    gaps: Regex,
}

impl Default for Masks {
    fn default() -> Self {
        let patterns = PATTERNS.iter().map(|(pattern, name)| (Regex::new(pattern).unwrap(), *name));
        Self {
            patterns: patterns.collect(),
            hidden: Vec::new(),
            seen: BTreeMap::new(),
            gaps: Regex::new(r"(?m)(^2> +|^ +)|(\S)   +").unwrap(),
        }
    }
}

impl Masks {
    /// Another word for this text, from here on.
    pub fn hide(&mut self, text: &str, name: &str) {
        self.hidden.push((text.to_owned(), name.to_owned()));
    }

    pub fn apply(&mut self, text: &str, home: &str) -> String {
        let mut text = text.replace(home, "<home>").replace(env!("CARGO_PKG_VERSION"), "<version>");
        for (hidden, name) in &self.hidden {
            text = text.replace(hidden, name);
        }
        for (pattern, name) in &self.patterns {
            let seen = self.seen.entry(name).or_default();
            text = pattern
                .replace_all(&text, |found: &Captures<'_>| {
                    let whole = &found[0];
                    if whole == ANY_CODE {
                        return whole.to_owned();
                    }
                    let name = found.get(1).map_or((*name).to_owned(), |part| name.replace("$1", part.as_str()));
                    if !name.contains('#') {
                        return name;
                    }
                    let number = seen.iter().position(|text| text == whole).unwrap_or_else(|| {
                        seen.push(whole.to_owned());
                        seen.len() - 1
                    });
                    name.replace('#', &(number + 1).to_string())
                })
                .into_owned();
        }
        if !text.contains("<time>") {
            return text;
        }
        // Columns are as wide as what was in them; what a line begins with is no column.
        let narrow = |gap: &Captures<'_>| match gap.get(2) {
            Some(end) => format!("{}  ", end.as_str()),
            None => gap[0].to_owned(),
        };
        self.gaps.replace_all(&text, narrow).into_owned()
    }
}
