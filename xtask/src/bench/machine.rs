//! The machine and the versions a figure belongs to.

use crate::{house, process};
use anyhow::Result;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where and with what it was measured.
#[derive(Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gib: u64,
    pub(super) kernel: String,
    pub(super) rustc: String,
    pub(super) fragaria: String,
    /// The commit, and whether the tree differs from it.
    pub(super) commit: String,
}

/// Looks at this machine, and at a binary that was built of this tree or came from elsewhere.
pub(super) fn describe(binary: &Path, is_built: bool) -> Result<Machine> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kibibytes =
        value(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok());
    let version = process::read(Command::new(binary).arg("--version"))?;
    let rustc = process::read(Command::new("rustc").arg("--version"))?;
    Ok(Machine {
        processor: value(&processors, "model name")
            .unwrap_or("an unknown processor")
            .to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        memory_gib: kibibytes.unwrap_or(0_u64).div_ceil(1024 * 1024),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
            .trim()
            .to_owned(),
        rustc: rustc.trim().to_owned(),
        fragaria: version.trim().to_owned(),
        commit: if is_built {
            commit()?
        } else {
            "a commit that is not known, as the binary was given".to_owned()
        },
    })
}

fn commit() -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(house::root()?)
        .args(["describe", "--always", "--dirty"]);
    // An exported tree has no history.
    Ok(
        process::read(&mut git)
            .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned()),
    )
}

/// The value of the first `name : value` line.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .find(|(own, _)| own.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name() {
        let text = "processor\t: 0\nmodel name\t: Example 3000\n";
        assert_eq!(value(text, "model name"), Some("Example 3000"));
        assert_eq!(value(text, "model"), None);
    }
}
