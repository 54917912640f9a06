//! Which documents are run.

use serde::{Deserialize, Serialize};

/// Which documents are run, and what is kept of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Documents {
    /// Which documents are run: with `off` whatever is sent, and none by its id; with `permissive` also
    /// trusted ones by their ids, and what is not trusted is logged; with `strict` trusted ones alone,
    /// but by `fragaria dev`, which takes it for `permissive`.
    pub(crate) mode: Mode,
    /// The folder whose `*.graphql` files, and those in folders of it, are trusted documents; seen from
    /// the project.
    pub(crate) folder: String,
    /// Manifests of trusted documents, as the tools of clients write them; seen from the project.
    pub(crate) manifests: Vec<String>,
    /// Most bytes of all trusted documents in an artefact, with the statements they become.
    pub(crate) bytes_max: usize,
    /// How many documents are logged that are not trusted, each once; more are only counted.
    pub(crate) logged_max: usize,
    /// Most memory for documents that clients register by their hash (automatic persisted queries), in
    /// bytes; with 0 none are taken. There are none with `strict`.
    pub(crate) automatic_bytes_max: u64,
}

/// Which documents are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Whatever is sent; none by its id.
    #[default]
    Off,
    /// Whatever is sent, and trusted ones by their ids.
    Permissive,
    /// Trusted ones, by their ids.
    Strict,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            folder: String::new(),
            manifests: Vec::new(),
            bytes_max: 64 * 1024 * 1024,
            logged_max: 1_000,
            automatic_bytes_max: 8 * 1024 * 1024,
        }
    }
}
