//! Checks that only exist as npm packages: a folder with a lockfile and a `test` script each.

use super::Services;
use super::counts::Counts;
use crate::{house, node, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the folders are, seen from the root of the repository.
const PLACE: &str = "fragaria/tests/npm";

/// Runs each check; one that does not install or does not pass has failed.
pub(super) fn run(programs: &Path, services: &Services) -> Result<Counts> {
    let mut counts = Counts::default();
    for folder in folders(&house::root()?.join(PLACE))? {
        let name = folder.strip_prefix(house::root()?)?.display().to_string();
        println!("     Running {name}");
        match run_one(&folder, programs, services) {
            Ok(()) => counts.passed += 1,
            Err(error) => {
                process::proceed()?;
                println!("{name} FAILED: {error:#}");
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

fn run_one(folder: &Path, programs: &Path, services: &Services) -> Result<()> {
    let npm = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new(programs.join("npm"));
        command
            .args(arguments)
            .current_dir(folder)
            .env("PATH", node::path_with(programs)?);
        services.tell(&mut command);
        process::run(&mut command)
    };
    npm(&["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
    npm(&["test"])
}

/// Folders with a `package.json`, in order of their names.
fn folders(place: &Path) -> Result<Vec<PathBuf>> {
    if !place.exists() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(place).with_context(|| format!("cannot read {}", place.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let folder = entry?.path();
        if folder.join("package.json").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_is_a_check_when_it_holds_a_package() {
        let scratch = Scratch::create(None).unwrap();
        for name in ["b", "a", "empty"] {
            fs::create_dir(scratch.path().join(name)).unwrap();
        }
        for name in ["b", "a"] {
            fs::write(scratch.path().join(name).join("package.json"), "{}").unwrap();
        }
        let found = folders(scratch.path()).unwrap();
        assert_eq!(found, [scratch.path().join("a"), scratch.path().join("b")]);
    }

    #[test]
    fn no_place_is_no_checks() {
        assert_eq!(
            folders(Path::new("/no/such/place")).unwrap(),
            Vec::<PathBuf>::new()
        );
    }
}
