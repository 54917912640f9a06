//! Cases of access rules, as their files say them.

use crate::project::display;
use crate::snippet::{Refused, Texts};
use crate::taken_for::TakenFor;
use anyhow::{Context as _, Result};
use model::{Diagnostic, Place};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The directory of a project that files with cases are in.
pub(super) const DIRECTORY: &str = "policy";

/// A file with cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Rows that are there for each case.
    #[serde(default)]
    rows: Vec<Spanned<Given>>,
    #[serde(default, rename = "case")]
    cases: Vec<Spanned<Case>>,
}

/// A row that is there while a case is tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// Its type.
    #[serde(rename = "type")]
    pub(super) type_name: String,
    /// The values of its fields; what TOML cannot say is written as JSON in a text.
    pub(super) values: Value,
}

/// Who asks, and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "as")]
    caller: TakenFor,
    #[serde(default)]
    rows: Vec<Spanned<Given>>,
    #[serde(default)]
    sees: Vec<Spanned<Sight>>,
    #[serde(default)]
    does_not_see: Vec<Spanned<Named>>,
    #[serde(default)]
    may: Vec<Spanned<Write>>,
    #[serde(default)]
    may_not: Vec<Spanned<Write>>,
    #[serde(default)]
    asks: Vec<Spanned<Question>>,
}

/// A row, and what is seen of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sight {
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) id: Value,
    /// Fields that are seen as they are.
    #[serde(default)]
    pub(super) shows: Vec<String>,
    /// Fields that are seen masked.
    #[serde(default)]
    pub(super) masks: Vec<String>,
    /// Fields that are not seen.
    #[serde(default)]
    pub(super) hides: Vec<String>,
}

/// A row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(rename = "type")]
    type_name: String,
    id: Value,
}

/// A write of one row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    pub(super) create: Option<String>,
    pub(super) update: Option<String>,
    pub(super) delete: Option<String>,
    pub(super) id: Option<Value>,
    pub(super) values: Option<Value>,
}

/// A document, and its answer or error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    pub(super) document: String,
    #[serde(default)]
    pub(super) variables: Map<String, Value>,
    /// The `data` that is answered; as JSON in a text, or as a table.
    pub(super) answer: Option<Value>,
    /// The code of the first error.
    pub(super) error: Option<String>,
}

/// What a case expects.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Sees(Sight),
    DoesNotSee(Sight),
    May(Write),
    MayNot(Write),
    Asks(Question),
}

/// A case as it is tried.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) caller: TakenFor,
    pub(super) rows: Vec<(Place, Given)>,
    pub(super) expects: Vec<(Place, Expected)>,
}

