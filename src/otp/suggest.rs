//! The word that was probably meant: of the file, of a definition, of a folder.

/// The word that was probably meant: a third of it may be wrong, and a slip of two neighboring letters counts as one.
pub fn nearest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&typed, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= word.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `; did you mean …?`, or nothing.
pub fn meant<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    suggested(nearest(typed, words))
}

/// The same of a word that was found before.
#[must_use]
pub fn suggested(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
