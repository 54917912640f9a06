//! Plans of statements, as `EXPLAIN (FORMAT JSON)` tells them; no statement is run.
//!
//! A statement is prepared and planned for any values: what serves one value need not serve the next,
//! and a plan that looked at a value of ours would tell of that value. How many rows are asked for is no
//! such value, as nearly all requests bring the same: these are written into the text.

use super::binding;
use super::session::Session;
use crate::Error;
use crate::snag::Snag;
use model::{Argument, Explained, PlanNode, QueryPlan, Value, Work};
use serde_json::Value as Json;
use tokio_postgres::SimpleQueryMessage;

/// Nothing can be written, and a plan is made for any value.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan";

/// How a statement would be run.
pub(super) async fn plan(session: &Session, explained: &Explained) -> Result<QueryPlan, Snag> {
    let types = binding::types(&explained.statement.parameters);
    let named: Vec<_> = types
        .iter()
        .map(|kind| format!("pg_catalog.{}", kind.name()))
        .collect();
    let list = |items: &[String]| match items {
        [] => String::new(),
        items => format!("({})", items.join(", ")),
    };
    let sql = counted(&explained.statement.sql, explained);
    let prepare = format!("PREPARE fragaria_advice{} AS {sql}", list(&named));
    let nothing = vec!["NULL".to_owned(); types.len()];
    let explain = format!(
        "EXPLAIN (FORMAT JSON) EXECUTE fragaria_advice{}",
        list(&nothing)
    );
    session.client.batch_execute(BEGIN).await?;
    session.client.batch_execute(&prepare).await?;
    let told = session.client.simple_query(&explain).await;
    // The name is given back whatever came of it, as it outlives the transaction.
    session
        .client
        .batch_execute("ROLLBACK; DEALLOCATE fragaria_advice")
        .await?;
    let text = told?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(read(&text.unwrap_or_default())?)
}

/// The text with numbers of rows in the place of the parameters that are some.
fn counted(sql: &str, explained: &Explained) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut letters = sql.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match quote {
            // A quote that is doubled ends the text and begins the next.
            Some(end) if letter == end => quote = None,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            _ => {}
        }
        out.push(letter);
        if quote.is_some() || letter != '$' {
            continue;
        }
        let mut digits = String::new();
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        match count(&digits, explained) {
            Some(count) => {
                out.pop();
                out.push_str(&count.to_string());
            }
            None => out.push_str(&digits),
        }
    }
    out
}

/// The number of rows that a parameter is, if it is one.
fn count(digits: &str, explained: &Explained) -> Option<i64> {
    let place = digits.parse::<usize>().ok()?.checked_sub(1)?;
    explained.counts.contains(&place).then_some(())?;
    match explained.arguments.get(place)? {
        Argument::Value(Value::Integer(count)) => Some(*count),
        _ => None,
    }
}

fn read(text: &str) -> Result<QueryPlan, Error> {
    let strange = || Error::Internal("a plan of the database cannot be read".into());
    let told: Json = serde_json::from_str(text).map_err(|_| strange())?;
    let root = told.pointer("/0/Plan").ok_or_else(strange)?;
    let mut nodes = Vec::new();
    node(root, 0, &mut nodes);
    Ok(QueryPlan {
        nodes,
        cost: root["Total Cost"].as_f64(),
        rows: root["Plan Rows"].as_u64(),
    })
}

fn node(told: &Json, depth: usize, out: &mut Vec<PlanNode>) {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let name = text("Node Type").unwrap_or_default();
    let seeks = told.get("Index Cond").is_some();
    let work = match name.as_str() {
        "Seq Scan" => Work::Scan,
        "Index Scan" | "Index Only Scan" if !seeks => Work::Walk,
        "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" | "Bitmap Index Scan" => Work::Seek,
        "Sort" | "Incremental Sort" => Work::Sort,
        _ => Work::Other,
    };
    out.push(PlanNode {
        depth,
        work,
        name,
        table: text("Relation Name"),
        alias: text("Alias"),
        index: text("Index Name"),
        rows: told["Plan Rows"].as_u64(),
    });
    for below in told["Plans"].as_array().into_iter().flatten() {
        node(below, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Parameter, Scalar, Statement};

    #[test]
    fn numbers_of_rows_stand_in_the_text_and_nothing_else_does() {
        let parameter = Parameter {
            scalar: Scalar::BigInt,
            list: false,
        };
        let explained = Explained {
            statement: Statement {
                sql: "".into(),
                parameters: vec![parameter; 12],
            },
            arguments: vec![Argument::Value(Value::Integer(20)); 12],
            counts: vec![1, 11],
            writes: false,
        };
        let sql = r#"SELECT "$2""$2", '$2''$2' WHERE a = $1 LIMIT $2 OFFSET $12"#;
        let expected = r#"SELECT "$2""$2", '$2''$2' WHERE a = $1 LIMIT 20 OFFSET 20"#;
        assert_eq!(counted(sql, &explained), expected);
    }

    #[test]
    fn a_plan_is_read_with_what_stands_below_it() {
        let text = r#"[{"Plan": {"Node Type": "Sort", "Total Cost": 9.5, "Plan Rows": 7, "Plans": [
            {"Node Type": "Seq Scan", "Relation Name": "a", "Alias": "t0", "Plan Rows": 7},
            {"Node Type": "Index Scan", "Index Name": "i", "Alias": "t1", "Index Cond": "x"},
            {"Node Type": "Index Scan", "Index Name": "i", "Alias": "t2"}]}}]"#;
        let plan = read(text).unwrap();
        assert_eq!((plan.cost, plan.rows), (Some(9.5), Some(7)));
        let told: Vec<_> = plan
            .nodes
            .iter()
            .map(|node| (node.depth, node.work))
            .collect();
        let expected = [
            (0, Work::Sort),
            (1, Work::Scan),
            (1, Work::Seek),
            (1, Work::Walk),
        ];
        assert_eq!(told, expected);
        assert!(read("{}").is_err() && read("").is_err());
    }
}
