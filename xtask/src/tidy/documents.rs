//! Documents: short ones stay short, and their links lead somewhere.

use super::Finding;
use super::files::{Source, has_extension};
use std::collections::BTreeSet;

const ARCHITECTURE_LINES: usize = 300;
const DECISION_LINES: usize = 80;

/// A page that has outgrown its purpose.
pub(super) fn length(path: &str, text: &str) -> Vec<Finding> {
    let limit = match path {
        "ARCHITECTURE.md" => ARCHITECTURE_LINES,
        _ if path.starts_with("docs/decisions/") => DECISION_LINES,
        _ => return Vec::new(),
    };
    let count = text.lines().count();
    if count <= limit {
        return Vec::new();
    }
    vec![Finding::new(
        path,
        limit + 1,
        format!("{count} lines, at most {limit}: shorten it"),
    )]
}

/// Links to files of the repository that are not there.
pub(super) fn links(sources: &[Source]) -> Vec<Finding> {
    let places = places(sources);
    let mut findings = Vec::new();
    let documents = sources
        .iter()
        .filter(|source| has_extension(&source.path, "md"));
    for source in documents {
        for (line, target) in targets(source.text.as_deref().unwrap_or_default()) {
            if let Some(place) = resolve(&source.path, &target)
                && !places.contains(&place)
            {
                let message = format!("the link to `{target}` leads nowhere: there is no {place}");
                findings.push(Finding::new(&source.path, line, message));
            }
        }
    }
    findings
}

/// Every file, and every folder that holds one.
fn places(sources: &[Source]) -> BTreeSet<String> {
    let mut places = BTreeSet::from([String::new()]);
    for source in sources {
        let mut place = source.path.as_str();
        while places.insert(place.to_owned()) {
            let Some((folder, _)) = place.rsplit_once('/') else {
                break;
            };
            place = folder;
        }
    }
    places
}

/// What the links of a Markdown text lead to, with their lines; code is no text.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            // Between backticks, every second piece is code.
            let prose: String = line.split('`').step_by(2).collect();
            for piece in prose.split("](").skip(1) {
                let target = piece.split([')', ' ']).next().unwrap_or_default();
                targets.push((index + 1, target.to_owned()));
            }
            let reference = line
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "));
            targets.extend(reference.map(|(_, target)| (index + 1, target.trim().to_owned())));
        }
    }
    targets
}

/// The place in the repository a link leads to, if it stays inside.
fn resolve(document: &str, target: &str) -> Option<String> {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    let from_root = path.strip_prefix('/');
    let mut parts: Vec<_> = match from_root {
        Some(_) => Vec::new(),
        None => document.split('/').collect(),
    };
    parts.pop();
    for part in from_root.unwrap_or(path).split('/') {
        match part {
            "" | "." => {}
            // Above the root there is nothing, and `..` stays as the name of what is missing.
            ".." if parts.pop().is_some() => {}
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<String> {
        let sources = [
            Source::new("docs/guide.md", text),
            Source::new("docs/decisions/one.md", ""),
            Source::new("README.md", ""),
        ];
        links(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_to_what_is_there_are_left_alone() {
        for text in [
            "[a](decisions/one.md)",
            "[a](../README.md#start) and [b](decisions/)",
            "[a](https://example.org/x) [b](#here) [c](mailto:a@b.c)",
            "[a](/README.md)",
            "[a]: ../README.md",
            "```\n[a](gone.md)\n```",
            "as in `[a](gone.md)`",
        ] {
            assert!(broken(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn links_to_what_is_gone_are_found() {
        for text in [
            "\n[a](gone.md)",
            "\n![a](../picture.png)",
            "\n[a]: gone.md",
            "\n[a](../../x.md)",
        ] {
            let findings = broken(text);
            assert_eq!(findings.len(), 1, "{text}");
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.starts_with("docs/guide.md:2: "))
            );
        }
    }

    #[test]
    fn long_pages_are_refused() {
        assert_eq!(length("ARCHITECTURE.md", &"\n".repeat(301)).len(), 1);
        assert!(length("ARCHITECTURE.md", &"\n".repeat(300)).is_empty());
        assert_eq!(length("docs/decisions/one.md", &"\n".repeat(81)).len(), 1);
        assert!(length("docs/guide.md", &"\n".repeat(500)).is_empty());
    }
}
