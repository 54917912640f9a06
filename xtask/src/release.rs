//! `cargo xtask release`: the binary as it is shipped, laid out by what it was seen to do under load.
//!
//! It is built twice. The first one counts: it serves the workloads of the benchmark on every database, and
//! leaves a profile of which ways its code took. By that the compiler lays out the second, so that what is
//! done for each request lies together and what is never done lies elsewhere. Other code has another
//! profile: one is kept for each binary that counts.

use crate::bench::training;
use crate::llvm::Tools;
use crate::{house, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Builds it and says where it is.
pub(crate) fn run() -> Result<ExitCode> {
    println!("{}", build()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the binary as it is shipped.
pub(crate) fn build() -> Result<PathBuf> {
    let tools = Tools::find()?;
    let place = house::target()?.join("xtask/release");
    let counts = place.join("counts");
    let generate = format!("-Cprofile-generate={}", counts.display());
    let counting = cargo(&place.join("counting"), &generate, &tools)?;
    let profile = place.join(name(&fs::read(&counting)?));
    if !profile.is_file() {
        train(&tools, &counting, (&counts, &profile))?;
    }
    let used = format!("-Cprofile-use={}", profile.display());
    cargo(&place.join("shipped"), &used, &tools)
}

/// The file of the profile that belongs to a binary. As its name is among the flags of the compiler, another
/// profile builds anew.
fn name(binary: &[u8]) -> String {
    format!("{:08x}.profdata", crc32fast::hash(binary))
}

/// Builds with a flag more, and not what runs while it is built.
fn cargo(target: &Path, flag: &str, tools: &Tools) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["build", "--locked", "--release", "--package=fragaria"])
        .args(["--target", &tools.host])
        .arg("--target-dir")
        .arg(target)
        .env("RUSTFLAGS", flags(std::env::var("RUSTFLAGS").ok(), flag));
    process::run(&mut command)?;
    Ok(target.join(&tools.host).join("release/fragaria"))
}

fn flags(given: Option<String>, flag: &str) -> String {
    given.map_or_else(|| flag.to_owned(), |given| format!("{given} {flag}"))
}

/// Loads the binary that counts, and gathers what it counted.
fn train(tools: &Tools, counting: &Path, (counts, profile): (&Path, &Path)) -> Result<()> {
    if counts.exists() {
        fs::remove_dir_all(counts)?;
    }
    training::serve(counting)?;
    let mut merge = Command::new(&tools.profdata);
    merge.arg("merge").arg("--output").arg(profile).arg(counts);
    process::run(&mut merge).context("the binary that counts left no profile that can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_given_stay() {
        assert_eq!(flags(None, "-Ca"), "-Ca");
        assert_eq!(flags(Some("-Cb".into()), "-Ca"), "-Cb -Ca");
    }

    #[test]
    fn another_binary_has_another_profile() {
        assert_ne!(name(b"one"), name(b"two"));
        assert_eq!(name(b"one"), name(b"one"));
    }
}
