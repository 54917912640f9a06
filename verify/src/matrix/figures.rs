//! Every figure, over all rows, groups and lists, compared and ordered by.

use super::conditions::{has_case, operands};
use super::groups::grouped;
use super::orders::DIRECTIONS;
use super::walk::forward;
use super::{Cell, Content, Ground, Group, cell, direction, fields, id, narrowed, object, ordered};
use crate::bed::PLAIN;
use crate::catalogue::{Kind, Table};
use crate::reference::{Operator, figures_of_groups};
use crate::request::{Field, Given, Input};
use crate::value::Value;

/// The figures whose meaning is known; that of rows is of no type.
const FAMILIES: [&str; 7] = [
    "countDistinct",
    "sum",
    "sumDistinct",
    "avg",
    "avgDistinct",
    "min",
    "max",
];

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let offered = ground.offered;
    let all = ground.all(
        |name| name.starts_with("V_") && name.ends_with("Aggregate"),
        |name| offered.fields(name).iter().map(|field| &*field.name),
    );
    let figures = all.iter().filter(|name| !matches!(**name, "key" | "count"));
    let cells = figures.flat_map(|family| {
        let alone = |content| vec![cell(Group::Figures, family, "all rows", content)];
        let known = FAMILIES.into_iter().find(|known| known == family);
        match (is_offered(ground, family), known) {
            (false, _) => alone(Content::NotOffered(reason(family))),
            (true, None) => alone(Content::Unknown),
            (true, Some(family)) => {
                let mut cells = shapes(ground, family);
                cells.extend(compared(ground, family));
                cells
            }
        }
    });
    cells.collect()
}

fn is_offered(ground: &Ground<'_>, family: &str) -> bool {
    let of = format!("{}Aggregate", ground.table().type_name);
    let member = ground.offered.field(&of, family);
    member.is_some_and(|member| ground.offered.field(member.named(), "value").is_some())
}

/// Why a type has no such figure.
fn reason(family: &str) -> &'static str {
    match family {
        "countDistinct" => "documents form no groups",
        "min" | "max" => "not every database has extremes of it",
        _ => "only numbers are added up",
    }
}

/// A figure over rows whose sum does not depend on their order.
fn narrow(ground: &Ground<'_>, field: Field) -> Field {
    if ground.kind() != Kind::Float {
        return field;
    }
    let rows = &ground.world.rows[PLAIN];
    let is_exact = |value: &Value| match value {
        Value::Float(value) => value.abs() < 1e12 && (value * 8.0).fract() == 0.0,
        _ => true,
    };
    let exact = rows.iter().filter(|row| is_exact(&row[1]));
    let exact = exact.map(|row| Input::Leaf(Kind::Int, row[0].clone()));
    let list = Input::List("Int!".to_owned(), exact.collect());
    let condition = object("id", "IntFilter", object("in", "[Int!]", list));
    narrowed(field, ground.table(), condition)
}

fn figure(family: &str) -> Field {
    Field::named(family).selecting(fields(["value"]))
}

fn by_owner(ground: &Ground<'_>) -> Field {
    let table = ground.table();
    let root = Field::named(format!("{}Aggregate", table.singular));
    let item = object("ownerId", "GroupByValue!", Input::Word("VALUE"));
    let key = Field::named("key").selecting(fields(["ownerId"]));
    narrow(ground, grouped(root, table, vec![item])).selecting([key])
}

