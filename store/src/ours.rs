//! Small tables of ours in the served database, read and written by scripts like those of requests.
//!
//! Their SQL is one text for all databases. `{table}` stands in it for the name of the table,
//! `{word}` and `{long}` for types of text; `$1…` are what it is given, each once and in order.

use crate::{Database, Error, Reply};
use futures_util::StreamExt as _;
use model::{
    Argument, Cell, Codec, Content, Dialect, Field, Footprint, Label, Parameter, Record, Root,
    Scalar, Script, Statement, Step, Use, Value, Weight,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest answer about a table of ours, in bytes.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Several that find something missing make it one after the other; without the lock,
/// `IF NOT EXISTS` fails for those that are second.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7381240991726402)";

/// Making the schema takes a right that looking for it does not.
const HAS_SCHEMA: &str = "SELECT to_regnamespace('fragaria') IS NOT NULL";

/// A table of ours.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name, without what it begins with.
    pub(crate) name: &'static str,
    /// Its columns and its primary key.
    pub(crate) columns: &'static str,
}

/// A statement about a table of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) sql: &'static str,
    pub(crate) given: Vec<(Scalar, Value)>,
    /// What it gives, by the names that are read.
    pub(crate) gives: &'static [(&'static str, Scalar)],
}

/// A text, or nothing.
pub(crate) fn text(text: Option<&str>) -> (Scalar, Value) {
    let text = text.map_or(Value::Null, |text| Value::Text(text.into()));
    (Scalar::String, text)
}

/// A whole number, or nothing.
pub(crate) fn number(number: Option<u64>) -> (Scalar, Value) {
    let number = number.map_or(Value::Null, |number| {
        Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    });
    (Scalar::BigInt, number)
}

/// Whole numbers stand in texts, where JSON has them.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let number = text.map(|text| text.parse()).transpose();
    number.map_err(serde::de::Error::custom)
}

impl Database {
    /// Reads the rows that a statement gives.
    pub(crate) async fn read_ours<T: DeserializeOwned>(
        &self,
        table: &Table,
        asked: Asked,
    ) -> Result<Vec<T>, Error> {
        self.ask_ours(table, false, vec![asked]).await
    }

    /// Does all of that or nothing, and reads the rows that the last statement gives.
    pub(crate) async fn write_ours<T: DeserializeOwned>(
        &self,
        table: &Table,
        asked: Vec<Asked>,
    ) -> Result<Vec<T>, Error> {
        self.ask_ours(table, true, asked).await
    }

    /// Asks; where the table is missing it is made first.
    async fn ask_ours<T: DeserializeOwned>(
        &self,
        table: &Table,
        writes: bool,
        asked: Vec<Asked>,
    ) -> Result<Vec<T>, Error> {
        match self.attempt_ours(table, writes, asked.clone()).await {
            Err(Error::Schema(_)) => {
                self.lay_ours(table).await?;
                self.attempt_ours(table, writes, asked).await
            }
            outcome => outcome,
        }
    }

    async fn attempt_ours<T: DeserializeOwned>(
        &self,
        table: &Table,
        writes: bool,
        asked: Vec<Asked>,
    ) -> Result<Vec<T>, Error> {
        let dialect = self.dialect();
        let arguments = asked.iter().map(arguments).collect();
        let last = asked.len().saturating_sub(1);
        let gives = asked.last().is_some_and(|asked| !asked.gives.is_empty());
        let root = Root {
            key: Label::new("rows"),
            content: if gives {
                Content::Step(last)
            } else {
                Content::Constant("[]".into())
            },
        };
        let script = Script {
            writes,
            calls: false,
            refusals: Arc::default(),
            footprint: of_none(),
            undone: false,
            steps: asked
                .iter()
                .map(|asked| step(asked, &spelled(asked.sql, table.name, dialect)))
                .collect(),
            roots: vec![root],
        };
        let reply = self.run(Arc::new(script), arguments, Weight::Bounded).await;
        let told = whole(reply.map_err(|failure| failure.error)?).await?;
        let told: BTreeMap<String, Vec<T>> = serde_json::from_slice(&told)
            .map_err(|error| Error::Conversion(format!("{}: {error}", table.name)))?;
        Ok(told.into_values().next().unwrap_or_default())
    }

    /// Makes a table.
    async fn lay_ours(&self, table: &Table) -> Result<(), Error> {
        let dialect = self.dialect();
        let columns = spelled(table.columns, table.name, dialect);
        let engine = match dialect {
            Dialect::Mariadb => " ENGINE=InnoDB",
            Dialect::Sqlite | Dialect::Postgres => "",
        };
        let name = named(table.name, dialect);
        let create = format!("CREATE TABLE IF NOT EXISTS {name} ({columns}){engine}");
        let mut steps = Vec::new();
        if dialect == Dialect::Postgres {
            steps.push(LOCK.to_owned());
            if !self.has_schema().await? {
                steps.push("CREATE SCHEMA IF NOT EXISTS fragaria".to_owned());
            }
        }
        steps.push(create);
        let script = Script {
            writes: true,
            calls: false,
            refusals: Arc::default(),
            footprint: of_none(),
            undone: false,
            steps: steps
                .iter()
                .map(|sql| step(&Asked::default(), sql))
                .collect(),
            roots: Vec::new(),
        };
        let arguments = vec![Vec::new(); steps.len()];
        let made = self.run(Arc::new(script), arguments, Weight::Bounded).await;
        made.map(drop).map_err(|failure| failure.error)
    }

