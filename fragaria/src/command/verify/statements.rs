//! Statements of our own, which no request is behind.

use anyhow::{Context as _, Result};
use model::{Cell, Codec, Content, Label, Root, Scalar, Script, Statement, Step, Use, Weight};
use serde_json::Value;
use std::sync::Arc;
use store::{Database, Failure, Reply};

/// Runs statements one after the other, as each may be about what one before it made.
pub(super) async fn run(database: &Database, statements: &[String]) -> Result<(), Failure> {
    for sql in statements {
        let script = Script {
            writes: true,
            calls: false,
            refusals: Arc::default(),
            footprint: Arc::default(),
            undone: false,
            steps: vec![step(sql, Use::Discard)],
            roots: Vec::new(),
        };
        let ran = database.run(Arc::new(script), vec![Vec::new()], Weight::Bounded);
        ran.await?;
    }
    Ok(())
}

/// The number a statement gives; none without a row.
pub(super) async fn number(database: &Database, sql: &str) -> Result<Option<u64>> {
    let cell = Cell::Scalar {
        column: 0,
        codec: Codec::Scalar(Scalar::BigInt),
    };
    let script = Script {
        writes: false,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        steps: vec![step(sql, Use::Value(cell))],
        roots: vec![Root {
            key: Label::new("number"),
            content: Content::Step(0),
        }],
    };
    let reply = database.run(Arc::new(script), vec![Vec::new()], Weight::Light);
    let Reply::Whole(text) = reply.await? else {
        anyhow::bail!("a number came in portions");
    };
    let data: Value = serde_json::from_slice(&text)?;
    let number = data["number"].as_str();
    number
        .map(|number| number.parse().context("a count is no number"))
        .transpose()
}

fn step(sql: &str, rows: Use) -> Step {
    Step {
        statement: Statement {
            sql: sql.into(),
            parameters: Vec::new(),
        },
        rows,
        key: "verify".into(),
        input: None,
        expects: Vec::new(),
        assures: None,
    }
}
