//! The function `fragaria_ilike`: LIKE without regard to case, for all of Unicode.

use std::str::Chars;

/// Whether all of `text` matches; `%` stands for any run, `_` for any one character, a backslash
/// takes the next one literally. `None` for a pattern that ends in a lone backslash.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on after a mismatch: behind the last `%`, one character later in the text.
    let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let before = pattern.clone();
        let matched = match pattern.next() {
            Some('%') => {
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            Some('_') => text.next().is_some(),
            Some('\\') => text.next().is_some_and(same_as(pattern.next()?)),
            Some(literal) => text.next().is_some_and(same_as(literal)),
            None if text.as_str().is_empty() => return Some(true),
            None => false,
        };
        if matched {
            continue;
        }
        let Some((behind, start)) = &mut retry else {
            return well_formed(before).then_some(false);
        };
        if start.next().is_none() {
            return well_formed(before).then_some(false);
        }
        pattern = behind.clone();
        text = start.clone();
    }
}

/// The one character that becomes two in lower case, `İ`, counts as the first, as in PostgreSQL.
fn same_as(left: char) -> impl Fn(char) -> bool {
    move |right| left == right || left.to_lowercase().next() == right.to_lowercase().next()
}

/// Whether the rest of a pattern escapes something with each of its backslashes.
fn well_formed(mut rest: Chars<'_>) -> bool {
    while let Some(character) = rest.next() {
        if character == '\\' && rest.next().is_none() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_without_regard_to_case() {
        for (pattern, text, expected) in [
            ("abc", "ABC", true),
            ("abc", "abcd", false),
            ("%rock%", "Hard ROCK Cafe", true),
            ("äö%", "ÄÖü", true),
            ("straße", "STRASSE", false),
            ("i_tanbul", "İSTANBUL", true),
            ("a_c", "aÜC", true),
            ("a_c", "ac", false),
            ("%", "", true),
            ("_", "", false),
            ("", "", true),
            ("", "x", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("\\_\\\\", "_\\", true),
            ("%a%b%c", "xxaxxbxxbc", true),
            ("%a%b%c", "xxaxxbxxbd", false),
            ("%ab", "aab", true),
            ("%aab", "aaab", true),
        ] {
            assert_eq!(matches(pattern, text), Some(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_that_ends_in_a_backslash_is_refused() {
        for text in ["", "a", "ab", "b"] {
            assert_eq!(matches("a\\", text), None, "{text}");
        }
    }

    #[test]
    fn many_wildcards_do_not_explode() {
        let pattern = "%a".repeat(60) + "b";
        assert_eq!(matches(&pattern, &"a".repeat(5_000)), Some(false));
    }
}
