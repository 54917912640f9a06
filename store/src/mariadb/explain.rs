//! Plans of statements, as `EXPLAIN FORMAT=JSON` tells them; no statement is run.
//!
//! The server plans for the values it is given, so a statement comes with some of their kind.

use super::session::Session;
use crate::Error;
use crate::snag::Snag;
use model::{Argument, Explained, PlanNode, QueryPlan, Statement, Value, Work};
use serde_json::Value as Json;

/// Nothing can be written.
const BEGIN: &str = "START TRANSACTION READ ONLY";
/// What writes is not even planned where nothing can be written; what is planned is undone.
const BEGIN_WRITING: &str = "START TRANSACTION";

/// How a statement would be run.
pub(super) async fn plan(session: &mut Session, explained: &Explained) -> Result<QueryPlan, Snag> {
    let statement = Statement {
        sql: format!("EXPLAIN FORMAT=JSON {}", explained.statement.sql).into(),
        parameters: explained.statement.parameters.clone(),
    };
    let arguments: Vec<_> = explained.arguments.iter().map(settled).collect();
    let begin = if explained.writes {
        BEGIN_WRITING
    } else {
        BEGIN
    };
    session.control(begin).await?;
    session.execute(&statement, &arguments, &[]).await?;
    let mut text = String::new();
    while let Some(row) = session.next().await? {
        let cell = row.text(0)?.unwrap_or_default();
        text = String::from_utf8_lossy(cell).into_owned();
    }
    session.control("ROLLBACK").await?;
    Ok(read(&text)?)
}

/// No step ran before, so none kept a row.
fn settled(argument: &Argument) -> Argument {
    match argument {
        Argument::KeptRows { .. } => Argument::Value(Value::Text("[]".into())),
        Argument::Kept { .. } | Argument::KeptOne { .. } => Argument::Value(Value::Null),
        Argument::Value(_) => argument.clone(),
    }
}

fn read(text: &str) -> Result<QueryPlan, Error> {
    let told: Json = serde_json::from_str(text)
        .map_err(|_| Error::Internal("a plan of the database cannot be read".into()))?;
    let mut nodes = Vec::new();
    below(&told, 0, &mut nodes);
    Ok(QueryPlan {
        nodes,
        cost: told.pointer("/query_block/cost").and_then(Json::as_f64),
        rows: None,
    })
}

/// Whatever stands in a part of a plan: members have no order, so they are taken by their names.
fn below(told: &Json, depth: usize, out: &mut Vec<PlanNode>) {
    match told {
        Json::Array(items) => items.iter().for_each(|item| below(item, depth, out)),
        Json::Object(members) => {
            for (key, member) in members {
                let found = match key.as_str() {
                    "table" => Some(table(member, depth)),
                    "filesort" => Some(plain(Work::Sort, "filesort", depth)),
                    "temporary_table"
                    | "block-nl-join"
                    | "materialized"
                    | "range-checked-for-each-record" => Some(plain(Work::Other, key, depth)),
                    _ => None,
                };
                let deeper = depth + usize::from(found.is_some());
                out.extend(found);
                below(member, deeper, out);
            }
        }
        _ => {}
    }
}

fn plain(work: Work, name: &str, depth: usize) -> PlanNode {
    PlanNode {
        depth,
        work,
        name: name.to_owned(),
        table: None,
        alias: None,
        index: None,
        rows: None,
    }
}

fn table(told: &Json, depth: usize) -> PlanNode {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let how = text("access_type").or_else(|| text("message"));
    let how = how.unwrap_or_default();
    let work = match how.as_str() {
        "ALL" => Work::Scan,
        "index" => Work::Walk,
        "const" | "eq_ref" | "ref" | "ref_or_null" | "range" | "index_merge" | "fulltext"
        | "unique_subquery" | "index_subquery" => Work::Seek,
        _ => Work::Other,
    };
    let alias = text("table_name");
    PlanNode {
        alias: alias.filter(|alias| !alias.starts_with('<')),
        index: text("key"),
        rows: told["rows"].as_f64().map(whole),
        ..plain(work, &how, depth)
    }
}

/// A number of rows, of which newer servers tell parts too.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows is neither negative nor larger than the integers of its type"
)]
fn whole(rows: f64) -> u64 {
    rows.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_wherever_its_tables_stand() {
        let text = r#"{"query_block": {"select_id": 1, "nested_loop": [
            {"read_sorted_file": {"filesort": {"sort_key": "t0.a", "table":
                {"table_name": "t0", "access_type": "ALL", "rows": 990, "filtered": 100}}}},
            {"table": {"table_name": "t1", "access_type": "ref", "key": "by", "rows": 2}}],
            "subqueries": [{"query_block": {"table": {"message": "Impossible WHERE"}}}]}}"#;
        let plan = read(text).unwrap();
        let told = plan.nodes.iter().map(|node| {
            let PlanNode {
                depth,
                work,
                alias,
                index,
                rows,
                ..
            } = node;
            (*depth, *work, alias.as_deref(), index.as_deref(), *rows)
        });
        let expected = [
            (0, Work::Sort, None, None, None),
            (1, Work::Scan, Some("t0"), None, Some(990)),
            (0, Work::Seek, Some("t1"), Some("by"), Some(2)),
            (0, Work::Other, None, None, None),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert!(read("").is_err());
    }
}
