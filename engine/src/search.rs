//! What somebody types into a search box, and how each database is asked for it.
//!
//! Words must all be there; text in quotes stands so; `or` parts alternatives; a hyphen before a
//! word excludes it. Whatever else is typed parts words and means nothing, so no text is wrong
//! for a database.

use model::Dialect;
use std::fmt::Write as _;

/// Most words of a search.
const WORDS_MAX: usize = 64;

/// Words that `InnoDB` does not index (`INNODB_FT_DEFAULT_STOPWORD`): nothing would be found that
/// must have one.
const UNINDEXED: [&str; 35] = [
    "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how",
    "i", "in", "is", "it", "la", "of", "on", "or", "that", "the", "this", "to", "und", "was",
    "what", "when", "where", "who", "will", "with", "www",
];

/// Alternatives.
#[derive(Debug, Default, PartialEq)]
struct Search(Vec<Alternative>);

/// Terms that must be there, and others that must not.
#[derive(Debug, Default, PartialEq)]
struct Alternative {
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

/// A word, or several that stand one behind the other.
#[derive(Debug, PartialEq)]
struct Term {
    /// As it was typed, without quotes.
    text: String,
    is_quoted: bool,
}

/// The words of a search as a database takes them; the error is the rest of a sentence.
pub(crate) fn query(dialect: Dialect, text: &str) -> Result<String, String> {
    let search = Search::read(text)?;
    Ok(match dialect {
        Dialect::Sqlite => search.sqlite(),
        Dialect::Postgres => search.postgres(),
        Dialect::Mariadb => search.mariadb(),
    })
}

impl Search {
    fn read(text: &str) -> Result<Self, String> {
        let mut alternatives = vec![Alternative::default()];
        let mut rest = text.trim_start();
        let mut words = 0;
        while !rest.is_empty() {
            let (term, is_unwanted, behind) = Term::read(rest);
            rest = behind.trim_start();
            words += term.words("").count();
            if words > WORDS_MAX {
                return Err(format!("a search has at most {WORDS_MAX} words"));
            }
            if term.parts_alternatives() && !is_unwanted {
                alternatives.push(Alternative::default());
            } else if let Some(last) = alternatives.last_mut().filter(|_| !term.is_empty()) {
                let terms = if is_unwanted {
                    &mut last.unwanted
                } else {
                    &mut last.wanted
                };
                terms.push(term);
            }
        }
        let excludes = |alternative: &Alternative| {
            alternative.wanted.is_empty() && !alternative.unwanted.is_empty()
        };
        if alternatives.iter().any(excludes) {
            return Err("a search needs a word to look for beside those it excludes".to_owned());
        }
        alternatives.retain(|alternative| !alternative.wanted.is_empty());
        Ok(Self(alternatives))
    }

    /// The language of FTS5, every term a string; a search for nothing finds nothing.
    fn sqlite(&self) -> String {
        let all = self.0.iter().map(|alternative| {
            let phrases = |terms: &[Term], operator: &str| {
                let phrases = terms.iter().map(|term| term.phrase(""));
                phrases.collect::<Vec<_>>().join(operator)
            };
            let mut query = format!("({})", phrases(&alternative.wanted, " AND "));
            if !alternative.unwanted.is_empty() {
                let _ = write!(query, " NOT ({})", phrases(&alternative.unwanted, " OR "));
            }
            format!("({query})")
        });
        let query = all.collect::<Vec<_>>().join(" OR ");
        if query.is_empty() {
            "\"\"".to_owned()
        } else {
            query
        }
    }

    /// The language of `websearch_to_tsquery`, which has its own mind of what a word is.
    fn postgres(&self) -> String {
        let all = self.0.iter().map(|alternative| {
            let wanted = alternative.wanted.iter().map(Term::typed);
            let unwanted = alternative.unwanted.iter();
            let unwanted = unwanted.map(|term| format!("-{}", term.typed()));
            wanted.chain(unwanted).collect::<Vec<_>>().join(" ")
        });
        all.collect::<Vec<_>>().join(" or ")
    }

