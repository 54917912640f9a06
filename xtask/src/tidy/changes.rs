//! The entries of the changelog, one file each.

use super::Finding;
use std::path::Path;

const PLACE: &str = "changes/";
const KINDS: [&str; 6] = [
    "added", "changed", "fixed", "removed", "security", "breaking",
];
const TITLE_LETTERS: usize = 100;

/// An entry that `changes/README.md` would not know.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let Some(name) = path.strip_prefix(PLACE) else {
        return Vec::new();
    };
    if name == "README.md" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !is_well_named(name) {
        let kinds = KINDS.join(", ");
        let message =
            format!("an entry is named <kind>-<words-with-dashes>.md; the kinds are {kinds}");
        findings.push(Finding::new(path, 1, message));
    }
    findings.extend(contents(text).map(|(line, message)| Finding::new(path, line, message)));
    findings
}

fn is_well_named(name: &str) -> bool {
    let path = Path::new(name);
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let Some((kind, words)) = stem.split_once('-') else {
        return false;
    };
    let is_plain = words
        .chars()
        .all(|l| l.is_ascii_lowercase() || l.is_ascii_digit() || l == '-');
    let is_markdown = path.extension().is_some_and(|extension| extension == "md");
    is_markdown && KINDS.contains(&kind) && !words.is_empty() && is_plain
}

/// The first thing that is wrong with the text of an entry.
fn contents(text: &str) -> Option<(usize, &'static str)> {
    let mut lines = text.lines();
    let title = lines.next().and_then(|line| line.strip_prefix("# "));
    let Some(title) = title.map(str::trim) else {
        return Some((
            1,
            "an entry opens with `# ` and one sentence from the user's side",
        ));
    };
    if !title.ends_with('.') || title.chars().count() > TITLE_LETTERS {
        return Some((
            1,
            "the first line is one sentence of at most 100 letters, with its full stop",
        ));
    }
    match lines.next() {
        None | Some("") => None,
        Some(_) => Some((
            2,
            "an empty line stands between the sentence and what follows",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_after_its_kind() {
        let text = "# Lists can be filtered through relations.\n";
        assert!(check("changes/added-relation-filters.md", text).is_empty());
        assert!(check("changes/README.md", "anything").is_empty());
        for name in [
            "added.md",
            "added-.md",
            "new-thing.md",
            "added-Thing.md",
            "added-thing.txt",
        ] {
            assert_eq!(check(&format!("changes/{name}"), text).len(), 1, "{name}");
        }
    }

    #[test]
    fn an_entry_opens_with_a_sentence() {
        let long = format!("# {}.", "a".repeat(TITLE_LETTERS));
        for text in [
            "",
            "No heading.",
            "# No full stop",
            "# A sentence.\nNo gap.",
            long.as_str(),
        ] {
            assert_eq!(check("changes/fixed-a.md", text).len(), 1, "{text}");
        }
        assert!(check("changes/fixed-a.md", "# A sentence.\n\nMore.\n").is_empty());
    }
}
