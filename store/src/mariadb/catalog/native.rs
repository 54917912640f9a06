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

/// The column of a check that it is JSON and nothing else.
pub(super) fn json_column(clause: &str) -> Option<String> {
    let name = clause.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
    // A backtick in a name is doubled; a single one ends it.
    let plain = name.replace("``", "");
    (!plain.contains('`')).then(|| name.replace("``", "`"))
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
        assert_eq!(json_column("json_valid(`a``b`)").as_deref(), Some("a`b"));
        assert_eq!(json_column("json_valid(`a`) and json_valid(`b`)"), None);
        assert_eq!(json_column("`a` > 0"), None);
    }
}
