//! The schema as it is shown to some roles: what they may see and do with each part of it.

use super::rules::Access;
use crate::api;
use model::schema::{Cardinality, Column, Schema, Table};
use model::{Action, Grant, Rule};
use std::collections::BTreeSet;

/// Marks in a schema what some roles may see and do.
pub(super) fn narrow(schema: &mut Schema, access: &Access, roles: &[usize]) {
    for (index, table) in schema.tables.iter_mut().enumerate() {
        let rules: Vec<_> = access.rules(index).collect();
        narrow_table(table, &rules);
    }
    hide_families(schema);
    let seen: Vec<_> = schema.tables.iter().map(api::is_seen).collect();
    let shows_all = |table: usize| {
        let mut rules = access.rules(table);
        rules.any(|rule| rule.allows(Action::Read) && rule.is_unconditional())
    };
    let narrowed = schema.tables.iter().enumerate().map(|(index, table)| {
        let parts = api::parts(table).map(|(part, _)| part);
        !std::iter::once(index).chain(parts).all(shows_all)
    });
    let narrowed: Vec<_> = narrowed.collect();
    let masked = goes_by_masked(schema);
    for (index, table) in schema.tables.iter_mut().enumerate() {
        for (place, relation) in table.relations.iter_mut().enumerate() {
            let junction = relation.through.as_ref().map(|through| through.table);
            let passed = [Some(relation.target), junction].into_iter().flatten();
            if !passed.clone().all(|table| seen[table]) || masked.contains(&(index, place)) {
                relation.grant = Grant::NOTHING;
            }
            let is_partial = !relation.grant.reads_whole();
            if relation.cardinality == Cardinality::One
                && (is_partial || passed.clone().any(|table| narrowed[table]))
            {
                relation.cardinality = Cardinality::Maybe;
            }
        }
    }
    for function in &mut schema.functions {
        let tables = function.tables();
        let may = function.callers.iter().any(|caller| roles.contains(caller));
        function.is_hidden = !may || tables.iter().any(|table| !seen[*table]);
    }
}

fn narrow_table(table: &mut Table, rules: &[&Rule]) {
    for (index, column) in table.columns.iter_mut().enumerate() {
        column.grant = of_column(rules, index);
        for action in [Action::Create, Action::Update] {
            if rules.iter().any(|rule| rule.lets_give(action, index)) {
                column.grant = column.grant.with(action);
            }
        }
        column.nullable |= !column.grant.reads_whole();
        column.defaulted |= is_always_set(rules, index);
    }
    for (index, relation) in table.relations.iter_mut().enumerate() {
        relation.grant = cell(rules, |rule| rule.relations.contains(&index));
    }
    table.grant = Grant::NOTHING;
    if table
        .columns
        .iter()
        .any(|column| column.grant.allows(Action::Read))
    {
        table.grant = table.grant.with(Action::Read);
        for action in [Action::Create, Action::Update, Action::Delete] {
            if table.writable && rules.iter().any(|rule| rule.allows(action)) {
                table.grant = table.grant.with(action);
            }
        }
    }
    let open = |column: &Column| {
        let referring = column.grant.allows(Action::Create);
        referring || !api::is_required(column)
    };
    if !table.columns.iter().all(open) {
        table.grant = table.grant.without(Action::Create);
    }
    if !api::is_whole(table) {
        // Words would be found in columns that are not seen.
        table.search = None;
    }
}

/// The relations that go by a column of which something is masked: whoever followed them would be told
/// what is in it.
fn goes_by_masked(schema: &Schema) -> BTreeSet<(usize, usize)> {
    let is_masked = |table: usize, column: usize| {
        let column = &schema.tables[table].columns[column];
        column.grant.is_masked()
    };
    let mut found = BTreeSet::new();
    for (index, table) in schema.tables.iter().enumerate() {
        for (place, relation) in table.relations.iter().enumerate() {
            let (target, through) = (relation.target, relation.through.as_ref());
            let near = through.map_or(target, |through| through.table);
            let mut pairs = relation.columns.iter();
            let mut far = through.iter().flat_map(|through| &through.columns);
            if pairs.any(|(ours, theirs)| is_masked(index, *ours) || is_masked(near, *theirs))
                || far.any(|(ours, theirs)| is_masked(near, *ours) || is_masked(target, *theirs))
            {
                found.insert((index, place));
            }
        }
    }
    found
}

/// What is seen of a column: also what is seen masked.
fn of_column(rules: &[&Rule], column: usize) -> Grant {
    let shown = cell(rules, |rule| rule.shows(column));
    let is_masked = |rule: &&Rule| rule.allows(Action::Read) && rule.mask(column).is_some();
    if shown.reads_whole() || !rules.iter().any(is_masked) {
        return shown;
    }
    shown.with(Action::Read).masked()
}

/// What is seen of a column or a relation: nothing, all there is in the rows that are seen, or what
/// is in some of them.
fn cell(rules: &[&Rule], has: impl Fn(&Rule) -> bool) -> Grant {
    let reading = || {
        let rules = rules.iter().copied();
        rules.filter(|rule| rule.allows(Action::Read))
    };
    if !reading().any(&has) {
        return Grant::NOTHING;
    }
    let shows_all = |rule: &Rule| has(rule) && rule.is_unconditional();
    let grant = Grant::NOTHING.with(Action::Read);
    if reading().all(&has) || reading().any(shows_all) {
        grant
    } else {
        grant.partly()
    }
}

/// Whether all rules that let rows be added give the column a value.
fn is_always_set(rules: &[&Rule], column: usize) -> bool {
    let mut creating = rules
        .iter()
        .filter(|rule| rule.allows(Action::Create))
        .peekable();
    creating.peek().is_some() && creating.all(|rule| rule.sets(column))
}

/// Rows of several types are seen by those who see all tables they are in.
fn hide_families(schema: &mut Schema) {
    for index in 0..schema.tables.len() {
        let Some(variants) = &schema.tables[index].variants else {
            continue;
        };
        let family: Vec<_> = std::iter::once(index)
            .chain(api::besides(variants))
            .collect();
        if family
            .iter()
            .all(|table| api::is_seen(&schema.tables[*table]))
        {
            continue;
        }
        for table in family {
            schema.tables[table].grant = Grant::NOTHING;
        }
    }
}
