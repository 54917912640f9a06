//! A tree of SQL as what it wants of indexes.

mod conditions;

use super::{Blocked, Want, Why};
use crate::sql::walk::{self, Part};
use crate::sql::{Alias, Change, Expr, From, Join, Order, Reference, Select, Tree};
use conditions::{Found, Use};
use model::{Dialect, Schema};

/// What a tree wants.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    pub(crate) tables: Vec<(String, usize)>,
    pub(crate) all: Vec<Want>,
    pub(crate) blocked: Vec<Blocked>,
}

/// A table that a statement reads, by its alias.
type Read = (Alias, usize);

impl Wants {
    /// Those of a statement.
    pub(crate) fn of(schema: &Schema, tree: &Tree) -> Self {
        let mut wants = Self::default();
        match tree {
            Tree::Select(select) => wants.select(schema, select),
            Tree::Change(change) => wants.change(schema, change),
        }
        wants
    }

    /// Those of a condition on rows of a table.
    pub(crate) fn of_condition(schema: &Schema, condition: &Expr, read: Read) -> Self {
        let mut wants = Self::default();
        wants.source(schema, read, &[condition], (&[], false));
        wants
    }

    fn change(&mut self, schema: &Schema, change: &Change) {
        let (table, alias, filter) = match change {
            Change::Update {
                table,
                alias,
                filter,
                ..
            }
            | Change::Delete {
                table,
                alias,
                filter,
                ..
            } => (*table, *alias, filter),
            Change::Insert { .. } => return,
        };
        let conditions: Vec<_> = filter.iter().collect();
        self.source(schema, (alias, table), &conditions, (&[], false));
        for expr in filter {
            self.inside(schema, expr);
        }
    }

    fn select(&mut self, schema: &Schema, select: &Select) {
        let first = match &select.from {
            Some(From::Table(table, alias) | From::Keys { table, alias, .. }) => {
                Some((*alias, *table))
            }
            Some(From::Call { .. }) | None => None,
        };
        let joined = select.joins.iter().map(|join| (join.alias, join.table));
        let conditions: Vec<_> = select.filter.iter().collect();
        // What is joined to a list of keys is found by them.
        let is_found = matches!(select.from, Some(From::Keys { .. }));
        for read in first.into_iter().filter(|_| !is_found).chain(joined) {
            let join = select.joins.iter().find(|join| join.alias == read.0);
            let mut conditions = conditions.clone();
            conditions.extend(join.iter().flat_map(|join| &join.filter));
            let is_first = first == Some(read);
            let order = if is_first { &select.order[..] } else { &[] };
            let is_bounded = is_first && select.limit.is_some();
            self.source(schema, read, &conditions, (order, is_bounded));
            if let Some(join) = join {
                self.joined(join, read);
            }
        }
        for expr in select.expressions() {
            self.inside(schema, expr);
        }
    }

    /// Selects within an expression.
    fn inside(&mut self, schema: &Schema, expr: &Expr) {
        walk::parts(expr, &mut |part| match part {
            Part::Expr(inner) => self.inside(schema, inner),
            Part::Select(select) => self.select(schema, select),
        });
    }

    /// A table that conditions are about.
    fn source(
        &mut self,
        schema: &Schema,
        read: Read,
        conditions: &[&Expr],
        (order, is_bounded): (&[Order], bool),
    ) {
        let (alias, table) = read;
        self.tables.push((named(alias), table));
        let mut found = Found::new(schema, read);
        for expr in conditions {
            found.condition(expr, false);
        }
        let Found {
            uses,
            several,
            alternatives,
            blocked,
            ..
        } = found;
        let mut want = compared(read, &uses);
        // Rows of several values come in no order, and all rows are sorted as soon as they are read.
        if !several && (is_bounded || !want.equal.is_empty()) {
            want.order = ordered(schema, read, order);
            let equal = want.equal.clone();
            let is_equal = |column: &usize| equal.iter().any(|(known, _)| known == column);
            want.order.retain(|(column, _)| !is_equal(column));
        }
        if uses.is_empty() && alternatives.is_empty() {
            self.blocked.extend(blocked);
        }
        if uses.is_empty() {
            let apart = |(column, why): &(usize, Why)| Want {
                equal: vec![(*column, *why)],
                order: Vec::new(),
                ..want.clone()
            };
            self.all.extend(alternatives.iter().map(apart));
        }
        if !want.equal.is_empty() || want.range.is_some() || !want.order.is_empty() {
            self.all.push(want);
        }
    }

    /// What a join finds its rows by.
    fn joined(&mut self, join: &Join, (alias, table): Read) {
        let side = |(left, right): &(Reference, Reference)| {
            let mut sides = [left, right].into_iter();
            sides
                .find(|side| side.alias == Some(alias))
                .map(|side| side.column)
        };
        let equal: Vec<_> = join
            .on
            .iter()
            .filter_map(side)
            .map(|column| (column, Why::Relation))
            .collect();
        let name = named(alias);
        match self.all.iter_mut().rev().find(|want| want.alias == name) {
            Some(want) => want.equal.extend(equal),
            None => self.all.push(Want {
                alias: name,
                table,
                equal,
                range: None,
                order: Vec::new(),
            }),
        }
    }
}

/// What conditions want of a table, without its order.
fn compared((alias, table): Read, uses: &[(usize, Use, Why)]) -> Want {
    let mut want = Want {
        alias: named(alias),
        table,
        equal: Vec::new(),
        range: None,
        order: Vec::new(),
    };
    let is_equal =
        |want: &Want, column: usize| want.equal.iter().any(|(known, _)| *known == column);
    for (column, how, why) in uses {
        match how {
            Use::Equal if !is_equal(&want, *column) => want.equal.push((*column, *why)),
            Use::Range if want.range.is_none() => want.range = Some((*column, *why)),
            Use::Equal | Use::Range => {}
        }
    }
    want.equal.sort_by_key(|(column, why)| (*why, *column));
    want.range = want.range.filter(|(column, _)| !is_equal(&want, *column));
    want
}

/// What a statement calls a table.
fn named(alias: Alias) -> String {
    format!("t{}", alias.0)
}

/// The columns of an order, as far as an index of the table can bring rows in it.
fn ordered(schema: &Schema, (alias, table): Read, order: &[Order]) -> Vec<(usize, bool)> {
    let mut columns = Vec::new();
    for item in order {
        match &item.expr {
            Expr::Column(reference)
                if reference.alias == Some(alias)
                    && is_stored(schema, table, reference.column)
                    && is_served(schema.dialect, item) =>
            {
                columns.push((reference.column, item.direction.descending));
            }
            // An index that brings but the beginning of an order does not save the sort.
            _ => return Vec::new(),
        }
    }
    columns
}

/// Whether an index has NULL where the order wants it.
fn is_served(dialect: Dialect, order: &Order) -> bool {
    let direction = order.direction;
    let is_usual = match dialect {
        Dialect::Sqlite => return true,
        Dialect::Postgres => direction.nulls_first == direction.descending,
        Dialect::Mariadb => direction.nulls_first != direction.descending,
    };
    !order.nullable || is_usual
}

/// Whether a column is stored, and is no expression.
fn is_stored(schema: &Schema, table: usize, column: usize) -> bool {
    schema.tables[table].columns[column].computed.is_none()
}
