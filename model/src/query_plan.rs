//! How a database means to run a statement, in words that all databases share.

use crate::{Argument, Statement};
use serde::{Deserialize, Serialize};

/// A statement whose plan is asked for; it is never run.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The statement.
    pub statement: Statement,
    /// Values of the kind that its parameters are given, for databases that plan for values.
    pub arguments: Vec<Argument>,
    /// Which of its parameters are numbers of rows, by their places.
    pub counts: Vec<usize>,
    /// Whether it is of a script that writes.
    pub writes: bool,
}

/// The plan of a statement: its nodes as they are told, each behind the one it works for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryPlan {
    /// Its nodes.
    pub nodes: Vec<PlanNode>,
    /// What the database takes it to cost, in a unit of its own; SQLite tells none.
    pub cost: Option<f64>,
    /// How many rows the database takes it to give, where it tells.
    pub rows: Option<u64>,
}

/// A part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanNode {
    /// How many nodes it works for.
    pub depth: usize,
    /// What it does.
    pub work: Work,
    /// The same in the words of the database.
    pub name: String,
    /// The table it reads, as the database names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What the statement calls that table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The index it goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// How many rows the database takes it to give, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// What a node of a plan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Reads all rows of a table.
    Scan,
    /// Walks all of an index, in its order.
    Walk,
    /// Finds rows by an index.
    Seek,
    /// Sorts what it is given.
    Sort,
    /// Anything else.
    Other,
}

impl QueryPlan {
    /// The nodes that read the table which the statement calls so; parts of it among them.
    pub fn reading<'p>(&'p self, alias: &'p str) -> impl Iterator<Item = &'p PlanNode> {
        let is_of = move |node: &&PlanNode| {
            let called = node.alias.as_deref().unwrap_or_default();
            let part = called.strip_prefix(alias);
            part.is_some_and(|part| part.is_empty() || is_part(part))
        };
        self.nodes.iter().filter(is_of)
    }
}

/// Whether PostgreSQL calls a part of a table so, behind the name of the whole.
fn is_part(suffix: &str) -> bool {
    let number = suffix.strip_prefix('_').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_table_are_read_as_the_table() {
        let node = |alias: &str| PlanNode {
            depth: 0,
            work: Work::Scan,
            name: "Seq Scan".to_owned(),
            table: None,
            alias: Some(alias.to_owned()),
            index: None,
            rows: None,
        };
        let plan = QueryPlan {
            nodes: ["t1", "t1_2", "t12", "t1_", "t1_x"].map(node).to_vec(),
            ..QueryPlan::default()
        };
        let read = plan.reading("t1").map(|node| node.alias.as_deref());
        assert_eq!(read.collect::<Vec<_>>(), [Some("t1"), Some("t1_2")]);
    }
}