/// The files with cases: those that are named, or else all of the project.
pub(super) fn files(directory: &Path, named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let directory = directory.join(DIRECTORY);
    let mut files = Vec::new();
    if directory.is_dir() {
        let shown = display(&directory);
        for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {shown}"))? {
            let path = entry
                .with_context(|| format!("cannot read {shown}"))?
                .path();
            if path.extension() == Some(OsStr::new("toml")) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The cases of some files, and the texts they are in.
pub(super) fn read(files: &[PathBuf]) -> Result<(Vec<Trial>, Texts)> {
    let (mut trials, mut texts, mut diagnostics) = (Vec::new(), Texts::new(), Vec::new());
    for path in files {
        let name = display(path);
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        match toml::from_str::<Written>(&text) {
            Ok(written) => trials.extend(of_file(&name, written, &mut diagnostics)),
            Err(error) => {
                let message = error.message().lines().collect::<Vec<_>>().join(", ");
                let found = Diagnostic::error("policy.syntax", message);
                diagnostics.push(match error.span() {
                    Some(span) => found.at(&name, span),
                    None => found.at(&name, 0..0),
                });
            }
        }
        texts.insert(name, text);
    }
    if diagnostics.is_empty() {
        return Ok((trials, texts));
    }
    Err(Refused { diagnostics, texts }.into())
}

fn of_file(file: &str, written: Written, diagnostics: &mut Vec<Diagnostic>) -> Vec<Trial> {
    let shared = placed(file, written.rows);
    let cases = placed(file, written.cases).into_iter();
    cases
        .map(|(place, case)| {
            let mut rows = shared.clone();
            rows.extend(placed(file, case.rows));
            for (place, row) in &mut rows {
                readable(&mut row.values, place, diagnostics);
            }
            let mut expects = Vec::new();
            let mut add = |list: Vec<(Place, Expected)>| expects.extend(list);
            add(each(file, case.sees, Expected::Sees));
            add(each(file, case.does_not_see, |row| {
                Expected::DoesNotSee(Sight {
                    type_name: row.type_name,
                    id: row.id,
                    shows: Vec::new(),
                    masks: Vec::new(),
                    hides: Vec::new(),
                })
            }));
            add(each(file, case.may, Expected::May));
            add(each(file, case.may_not, Expected::MayNot));
            add(each(file, case.asks, Expected::Asks));
            for (place, expected) in &mut expects {
                settle(expected, place, diagnostics);
            }
            if expects.is_empty() {
                let message = format!("the case `{}` expects nothing", case.name);
                let found = Diagnostic::error("policy.case", message)
                    .help("say what the caller `sees`, `does_not_see`, `may`, `may_not` or `asks`");
                diagnostics.push(at(found, &place));
            }
            Trial {
                name: case.name,
                place,
                caller: case.caller,
                rows,
                expects,
            }
        })
        .collect()
}

/// A finding at a place.
pub(super) fn at(diagnostic: Diagnostic, place: &Place) -> Diagnostic {
    diagnostic.at(&place.file, place.span.clone())
}

fn placed<T>(file: &str, list: Vec<Spanned<T>>) -> Vec<(Place, T)> {
    let list = list.into_iter().map(|item| {
        let place = Place {
            file: file.to_owned(),
            span: item.span(),
        };
        (place, item.into_inner())
    });
    list.collect()
}

fn each<T>(
    file: &str,
    list: Vec<Spanned<T>>,
    expected: impl Fn(T) -> Expected,
) -> Vec<(Place, Expected)> {
    let list = placed(file, list).into_iter();
    list.map(|(place, item)| (place, expected(item))).collect()
}

/// Reads what is written as JSON in texts, and refuses what says nothing that could be tried.
fn settle(expected: &mut Expected, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
    let mut refuse = |message: &str, help: &str| {
        diagnostics.push(at(
            Diagnostic::error("policy.case", message).help(help),
            place,
        ));
    };
    match expected {
        Expected::Sees(_) | Expected::DoesNotSee(_) => {}
        Expected::May(write) | Expected::MayNot(write) => {
            let kinds = [&write.create, &write.update, &write.delete];
            let kinds = kinds.map(|kind| u8::from(kind.is_some()));
            let wants = (write.create.is_none(), write.delete.is_none());
            if kinds.iter().sum::<u8>() != 1 {
                refuse(
                    "it is not said what is done",
                    "name a type behind one of `create`, `update` and `delete`",
                );
            } else if (write.id.is_some(), write.values.is_some()) != wants {
                refuse(
                    "that is not what such a write is made of",
                    "`create` takes `values`, `update` takes `id` and `values`, `delete` takes `id`",
                );
            }
            if let Some(values) = &mut write.values {
                readable(values, place, diagnostics);
            }
        }
        Expected::Asks(question) => {
            if question.answer.is_some() == question.error.is_some() {
                refuse(
                    "it is not said what is answered",
                    "give either `answer`, the data, or `error`, a code",
                );
            }
            if let Some(answer) = &mut question.answer {
                readable(answer, place, diagnostics);
            }
        }
    }
}

/// An object, which may be written as JSON in a text.
fn readable(value: &mut Value, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
    let read = match &*value {
        Value::String(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        other => Ok(other.clone()),
    };
    match read {
        Ok(read @ Value::Object(_)) => *value = read,
        Ok(_) => {
            let message = "a table, or a JSON object in a text, is expected";
            diagnostics.push(at(Diagnostic::error("policy.case", message), place));
        }
        Err(error) => {
            let message = format!("the text is no JSON: {error}");
            diagnostics.push(at(Diagnostic::error("policy.case", message), place));
        }
    }
}
