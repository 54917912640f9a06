//! `cargo xtask coverage`: which lines of the rooms the tests run, the built binary included.
//!
//! The compiler instruments the workspace's own crates only, so everything else is taken from the
//! ordinary build. Code that exists for tests is not counted. A process that is killed by SIGKILL
//! leaves no profile; one that ends on SIGTERM does.

mod lcov;
mod table;

use crate::llvm::Tools;
use crate::{house, process, test};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use table::Table;

/// What to measure and how much is enough.
#[derive(Args)]
pub(crate) struct Options {
    /// Fail when less than this share of the lines is covered, in percent
    #[arg(long, value_name = "PERCENT")]
    fail_under: Option<f64>,
    /// Name the lines that are not covered
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    test: test::Selection,
}

/// Calls the compiler it is handed, with one more flag.
const INSTRUMENT: &str = "#!/bin/sh\nexec \"$@\" -C instrument-coverage\n";

/// Runs the tests and prints the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let tools = Tools::find()?;
    let directory = house::target()?.join("xtask/coverage");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    let variables = variables(&directory)?;
    let counts = test::run_with(&options.test, &variables)?;
    let binaries = binaries(&options.test, &variables)?;
    let report = report(&tools, &directory, &binaries)?;
    let table = Table::of(&lcov::parse(&report), &house::root()?)?;
    if options.missing {
        table.print_missing();
    }
    table.print();
    println!("{counts}");
    if let Some(percent) = options.fail_under
        && table.share() < percent
    {
        println!(
            "error: {:.1} % of the lines are covered, at least {percent} % are wanted",
            table.share()
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(counts.exit_code())
}

/// The environment in which cargo instruments the workspace and the binaries leave their profiles.
fn variables(directory: &Path) -> Result<Vec<(&'static str, OsString)>> {
    // Beside the directory that is emptied each time: cargo looks at the path and the age of it.
    let wrapper = directory.with_file_name("instrument");
    if fs::read_to_string(&wrapper).ok().as_deref() != Some(INSTRUMENT) {
        fs::write(&wrapper, INSTRUMENT)?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    }
    // Processes of one binary share four files, which they merge into when they end.
    let profiles = directory.join("%4m.profraw");
    Ok(vec![
        ("RUSTC_WORKSPACE_WRAPPER", wrapper.into_os_string()),
        ("LLVM_PROFILE_FILE", profiles.into_os_string()),
    ])
}

/// Merges the profiles and asks which lines ran, in lcov's format.
fn report(tools: &Tools, directory: &Path, binaries: &[PathBuf]) -> Result<String> {
    let mut profiles = String::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        profiles.push_str(
            path.to_str()
                .context("the target directory has a plain name")?,
        );
        profiles.push('\n');
    }
    let list = directory.join("profiles");
    fs::write(&list, profiles)?;
    let merged = directory.join("merged.profdata");
    process::run(
        Command::new(&tools.profdata)
            // A process that was killed while it wrote spoils its own file only.
            .args(["merge", "--sparse", "--failure-mode=all", "--output"])
            .arg(&merged)
            .arg("--input-files")
            .arg(&list),
    )?;
    let mut command = Command::new(&tools.cov);
    command
        .args(["export", "--format=lcov"])
        .arg("--instr-profile")
        .arg(&merged);
    for (index, binary) in binaries.iter().enumerate() {
        if index > 0 {
            command.arg("--object");
        }
        command.arg(binary);
    }
    process::read(&mut command)
}

/// The binaries that ran: those of the tests, and the one they drive. Another selection of
/// packages would build others, which no profile belongs to.
fn binaries(selection: &test::Selection, variables: &[(&str, OsString)]) -> Result<Vec<PathBuf>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["test", "--no-run", "--quiet", "--message-format=json"])
        .args(selection.packages()?)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    let messages = process::read(&mut command)?;
    Ok(messages.lines().filter_map(executable).collect())
}

/// The path in a message of cargo's about a binary it built.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_read_from_what_cargo_says() {
        let built = r#"{"reason":"compiler-artifact","executable":"/target/debug/deps/a-1"}"#;
        assert_eq!(
            executable(built),
            Some(PathBuf::from("/target/debug/deps/a-1"))
        );
        assert_eq!(
            executable(r#"{"reason":"compiler-artifact","executable":null}"#),
            None
        );
        assert_eq!(executable("warning: text"), None);
    }
}
