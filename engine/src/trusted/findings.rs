//! What is wrong with a document, as its writer is told it.

use super::Source;
use model::{Diagnostic, Fault};
use std::ops::Range;

/// What to do about a document that does not fit, where nothing nearer is known.
const MEND: &str = "mend the document, or the schema: `fragaria schema` prints what there is";

/// A fault of a document at its place in a source. What was perhaps meant is its mend.
pub(super) fn of_source(fault: &Fault, source: &Source) -> Diagnostic {
    let (message, help) = match fault.message.split_once(": did you mean ") {
        Some((message, meant)) => (message, format!("did you mean {meant}")),
        None => (fault.message.as_str(), MEND.to_owned()),
    };
    let finding = Diagnostic::error(fault.code, message).help(help);
    place(finding, source, fault.locations.first().copied())
}

/// A finding at a line and column of a source, or at its beginning.
pub(super) fn place(
    finding: Diagnostic,
    source: &Source,
    at: Option<(usize, usize)>,
) -> Diagnostic {
    let span = at.map_or(0..0, |at| span(&source.text, at));
    finding.at(&source.name, span)
}

/// The word that begins at a line and column, both from one, in bytes.
fn span(text: &str, (line, column): (usize, usize)) -> Range<usize> {
    let lines = text.split_inclusive('\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
    let (_, rest) = text.split_at_checked(before).unwrap_or((text, ""));
    let mut letters = rest.char_indices().skip(column.saturating_sub(1));
    let Some((start, first)) = letters.next() else {
        return text.len()..text.len();
    };
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut behind = letters.skip_while(|(_, letter)| is_word(first) && is_word(*letter));
    let end = behind.next().map_or(rest.len(), |(end, _)| end);
    before + start..before + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_word_in_bytes() {
        let text = "query {\n  é: products { nme }\n}";
        let word = |line, column| text.get(span(text, (line, column))).unwrap();
        assert_eq!(word(1, 1), "query");
        assert_eq!(word(2, 6), "products");
        assert_eq!(word(2, 17), "nme");
        assert_eq!(word(2, 15), "{");
        assert_eq!(word(3, 1), "}");
        assert_eq!((word(9, 1), word(2, 99)), ("", ""));
    }
}
