//! Checks that only exist in JavaScript: folders with a `package.json` and a lockfile.
//!
//! What the lockfile names is installed before the tests of the rooms run, as some of them drive
//! it; the scripts `check` and `test` of a folder are run beside them.

use super::Services;
use super::counts::Counts;
use crate::{house, node, packages, process};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The room with the folders, and how deep they may be.
const PLACE: &str = "fragaria";
const DEPTH: usize = 3;

/// The library by which a folder drives a browser.
const BROWSER_DRIVER: &str = "playwright-core";

/// Folders ready to be used.
pub(super) struct Checks {
    programs: PathBuf,
    folders: Vec<Folder>,
}

struct Folder {
    path: PathBuf,
    package: Package,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    scripts: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
}

impl Checks {
    /// Installs what the folders need: Node.js, their libraries, a browser.
    pub(super) fn prepare() -> Result<Option<Self>> {
        let folders = folders(&house::root()?.join(PLACE), DEPTH)?;
        if folders.is_empty() {
            return Ok(None);
        }
        if folders.iter().any(|folder| folder.package.drives_browser()) {
            packages::ensure(&[packages::CHROMIUM])?;
        }
        let checks = Self {
            programs: node::programs(node::OLDEST)?,
            folders,
        };
        checks.install()?;
        Ok(Some(checks))
    }

    fn install(&self) -> Result<()> {
        let mut folders = self.folders.iter();
        folders.try_for_each(|folder| node::install(&self.programs, &folder.path))
    }

    fn npm(&self, folder: &Folder) -> Result<Command> {
        let mut command = Command::new(self.programs.join("npm"));
        command.current_dir(&folder.path);
        self.tell(&mut command)?;
        Ok(command)
    }

    /// Tells a command where Node.js and the browser are.
    pub(super) fn tell(&self, command: &mut Command) -> Result<()> {
        command.env("PATH", node::path_with(&self.programs)?);
        if let Some(browser) = packages::chromium() {
            command.env("CHROMIUM", browser);
        }
        Ok(())
    }

    /// Runs each script; one that does not pass has failed.
    pub(super) fn run(
        &self,
        services: &Services,
        variables: &[(&str, OsString)],
    ) -> Result<Counts> {
        let mut counts = Counts::default();
        for folder in &self.folders {
            for script in folder.package.checks() {
                let name = folder
                    .path
                    .strip_prefix(house::root()?)?
                    .display()
                    .to_string();
                println!("     Running npm run {script} in {name}");
                let mut command = self.npm(folder)?;
                services.tell(&mut command);
                command.envs(variables.iter().map(|(name, value)| (name, value)));
                if process::status(command.args(["run", "--silent", script]))?.success() {
                    counts.passed += 1;
                } else {
                    println!("npm run {script} in {name} FAILED");
                    counts.failed += 1;
                }
            }
        }
        Ok(counts)
    }
}

impl Package {
    fn checks(&self) -> impl Iterator<Item = &'static str> {
        ["check", "test"]
            .into_iter()
            .filter(|script| self.scripts.contains_key(*script))
    }

    fn drives_browser(&self) -> bool {
        [&self.dependencies, &self.dev_dependencies]
            .iter()
            .any(|dependencies| dependencies.contains_key(BROWSER_DRIVER))
    }
}

/// Folders with a `package.json`, in order of their paths.
fn folders(place: &Path, depth: usize) -> Result<Vec<Folder>> {
    let mut found = Vec::new();
    let manifest = place.join("package.json");
    if manifest.is_file() {
        let package = serde_json::from_str(&fs::read_to_string(&manifest)?)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        found.push(Folder {
            path: place.to_owned(),
            package,
        });
    } else if depth > 0 {
        let mut entries = fs::read_dir(place)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_type()?.is_dir() {
                found.extend(folders(&entry.path(), depth - 1)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn package(text: &str) -> Package {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn folders_are_found_where_their_packages_are_and_not_below() {
        let scratch = Scratch::create(None).unwrap();
        for name in ["tests/http", "console", "console/node_modules/a", "src"] {
            fs::create_dir_all(scratch.path().join(name)).unwrap();
        }
        for name in ["tests/http", "console", "console/node_modules/a"] {
            fs::write(scratch.path().join(name).join("package.json"), "{}").unwrap();
        }
        let found = folders(scratch.path(), DEPTH).unwrap();
        let paths: Vec<_> = found.iter().map(|folder| folder.path.clone()).collect();
        assert_eq!(
            paths,
            [
                scratch.path().join("console"),
                scratch.path().join("tests/http")
            ]
        );
    }

    #[test]
    fn a_script_named_check_or_test_is_a_check() {
        let package = package(r#"{ "scripts": { "build": "a", "test": "b", "check": "c" } }"#);
        assert_eq!(package.checks().collect::<Vec<_>>(), ["check", "test"]);
    }

    #[test]
    fn a_browser_is_wanted_by_whoever_drives_one() {
        assert!(package(r#"{ "devDependencies": { "playwright-core": "1" } }"#).drives_browser());
        assert!(!package(r#"{ "dependencies": { "graphql": "16" } }"#).drives_browser());
    }
}
