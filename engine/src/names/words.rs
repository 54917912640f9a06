//! Singular and plural of the last word of a name.

use heck::ToSnakeCase;

/// A name as lower-case words, the last one inflected: `OrderItems` → `order_item`.
pub(super) fn inflect(name: &str, inflection: fn(&str) -> String) -> String {
    let words = name.to_snake_case();
    match words.rsplit_once('_') {
        Some((rest, last)) => format!("{rest}_{}", inflection(last)),
        None => inflection(&words),
    }
}

pub(super) fn singular(word: &str) -> String {
    exception(word, |pair| pair.0).unwrap_or_else(|| pluralizer::pluralize(word, 1, false))
}

pub(super) fn plural(word: &str) -> String {
    exception(word, |pair| pair.1).unwrap_or_else(|| pluralizer::pluralize(word, 2, false))
}

/// Words that mean something else in a database than in a dictionary (`datum`), and those the
/// rules of the library take for a plural: (singular, plural).
const EXCEPTIONS: &[(&str, &str)] = &[
    ("axis", "axes"),
    ("basis", "bases"),
    ("cache", "caches"),
    ("chaos", "chaos"),
    ("cms", "cms"),
    ("cookie", "cookies"),
    ("crm", "crms"),
    ("css", "css"),
    ("data", "data"),
    ("dns", "dns"),
    ("focus", "focuses"),
    ("gps", "gps"),
    ("lens", "lenses"),
    ("metadata", "metadata"),
    ("money", "money"),
    ("pos", "pos"),
    ("sms", "sms"),
    ("species", "species"),
    ("tls", "tls"),
    ("virus", "viruses"),
];

fn exception(
    word: &str,
    form: fn(&(&'static str, &'static str)) -> &'static str,
) -> Option<String> {
    // `bases` is far more often several bases than several of a basis.
    let is_it = |pair: &&(&str, &str)| pair.0 == word || pair.1 == word && word != "bases";
    EXCEPTIONS
        .iter()
        .find(is_it)
        .map(|pair| form(pair).to_owned())
}
