//! The record of what the matrix found on each database, one line for each column type.

use super::super::{PLACE, strip};
use crate::mariadb::Mariadb;
use crate::postgres::Postgres;
use crate::scratch::Scratch;
use crate::{house, process};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The record, beside the page.
const FILE: &str = "support.json";

/// The column types of each database by its name.
pub(super) type Record = Vec<(String, Vec<Type>)>;

/// A column type and what was tried of it.
#[derive(Deserialize)]
pub(super) struct Type {
    #[serde(rename = "type")]
    pub(super) text: String,
    pub(super) scalar: String,
    /// What a server must have for it that not every one has.
    pub(super) needs: Option<String>,
    pub(super) tried: bool,
    pub(super) groups: Vec<Group>,
}

/// What came of the operators of a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    #[serde(rename = "group")]
    pub(super) title: String,
    pub(super) pass: Vec<String>,
    pub(super) not_supported: Vec<Missing>,
}

/// Operators that are not offered.
#[derive(Deserialize)]
pub(super) struct Missing {
    pub(super) reason: String,
    pub(super) operators: Vec<String>,
}

/// Reads the record.
pub(super) fn read() -> Result<Record> {
    let path = path()?;
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let mut all: serde_json::Map<String, Value> = serde_json::from_str(&text)?;
    let databases = ["sqlite", "postgres", "mariadb"].into_iter();
    databases
        .map(|name| {
            let types = all
                .remove(name)
                .with_context(|| format!("{FILE} lacks {name}"))?;
            Ok((name.to_owned(), serde_json::from_value(types)?))
        })
        .collect()
}

/// Runs the matrix on all databases and writes what it found; one that fails makes no record.
pub(in super::super) fn write(binary: &Path) -> Result<()> {
    let scratch = Scratch::create(None)?;
    let file = scratch.path().join("support.db");
    File::create(&file)?;
    let postgres = Postgres::start("docs", &[("fsync", "off")])?;
    postgres.sql(
        "postgres",
        "CREATE EXTENSION citext; CREATE EXTENSION postgis",
    )?;
    let mariadb = Mariadb::start("docs")?;
    let found = [
        found(binary, &format!("sqlite:{}", file.display()))?,
        found(binary, &postgres.url("postgres"))?,
        found(binary, &mariadb.url("mysql"))?,
    ];
    let text = format!("{{\n{}\n}}\n", found.join(",\n"));
    let path = path()?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The part of the record that is about one database.
fn found(binary: &Path, url: &str) -> Result<String> {
    let mut command = Command::new(binary);
    strip(&mut command);
    command.args(["verify", "api", "--json", "--against", url]);
    let told = process::read(&mut command).context("the matrix does not hold")?;
    let report: Value = serde_json::from_str(&told)?;
    let (Some(database), Some(types)) = (report["database"].as_str(), report["types"].as_array())
    else {
        bail!("the command tells no types");
    };
    let lines: Vec<_> = types.iter().map(Value::to_string).collect();
    Ok(format!("{database:?}: [\n{}\n]", lines.join(",\n")))
}

fn path() -> Result<PathBuf> {
    Ok(house::root()?.join(PLACE).join(FILE))
}
