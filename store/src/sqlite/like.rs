//! Patterns as LIKE has them: read once, then matched under the eyes of the watch.

use super::watch::Watch;
use memchr::memmem::Finder;

/// What one more part of a pattern costs each text, in bytes looked at.
const PART: usize = 16;

/// A pattern: `%` stands for any run, `_` for any one character, a backslash takes the next one
/// literally.
pub(super) struct Pattern {
    /// What the text begins with.
    first: Part,
    /// What follows behind each `%`.
    further: Box<[Part]>,
}

/// Whether letters of another case are the same.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Case {
    /// They are not.
    Told,
    /// They are; the text is to be [`folded`].
    Folded,
}

/// The statement is to stop.
#[derive(Debug, PartialEq)]
pub(super) struct Stopped;

impl Pattern {
    /// Reads a pattern; `None` for one that ends in a lone backslash.
    pub(super) fn parse(pattern: &str, case: Case) -> Option<Self> {
        let mut parts = vec![Draft::default()];
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = parts.last_mut()?;
            match character {
                '%' => parts.push(Draft::default()),
                '_' => part.any(),
                '\\' => part.literal(case.of(characters.next()?)),
                literal => part.literal(case.of(literal)),
            }
        }
        let mut parts = parts.into_iter().map(Draft::finish);
        Some(Self {
            first: parts.next()?,
            further: parts.collect(),
        })
    }

    /// Whether all of the text matches.
    ///
    /// A part without `_` is found in one walk through the text; any other may be tried at each
    /// place of it.
    pub(super) fn matches(&self, text: &[u8], watch: &Watch) -> Result<bool, Stopped> {
        charge(watch, text.len() + PART * self.further.len())?;
        let Some(begun) = self.first.at(text) else {
            return Ok(false);
        };
        let (_, mut rest) = text.split_at(begun);
        let Some((last, middle)) = self.further.split_last() else {
            return Ok(rest.is_empty());
        };
        for part in middle {
            match part.find(rest, watch)? {
                Some(end) => rest = &rest[end..],
                None => return Ok(false),
            }
        }
        Ok(last.ends(rest))
    }
}

/// The text as patterns of [`Case::Folded`] are compared with it.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(fold).collect()
}

