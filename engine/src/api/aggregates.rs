//! The types of figures over rows of one table, and over groups of them.

use super::filters::value_type;
use super::granted;
use super::tables::sortable;
use super::text::Sdl;
use crate::types::{self, Extremes};
use model::Scalar;
use model::schema::{Cardinality, Column, Relation, Schema, Table};

/// A family of aggregate fields over the columns that support it.
pub(crate) struct Grouping {
    /// The field of the aggregate type, `sum`.
    pub(crate) field: &'static str,
    /// What its types are called after the table's, `Sum`; families of the same columns and
    /// results share them.
    pub(crate) suffix: &'static str,
    /// Whether equal values count once.
    pub(crate) distinct: bool,
    /// The scalar of the result for a column, or `None` where it has no meaning.
    pub(crate) result: fn(&Column) -> Option<Scalar>,
}

/// The aggregate families.
pub(crate) fn groupings() -> [Grouping; 7] {
    type Result = fn(&Column) -> Option<Scalar>;
    let families: [(_, _, _, Result); 7] = [
        ("countDistinct", "CountDistinct", true, distinct),
        ("sum", "Sum", false, sum),
        ("sumDistinct", "Sum", true, sum),
        ("avg", "Avg", false, average),
        ("avgDistinct", "Avg", true, average),
        ("min", "Min", false, extreme),
        ("max", "Max", false, extreme),
    ];
    families.map(|(field, suffix, distinct, result)| Grouping {
        field,
        suffix,
        distinct,
        result,
    })
}

fn distinct(column: &Column) -> Option<Scalar> {
    (column.scalar != Scalar::Json && !column.list).then_some(Scalar::Int)
}

fn sum(column: &Column) -> Option<Scalar> {
    match column.scalar {
        _ if column.list => None,
        Scalar::Int => Some(Scalar::BigInt),
        Scalar::BigInt | Scalar::Decimal => Some(Scalar::Decimal),
        Scalar::Float => Some(Scalar::Float),
        _ => None,
    }
}

fn average(column: &Column) -> Option<Scalar> {
    match column.scalar {
        _ if column.list => None,
        Scalar::Int | Scalar::BigInt | Scalar::Decimal => Some(Scalar::Decimal),
        Scalar::Float => Some(Scalar::Float),
        _ => None,
    }
}

/// PostgreSQL has no `min` of UUID or bytes before version 18.
fn extreme(column: &Column) -> Option<Scalar> {
    let has = column.enumeration.is_none()
        && !column.list
        && !matches!(
            column.scalar,
            Scalar::Boolean | Scalar::Json | Scalar::Uuid | Scalar::Bytes
        );
    let native = column.native.as_deref();
    let has = has && native.is_none_or(|native| types::extremes(native) != Extremes::Absent);
    has.then_some(column.scalar)
}

/// The arguments of figures over rows of that type.
pub(super) fn aggregate_arguments(name: &str) -> String {
    format!(
        "where: {name}Where, groupBy: [{name}GroupBy!], having: {name}Having, \
         orderBy: [{name}AggregateOrderBy!], limit: Int, offset: Int"
    )
}

/// Declares the types of figures over groups of a table's rows.
pub(super) fn aggregate(out: &mut Sdl, schema: &Schema, table: &Table) {
    let families: Vec<_> = groupings()
        .into_iter()
        .filter(|family| columns(table, family).next().is_some())
        .collect();
    group(out, schema, table);
    figures(out, table, &families);
    having(out, table, &families);
    order(out, table, &families);
    for (index, family) in families.iter().enumerate() {
        let mut earlier = families[..index].iter();
        if earlier.all(|other| other.suffix != family.suffix) {
            family_types(out, table, family);
        }
    }
}

/// The columns a family has figures of, and their scalars.
fn columns<'a>(table: &'a Table, family: &Grouping) -> impl Iterator<Item = (&'a str, Scalar)> {
    let result = family.result;
    let columns = granted::compared(table);
    columns.filter_map(move |column| Some((column.field.as_str(), result(column)?)))
}

/// The relations to one row, which lead on to what rows are grouped by.
fn forward(table: &Table) -> impl Iterator<Item = &Relation> {
    let relations = granted::relations(table);
    relations.filter(|relation| relation.cardinality != Cardinality::Many)
}

