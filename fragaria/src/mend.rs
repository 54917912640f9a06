//! Failures of a command that say what to do about them.

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
