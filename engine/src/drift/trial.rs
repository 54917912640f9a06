//! Trials: whether a database takes the expressions of a schema, which only it can tell.

use crate::input::Source;
use crate::plan::{Draft, Form, receiver_arguments};
use crate::sql::{self, Expr, From, Join, Reference, Select, Tree};
use model::schema::{Outcome, Table};
use model::{
    Argument, Content, Diagnostic, Label, Record, Root, Scalar, Schema, Script, Step, Use, Value,
};
use std::collections::HashSet;
use std::sync::Arc;

/// A statement that reads no row, and fails if the database does not take an expression.
#[derive(Debug)]
pub struct Trial {
    /// The field, `Order.total`.
    at: String,
    /// The tables whose columns it names, by their types.
    tables: Vec<String>,
    /// What of it the database may refuse.
    what: &'static str,
    script: Arc<Script>,
}

const EXPRESSION: &str = "expression";
const FUNCTION: &str = "function";

/// The trials of a schema, without those that could only repeat what was found to be missing.
pub fn trials(schema: &Schema, found: &[Diagnostic]) -> Vec<Trial> {
    let missing: HashSet<&str> = found
        .iter()
        .filter(|found| matches!(found.code, "drift.missing_table" | "drift.missing_column"))
        .filter_map(|finding| finding.about.as_deref()?.split('.').next())
        .collect();
    let is_whole = |table: &String| !missing.contains(table.as_str());
    let tables = schema.tables.iter().enumerate();
    let columns = tables.flat_map(|(index, table)| {
        let columns = table.columns.iter().enumerate();
        let computed = columns.filter(|(_, column)| column.computed.is_some());
        computed.map(move |(column, _)| expression(schema, index, column))
    });
    let functions = 0..schema.functions.len();
    columns
        .chain(functions.map(|index| call(schema, index)))
        .filter(|trial| trial.tables.iter().all(is_whole))
        .collect()
}

impl Trial {
    /// What a database must run.
    pub fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script)
    }

    /// What it must be given: no value at all.
    pub fn arguments(&self) -> Vec<Vec<Argument>> {
        let of_step = |step: &Step| vec![Argument::Value(Value::Null); step.arguments()];
        self.script.steps.iter().map(of_step).collect()
    }

    /// What to say of a database that did not, in its own words.
    pub fn refused(&self, why: &str) -> Diagnostic {
        let Self { at, what, .. } = self;
        let message = format!("the database refuses the {what} of `{at}`: {why}");
        let finding = Diagnostic::error("drift.expression", message).about(at);
        finding.help(match *what {
            EXPRESSION => "correct its `sql:`, where columns stand as {field}",
            _ => "create it, or correct its name and arguments; one that writes is a field of Mutation",
        })
    }
}

/// A second copy of the table makes columns ambiguous that are not named as fields, as they would be
/// in other statements.
fn expression(schema: &Schema, index: usize, column: usize) -> Trial {
    let table = &schema.tables[index];
    let mut draft = Draft::default();
    let (own, other) = (draft.alias(), draft.alias());
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
                filter: Vec::new(),
            })
            .into_iter()
            .collect(),
        filter: vec![Expr::Or(Vec::new())],
        ..Select::default()
    };
    let reference = Reference::new(own, index, column);
    select.column(sql::readable(schema, reference));
    let column = &table.columns[column];
    Trial {
        at: format!("{}.{}", table.type_name, column.field),
        tables: vec![table.type_name.clone()],
        what: EXPRESSION,
        script: Arc::new(script(schema, draft, select, false)),
    }
}

/// A function that is not called, as there is no row to call it for. Expressions over its rows are
/// tried by themselves.
fn call(schema: &Schema, index: usize) -> Trial {
    let function = &schema.functions[index];
    let mut draft = Draft::default();
    let alias = draft.alias();
    let given = function.arguments.iter();
    let given = given
        .map(|column| draft.operand(schema, column, Source::Constant(Value::Null), Form::Plain));
    let given: Vec<_> = given.collect();
    let receiver = function.receiver.as_ref();
    let owner = receiver.map(|receiver| schema.tables[receiver.table].type_name.clone());
    let mut tables = Vec::from_iter(owner);
    let row = receiver.map(|receiver| receiver_arguments(receiver, alias));
    let arguments = row.into_iter().flatten().chain(given).collect();
    let mut select = Select {
        from: receiver.map(|receiver| From::Table(receiver.table, alias)),
        filter: vec![Expr::Or(Vec::new())],
        ..Select::default()
    };
    match &function.outcome {
        Outcome::Value(column) => {
            select.column(sql::readable_value(
                schema,
                column,
                Expr::Call(index, arguments),
            ));
        }
        Outcome::Row(table) | Outcome::Rows(table) => {
            select.from = Some(From::Call {
                function: index,
                arguments,
                alias,
                whole: false,
            });
            tables.push(schema.tables[*table].type_name.clone());
            let columns = schema.tables[*table].columns.iter().enumerate();
            for (column, _) in columns.filter(|(_, column)| column.computed.is_none()) {
                let reference = Reference::new(alias, *table, column);
                select.column(sql::readable(schema, reference));
            }
        }
    }
    Trial {
        at: function.place(schema),
        tables,
        what: FUNCTION,
        script: Arc::new(script(schema, draft, select, !function.writes)),
    }
}

/// A column that has an equality.
fn partner(table: &Table) -> Option<usize> {
    let has_equality = |column: &model::schema::Column| {
        column.computed.is_none()
            && column.scalar != Scalar::Json
            && !column.list
            && column.native.as_deref() != Some("xml")
    };
    table.columns.iter().position(has_equality)
}

fn script(schema: &Schema, draft: Draft, select: Select, calls: bool) -> Script {
    let statement = draft.finish(schema, &Tree::Select(select)).statement;
    let rows = Use::Rows(Record::default());
    Script {
        writes: false,
        calls,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        steps: vec![Step {
            statement,
            rows,
            key: "trial".into(),
            input: None,
            expects: Vec::new(),
            assures: None,
        }],
        roots: vec![Root {
            key: Label::new("trial"),
            content: Content::Step(0),
        }],
    }
}
