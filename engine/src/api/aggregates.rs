//! The types of figures over rows of one table, and over groups of them.

use super::filters::value_type;
use super::tables::sortable;
use super::text::Sdl;
use model::Scalar;
use model::schema::{Column, Schema, Table};

/// A family of aggregate fields over the columns that support it.
pub(crate) struct Grouping {
    /// The field of the aggregate type, `sum`.
    pub(crate) field: &'static str,
    /// What its type is called after the table's, `Sum`.
    pub(crate) suffix: &'static str,
    /// The scalar of the result for a column, or `None` where it has no meaning.
    pub(crate) result: fn(&Column) -> Option<Scalar>,
}

/// The aggregate families.
pub(crate) fn groupings() -> [Grouping; 5] {
    [
        Grouping {
            field: "countDistinct",
            suffix: "CountDistinct",
            result: distinct,
        },
        Grouping {
            field: "sum",
            suffix: "Sum",
            result: sum,
        },
        Grouping {
            field: "avg",
            suffix: "Avg",
            result: average,
        },
        Grouping {
            field: "min",
            suffix: "Min",
            result: extreme,
        },
        Grouping {
            field: "max",
            suffix: "Max",
            result: extreme,
        },
    ]
}

fn distinct(column: &Column) -> Option<Scalar> {
    (column.scalar != Scalar::Json).then_some(Scalar::Int)
}

fn sum(column: &Column) -> Option<Scalar> {
    match column.scalar {
        Scalar::Int => Some(Scalar::BigInt),
        Scalar::BigInt | Scalar::Decimal => Some(Scalar::Decimal),
        Scalar::Float => Some(Scalar::Float),
        _ => None,
    }
}

fn average(column: &Column) -> Option<Scalar> {
    match column.scalar {
        Scalar::Int | Scalar::BigInt | Scalar::Decimal => Some(Scalar::Decimal),
        Scalar::Float => Some(Scalar::Float),
        _ => None,
    }
}

/// PostgreSQL has no `min` of UUID or bytes before version 18.
fn extreme(column: &Column) -> Option<Scalar> {
    let has = column.enumeration.is_none()
        && !matches!(
            column.scalar,
            Scalar::Boolean | Scalar::Json | Scalar::Uuid | Scalar::Bytes
        );
    has.then_some(column.scalar)
}

/// Declares the types of figures over groups of a table's rows.
pub(super) fn aggregate(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    let mut members = Vec::new();
    let mut having = vec![
        format!("and: [{name}Having!]"),
        format!("or: [{name}Having!]"),
        format!("not: {name}Having"),
        "count: IntFilter".to_owned(),
    ];
    if sortable(table).next().is_some() {
        members.push(format!(
            "\"Values of the columns in `groupBy`.\"\n  key: {name}GroupKey!"
        ));
        group(out, schema, table);
    }
    members.push("count: Int!".to_owned());
    for grouping in groupings() {
        let columns: Vec<_> = table
            .columns
            .iter()
            .filter_map(|column| Some((&column.field, (grouping.result)(column)?)))
            .collect();
        if columns.is_empty() {
            continue;
        }
        let (field, suffix) = (grouping.field, grouping.suffix);
        members.push(format!("{field}: {name}{suffix}!"));
        having.push(format!("{field}: {name}{suffix}Having"));
        let required = if field == "countDistinct" { "!" } else { "" };
        let fields = columns
            .iter()
            .map(|(column, result)| format!("{column}: {result}{required}"));
        out.block(&format!("type {name}{suffix}"), fields);
        let fields = columns
            .iter()
            .map(|(column, result)| format!("{column}: {result}Filter"));
        out.block(&format!("input {name}{suffix}Having"), fields);
    }
    out.line(&format!("\"Figures over a group of {name}.\""));
    out.block(&format!("type {name}Aggregate"), members);
    out.line("\"Which groups; all given conditions must hold.\"");
    out.block(&format!("input {name}Having"), having);
}

fn group(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    out.line("\"What rows are grouped by: exactly one member.\"");
    let members = sortable(table).map(|column| format!("{}: Group", column.field));
    out.block(&format!("input {name}GroupBy @oneOf"), members);
    let members =
        sortable(table).map(|column| format!("{}: {}", column.field, value_type(schema, column)));
    out.block(&format!("type {name}GroupKey"), members);
}
