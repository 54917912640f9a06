//! The files a limit does not hold for, each with its reason.

use super::Finding;
use super::files::Source;

/// A file and why it may be what others may not.
pub(super) struct Exempt {
    path: &'static str,
    #[expect(dead_code, reason = "it is read by people")]
    reason: &'static str,
}

/// Rust files of more lines than others: tables of data.
pub(super) const LONG: &[Exempt] = &[];

/// Files of more bytes than others.
pub(super) const LARGE: &[Exempt] = &[];

/// Files whose words are not ours: bundles and lockfiles, by the end of their path.
pub(super) const FOREIGN: &[Exempt] = &[
    Exempt {
        path: "Cargo.lock",
        reason: "written by cargo, full of hashes",
    },
    Exempt {
        path: "package-lock.json",
        reason: "written by npm, full of hashes",
    },
];

/// Whether a list names the file.
pub(super) fn names(list: &[Exempt], path: &str) -> bool {
    list.iter().any(|exempt| path == exempt.path)
}

/// Whether the file is not of our writing.
pub(super) fn is_foreign(path: &str) -> bool {
    FOREIGN
        .iter()
        .any(|exempt| path == exempt.path || path.ends_with(&format!("/{}", exempt.path)))
}

/// An exemption for a file that is gone is to go too.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    stale(&[LONG, LARGE], sources)
}

fn stale(lists: &[&[Exempt]], sources: &[Source]) -> Vec<Finding> {
    let all = lists.iter().copied().flatten();
    let gone = all.filter(|exempt| sources.iter().all(|source| source.path != exempt.path));
    gone.map(|exempt| {
        let message = format!("{} does not exist: remove its exemption", exempt.path);
        Finding::new("xtask/src/tidy/exempt.rs", 1, message)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exemption_for_a_missing_file_is_a_finding() {
        let list: &[Exempt] = &[Exempt {
            path: "a/table.rs",
            reason: "data",
        }];
        assert_eq!(stale(&[list], &[]).len(), 1);
        assert!(stale(&[list], &[Source::new("a/table.rs", "")]).is_empty());
    }

    #[test]
    fn lockfiles_are_foreign_wherever_they_stand() {
        assert!(is_foreign("Cargo.lock"));
        assert!(is_foreign("fragaria/graphiql/package-lock.json"));
        assert!(!is_foreign("fragaria/Cargo.toml"));
    }
}
