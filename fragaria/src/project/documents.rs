//! The trusted documents of a project: files that people write, and manifests of clients' tools.

mod manifest;

use super::{display, text};
use crate::config::Documents;
use crate::mend;
use crate::snippet::{Refused, Texts};
use anyhow::Result;
use engine::trusted::{Document, Source};
use model::Diagnostic;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// How many folders may lie in each other.
const DEPTH_MAX: usize = 16;

/// Reads the documents that a project names, from its directory.
pub(super) fn read(directory: &Path, config: &Documents) -> Result<Vec<Source>> {
    let mut files = Files {
        left: config.bytes_max,
        bytes_max: config.bytes_max,
        sources: Vec::new(),
    };
    if !config.folder.is_empty() {
        let folder = directory.join(&config.folder);
        if !folder.is_dir() {
            let what = format!("there is no folder {}", display(&folder));
            let help = "make it, or name another in documents.folder";
            return Err(mend::failure(what, help));
        }
        files.gather(&folder, &mut Vec::new())?;
    }
    for name in &config.manifests {
        files.manifest(&directory.join(name))?;
    }
    Ok(files.sources)
}

/// What is said where documents are named and there are none.
pub(super) fn missing(config: &Documents) -> Option<Diagnostic> {
    let places = [&config.folder].into_iter().chain(&config.manifests);
    let places: Vec<_> = places.filter(|place| !place.is_empty()).cloned().collect();
    let what = format!("there is no document in {}", places.join(", "));
    let help = "documents are files that end with .graphql, and what manifests list";
    (!places.is_empty()).then(|| Diagnostic::warning("documents.none", what).help(help))
}

/// Refuses documents that are too long with the statements they became.
pub(super) fn bound(documents: &[Document], bytes_max: usize) -> Result<()> {
    let scripts = |document: &Document| -> usize {
        let operations = document.operations.iter();
        let scripts = operations.flat_map(|operation| &operation.scripts);
        let texts = scripts.flat_map(|script| script.sql.iter().flatten());
        texts.map(String::len).sum()
    };
    let bytes = documents.iter();
    let bytes: usize = bytes
        .map(|document| document.text.len() + scripts(document))
        .sum();
    if bytes > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(())
}

/// The texts that findings about them point into.
pub(super) fn texts(sources: &[Source]) -> Texts {
    let text = |source: &Source| (source.name.clone(), source.text.clone());
    sources.iter().map(text).collect()
}

fn too_large(bytes_max: usize) -> anyhow::Error {
    let what = format!("the trusted documents have more than {bytes_max} bytes in all");
    mend::failure(
        what,
        "remove those that no client uses, or set documents.bytes_max",
    )
}

struct Files {
    left: usize,
    bytes_max: usize,
    sources: Vec<Source>,
}

impl Files {
    /// The text of a file, if there is room for it.
    fn text(&mut self, path: &Path) -> Result<String> {
        let length = fs::metadata(path)?.len();
        if usize::try_from(length).map_or(true, |length| length > self.left) {
            return Err(too_large(self.bytes_max));
        }
        let text = text(path)?;
        let left = self.left.checked_sub(text.len());
        self.left = left.ok_or_else(|| too_large(self.bytes_max))?;
        Ok(text)
    }

    /// Each file is a document; it is named by the folders and the file it stands in.
    fn gather(&mut self, folder: &Path, within: &mut Vec<String>) -> Result<()> {
        if within.len() >= DEPTH_MAX {
            let what = format!("{} lies in too many folders", display(folder));
            let help = format!("at most {DEPTH_MAX} folders of documents lie in each other");
            return Err(mend::failure(what, help));
        }
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            let part = path.file_stem().unwrap_or_default().to_string_lossy();
            within.push(part.into_owned());
            if path.is_dir() {
                self.gather(&path, within)?;
            } else if path.extension() == Some(OsStr::new("graphql")) {
                let source = Source {
                    name: display(&path),
                    ids: vec![within.join(".")],
                    text: self.text(&path)?,
                    said: None,
                };
                self.sources.push(source);
            }
            within.pop();
        }
        Ok(())
    }

    fn manifest(&mut self, path: &Path) -> Result<()> {
        if !path.is_file() {
            let what = format!("there is no {}", display(path));
            let help = "have the client's tool write it, or name another in documents.manifests";
            return Err(mend::failure(what, help));
        }
        let (name, text) = (display(path), self.text(path)?);
        let sources = manifest::read(&name, &text).map_err(|finding| Refused {
            diagnostics: vec![*finding],
            texts: Texts::from([(name.clone(), text)]),
        })?;
        self.sources.extend(sources);
        Ok(())
    }
}

/// A finding about a manifest.
type Finding = Box<Diagnostic>;
