//! `cargo xtask docs`: the pages under `docs/reference/`, written from what they are about.

mod configuration;
mod declarations;
mod metrics;
mod support;

use crate::{house, process};
use anyhow::{Context, Result};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Where the pages are.
const PLACE: &str = "docs/reference";

/// What to do with the pages.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Write nothing; fail if a page is not what it would be
    #[arg(long)]
    check: bool,
    /// Try the matrix on private databases first, and record what it finds
    #[arg(long, conflicts_with = "check")]
    record: bool,
}

impl Options {
    /// Only looks.
    pub(crate) const CHECK: Self = Self {
        check: true,
        record: false,
    };
}

/// A page and the text it should have.
struct Page {
    name: &'static str,
    text: String,
}

/// Writes the pages, or compares them.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let binary = build()?;
    if options.record {
        support::record(&binary)?;
    }
    let pages = [
        Page {
            name: "configuration.md",
            text: configuration::page(&binary)?,
        },
        Page {
            name: "metrics.md",
            text: metrics::page(&binary)?,
        },
        Page {
            name: "support.md",
            text: support::page()?,
        },
    ];
    let place = house::root()?.join(PLACE);
    fs::create_dir_all(&place)?;
    let mut stale = 0;
    for Page { name, text } in pages {
        let path = place.join(name);
        if !options.check {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        } else if fs::read_to_string(&path).ok() != Some(text) {
            println!("{PLACE}/{name} is not what its source says: cargo xtask docs");
            stale += 1;
        }
    }
    Ok(if stale == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the binary as the tests use it.
fn build() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["build", "--quiet", "--package", "fragaria"]);
    process::run(&mut command)?;
    Ok(house::target()?.join("debug/fragaria"))
}

/// The binary in an environment without settings of whoever runs the task.
fn strip(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRAGARIA_") {
            command.env_remove(name);
        }
    }
}
