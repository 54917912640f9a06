//! The copy of the sources that mutations are put into. It is kept, and only what differs is written,
//! so that a build begins where the last one ended.

use super::mutation::{Edit, Mutation, Sources};
use crate::{house, process};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed there for the tests.
const INSTALLED: &str = "fragaria/tests/oidc/node_modules";

/// The copy.
pub(super) struct Tree(PathBuf);

impl Tree {
    pub(super) fn new() -> Result<Self> {
        let home = house::cache()?.join("mutants");
        fs::create_dir_all(&home)?;
        Ok(Self(home))
    }

    /// Where our sources are.
    pub(super) fn root(&self) -> PathBuf {
        self.0.join("tree")
    }

    /// Where they are built.
    pub(super) fn target(&self) -> PathBuf {
        self.0.join("target")
    }

    /// Where the tests tell what became of each attack.
    pub(super) fn told(&self) -> PathBuf {
        self.0.join("told")
    }

    /// Makes it the sources with these mutations, whatever it was.
    pub(super) fn become_as(&self, sources: &Sources, batch: &[Mutation]) -> Result<()> {
        let mut changed: BTreeMap<Option<&str>, BTreeMap<&str, String>> = BTreeMap::new();
        for edit in edits(batch) {
            let files = changed.entry(edit.package.as_deref()).or_default();
            let text = match files.remove(&*edit.file) {
                Some(text) => text,
                None => sources.text(edit)?,
            };
            files.insert(&edit.file, text.replacen(&edit.before, &edit.after, 1));
        }
        let ours = changed.remove(&None).unwrap_or_default();
        let mut patches = String::new();
        for (package, files) in &changed {
            let name = package.context("it is one of others")?;
            let (from, to) = (sources.package(name)?, self.0.join("packages").join(name));
            lay(from, &to, &walk(from)?, files)?;
            let _ = writeln!(patches, "{name} = {{ path = \"{}\" }}", to.display());
        }
        let mut ours = ours;
        if !patches.is_empty() {
            let manifest = fs::read_to_string(sources.root.join("Cargo.toml"))?;
            ours.insert(
                "Cargo.toml",
                format!("{manifest}\n[patch.crates-io]\n{patches}"),
            );
        }
        lay(&sources.root, &self.root(), &listed(&sources.root)?, &ours)?;
        let installed = self.root().join(INSTALLED);
        if installed.symlink_metadata().is_err() {
            symlink(sources.root.join(INSTALLED), installed)?;
        }
        Ok(())
    }
}

/// The edits of some mutations, each once.
fn edits(batch: &[Mutation]) -> Vec<&Edit> {
    let mut edits: Vec<&Edit> = Vec::new();
    for edit in batch.iter().flat_map(|mutation| &mutation.edits) {
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    edits
}

/// Makes a folder hold these files of another one, with other texts for some, and no further source.
fn lay(
    from: &Path,
    to: &Path,
    files: &BTreeSet<String>,
    texts: &BTreeMap<&str, String>,
) -> Result<()> {
    for file in files {
        let wanted = match texts.get(&**file) {
            Some(text) => text.clone().into_bytes(),
            None => fs::read(from.join(file))?,
        };
        let place = to.join(file);
        if fs::read(&place).is_ok_and(|is| is == wanted) {
            continue;
        }
        fs::create_dir_all(place.parent().context("a file stands in a folder")?)?;
        fs::write(&place, wanted)?;
    }
    for stale in walk(to)?.difference(files) {
        fs::remove_file(to.join(stale))?;
    }
    Ok(())
}

/// Our files, as Git has them.
fn listed(root: &Path) -> Result<BTreeSet<String>> {
    let mut command = Command::new("git");
    command.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let names = process::read(&mut command)?;
    let names = names
        .split_terminator('\0')
        .filter(|name| root.join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}

/// The files below a folder, past what is installed there.
fn walk(folder: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let entries = match fs::read_dir(folder.join(&below)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if entry.file_type()?.is_file() {
                files.insert(path.to_string_lossy().into_owned());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_copy_becomes_what_is_wanted_and_touches_nothing_else() {
        let scratch = Scratch::create(None).unwrap();
        let [from, to] = ["from", "to"].map(|name| scratch.path().join(name));
        for (folder, file, text) in [(&from, "a/b", "1"), (&from, "c", "2"), (&to, "old", "3")] {
            fs::create_dir_all(folder.join("a")).unwrap();
            fs::write(folder.join(file), text).unwrap();
        }
        let files = walk(&from).unwrap();
        assert_eq!(files, BTreeSet::from(["a/b".to_owned(), "c".to_owned()]));
        let texts = BTreeMap::from([("c", "4".to_owned())]);
        lay(&from, &to, &files, &texts).unwrap();
        let written = || fs::metadata(to.join("a/b")).unwrap().modified().unwrap();
        let before = written();
        lay(&from, &to, &files, &BTreeMap::new()).unwrap();
        assert_eq!(fs::read_to_string(to.join("c")).unwrap(), "2");
        assert_eq!((walk(&to).unwrap(), written()), (files, before));
    }
}
