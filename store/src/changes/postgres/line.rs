//! The lines of the server's plug-in `test_decoding`, of which only the names of tables are read.

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// These tables are changed, by schema and name; and how the line begins, up to their names' end.
    Changed(Vec<(String, String)>, Vec<u8>),
    /// The transaction of that number ends.
    Committed(u32),
    /// Nothing of a table.
    Nothing,
    /// Nobody knows what.
    Unknown,
}

/// Reads a line, of which the end may be missing.
pub(super) fn read(line: &[u8]) -> Line {
    if line.starts_with(b"BEGIN ") || line.starts_with(b"message: ") {
        return Line::Nothing;
    }
    if let Some(transaction) = line.strip_prefix(b"COMMIT ") {
        let number = std::str::from_utf8(transaction).ok();
        let number = number.and_then(|number| number.trim().parse().ok());
        return number.map_or(Line::Unknown, Line::Committed);
    }
    let Some(mut rest) = line.strip_prefix(b"table ") else {
        return Line::Unknown;
    };
    let mut tables = Vec::new();
    while let Some((table, behind)) = table(rest) {
        tables.push(table);
        if let Some(row) = behind.strip_prefix(b": ") {
            let begins = line.strip_suffix(row).unwrap_or_default();
            return Line::Changed(tables, begins.to_vec());
        }
        // Only of those that are emptied together there are several.
        rest = behind.strip_prefix(b", ").unwrap_or_default();
    }
    Line::Unknown
}

/// The schema and the name a text begins with, and what follows them.
fn table(text: &[u8]) -> Option<((String, String), &[u8])> {
    let (schema, rest) = name(text)?;
    let (name, rest) = name(rest.strip_prefix(b".")?)?;
    Some(((schema, name), rest))
}

/// A name as SQL has it, quoted or not, and what follows it.
fn name(text: &[u8]) -> Option<(String, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let is_plain =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        let end = text.iter().position(|byte| !is_plain(byte))?;
        let (name, rest) = text.split_at(end);
        let name = String::from_utf8(name.to_vec()).ok()?;
        return (!name.is_empty()).then_some((name, rest));
    };
    let mut name = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let (part, behind) = rest.split_at(end);
        name.extend_from_slice(part);
        let Some(further) = behind.strip_prefix(b"\"\"") else {
            let rest = behind.strip_prefix(b"\"")?;
            return Some((String::from_utf8(name).ok()?, rest));
        };
        name.push(b'"');
        rest = further;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(line: &str) -> Vec<(String, String)> {
        match read(line.as_bytes()) {
            Line::Changed(tables, begins) => {
                assert!(line.as_bytes().starts_with(&begins), "{line}");
                tables
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn one(schema: &str, name: &str) -> Vec<(String, String)> {
        vec![(schema.into(), name.into())]
    }

    #[test]
    fn names_are_read_whatever_is_in_them() {
        for (line, expected) in [
            ("table public.t: INSERT: id[integer]:1", one("public", "t")),
            (
                "table public.t_2: DELETE: (no-tuple-data)",
                one("public", "t_2"),
            ),
            (
                "table \"My \"\"own\"\"\".\"a: INSERT: b\": UPDATE: x",
                one("My \"own\"", "a: INSERT: b"),
            ),
            (
                "table a.\"Ü.x, y\": TRUNCATE: (no-flags)",
                one("a", "Ü.x, y"),
            ),
        ] {
            assert_eq!(changed(line), expected);
        }
        let both = changed("table a.b, c.\"D\": TRUNCATE: cascade");
        assert_eq!(both, [one("a", "b"), one("c", "D")].concat());
    }

    #[test]
    fn a_line_begins_as_all_others_of_its_table() {
        let Line::Changed(_, begins) = read(b"table public.orders: INSERT: id[integer]:1") else {
            panic!("it is a change");
        };
        assert_eq!(begins, b"table public.orders: ");
    }

    #[test]
    fn what_is_no_change_is_told_apart_from_what_nobody_knows() {
        assert_eq!(read(b"BEGIN 731"), Line::Nothing);
        assert_eq!(read(b"message: transactional: 0 prefix"), Line::Nothing);
        assert_eq!(read(b"COMMIT 731"), Line::Committed(731));
        for line in [
            "COMMIT x",
            "table",
            "table a",
            "table a.",
            "table a.b",
            "table a.b: ",
            "table \"a.b: INSERT",
            "table a.b, c",
            "table A.b: INSERT: ",
            "opening a streamed block for transaction",
            "",
        ] {
            let read = read(line.as_bytes());
            let is_change = matches!(read, Line::Changed(..));
            assert_eq!(is_change, line == "table a.b: ", "{line}");
        }
    }
}
