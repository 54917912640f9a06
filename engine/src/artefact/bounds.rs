//! Whether every index of a schema read from a file leads somewhere.

use crate::compile::unfit_in_database;
use model::schema::{
    Base, Column, Form, Function, Outcome, Part, Piece, Relation, Rest, Search, Shape, Shown,
    Table, Variants,
};
use model::{Dialect, Rule, Schema};

/// The first reference that leads nowhere.
pub(super) fn problem(schema: &Schema) -> Option<String> {
    let table = schema.tables.iter().find(|table| !is_whole(schema, table));
    let wrong = table.map(|table| format!("the table {:?}", table.type_name));
    let function = || {
        let functions = &mut schema.functions.iter();
        let wrong = functions.find(|function| !calls(schema, function))?;
        Some(format!("the function {:?}", wrong.field))
    };
    let union = || {
        let is_there = |table: &usize| *table < schema.tables.len();
        let unions = &mut schema.unions.iter();
        let wrong = unions.find(|union| !union.types.iter().all(is_there))?;
        Some(format!("the union {:?}", wrong.type_name))
    };
    let shape = || {
        let shapes = &mut schema.shapes.iter();
        let wrong = shapes.find(|shape| !is_known(schema, shape))?;
        Some(format!("the type {:?}", wrong.type_name))
    };
    let wrong = wrong.or_else(function).or_else(union).or_else(shape);
    let wrong = wrong.map(|wrong| format!("{wrong} refers to something that is not there"));
    wrong.or_else(|| acting(schema))
}

/// Why callers cannot act as the roles of the database that are named.
fn acting(schema: &Schema) -> Option<String> {
    let named = schema.roles.iter().map(|role| role.database.as_deref());
    let named: Vec<_> = named.flatten().collect();
    if named.is_empty() {
        return None;
    }
    if named.len() < schema.roles.len() || schema.dialect != Dialect::Postgres {
        return Some("some of its roles act as roles of the database".to_owned());
    }
    named.into_iter().find_map(unfit_in_database)
}

fn calls(schema: &Schema, function: &Function) -> bool {
    let known = |column: &Column| named(schema, column);
    let outcome = match &function.outcome {
        Outcome::Value(column) => known(column),
        Outcome::Row(table) | Outcome::Rows(table) => *table < schema.tables.len(),
    };
    let receiver = function.receiver.as_ref().is_none_or(|receiver| {
        let table = schema.tables.get(receiver.table);
        table.is_some_and(|table| {
            let mut columns = receiver.columns.iter();
            columns.all(|column| *column < table.columns.len())
        }) && !function.writes
            && matches!(function.outcome, Outcome::Value(_))
    });
    let mut callers = function.callers.iter();
    outcome
        && receiver
        && function.arguments.iter().all(known)
        && callers.all(|caller| *caller < schema.roles.len())
}

/// Whether the enum and the scalar of a column are there.
fn named(schema: &Schema, column: &Column) -> bool {
    let is_enum = column
        .enumeration
        .is_none_or(|index| index < schema.enums.len());
    let custom = column.custom.map(|index| schema.scalars.get(index));
    let form = column.form.as_ref();
    is_enum
        && form.is_none_or(|form| stands(schema, form))
        && custom.is_none_or(|custom| custom.is_some_and(|known| known.scalar == column.scalar))
}

fn is_known(schema: &Schema, shape: &Shape) -> bool {
    let mut members = shape.members.iter();
    members.all(|member| stands(schema, &member.value.form))
}

fn stands(schema: &Schema, form: &Form) -> bool {
    match form {
        Form::Scalar(_) => true,
        Form::Enum(index) => *index < schema.enums.len(),
        Form::Shape(index) => *index < schema.shapes.len(),
        Form::List(item) => stands(schema, &item.form),
    }
}

