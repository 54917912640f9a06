//! Counts as people say them.

/// `1 table`, `2 tables`; of a word whose plural ends in `s`.
pub(crate) fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_all_else_are_many() {
        assert_eq!(
            [0, 1, 2].map(|number| count(number, "table")),
            ["0 tables", "1 table", "2 tables"]
        );
    }
}
