//! Failures of a command that say what to do about them.

use model::Dialect;

/// What is wrong, and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Mendable {
    what: String,
    /// What to do about it.
    pub(crate) help: String,
}

/// A failure with its mend.
pub(crate) fn failure(what: impl Into<String>, help: impl Into<String>) -> anyhow::Error {
    let (what, help) = (what.into(), help.into());
    Mendable { what, help }.into()
}

/// A database of another kind than the one that was compiled for.
pub(crate) fn other_kind(ours: Dialect, theirs: Dialect) -> anyhow::Error {
    failure(
        format!("the project is compiled for {ours}, and the database is {theirs}"),
        format!(
            "name a database of {ours}, or make a project for this one: fragaria init <directory> --from <url>"
        ),
    )
}