fn group(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    let target = |relation: &Relation| schema.tables[relation.target].type_name.clone();
    out.line("\"What rows are grouped by: exactly one member.\"");
    let columns = sortable(table).map(|column| format!("{}: {}", column.field, buckets(column)));
    let relations =
        forward(table).map(|relation| format!("{}: {}GroupBy", relation.field, target(relation)));
    out.block(
        &format!("input {name}GroupBy @oneOf"),
        columns.chain(relations),
    );
    out.line("\"What the rows of a group have in common: what is in `groupBy`.\"");
    let columns =
        sortable(table).map(|column| format!("{}: {}", column.field, value_type(schema, column)));
    let relations =
        forward(table).map(|relation| format!("{}: {}GroupKey!", relation.field, target(relation)));
    out.block(&format!("type {name}GroupKey"), columns.chain(relations));
}

/// The enum of the ways a column forms groups.
fn buckets(column: &Column) -> &'static str {
    match column.scalar {
        Scalar::Date => "GroupByDate",
        Scalar::LocalDateTime | Scalar::DateTime => "GroupByTime",
        _ => "GroupByValue",
    }
}

fn figures(out: &mut Sdl, table: &Table, families: &[Grouping]) {
    let name = &table.type_name;
    out.line(&format!(
        "\"Figures over a group of {name}; with `where` over those of its rows that fulfil it.\""
    ));
    let own = [
        format!("\"Values of what is in `groupBy`.\"\n  key: {name}GroupKey!"),
        format!("count(where: {name}Where): Int!"),
    ];
    let families = families.iter().map(|family| {
        let (field, suffix) = (family.field, family.suffix);
        format!("{field}(where: {name}Where): {name}{suffix}!")
    });
    out.block(
        &format!("type {name}Aggregate"),
        own.into_iter().chain(families),
    );
}

fn having(out: &mut Sdl, table: &Table, families: &[Grouping]) {
    let name = &table.type_name;
    out.line("\"Which groups; all given conditions must hold.\"");
    let own = [
        format!("and: [{name}Having!]"),
        format!("or: [{name}Having!]"),
        format!("not: {name}Having"),
        "count: IntFilter".to_owned(),
    ];
    let families = families
        .iter()
        .map(|family| format!("{}: {name}{}Having", family.field, family.suffix));
    out.block(
        &format!("input {name}Having"),
        own.into_iter().chain(families),
    );
}

/// Orders of groups, and of other rows by figures over rows of this table.
fn order(out: &mut Sdl, table: &Table, families: &[Grouping]) {
    let name = &table.type_name;
    let key = format!("\"A column or bucket that is in `groupBy`.\"\n  key: {name}OrderBy");
    let figures = || {
        let families = families
            .iter()
            .map(|family| format!("{}: {name}{}OrderBy", family.field, family.suffix));
        std::iter::once("count: OrderDirection".to_owned()).chain(families)
    };
    out.line(&format!(
        "\"What groups of {name} are ordered by: exactly one member.\""
    ));
    out.block(
        &format!("input {name}AggregateOrderBy @oneOf"),
        std::iter::once(key).chain(figures()),
    );
    out.line(&format!(
        "\"Which figure over rows of {name} is ordered by: exactly one member.\""
    ));
    out.block(&format!("input {name}FigureOrderBy @oneOf"), figures());
}

/// What a family shows, and what it is compared with and ordered by.
fn family_types(out: &mut Sdl, table: &Table, family: &Grouping) {
    let (name, suffix) = (&table.type_name, family.suffix);
    let required = if suffix == "CountDistinct" { "!" } else { "" };
    let shown =
        columns(table, family).map(|(column, result)| format!("{column}: {result}{required}"));
    out.block(&format!("type {name}{suffix}"), shown);
    let compared =
        columns(table, family).map(|(column, result)| format!("{column}: {result}Filter"));
    out.block(&format!("input {name}{suffix}Having"), compared);
    let ordered = columns(table, family).map(|(column, _)| format!("{column}: OrderDirection"));
    out.block(&format!("input {name}{suffix}OrderBy @oneOf"), ordered);
}
