//! Whether all that are measured answer the same: what is faster with less would be no comparison.

use super::server;
use super::workloads::Workload;
use crate::postgres::Postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Values for the variables of one request.
type Draw = Vec<(&'static str, u32)>;

/// The lowest, the highest, and those half-way.
fn draws(workload: &Workload) -> [Draw; 3] {
    let draw = |pick: fn(u32, u32) -> u32| {
        let variables = workload.variables.iter();
        variables
            .map(|(name, low, high)| (*name, pick(*low, *high)))
            .collect()
    };
    [
        draw(|low, _| low),
        draw(u32::midpoint),
        draw(|_, high| high),
    ]
}

/// The body of a request with the highest values.
pub(super) fn highest(workload: &Workload) -> String {
    let [.., draw] = draws(workload);
    body(workload.document, &draw)
}

/// The body of a request.
pub(super) fn body(document: &str, draw: &[(&'static str, u32)]) -> String {
    let variables: serde_json::Map<_, _> = draw
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    json!({"query": document, "variables": variables}).to_string()
}

/// Compares what servers say, each with its own document, and what the database says by itself.
pub(super) fn check(
    workload: &Workload,
    servers: &[(u16, &str)],
    database: Option<&Postgres>,
) -> Result<()> {
    // Two inserts have two keys.
    if workload.writes() {
        return Ok(());
    }
    for draw in draws(workload) {
        let mut answers = Vec::new();
        for (port, document) in servers {
            answers.push(server::post(*port, &body(document, &draw))?);
        }
        if let Some(database) = database {
            for sql in workload.sql.of_json() {
                answers.push(database.sql("shop", &bound(sql, &draw))?);
            }
        }
        let expected = answers.first().context("nobody was asked")?;
        for answer in &answers {
            compare(expected, answer).with_context(|| format!("{} of {draw:?}", workload.name))?;
        }
    }
    Ok(())
}

/// SQL with its variables replaced, as `pgbench` does it.
fn bound(sql: &str, draw: &[(&str, u32)]) -> String {
    draw.iter().fold(sql.to_owned(), |sql, (name, value)| {
        sql.replace(&format!(":{name}"), &value.to_string())
    })
}

fn compare(expected: &str, answer: &str) -> Result<()> {
    let [expected_scalars, scalars] = [scalars(expected)?, scalars(answer)?];
    ensure!(
        expected_scalars == scalars && !scalars.is_empty(),
        "the answers differ:\n{}\n{}",
        beginning(expected),
        beginning(answer)
    );
    Ok(())
}

fn beginning(answer: &str) -> String {
    answer.chars().take(400).collect()
}

/// The scalars of an answer, in the order of their names in each object.
fn scalars(answer: &str) -> Result<Vec<String>> {
    let value = serde_json::from_str(answer)
        .with_context(|| format!("an answer is no JSON: {}", beginning(answer)))?;
    let mut found = Vec::new();
    collect(&value, &mut found);
    Ok(found)
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
        Value::String(text) => found.push(spelled(text)),
        other => found.push(other.to_string()),
    }
}

/// One spelling for moments. Decimals are a number to some and a text to others, with the same
/// digits.
fn spelled(text: &str) -> String {
    match text.strip_suffix("+00:00") {
        Some(moment) => format!("{}Z", moment.strip_suffix(".000000").unwrap_or(moment)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;

    #[test]
    fn answers_are_the_same_whatever_stands_around_their_scalars() {
        let ours = r#"{"data":{"a":[{"id":1,"price":"2.50","at":"2024-01-01T00:07:00Z"}]}}"#;
        let theirs = r#"{"data":{"a":{"nodes":[
            {"price":2.50,"id":1,"at":"2024-01-01T00:07:00+00:00"}]}}}"#;
        compare(ours, theirs).unwrap();
    }

    #[test]
    fn less_or_other_is_not_the_same() {
        let ours = r#"{"data":{"a":[{"id":1},{"id":2}]}}"#;
        for other in [
            r#"{"data":{"a":[{"id":1}]}}"#,
            r#"{"data":{"a":[{"id":2},{"id":1}]}}"#,
            r#"{"data":{"a":[{"id":1},{"id":2.0}]}}"#,
            "{",
        ] {
            assert!(compare(ours, other).is_err(), "{other}");
        }
        assert!(compare("{}", "{}").is_err());
    }

    #[test]
    fn no_variable_is_left_in_the_sql_of_a_draw() {
        for workload in &WORKLOADS {
            for draw in draws(workload) {
                let sql = bound(workload.sql.json, &draw);
                for (name, _, _) in workload.variables {
                    assert!(!sql.contains(&format!(":{name}")), "{sql}");
                }
            }
        }
    }
}
