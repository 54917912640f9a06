//! What `CREATE TABLE` names, read from its text (SQLite documentation, "CREATE TABLE").

use std::iter::Peekable;
use std::vec::IntoIter;

/// A constraint with its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) of: Of,
}

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A primary or unique key of these columns.
    Unique(Vec<String>),
    /// A unique index on expressions.
    Index,
    /// A check.
    Check,
    /// A foreign key.
    Reference,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name without quotes, or a keyword.
    Word(String),
    /// A name in quotes.
    Name(String),
    Open,
    Close,
    Comma,
    Other,
}

impl Token {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn into_name(self) -> Option<String> {
        match self {
            Self::Word(name) | Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// The constraints that a text gives names. `CONSTRAINT` is a word that no name has without quotes.
pub(super) fn declared(sql: &str) -> Vec<Declared> {
    let mut tokens = tokens(sql).into_iter().peekable();
    let mut found = Vec::new();
    // The column being declared: what stands first behind a comma.
    let (mut depth, mut column, mut is_first) = (0_usize, None, false);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open => {
                depth += 1;
                is_first |= depth == 1;
            }
            Token::Close => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => is_first = true,
            token if depth == 1 && token.is("CONSTRAINT") => {
                is_first = false;
                found.extend(constraint(&mut tokens, column.as_ref()));
            }
            token if is_first => {
                is_first = false;
                column = token.into_name();
            }
            _ => {}
        }
    }
    found
}

/// What follows `CONSTRAINT`, as far as it tells what is named.
fn constraint(tokens: &mut Peekable<IntoIter<Token>>, column: Option<&String>) -> Option<Declared> {
    let name = tokens.next()?.into_name()?;
    let kind = tokens.next_if(|token| matches!(token, Token::Word(_)))?;
    let of = if kind.is("CHECK") {
        Of::Check
    } else if kind.is("FOREIGN") || kind.is("REFERENCES") {
        Of::Reference
    } else if kind.is("UNIQUE") || kind.is("PRIMARY") {
        tokens.next_if(|token| token.is("KEY"));
        match tokens.next_if_eq(&Token::Open) {
            Some(_) => Of::Unique(listed(tokens)),
            None => Of::Unique(vec![column?.clone()]),
        }
    } else {
        return None;
    };
    Some(Declared { name, of })
}

/// The columns up to the end of their list, whatever stands behind each.
fn listed(tokens: &mut Peekable<IntoIter<Token>>) -> Vec<String> {
    let mut columns = Vec::new();
    let mut is_first = true;
    for token in tokens.by_ref() {
        match token {
            Token::Close => break,
            Token::Comma => is_first = true,
            token if is_first => {
                is_first = false;
                columns.extend(token.into_name());
            }
            _ => {}
        }
    }
    // The list itself was closed here.
    columns
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '"' | '`' | '\'' => tokens.push(Token::Name(quoted(&mut letters, letter))),
            '[' => tokens.push(Token::Name(
                letters.by_ref().take_while(|l| *l != ']').collect(),
            )),
            '-' if letters.next_if_eq(&'-').is_some() => {
                letters
                    .by_ref()
                    .take_while(|letter| *letter != '\n')
                    .for_each(drop);
            }
            '/' if letters.next_if_eq(&'*').is_some() => {
                let mut before = ' ';
                for letter in letters.by_ref() {
                    if (before, letter) == ('*', '/') {
                        break;
                    }
                    before = letter;
                }
            }
            letter if is_of_name(letter) => {
                let mut word = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| is_of_name(*letter)) {
                    word.push(letter);
                }
                tokens.push(Token::Word(word));
            }
            letter if letter.is_whitespace() => {}
            _ => tokens.push(Token::Other),
        }
    }
    tokens
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii()
}

/// The rest of a text in quotes, in which a quote stands twice.
fn quoted(letters: &mut Peekable<std::str::Chars<'_>>, quote: char) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        if letter == quote && letters.next_if_eq(&quote).is_none() {
            break;
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sql: &str) -> Vec<String> {
        let all = declared(sql).into_iter();
        all.map(|one| format!("{}: {:?}", one.name, one.of))
            .collect()
    }

    #[test]
    fn names_are_read_where_they_may_stand() {
        let sql = "CREATE TABLE \"a (constraint x unique)\" (\n\
            id int CONSTRAINT pk PRIMARY KEY ASC, -- CONSTRAINT no UNIQUE,\n\
            [e mail] text DEFAULT ('CONSTRAINT y UNIQUE') constraint \"the \"\"e\"\"\" unique,\n\
            score int /* , CONSTRAINT z CHECK */ CONSTRAINT low CHECK (score > (1)) CONSTRAINT high\n\
            CHECK (score < 9), owner int CONSTRAINT o REFERENCES b (id),\n\
            CONSTRAINT two UNIQUE (`score` COLLATE nocase, owner DESC) CONSTRAINT f FOREIGN KEY (id)\n\
            REFERENCES c, note text CONSTRAINT n NOT NULL, UNIQUE (note))";
        assert_eq!(
            shown(sql),
            [
                "pk: Unique([\"id\"])",
                "the \"e\": Unique([\"e mail\"])",
                "low: Check",
                "high: Check",
                "o: Reference",
                "two: Unique([\"score\", \"owner\"])",
                "f: Reference",
            ]
        );
    }

    #[test]
    fn a_text_that_ends_early_is_read_as_far_as_it_goes() {
        for sql in [
            "",
            "CREATE TABLE a (",
            "CREATE TABLE a (b CONSTRAINT",
            "CREATE TABLE a (\"b",
        ] {
            assert_eq!(shown(sql), Vec::<String>::new(), "{sql}");
        }
    }
}