/// The one character that becomes two in lower case, `İ`, counts as the first, as in PostgreSQL.
fn fold(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

impl Case {
    fn of(self, character: char) -> char {
        match self {
            Self::Told => character,
            Self::Folded => fold(character),
        }
    }
}

/// What stands between two `%`: a fixed number of characters.
struct Part {
    /// How many of any kind come first.
    lead: usize,
    runs: Box<[Run]>,
    /// How many there are in all.
    characters: usize,
    /// What one try costs, in bytes looked at.
    cost: usize,
}

/// Literal text, and how many characters of any kind follow it.
struct Run {
    text: Finder<'static>,
    gap: usize,
}

impl Part {
    /// How many bytes at the start of the text match.
    fn at(&self, text: &[u8]) -> Option<usize> {
        let lead = skip(text, self.lead)?;
        Some(lead + self.behind_lead(&text[lead..])?)
    }

    fn behind_lead(&self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        for run in &self.runs {
            let rest = text.get(at..)?.strip_prefix(run.text.needle())?;
            at += run.text.needle().len() + skip(rest, run.gap)?;
        }
        Some(at)
    }

    /// Where its first match ends, which is also the one that ends first.
    fn find(&self, text: &[u8], watch: &Watch) -> Result<Option<usize>, Stopped> {
        let Some(mut from) = skip(text, self.lead) else {
            return Ok(None);
        };
        let Some(anchor) = self.runs.first() else {
            return Ok(Some(from));
        };
        while let Some(found) = anchor.text.find(&text[from..]) {
            from += found;
            if let Some(length) = self.behind_lead(&text[from..]) {
                return Ok(Some(from + length));
            }
            charge(watch, self.cost)?;
            from += 1;
        }
        Ok(None)
    }

    /// Whether the text ends with it.
    fn ends(&self, text: &[u8]) -> bool {
        let mut start = text.len();
        for _ in 0..self.characters {
            match text[..start].iter().rposition(|byte| begins(*byte)) {
                Some(before) => start = before,
                None => return false,
            }
        }
        self.at(&text[start..]) == Some(text.len() - start)
    }
}

/// A part in the making.
#[derive(Default)]
struct Draft {
    lead: usize,
    runs: Vec<(Vec<u8>, usize)>,
    characters: usize,
}

impl Draft {
    fn any(&mut self) {
        self.characters += 1;
        match self.runs.last_mut() {
            Some((_, gap)) => *gap += 1,
            None => self.lead += 1,
        }
    }

    fn literal(&mut self, character: char) {
        self.characters += 1;
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        match self.runs.last_mut() {
            Some((text, 0)) => text.extend_from_slice(bytes),
            _ => self.runs.push((bytes.to_vec(), 0)),
        }
    }

    fn finish(self) -> Part {
        let runs = self.runs.into_iter().map(|(text, gap)| Run {
            text: Finder::new(&text).into_owned(),
            gap,
        });
        Part {
            lead: self.lead,
            runs: runs.collect(),
            characters: self.characters,
            cost: self.characters + PART,
        }
    }
}

fn charge(watch: &Watch, bytes: usize) -> Result<(), Stopped> {
    if watch.charge(bytes) {
        return Err(Stopped);
    }
    Ok(())
}

/// How many bytes so many characters take.
fn skip(text: &[u8], characters: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..characters {
        text.get(at)?;
        at += 1;
        while text.get(at).is_some_and(|byte| !begins(*byte)) {
            at += 1;
        }
    }
    Some(at)
}

/// Whether a character begins with this byte of UTF-8.
fn begins(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        let pattern = Pattern::parse(pattern, Case::Folded)?;
        pattern.matches(folded(text).as_bytes(), &Watch::new()).ok()
    }

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
            ("%_ä", "üä", true),
            ("%__ä", "üä", false),
            ("%a_b%c_", "aaxbbcü", true),
        ] {
            assert_eq!(matches(pattern, text), Some(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn letters_of_another_case_are_others_where_case_is_told() {
        let pattern = Pattern::parse("%Ä_", Case::Told).unwrap();
        let matches = |text: &str| pattern.matches(text.as_bytes(), &Watch::new());
        assert_eq!(matches("aÄb"), Ok(true));
        assert_eq!(matches("aäb"), Ok(false));
    }

    #[test]
    fn a_pattern_that_ends_in_a_backslash_is_refused() {
        for text in ["", "a", "ab", "b"] {
            assert_eq!(matches("a\\", text), None, "{text}");
        }
    }

    #[test]
    fn a_literal_is_found_in_one_walk_whatever_repeats_in_it() {
        let watch = Watch::new();
        watch.begin(Duration::from_secs(3_600), Some(100));
        let text = "a".repeat(500_000);
        for pattern in [
            "%".to_owned() + &"a".repeat(4_000) + "b%",
            "%a".repeat(60) + "b",
        ] {
            let pattern = Pattern::parse(&pattern, Case::Told).unwrap();
            assert_eq!(pattern.matches(text.as_bytes(), &watch), Ok(false));
        }
    }

    #[test]
    fn tries_at_each_place_are_stopped_by_the_watch() {
        let watch = Watch::new();
        watch.begin(Duration::from_secs(3_600), Some(100));
        let pattern = "%".to_owned() + &"a_".repeat(2_000) + "b%";
        let pattern = Pattern::parse(&pattern, Case::Told).unwrap();
        let text = "a".repeat(500_000);
        assert_eq!(pattern.matches(text.as_bytes(), &watch), Err(Stopped));
        assert!(watch.is_spent());
    }
}
