//! The page of all settings: words from the declarations, keys and defaults from the binary.

use super::declarations::{Declaration, Field, read};
use super::strip;
use crate::scratch::Scratch;
use crate::{house, process};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where settings are declared, and under which name the top of them knows the types of the file.
const DECLARATIONS: [(&str, &str); 15] = [
    ("", "fragaria/src/config.rs"),
    ("", "fragaria/src/config/cache.rs"),
    ("", "fragaria/src/config/compression.rs"),
    ("", "fragaria/src/config/documents.rs"),
    ("", "fragaria/src/config/server.rs"),
    ("", "fragaria/src/config/tenancy.rs"),
    ("", "fragaria/src/config/tls.rs"),
    ("store::", "store/src/config.rs"),
    ("engine::", "engine/src/config.rs"),
    ("logs::", "observe/src/logs.rs"),
    ("guard::", "guard/src/config.rs"),
    ("guard::", "guard/src/config/kept.rs"),
    ("guard::", "guard/src/config/certificate.rs"),
    ("guard::load::", "guard/src/load.rs"),
    ("guard::rates::", "guard/src/rates/config.rs"),
];

const OPENING: &str = "\
# Configuration

Written by `cargo xtask docs` from the declarations; do not edit it.

Every key can stand in `fragaria.toml`, in the environment (`database.url` is `FRAGARIA_DATABASE__URL`) and on the
command line (`--set database.url=…`). The command line wins over the environment, that over the file, and the file over
the default.
";

/// A key as `fragaria config --json` tells of it.
#[derive(Deserialize)]
struct Setting {
    value: Value,
}

/// The page.
pub(super) fn page(binary: &Path) -> Result<String> {
    let mut declarations = BTreeMap::new();
    for (under, path) in DECLARATIONS {
        let source = fs::read_to_string(house::root()?.join(path))?;
        read(under, &source, &mut declarations).with_context(|| path.to_owned())?;
    }
    let mut page = Writing {
        declarations,
        defaults: defaults(binary)?,
        text: OPENING.to_owned(),
    };
    page.section("", "Config")?;
    if !page.defaults.is_empty() {
        let keys: Vec<_> = page.defaults.keys().collect();
        bail!("no declaration was found for {keys:?}");
    }
    Ok(page.text)
}

/// All keys and their defaults.
fn defaults(binary: &Path) -> Result<BTreeMap<String, Setting>> {
    let scratch = Scratch::create(None)?;
    let mut command = Command::new(binary);
    strip(&mut command);
    let told = process::read(command.arg("config").arg(scratch.path()).arg("--json"))?;
    Ok(serde_json::from_str(&told)?)
}

struct Writing {
    declarations: BTreeMap<String, Declaration>,
    /// Those that are not written yet.
    defaults: BTreeMap<String, Setting>,
    text: String,
}

impl Writing {
    /// Writes the keys of a section, and then the sections in it.
    fn section(&mut self, prefix: &str, kind: &str) -> Result<()> {
        let Some(Declaration::Section { about, fields }) = self.declarations.remove(kind) else {
            bail!("{kind} is declared in no file that is read for it");
        };
        let (mut inner, mut lists) = (Vec::new(), Vec::new());
        let mut rows = String::new();
        for field in fields {
            let key = join(prefix, &field.name);
            if self.is_section(&field.kind) && !field.is_list {
                inner.push((key, field.kind));
                continue;
            }
            self.row(&mut rows, &key, &field)?;
            if self.is_section(&field.kind) {
                lists.push((key, field.kind));
            }
        }
        if !rows.is_empty() {
            let head = "| key | default | meaning |\n|---|---|---|\n";
            write!(self.text, "\n## `{prefix}`\n\n{about}\n\n{head}{rows}")?;
        }
        lists
            .iter()
            .try_for_each(|(key, kind)| self.items(key, kind))?;
        inner
            .iter()
            .try_for_each(|(key, kind)| self.section(key, kind))
    }

    /// Writes the keys of each section of a list; the words tell their defaults.
    fn items(&mut self, key: &str, kind: &str) -> Result<()> {
        let Some(Declaration::Section { about, fields }) = self.declarations.remove(kind) else {
            bail!("{kind} is declared in no file that is read for it");
        };
        let head = "| key | meaning |\n|---|---|\n";
        write!(self.text, "\n## `[[{key}]]`\n\n{about}\n\n{head}")?;
        for Field { name, about, .. } in fields {
            writeln!(self.text, "| `{name}` | {} |", about.replace('|', "\\|"))?;
        }
        Ok(())
    }

    fn is_section(&self, kind: &str) -> bool {
        let declaration = self.declarations.get(kind);
        matches!(declaration, Some(Declaration::Section { .. }))
    }

    fn row(&mut self, rows: &mut String, key: &str, field: &Field) -> Result<()> {
        let default = self.defaults.remove(key);
        let default = default.with_context(|| format!("the binary knows no key {key}"))?;
        let mut about = field.about.clone();
        if let Some(Declaration::Choice(words)) = self.declarations.get(&field.kind) {
            for (word, meaning) in words {
                write!(about, "<br>`{word}`: {meaning}")?;
            }
        }
        let (default, about) = (shown(&default.value), about.replace('|', "\\|"));
        writeln!(rows, "| `{key}` | {default} | {about} |")?;
        Ok(())
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// A default as it is written in a file; a secret has none.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "none".to_owned(),
        value => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(keys: &[&str]) -> Writing {
        let mut declarations = BTreeMap::new();
        let top = "/// All.\n#[derive(Deserialize)]\nstruct Config {\n/// Rooms.\na: a::Config }";
        let room = "/// A room.\n#[derive(Deserialize)]\nstruct Config {\n/// A word.\nb: Word }\n\
            #[derive(Deserialize)]\nenum Word {\n/// Yes.\nOne }";
        read("", top, &mut declarations).unwrap();
        read("a::", room, &mut declarations).unwrap();
        let setting = |key: &&str| {
            let value = "one".into();
            ((*key).to_owned(), Setting { value })
        };
        Writing {
            declarations,
            defaults: keys.iter().map(setting).collect(),
            text: String::new(),
        }
    }

    #[test]
    fn a_key_has_its_default_and_its_words() {
        let mut writing = writing(&["a.b"]);
        writing.section("", "Config").unwrap();
        let section = "\n## `a`\n\nA room.\n\n| key | default | meaning |\n|---|---|---|\n\
            | `a.b` | `\"one\"` | A word.<br>`one`: Yes. |\n";
        assert_eq!(writing.text, section);
        assert!(writing.defaults.is_empty());
    }

    #[test]
    fn the_sections_of_a_list_have_keys_of_their_own() {
        let mut writing = writing(&["a"]);
        let top =
            "/// All.\n#[derive(Deserialize)]\nstruct Config {\n/// Rooms.\na: Vec<a::Config> }";
        read("", top, &mut writing.declarations).unwrap();
        writing.section("", "Config").unwrap();
        let items = "\n## `[[a]]`\n\nA room.\n\n| key | meaning |\n|---|---|\n| `b` | A word. |\n";
        assert!(writing.text.ends_with(items), "{}", writing.text);
    }

    #[test]
    fn a_declared_key_that_the_binary_does_not_know_is_refused() {
        assert!(writing(&[]).section("", "Config").is_err());
    }
}
