//! Trials: whether a database takes the expressions of a schema, which only it can tell.

use crate::sql::{self, Alias, Expr, From, Join, Reference, Select, Tree};
use model::schema::Table;
use model::{
    Content, Diagnostic, Label, Record, Root, Scalar, Schema, Script, Statement, Step, Use,
};
use std::sync::Arc;

/// A statement that reads no row, and fails if the database does not take an expression.
#[derive(Debug)]
pub struct Trial {
    /// The field, `Order.total`.
    at: String,
    script: Arc<Script>,
}

/// The trials of a schema.
pub fn trials(schema: &Schema) -> Vec<Trial> {
    let tables = schema.tables.iter().enumerate();
    let columns = tables.flat_map(|(index, table)| {
        let columns = table.columns.iter().enumerate();
        let computed = columns.filter(|(_, column)| column.computed.is_some());
        computed.map(move |(column, _)| expression(schema, index, column))
    });
    columns.collect()
}

impl Trial {
    /// What a database must run.
    pub fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script)
    }

    /// What to say of a database that did not, in its own words.
    pub fn refused(&self, why: &str) -> Diagnostic {
        let message = format!(
            "the database refuses the expression of `{}`: {why}",
            self.at
        );
        Diagnostic::error("drift.expression", message)
            .help("correct its `sql:`, where columns stand as {field}")
    }
}

/// A second copy of the table makes columns ambiguous that are not named as fields, as they would be
/// in other statements.
fn expression(schema: &Schema, index: usize, column: usize) -> Trial {
    let table = &schema.tables[index];
    let (own, other) = (Alias(0), Alias(1));
    let mut select = Select {
        from: Some(From::Table(index, own)),
        joins: partner(table)
            .map(|on| Join {
                outer: false,
                table: index,
                alias: other,
                on: vec![(
                    Reference::new(own, index, on),
                    Reference::new(other, index, on),
                )],
            })
            .into_iter()
            .collect(),
        filter: vec![Expr::Or(Vec::new())],
        ..Select::default()
    };
    let reference = Reference::new(own, index, column);
    select.column(sql::readable(schema, reference));
    let sql = sql::render(schema, &Tree::Select(select)).sql.into();
    let column = &table.columns[column];
    Trial {
        at: format!("{}.{}", table.type_name, column.field),
        script: Arc::new(script(sql)),
    }
}

/// A column that has an equality.
fn partner(table: &Table) -> Option<usize> {
    let has_equality = |column: &model::schema::Column| {
        column.computed.is_none()
            && column.scalar != Scalar::Json
            && column.native.as_deref() != Some("xml")
    };
    table.columns.iter().position(has_equality)
}

fn script(sql: Arc<str>) -> Script {
    let statement = Statement {
        sql,
        parameters: Vec::new(),
    };
    let rows = Use::Rows(Record { fields: Vec::new() });
    Script {
        writes: false,
        steps: vec![Step {
            statement,
            rows,
            key: "trial".into(),
            expects: Vec::new(),
        }],
        roots: vec![Root {
            key: Label::new("trial"),
            content: Content::Step(0),
        }],
    }
}
