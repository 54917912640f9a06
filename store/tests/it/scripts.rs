//! Short ways to write scripts down.

use model::{
    Cell, Codec, Content, Field, Label, Parameter, Record, Root, Scalar, Script, Statement, Step,
    Use,
};
use std::sync::Arc;

/// A script that reads; each step that shows something is a root under its key.
pub(crate) fn reading(steps: Vec<Step>) -> Script {
    let shows = |step: &Step| matches!(step.rows, Use::Rows(_) | Use::Value(_));
    let root = |(index, step): (usize, &Step)| Root {
        key: Label::new(&step.key),
        content: Content::Step(index),
    };
    let shown = steps.iter().enumerate().filter(|(_, step)| shows(step));
    Script {
        writes: false,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        roots: shown.map(root).collect(),
        steps,
    }
}

/// The same for a script that writes.
pub(crate) fn writing(steps: Vec<Step>) -> Script {
    Script {
        writes: true,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        ..reading(steps)
    }
}

pub(crate) fn step(key: &str, sql: &str, rows: Use) -> Step {
    with_parameters(key, sql, &[], rows)
}

pub(crate) fn with_parameters(
    key: &str,
    sql: &str,
    parameters: &[(Scalar, bool)],
    rows: Use,
) -> Step {
    let parameter = |(scalar, list): &(Scalar, bool)| Parameter {
        scalar: *scalar,
        list: *list,
    };
    Step {
        key: key.into(),
        input: None,
        expects: Vec::new(),
        assures: None,
        rows,
        statement: Statement {
            sql: Arc::from(sql),
            parameters: parameters.iter().map(parameter).collect(),
        },
    }
}

/// A list of objects whose members are columns in order.
pub(crate) fn rows(columns: &[(&str, Scalar)]) -> Use {
    Use::Rows(record(columns))
}

/// One column of the first row.
pub(crate) fn value(scalar: Scalar) -> Use {
    Use::Value(column(0, scalar))
}

pub(crate) fn record(columns: &[(&str, Scalar)]) -> Record {
    let columns = columns.iter().enumerate();
    Record {
        fields: columns
            .map(|(index, (name, scalar))| field(name, column(index, *scalar)))
            .collect(),
        ..Record::default()
    }
}

pub(crate) fn field(name: &str, cell: Cell) -> Field {
    Field {
        key: Label::new(name),
        cell,
    }
}

pub(crate) fn column(column: usize, scalar: Scalar) -> Cell {
    Cell::Scalar {
        column,
        codec: Codec::Scalar(scalar),
    }
}

/// SQL that counts to `count`, one row each, with a text beside the number.
pub(crate) fn counting(count: u64) -> String {
    format!(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) \
         SELECT n, 'row number ' || n FROM c"
    )
}

/// SQL that would count for years and then show one row.
pub(crate) fn endless() -> String {
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c".into()
}
