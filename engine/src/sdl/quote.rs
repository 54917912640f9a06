//! Texts as they stand in a schema file.

use std::fmt::Write as _;

/// A GraphQL string.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A GraphQL list of strings.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(string).collect();
    format!("[{}]", texts.join(", "))
}

/// A description above a definition, with its line break; several lines become a block.
pub(crate) fn describe(indent: &str, text: Option<&str>) -> String {
    match text {
        None | Some("") => String::new(),
        Some(text) if is_block(text) => {
            let lines = text.lines().map(|line| match line {
                "" => "\n".to_owned(),
                _ => format!("{indent}{line}\n"),
            });
            let lines: String = lines.collect();
            format!("{indent}\"\"\"\n{lines}{indent}\"\"\"\n")
        }
        Some(text) => format!("{indent}{}\n", string(text)),
    }
}

/// A comment of one line.
pub(crate) fn comment(indent: &str, text: &str) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    format!("{indent}# {line}\n")
}

/// Whether a block string would read back as the very same text: block strings lose common
/// indentation and empty lines at both ends, and know no escapes.
fn is_block(text: &str) -> bool {
    let is_plain = |line: &str| !line.starts_with(char::is_whitespace) && line.trim_end() == line;
    let edges = [text.lines().next(), text.lines().next_back()];
    text.contains('\n')
        && !text.ends_with('\n')
        && !text.contains("\"\"\"")
        && !text.contains(|letter: char| letter.is_control() && letter != '\n')
        && text.lines().all(is_plain)
        && edges.iter().flatten().all(|line| !line.is_empty())
        && !text.ends_with(['"', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use apollo_compiler::ast::{Definition, Document};

    fn read_back(text: &str) -> String {
        let source = format!("{}scalar X", describe("", Some(text)));
        let document = Document::parse(&source, "test.graphql").expect(&source);
        match &document.definitions[0] {
            Definition::ScalarTypeDefinition(scalar) => {
                scalar.description.as_ref().expect("described").to_string()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_description_reads_back_as_it_was() {
        for text in [
            "People who buy.",
            "a \"quoted\" word and a \\ backslash",
            "two\nlines",
            "two\n\nparagraphs",
            "  indented\n  lines",
            "ends in a break\n",
            "\nstarts with one",
            "has \"\"\" in\nit",
            "tab\there, bell \u{7} there, NUL \0 too",
            "crlf\r\nline",
            "ends with a quote\n\"",
            "ends with a backslash\nx\\",
            "ünïcödé 💥\nzeile",
            "#{not a comment}",
        ] {
            assert_eq!(read_back(text), text, "{text:?}");
        }
    }
}
