//! The words that people read: texts in the sources, the help of commands, and the pages. Each phrase here has a plainer
//! one that is used instead.

use regex_lite::Regex;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ItemEnum, ItemMod, ItemStruct, Lit, LitStr, Macro, Meta};

/// A phrase, and what is said instead.
const PHRASES: &[(&str, &str)] = &[
    (r"\btries\b|\b(a|one|each|every|another|wrong) try\b", "attempts, attempt"),
    (r"\b(its|the|a|their) (life|lives)\b|\b(long )?life of\b", "lifetime, expires in"),
    (r"\b(took|takes) (it|them|the message|the SMS)\b", "accepted, accepts"),
    (r"\bmend(s|ed)?\b|\bput right\b", "fix, fixed"),
    (r"\bsurely\b", "say it without the word"),
    (r"\b(is|are|was|stays) dead\b|\bdead codes?\b", "canceled, no longer works"),
    (r"\bpass(ed|es)? over\b", "skipped, skips"),
    (r"\b(lies?|stands?|stood|lay) (in|on|at|there|beside|behind|before|as|under|between|with|twice)\b", "is in"),
    (r"\b(is|are) said\b", "is reported, pass"),
    (r"\bhand(s|ed|ing)? in\b", "pass, record"),
    (r"\bask(s|ed|ing)? (nobody|anybody)\b", "makes no request"),
    (r"\bof (one's|your) own\b", "your own, custom"),
    (r"\blaws? of\b|\bthe law\b", "contract"),
    (r"\b[Nn]othing is known of\b", "No code was requested for …"),
    (r"\band was not named\b", "pass --config FILE to confirm"),
    (r"\bin a row\b", "consecutive"),
    (r"\b[Ii]n earnest\b", "to send real SMS"),
    (r"\bunits of gsm7\b", "GSM-7 characters"),
    (r"\bsay --yes\b|\bneeds a confirmation\b", "Confirmation required; rerun with --yes"),
    (r"\b[Tt]he code for .* is right\b", "Code accepted for …"),
    (r"colour|behaviour|neighbour|honour|recognis|organis|cancelled|dialled|catalogue", "American spelling"),
];

/// The phrases of a text that are not used, with what is used instead.
pub struct Phrases(Vec<(Regex, &'static str)>);

impl Phrases {
    pub fn new() -> Self {
        Self(PHRASES.iter().map(|(phrase, instead)| (Regex::new(phrase).unwrap(), *instead)).collect())
    }

    /// What is wrong with a text, if anything.
    pub fn wrong(&self, text: &str) -> Option<String> {
        let (found, instead) = self.0.iter().find_map(|(phrase, instead)| Some((phrase.find(text)?, instead)))?;
        Some(format!("`{}` instead of `{instead}` in: {}", found.as_str(), text.trim()))
    }
}

/// The texts of a source that people may read: string literals of more than a word, without what is filled in, and the
/// help of arguments.
pub fn of_source(source: &str) -> Vec<String> {
    let parsed = syn::parse_file(source).unwrap_or_else(|error| panic!("{error}"));
    let mut reader = Reader::default();
    reader.visit_file(&parsed);
    let filled_in = Regex::new(r"\{[^{}]*\}").unwrap();
    let texts = reader.texts.iter().map(|text| filled_in.replace_all(text, "…").into_owned());
    texts.filter(|text| text.trim().contains(' ')).collect()
}

/// The lines of a page, without names of fields and values, and without the commands of its examples.
pub fn of_page(page: &str) -> Vec<String> {
    let names = Regex::new(r#"`[^` ]*`|"[a-z_]*""#).unwrap();
    let lines = page.lines().filter(|line| !line.starts_with("$ "));
    lines.map(|line| names.replace_all(line, "…").into_owned()).collect()
}

#[derive(Default)]
struct Reader {
    texts: Vec<String>,
}

impl Reader {
    /// The string literals in the text of tokens.
    fn tokens(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('"') {
            let behind = &rest[at + 1..];
            let mut escaped = false;
            let end = behind.find(|letter| {
                let is_end = letter == '"' && !escaped;
                escaped = letter == '\\' && !escaped;
                is_end
            });
            let Some(end) = end else { return };
            let literal = &rest[at..at + end + 2];
            self.texts.extend(syn::parse_str::<LitStr>(literal).ok().map(|text| text.value()));
            rest = &behind[end + 1..];
        }
    }

    fn help(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
            let Meta::NameValue(doc) = &attribute.meta else { continue };
            let Expr::Lit(text) = &doc.value else { continue };
            let Lit::Str(text) = &text.lit else { continue };
            self.texts.push(text.value());
        }
    }
}

/// Whether `clap` shows the documentation of this type to people.
fn is_help(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let derived = list.tokens.to_string();
        ["Args", "Parser", "Subcommand", "ValueEnum"].iter().any(|name| derived.contains(name))
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(super::circles::is_for_tests) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if is_help(&item.attrs) {
            self.help(&item.attrs);
            item.fields.iter().for_each(|field| self.help(&field.attrs));
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if is_help(&item.attrs) {
            self.help(&item.attrs);
            for variant in &item.variants {
                self.help(&variant.attrs);
                variant.fields.iter().for_each(|field| self.help(&field.attrs));
            }
        }
        visit::visit_item_enum(self, item);
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.texts.push(text.value());
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.tokens(&item.tokens.to_string());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta
            && !attribute.path().is_ident("expect")
        {
            self.tokens(&list.tokens.to_string());
        }
    }
}

#[test]
fn what_people_read_is_found_and_nothing_else() {
    let source = "/// Its tries.\n#[derive(Args)]\nstruct A { /// The tries it has.\n a: u8 }\n/// No help: tries.\nstruct B;\n\
                  #[error(\"no {tries} left\")]\nfn a() { b(\"tries\"); c!(\"passed over: {}\", 1); }\n\
                  #[cfg(test)]\nmod tests { fn t() { d(\"it is dead\") } }";
    let texts = of_source(source);
    assert_eq!(texts, [" Its tries.", " The tries it has.", "no … left", "passed over: …"]);
    let phrases = Phrases::new();
    let wrong: Vec<bool> = texts.iter().map(|text| phrases.wrong(text).is_some()).collect();
    assert_eq!(wrong, [true, true, false, true]);
    assert_eq!(of_page("`tries` is a field\n$ otpctl inspect tries\n4 tries left"), ["… is a field", "4 tries left"]);
}
