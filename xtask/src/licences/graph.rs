//! The crates of the lockfile, from `cargo metadata`.

use crate::process;
use anyhow::Result;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every crate the workspace builds on, on any platform.
#[derive(Deserialize)]
pub(super) struct Graph {
    pub(super) packages: Vec<Package>,
}

/// A crate.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression, if it states one.
    pub(super) license: Option<String>,
    /// Where it comes from; `None` for our own.
    pub(super) source: Option<String>,
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// What a crate asks for.
#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// The range of versions.
    pub(super) req: String,
    pub(super) path: Option<PathBuf>,
}

/// Asks cargo, without changing the lockfile.
pub(super) fn read(root: &Path, all_features: bool) -> Result<Graph> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--locked"]);
    if all_features {
        command.arg("--all-features");
    }
    parse(&process::read(&mut command)?)
}

/// Reads what cargo says.
pub(super) fn parse(text: &str) -> Result<Graph> {
    Ok(serde_json::from_str(text)?)
}