    /// The language of boolean mode, every term a string.
    fn mariadb(&self) -> String {
        let all = self.0.iter().map(|alternative| {
            let wanted = alternative.wanted.iter().map(|term| {
                let sign = if term.is_indexed() { "+" } else { "" };
                format!("{sign}{}", term.phrase("_"))
            });
            let unwanted = alternative.unwanted.iter();
            let unwanted = unwanted.map(|term| format!("-{}", term.phrase("_")));
            let terms = wanted.chain(unwanted).collect::<Vec<_>>().join(" ");
            format!("({terms})")
        });
        all.collect::<Vec<_>>().join(" ")
    }
}

impl Term {
    /// The term a text begins with, whether it is unwanted, and what is behind it.
    fn read(text: &str) -> (Self, bool, &str) {
        let signed = text.strip_prefix('-');
        let is_unwanted = signed.is_some_and(|rest| !rest.starts_with(char::is_whitespace));
        let text = signed.filter(|_| is_unwanted).unwrap_or(text);
        let quoted = text.strip_prefix('"');
        let (inside, rest) = if let Some(quoted) = quoted {
            quoted.split_once('"').unwrap_or((quoted, ""))
        } else {
            let ends = |letter: char| letter.is_whitespace() || letter == '"';
            text.split_at(text.find(ends).unwrap_or(text.len()))
        };
        let term = Self {
            text: inside
                .trim_matches(|letter: char| !letter.is_alphanumeric())
                .to_owned(),
            is_quoted: quoted.is_some(),
        };
        (term, is_unwanted, rest)
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn parts_alternatives(&self) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case("or")
    }

    /// What no database takes for a sign or a blank; `letters` are signs that are part of words.
    fn words<'t>(&'t self, letters: &'t str) -> impl Iterator<Item = &'t str> {
        let is_sign = |letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric();
        let ends = move |letter: char| {
            letter.is_whitespace() || is_sign(letter) && !letters.contains(letter)
        };
        self.text.split(ends).filter(|word| !word.is_empty())
    }

    /// Its words in quotes.
    fn phrase(&self, letters: &str) -> String {
        let words: Vec<_> = self.words(letters).collect();
        format!("\"{}\"", words.join(" "))
    }

    /// As it was typed: PostgreSQL knows addresses and numbers with points in them.
    fn typed(&self) -> String {
        let is_word = !self.is_quoted && !self.parts_alternatives();
        if is_word {
            self.text.clone()
        } else {
            format!("\"{}\"", self.text)
        }
    }

    fn is_indexed(&self) -> bool {
        let mut words = self.words("_");
        words.any(|word| !UNINDEXED.contains(&word.to_ascii_lowercase().as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> [String; 3] {
        [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb]
            .map(|dialect| query(dialect, text).unwrap())
    }

    #[test]
    fn words_quotes_alternatives_and_hyphens_are_understood() {
        assert_eq!(
            all("red  lamp"),
            [
                "((\"red\" AND \"lamp\"))",
                "red lamp",
                "(+\"red\" +\"lamp\")"
            ]
        );
        assert_eq!(
            all("\"red lamp\" -oak OR foo-bar"),
            [
                "((\"red lamp\") NOT (\"oak\")) OR ((\"foo bar\"))",
                "\"red lamp\" -oak or foo-bar",
                "(+\"red lamp\" -\"oak\") (+\"foo bar\")"
            ]
        );
        assert_eq!(
            all("the lamp \"or\""),
            [
                "((\"the\" AND \"lamp\" AND \"or\"))",
                "the lamp \"or\"",
                "(\"the\" +\"lamp\" \"or\")"
            ]
        );
    }

    #[test]
    fn signs_of_any_database_mean_nothing() {
        for text in [
            "red\"",
            "red ()",
            "(red",
            "red*",
            "+red",
            "red @3",
            "~red",
            "<red>",
            "red \\",
            "red '",
            "NEAR(red, 2)",
            "{red}",
            "red:x",
            "^red",
            "- red",
            "red -",
            "red -\"\"",
            "or red or",
            "!red &| blue",
            "a\"b\"c -\"d",
            "AND NOT red",
        ] {
            let [sqlite, _, mariadb] = all(text);
            let parts = |query: &str| {
                let parts = query.split('"').map(str::to_owned);
                parts.collect::<Vec<_>>()
            };
            for (query, signs) in [(sqlite, "() ANDORT"), (mariadb, "()+- ")] {
                for (place, part) in parts(&query).iter().enumerate() {
                    let fits = |letter: char| match place % 2 {
                        0 => signs.contains(letter),
                        _ => letter.is_alphanumeric() || letter == ' ',
                    };
                    assert!(part.chars().all(fits), "{text}: {query}");
                }
                assert_eq!(parts(&query).len() % 2, 1, "{text}: {query}");
            }
        }
        assert_eq!(all(" \"\" --- «»"), ["\"\"", "", ""]);
    }

    #[test]
    fn a_search_that_only_excludes_is_refused_and_so_is_an_endless_one() {
        for text in ["-red", "lamp or -red", "-\"red lamp\" -oak"] {
            assert!(query(Dialect::Postgres, text).is_err(), "{text}");
        }
        assert!(query(Dialect::Sqlite, &"word ".repeat(WORDS_MAX)).is_ok());
        assert!(query(Dialect::Sqlite, &"word-word ".repeat(WORDS_MAX)).is_err());
    }
}
