//! The text of an expression: what of it is SQL, and where it names fields.
//!
//! An expression is put into statements as it is written. It comes from the schema, so it is
//! trusted; but a slip in it must not reach beyond it.

use model::Dialect;

/// Longest text of an expression, in bytes.
const BYTES_MAX: usize = 16_384;

/// A part of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Text(String),
    /// A field in braces.
    Field(&'a str),
}

/// Splits an expression at its fields; errors are sentences.
pub(super) fn read(sql: &str, dialect: Dialect) -> Result<Vec<Fragment<'_>>, String> {
    if sql.len() > BYTES_MAX {
        return Err(format!("an expression has at most {BYTES_MAX} bytes"));
    }
    let mut fragments = Vec::new();
    let mut text = String::new();
    let mut depth = 0_usize;
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        if let Some(found) = forbidden(rest, letter, dialect) {
            return Err(format!("an expression does not contain {found}"));
        }
        let (token, behind) = match letter {
            '\'' | '"' | '`' => quoted(rest, letter)?,
            '{' => braced(rest)?,
            _ => rest.split_at(letter.len_utf8()),
        };
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a ) closes nothing")?,
            _ => {}
        }
        if letter == '{' {
            let before = std::mem::take(&mut text);
            fragments.extend((!before.is_empty()).then_some(Fragment::Text(before)));
            fragments.push(Fragment::Field(token.trim_matches(['{', '}']).trim()));
        } else {
            text.push_str(token);
        }
        rest = behind;
    }
    fragments.extend((!text.trim().is_empty()).then_some(Fragment::Text(text)));
    match depth {
        _ if fragments.is_empty() => Err("the expression is empty".to_owned()),
        0 => Ok(fragments),
        _ => Err("a ( is opened and not closed".to_owned()),
    }
}

/// A quoted text and what follows it; a quote inside it is doubled.
fn quoted(text: &str, quote: char) -> Result<(&str, &str), String> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            continue;
        }
        match letters.peek() {
            Some((_, next)) if *next == quote => {
                letters.next();
            }
            _ => return Ok(text.split_at(at + 1)),
        }
    }
    Err(format!("a {quote} is opened and not closed"))
}

/// A field in its braces and what follows it.
fn braced(text: &str) -> Result<(&str, &str), String> {
    let end = text.find('}').ok_or("a brace is opened and not closed")?;
    Ok(text.split_at(end + 1))
}

/// What ends a statement, hides text, or stands for a value from outside.
fn forbidden(rest: &str, letter: char, dialect: Dialect) -> Option<&'static str> {
    let postgres = dialect == Dialect::Postgres;
    match letter {
        '\'' | '"' | '`' => {
            let token = quoted(rest, letter).map_or("", |(token, _)| token);
            let is_read_in_two_ways = token.contains('\\');
            is_read_in_two_ways.then_some("`\\` in quotes, which databases read in two ways")
        }
        '\\' => Some("`\\`"),
        ';' => Some("`;`"),
        '\0' => Some("a zero byte"),
        '}' => Some("`}` without `{`"),
        '$' => Some("`$`, which stands for parameters and quotes"),
        '?' | '@' if !postgres => Some("`?` or `@`, which stand for parameters and variables"),
        '#' if dialect == Dialect::Mariadb => Some("comments"),
        ':' if dialect == Dialect::Sqlite => Some("`:`, which stands for parameters"),
        _ if rest.starts_with("--") || rest.starts_with("/*") => Some("comments"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_braces_outside_of_quotes() {
        let text = |text: &str| Fragment::Text(text.to_owned());
        let read = read("{a} || '{b}''{c}' || \"{d}\" || { e }", Dialect::Postgres);
        assert_eq!(
            read.unwrap(),
            [
                Fragment::Field("a"),
                text(" || '{b}''{c}' || \"{d}\" || "),
                Fragment::Field("e")
            ]
        );
    }

    #[test]
    fn nothing_reaches_beyond_an_expression() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb] {
            for slip in [
                "",
                " ",
                "1; SELECT 2",
                "1 -- 2",
                "1 /* 2 */",
                "(1",
                "1)",
                "1) + (1",
                "'a",
                "\"a",
                "`a",
                "{a",
                "a}",
                "$1",
                "$$a$$",
                "'\\'' || 1",
                "\\x",
                "1\0",
            ] {
                assert!(read(slip, dialect).is_err(), "{slip:?} {dialect}");
            }
        }
        for (slip, dialect) in [
            ("?1", Dialect::Sqlite),
            ("?", Dialect::Mariadb),
            (":a", Dialect::Sqlite),
            ("@a", Dialect::Sqlite),
            ("@a", Dialect::Mariadb),
            ("1 # 2", Dialect::Mariadb),
        ] {
            assert!(read(slip, dialect).is_err(), "{slip:?} {dialect}");
        }
        let operators = "{a} #>> '{b,c}' @> {d}::jsonb ? 'e'";
        assert!(read(operators, Dialect::Postgres).is_ok());
        assert!(read(&"x".repeat(BYTES_MAX + 1), Dialect::Sqlite).is_err());
    }
}