fn is_whole(schema: &Schema, table: &Table) -> bool {
    let has = |column: &usize| *column < table.columns.len();
    let parts = table
        .columns
        .iter()
        .filter_map(|column| column.computed.as_ref());
    let is_stored = |piece: &Piece| match piece {
        Piece::Text(_) => true,
        Piece::Column(index) => {
            let column = table.columns.get(*index);
            column.is_some_and(|column| column.computed.is_none())
        }
    };
    table.key.iter().all(has)
        && table.uniques.iter().flatten().all(has)
        && table.version.iter().all(has)
        && parts.flatten().all(is_stored)
        && table.columns.iter().all(|column| named(schema, column))
        && searched(table).iter().all(has)
        && table
            .relations
            .iter()
            .all(|relation| leads(schema, table, relation))
        && table.choices.iter().all(|choice| {
            let mut relations = choice.relations.iter();
            choice.union < schema.unions.len()
                && relations.all(|relation| *relation < table.relations.len())
        })
        && table
            .variants
            .as_ref()
            .is_none_or(|variants| is_told(schema, table, variants))
        && table
            .base
            .as_ref()
            .is_none_or(|base| is_based(schema, table, base))
        && table.access.iter().all(|rule| rules(schema, table, rule))
        && table
            .constraints
            .iter()
            .all(|constraint| match constraint.field {
                Some(Part::Column(column)) => has(&column),
                Some(Part::Relation(relation)) => relation < table.relations.len(),
                None => true,
            })
}

fn rules(schema: &Schema, table: &Table, rule: &Rule) -> bool {
    let set = rule.set.iter().map(|(column, _)| column);
    let masked = rule.masks.iter().map(|(column, _)| column);
    let mut columns = rule.columns.iter().chain(set).chain(masked);
    let mut relations = rule.relations.iter();
    columns.all(|column| *column < table.columns.len())
        && relations.all(|relation| *relation < table.relations.len())
        && rule.roles.iter().all(|role| *role < schema.roles.len())
}

/// Whether the types of rows are there; one beside them must know that it is of these.
fn is_told(schema: &Schema, table: &Table, variants: &Variants) -> bool {
    let mut rest = variants.types.iter().map(|variant| &variant.rest);
    variants.column < table.columns.len()
        && variants.shared.iter().all(|shown| has(table, shown))
        && rest.all(|rest| match rest {
            Rest::Here { shown, .. } => has(table, shown),
            Rest::Beside {
                table: beside,
                columns,
            } => schema.tables.get(*beside).is_some_and(|beside| {
                beside.variants.is_none() && beside.base.is_some() && pairs(table, beside, columns)
            }),
        })
}

fn is_based(schema: &Schema, table: &Table, base: &Base) -> bool {
    let relation = table.relations.get(base.relation);
    let leads_there = relation.is_some_and(|relation| relation.target == base.table);
    let there = schema.tables.get(base.table);
    leads_there && there.is_some_and(|there| has(there, &base.shown))
}

fn has(table: &Table, shown: &Shown) -> bool {
    let is_column = |column: &usize| *column < table.columns.len();
    let is_relation = |relation: &usize| *relation < table.relations.len();
    shown.columns.iter().all(is_column)
        && shown.relations.iter().all(is_relation)
        && shown
            .choices
            .iter()
            .all(|choice| *choice < table.choices.len())
}

fn searched(table: &Table) -> &[usize] {
    match &table.search {
        Some(Search::Columns(columns)) => columns,
        _ => &[],
    }
}

fn leads(schema: &Schema, table: &Table, relation: &Relation) -> bool {
    let Some(target) = schema.tables.get(relation.target) else {
        return false;
    };
    match &relation.through {
        None => pairs(table, target, &relation.columns),
        Some(through) => schema.tables.get(through.table).is_some_and(|junction| {
            pairs(table, junction, &relation.columns) && pairs(junction, target, &through.columns)
        }),
    }
}

fn pairs(ours: &Table, theirs: &Table, columns: &[(usize, usize)]) -> bool {
    let is_there =
        |(our, their): &(usize, usize)| *our < ours.columns.len() && *their < theirs.columns.len();
    !columns.is_empty() && columns.iter().all(is_there)
}
