//! How a number is written where it is at home: the groups of its digits, what is between them, and what is before them.

use super::{Phone, pattern, plan};

/// A number as its country writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// At home, with what is written before it there: `098765 43210`.
    pub home: String,
    /// The same without that: `98765 43210`.
    pub bare: String,
    /// Behind the calling code: `98765 43210`; `None`: it is not called from abroad.
    pub abroad: Option<String>,
}

impl Phone {
    /// What is written before the number at home, such as the `0` of `098765 43210`; empty where nothing is.
    #[must_use]
    pub fn trunk(&self) -> &'static str {
        self.plan().map_or("", |plan| plan.trunk)
    }

    /// How its country writes it; `None`: the plan does not say.
    #[must_use]
    pub fn written(&self) -> Option<Written> {
        let digits = self.national();
        let main = plan::of_calling_code(self.calling_code).next()?;
        let (form, groups) = main.forms.iter().find_map(|form| {
            let begins = form.leading.is_empty() || pattern::prefix(form.leading, digits).is_some();
            let groups = if begins { pattern::whole(form.groups, digits) } else { None };
            groups.map(|groups| (form, groups))
        })?;
        let filled = |text: &str| {
            let mut filled = String::new();
            let mut characters = text.chars();
            while let Some(character) = characters.next() {
                if character != '\\' {
                    filled.push(character);
                    continue;
                }
                let number = characters.next().and_then(|number| number.to_digit(10)).unwrap_or_default();
                filled.push_str(groups.group(number as usize, digits).unwrap_or_default());
            }
            filled
        };
        Some(Written {
            home: filled(&with_first(form.home, form.first)),
            bare: filled(form.home),
            abroad: match form.abroad {
                "" => Some(filled(form.home)),
                "NA" => None,
                abroad => Some(filled(abroad)),
            },
        })
    }

    fn plan(&self) -> Option<&'static plan::Plan> {
        match self.country() {
            Some(country) => plan::of_country(country),
            None => plan::of_calling_code(self.calling_code).next(),
        }
    }
}

/// The form with its first group as the rule for it says: `0\1` is that group behind a zero.
fn with_first(form: &str, rule: &str) -> String {
    let Some(at) = form.find('\\').filter(|_| !rule.is_empty()) else { return form.to_owned() };
    let (before, rest) = form.split_at(at);
    let (first, after) = rest.split_at(rest.len().min(2));
    format!("{before}{}{after}", rule.replace("\\1", first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: &str) -> (String, String, String) {
        let Written { home, bare, abroad } = Phone::parse(number, None).unwrap().written().unwrap();
        (home, bare, abroad.unwrap_or_default())
    }

    #[test]
    fn a_number_is_written_as_at_home() {
        for (number, home, bare, abroad) in [
            ("+919876543210", "098765 43210", "98765 43210", "98765 43210"),
            ("+12015550123", "(201) 555-0123", "(201) 555-0123", "201-555-0123"),
            ("+442079460958", "020 7946 0958", "20 7946 0958", "20 7946 0958"),
            ("+33612345678", "06 12 34 56 78", "6 12 34 56 78", "6 12 34 56 78"),
            ("+61293744000", "(02) 9374 4000", "2 9374 4000", "2 9374 4000"),
            ("+79161234567", "8 (916) 123-45-67", "916 123-45-67", "916 123-45-67"),
            ("+5491123456789", "011 15-2345-6789", "11 15-2345-6789", "9 11 2345-6789"),
            ("+390612345678", "06 1234 5678", "06 1234 5678", "06 1234 5678"),
        ] {
            assert_eq!(written(number), (home.to_owned(), bare.to_owned(), abroad.to_owned()), "{number}");
        }
    }
}
