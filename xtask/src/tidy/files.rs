//! The files that make up the repository.

use crate::process;
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Directories that hold nothing of ours, for a tree without Git.
const SKIPPED: [&str; 4] = [".git", "target", "node_modules", "shop"];

/// A file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root, with slashes.
    pub(super) path: String,
    /// Its size.
    pub(super) bytes: u64,
    /// What it says, unless it is binary.
    pub(super) text: Option<String>,
}

impl Source {
    /// A text file that exists nowhere.
    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        let bytes = text.len() as u64;
        Self {
            path: path.to_owned(),
            bytes,
            text: Some(text.to_owned()),
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }
}

/// Whether a path ends in that extension.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|own| own == extension)
}

/// Reads every file that is committed or could be.
pub(super) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in list(root)? {
        let file = root.join(&path);
        // A file that was deleted and is not yet committed as such is still listed.
        let Ok(metadata) = fs::symlink_metadata(&file) else {
            continue;
        };
        if metadata.is_file() {
            let text = String::from_utf8(fs::read(&file)?).ok();
            sources.push(Source {
                path,
                bytes: metadata.len(),
                text,
            });
        }
    }
    Ok(sources)
}

/// Asks Git; in an exported tree, walks.
fn list(root: &Path) -> Result<Vec<String>> {
    let git = process::read(Command::new("git").current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]));
    match git {
        Ok(names) if !names.is_empty() => {
            Ok(names.split_terminator('\0').map(str::to_owned).collect())
        }
        _ => {
            let mut paths = Vec::new();
            walk(root, "", &mut paths)?;
            Ok(paths)
        }
    }
}

fn walk(directory: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{prefix}{name}/"), paths)?;
        } else if kind.is_file() {
            paths.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_tree_without_git_is_walked_past_what_is_built() {
        let scratch = Scratch::create(None).unwrap();
        for name in ["target/a", "src/b", "c"] {
            let file = scratch.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let mut paths = list(scratch.path()).unwrap();
        paths.sort();
        assert_eq!(paths, ["c", "src/b"]);
    }

    #[test]
    fn bytes_that_are_no_text_have_a_size_only() {
        let scratch = Scratch::create(None).unwrap();
        fs::write(scratch.path().join("a"), [0xff, 0xfe]).unwrap();
        let sources = read(scratch.path()).unwrap();
        assert!(
            matches!(
                sources.as_slice(),
                [Source {
                    bytes: 2,
                    text: None,
                    ..
                }]
            ),
            "{sources:?}"
        );
    }
}
