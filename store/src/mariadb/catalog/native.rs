//! Types as MariaDB spells them, taken apart as far as an API needs.

/// Labels of `enum('a','b')`; `None` for any other type.
pub(super) fn labels(native: &str) -> Option<Vec<String>> {
    let inside = native.strip_prefix("enum(")?.strip_suffix(')')?;
    let mut labels = Vec::new();
    let mut characters = inside.chars().peekable();
    while characters.next()? == '\'' {
        let mut label = String::new();
        loop {
            label.push(match characters.next()? {
                '\'' if characters.peek() == Some(&'\'') => characters.next()?,
                '\'' => break,
                '\\' => match characters.next()? {
                    '0' => '\0',
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                },
                other => other,
            });
        }
        labels.push(label);
        match characters.next() {
            Some(',') => {}
            None => return Some(labels),
            Some(_) => return None,
        }
    }
    None
}

/// The columns with a check that they are JSON and nothing else, in what makes a table.
pub(super) fn json_columns(creation: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut rest = creation;
    while let Some(first) = rest.chars().next() {
        let check = rest.strip_prefix("CHECK (json_valid(");
        let name = check.and_then(quoted);
        rest = match name.or_else(|| quoted(rest)) {
            Some((name, behind)) => {
                if check.is_some() && behind.starts_with("))") {
                    columns.push(name);
                }
                behind
            }
            None => rest.strip_prefix(first).unwrap_or_default(),
        };
    }
    columns
}

/// What stands in the quotes that a text begins with, and the rest behind them.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.chars();
    let quote = characters.next().filter(|first| "`'".contains(*first))?;
    let mut inside = String::new();
    loop {
        match characters.next()? {
            '\\' if quote == '\'' => inside.extend(characters.next()),
            // Doubled it is one of the text.
            end if end == quote => match characters.as_str().strip_prefix(quote) {
                Some(behind) => {
                    inside.push(quote);
                    characters = behind.chars();
                }
                None => return Some((inside, characters.as_str())),
            },
            other => inside.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_freed_of_quotes_and_escapes() {
        let found = labels(r"enum('new','in transit','it''s','a\\b','','x,y')").unwrap();
        assert_eq!(found, ["new", "in transit", "it's", "a\\b", "", "x,y"]);
        for other in ["int(11)", "enum()", "enum('a'", "enum('a'b)", "set('a')"] {
            assert_eq!(labels(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_check_of_one_column_alone_makes_it_json() {
        let creation = "CREATE TABLE `CHECK (json_valid(``t``))` (
            `a``b` longtext DEFAULT NULL CHECK (json_valid(`a``b`)),
            `c` longtext COMMENT 'it''s \\' CHECK (json_valid(`c`))',
            `d` longtext DEFAULT 'x' CHECK (json_valid(`d`) and json_valid(`a`)),
            `e` longtext CHECK (octet_length(`e`) > 0),
            CONSTRAINT `f` CHECK (json_valid(`f`)))";
        assert_eq!(json_columns(creation), ["a`b", "f"]);
        assert!(json_columns("`open").is_empty() && json_columns("").is_empty());
    }
}
