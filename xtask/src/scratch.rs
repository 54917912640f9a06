//! Temporary directories that go when they are no longer used.

use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "fragaria-xtask-";

/// A directory only its owner can enter; removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one, owned by `owner` (user and group id) or else by us.
    pub(crate) fn create(owner: Option<(u32, u32)>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::temp_dir();
        sweep(&base);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        let scratch = Self(path);
        if let Some((user, group)) = owner {
            chown(scratch.path(), Some(user), Some(group))?;
        }
        Ok(scratch)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next run.
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Removes what runs left behind that were killed.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if let Some(pid) = name.to_str().and_then(owner_of)
            && !Path::new("/proc").join(pid.to_string()).exists()
        {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// The process that made a directory of that name.
fn owner_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_its_guard() {
        let scratch = Scratch::create(None).unwrap();
        let path = scratch.path().to_owned();
        assert!(path.is_dir());
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn only_directories_of_ours_have_an_owner() {
        assert_eq!(owner_of("fragaria-xtask-71-0"), Some(71));
        assert_eq!(owner_of("fragaria-xtask-x-0"), None);
        assert_eq!(owner_of("systemd-private-71-0"), None);
    }
}
