//! What comes from the Python registry: files named by their hashes, put in a directory of ours.

use crate::{packages, process};
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Installs what is pinned as `name==version --hash=…`, without what it depends on.
pub(crate) fn install(home: &Path, pinned: &str, further: &[&str]) -> Result<()> {
    if !is_there() {
        packages::install(&["python3-pip"])?;
    }
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    fs::create_dir_all(home)?;
    let list = home.join("requirements.txt");
    fs::write(&list, pinned)?;
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--require-hashes", "--only-binary", ":all:"])
            .args([
                "--disable-pip-version-check",
                "--root-user-action",
                "ignore",
            ])
            .args(further)
            .arg("--target")
            .arg(home.join("packages"))
            .arg("--requirement")
            .arg(&list),
    )
}

fn is_there() -> bool {
    process::read(Command::new("python3").args(["-m", "pip", "--version"])).is_ok()
}
