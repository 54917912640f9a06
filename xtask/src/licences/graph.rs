//! The crates of the lockfile, from `cargo metadata`.

use crate::process;
use anyhow::Result;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every crate the workspace builds on, on any platform.
#[derive(Deserialize)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
}

/// A crate.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression, if it states one.
    pub(crate) license: Option<String>,
    /// Where it comes from; `None` for our own.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// What a crate asks for.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The range of versions.
    pub(crate) req: String,
    pub(crate) path: Option<PathBuf>,
}

/// Asks cargo, without changing the lockfile.
pub(crate) fn read(root: &Path, all_features: bool) -> Result<Graph> {
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
pub(crate) fn parse(text: &str) -> Result<Graph> {
    Ok(serde_json::from_str(text)?)
}