    async fn has_schema(&self) -> Result<bool, Error> {
        let cell = Cell::Scalar {
            column: 0,
            codec: Codec::Scalar(Scalar::Boolean),
        };
        let script = Script {
            writes: false,
            calls: false,
            refusals: Arc::default(),
            footprint: of_none(),
            undone: false,
            steps: vec![Step {
                rows: Use::Value(cell),
                ..step(&Asked::default(), HAS_SCHEMA)
            }],
            roots: vec![Root {
                key: Label::new("has"),
                content: Content::Step(0),
            }],
        };
        let reply = self.run(Arc::new(script), vec![Vec::new()], Weight::Light);
        let reply = reply.await.map_err(|failure| failure.error)?;
        Ok(whole(reply).await? == b"{\"has\":true}")
    }
}

/// Tables of ours are no part of an API: who follows changes follows none of these.
fn of_none() -> Arc<Footprint> {
    Arc::new(Footprint {
        knows_reads: true,
        knows_writes: true,
        ..Footprint::default()
    })
}

/// What a table of ours is called.
fn named(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!("fragaria.{name}"),
        Dialect::Sqlite | Dialect::Mariadb => format!("fragaria_{name}"),
    }
}

/// A text as a database wants it.
fn spelled(sql: &str, table: &str, dialect: Dialect) -> String {
    let sql = sql.replace("{table}", &named(table, dialect));
    let typed = |word: &str, long: &str| sql.replace("{word}", word).replace("{long}", long);
    match dialect {
        Dialect::Postgres => typed("text", "text"),
        Dialect::Sqlite => typed("text", "text").replace('$', "?"),
        Dialect::Mariadb => {
            const BINARY: &str = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
            let typed = typed(
                &format!("varchar(255) {BINARY}"),
                &format!("mediumtext {BINARY}"),
            );
            let mut parts = typed.split('$');
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |sql, part| {
                sql + "?" + part.trim_start_matches(|letter: char| letter.is_ascii_digit())
            })
        }
    }
}

fn arguments(asked: &Asked) -> Vec<Argument> {
    let values = asked.given.iter().map(|(_, value)| value.clone());
    values.map(Argument::Value).collect()
}

fn step(asked: &Asked, sql: &str) -> Step {
    let parameter = |&(scalar, _): &(Scalar, Value)| Parameter {
        scalar,
        list: false,
    };
    let field = |(column, &(name, scalar)): (usize, &(&str, Scalar))| Field {
        key: Label::new(name),
        cell: Cell::Scalar {
            column,
            codec: Codec::Scalar(scalar),
        },
    };
    let fields: Vec<_> = asked.gives.iter().enumerate().map(field).collect();
    let record = Record {
        fields,
        cases: None,
    };
    Step {
        statement: Statement {
            sql: sql.into(),
            parameters: asked.given.iter().map(parameter).collect(),
        },
        rows: if asked.gives.is_empty() {
            Use::Discard
        } else {
            Use::Rows(record)
        },
        key: "ours".into(),
        input: None,
        expects: Vec::new(),
        assures: None,
    }
}

/// All of an answer.
async fn whole(reply: Reply) -> Result<Vec<u8>, Error> {
    let mut chunks = match reply {
        Reply::Whole(text) | Reply::Replayed(text) => return Ok(text.into()),
        Reply::Stream(chunks) => chunks,
    };
    let mut told = Vec::new();
    while let Some(chunk) = chunks.next().await {
        told.extend_from_slice(&chunk?);
        if told.len() > BYTES_MAX {
            return Err(Error::AnswerBytes(BYTES_MAX));
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_spelled_for_each_database() {
        let sql = "SELECT a FROM {table} WHERE b = $1 AND c > $12";
        let spelled = |dialect| spelled(sql, "thing", dialect);
        assert_eq!(
            spelled(Dialect::Postgres),
            "SELECT a FROM fragaria.thing WHERE b = $1 AND c > $12"
        );
        assert_eq!(
            spelled(Dialect::Sqlite),
            "SELECT a FROM fragaria_thing WHERE b = ?1 AND c > ?12"
        );
        assert_eq!(
            spelled(Dialect::Mariadb),
            "SELECT a FROM fragaria_thing WHERE b = ? AND c > ?"
        );
    }
}
