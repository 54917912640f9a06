//! Mutations: how the sources are changed so that they lack a defence.

use super::folder;
use crate::house;
use crate::licences::graph;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What takes a defence away; the file has its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutation {
    #[serde(skip)]
    pub(super) name: String,
    /// Whether it needs a build of its own.
    #[serde(default)]
    pub(super) apart: bool,
    /// Defences that rest on this one: their attacks may come through, too.
    #[serde(default)]
    pub(super) carries: Vec<String>,
    #[serde(rename = "edit", default)]
    pub(super) edits: Vec<Edit>,
}

/// A text that stands once in a file, and what takes its place.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The package of others that the file is in; without one it is one of ours.
    pub(super) package: Option<String>,
    pub(super) file: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Where the sources are.
pub(super) struct Sources {
    /// Ours.
    pub(super) root: PathBuf,
    /// Those of others, by the names of their packages.
    packages: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// Asks cargo where the packages are.
    pub(super) fn read() -> Result<Self> {
        let root = house::root()?;
        let packages = graph::read(&root, false)?.packages.into_iter();
        let packages = packages.filter_map(|package| {
            let folder = package.manifest_path.parent()?.to_owned();
            Some((package.name, folder))
        });
        let packages = packages.collect();
        Ok(Self { root, packages })
    }

    /// The folder of a package of others.
    pub(super) fn package(&self, name: &str) -> Result<&Path> {
        let folder = self.packages.get(name);
        let folder = folder.with_context(|| format!("no package is named {name}"))?;
        Ok(folder)
    }

    pub(super) fn text(&self, edit: &Edit) -> Result<String> {
        let folder = match &edit.package {
            Some(package) => self.package(package)?,
            None => &self.root,
        };
        let file = folder.join(&edit.file);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// Where in its file an edit is made.
    pub(super) fn place(&self, edit: &Edit) -> Result<Range<usize>> {
        place(edit, &self.text(edit)?)
    }
}

/// Where in a text an edit is made: at the one place that is as it says.
fn place(edit: &Edit, text: &str) -> Result<Range<usize>> {
    let mut found = text.match_indices(&edit.before);
    match (found.next(), found.next()) {
        (Some((begin, _)), None) if edit.before != edit.after => {
            Ok(begin..begin + edit.before.len())
        }
        (Some(_), Some(_)) => bail!("{} has this more than once:\n{}", edit.file, edit.before),
        (None, _) => bail!("{} no longer has this:\n{}", edit.file, edit.before),
        (Some(_), None) => bail!(
            "in {} this is to become itself:\n{}",
            edit.file,
            edit.before
        ),
    }
}

/// All mutations, by name.
pub(super) fn all() -> Result<Vec<Mutation>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder()?.join("mutations"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let mut mutation: Mutation =
            toml::from_str(&text).with_context(|| format!("{} is no mutation", path.display()))?;
        let name = path.file_stem().context("a file has a name")?;
        mutation.name = name.to_string_lossy().into_owned();
        all.push(mutation);
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

#[cfg(test)]
impl Mutation {
    /// One that changes nothing.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            apart: false,
            carries: Vec::new(),
            edits: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_fits_the_sources_as_they_are() {
        let sources = Sources::read().unwrap();
        let all = all().unwrap();
        assert!(all.len() > 50, "only {} mutations", all.len());
        let mut wrong = Vec::new();
        for mutation in &all {
            if mutation.edits.is_empty() {
                wrong.push(format!("{} changes nothing", mutation.name));
            }
            let named = mutation.carries.iter();
            let unknown = named.filter(|name| !all.iter().any(|known| known.name == **name));
            wrong.extend(unknown.map(|name| format!("{} carries {name}", mutation.name)));
            let unfit = mutation.edits.iter().map(|edit| sources.place(edit));
            wrong.extend(unfit.filter_map(|place| {
                place
                    .err()
                    .map(|error| format!("{}: {error}", mutation.name))
            }));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_edit_is_made_at_the_one_place_that_is_as_it_says() {
        let edit = |before: &str, after: &str| Edit {
            package: None,
            file: "a.rs".to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        assert_eq!(place(&edit("b", "c"), "abc").unwrap(), 1..2);
        for (before, after) in [("b", "c"), ("x", "c"), ("a", "a")] {
            assert!(place(&edit(before, after), "abab a").is_err(), "{before}");
        }
    }
}