fn shapes(ground: &Ground<'_>, family: &'static str) -> Vec<Cell> {
    let table = ground.table();
    let root = || Field::named(format!("{}Aggregate", table.singular));
    let none = narrowed(root(), table, id("lt", 0)).selecting([figure(family)]);
    let all = narrow(ground, root()).selecting([figure(family)]);
    let some = narrowed(figure(family), table, id("gt", 3));
    let beside = narrow(ground, Field::named("ownedAggregate")).selecting([figure(family)]);
    let beside = Field::named(&*table.plural)
        .selecting(fields(["id"]))
        .selecting([beside]);
    let asked = |fields: Vec<Field>| Content::Checks(vec![ground.query(fields)]);
    let mut shapes = vec![
        ("all rows", asked(vec![all])),
        ("no rows", asked(vec![none])),
        (
            "groups",
            asked(vec![by_owner(ground).selecting([figure(family)])]),
        ),
        (
            "some rows",
            asked(vec![narrow(ground, root()).selecting([some])]),
        ),
        ("beside a list", asked(vec![beside])),
        ("order of groups", asked(groups_in_order(ground, family))),
    ];
    // The lists that rows are ordered by hold all their rows.
    if !(ground.kind() == Kind::Float && (family.starts_with("sum") || family.starts_with("avg"))) {
        let in_order = |word| {
            ordered(
                Field::named(&*table.plural),
                table,
                vec![by(table, family, word)],
            )
        };
        let rows = DIRECTIONS.map(|word| {
            in_order(word)
                .alias(word.to_lowercase())
                .selecting(fields(["id"]))
        });
        let connection = Field::named(format!("{}Connection", table.singular));
        let connection = ordered(
            connection,
            table,
            vec![by(table, family, "DESC_NULLS_LAST")],
        );
        shapes.push(("order of rows", asked(rows.into())));
        shapes.push((
            "pages in such an order",
            forward(ground, PLAIN, &connection),
        ));
    }
    let shapes = shapes.into_iter();
    shapes
        .map(|(shape, content)| cell(Group::Figures, family, shape, content))
        .collect()
}

fn groups_in_order(ground: &Ground<'_>, family: &'static str) -> Vec<Field> {
    let table = ground.table();
    let in_order = DIRECTIONS.map(|word| {
        let item = format!("{}AggregateOrderBy!", table.type_name);
        let suffix = suffix(family);
        let order_type = format!("{}{suffix}OrderBy", table.type_name);
        let order = object(family, order_type, direction("value", word));
        let order = Input::List(item.clone(), vec![order]);
        by_owner(ground).alias(word.to_lowercase()).with(Given::new(
            "orderBy",
            format!("[{item}]"),
            order,
        ))
    });
    in_order.into()
}

/// An item of an order of rows by a figure over their list.
fn by(table: &Table, family: &str, word: &'static str) -> Input {
    let name = &table.type_name;
    let order_type = format!("{name}{}OrderBy", suffix(family));
    let figure = object(family, order_type, direction("value", word));
    object("ownedAggregate", format!("{name}FigureOrderBy"), figure)
}

/// What the types of a figure are called.
fn suffix(family: &str) -> &'static str {
    match family {
        "countDistinct" => "CountDistinct",
        "sum" | "sumDistinct" => "Sum",
        "avg" | "avgDistinct" => "Avg",
        "min" => "Min",
        _ => "Max",
    }
}

/// Groups that are compared by a figure, with every comparison its result has.
fn compared(ground: &Ground<'_>, family: &'static str) -> Option<Cell> {
    let table = ground.table();
    let compared_type = format!("{}{}Having", table.type_name, suffix(family));
    let filter = ground.offered.input(&compared_type, "value")?;
    let (kind, values) = figures_of_groups(&ground.world, &by_owner(ground), family);
    let operators = ground.offered.inputs(filter.named());
    let known = operators
        .iter()
        .filter(|operator| Operator::named(&operator.name).is_some());
    let asked = known.flat_map(|operator| {
        let operands = operands(kind, &values, &operator.name);
        let asked = operands
            .into_iter()
            .filter(|operand| has_case(ground.bed, &operator.name, operand))
            .take(2)
            .enumerate()
            .map(|(index, operand)| {
                let filter_input = object(&operator.name, &operator.type_name, operand);
                let filter_input = object("value", &filter.type_name, filter_input);
                let having = object(family, compared_type.clone(), filter_input);
                by_owner(ground)
                    .alias(format!("{}{index}", operator.name))
                    .with(Given::new(
                        "having",
                        format!("{}Having", table.type_name),
                        having,
                    ))
            });
        asked.collect::<Vec<_>>()
    });
    let content = Content::Checks(vec![ground.query(asked.collect::<Vec<_>>())]);
    Some(cell(Group::Figures, family, "having", content))
}
