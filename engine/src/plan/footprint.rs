//! Which tables the statements of a plan look at, and which they change.
//!
//! It is taken from the finished trees, so whatever planned a statement, and whatever the access
//! rules put into it, is seen. What only the database knows is not in it, which it says.

use crate::sql::walk::{self, Part};
use crate::sql::{Change, Expr, From, Reference, Select, Tree};
use model::schema::{Outcome, Schema, Search};
use model::{Act, Footprint, Relation};
use std::collections::BTreeSet;

/// What the statements of a plan leave so far.
pub(super) struct Trail {
    footprint: Footprint,
    /// The tables it looks at: indexes into those of the schema.
    tables: BTreeSet<usize>,
}

impl Trail {
    pub(super) fn new() -> Self {
        let footprint = Footprint {
            knows_reads: true,
            knows_writes: true,
            ..Footprint::default()
        };
        Self {
            footprint,
            tables: BTreeSet::new(),
        }
    }

    pub(super) fn ended(self) -> Footprint {
        self.footprint
    }

    /// For how many seconds what was read may be kept: the least that its tables say, if all of them
    /// are known and say something.
    pub(super) fn max_age_s(&self, schema: &Schema) -> Option<u32> {
        let tables = self.tables.iter().filter(|_| self.footprint.knows_reads);
        let ages = tables.map(|table| schema.tables[*table].max_age_s);
        ages.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// Follows a statement.
    pub(super) fn follow(&mut self, schema: &Schema, tree: &Tree) {
        match tree {
            Tree::Select(select) => self.select(schema, select),
            Tree::Change(change) => {
                if let Some(table) = tree.changed() {
                    let written = acts(change).iter().map(|act| (named(schema, table), *act));
                    self.footprint.writes.extend(written);
                }
                self.change(schema, change);
            }
        }
    }

    fn change(&mut self, schema: &Schema, change: &Change) {
        let mut each = |exprs: &mut dyn Iterator<Item = &Expr>| {
            exprs.for_each(|expr| self.expr(schema, expr));
        };
        match change {
            Change::Insert {
                rows,
                condition,
                conflict,
                returning,
                ..
            } => {
                each(&mut rows.iter().flatten().chain(condition).chain(returning));
                if let Some(conflict) = conflict {
                    let set = conflict.set.iter().map(|(_, expr)| expr);
                    each(&mut set.chain(&conflict.filter));
                }
            }
            Change::Update {
                set,
                filter,
                returning,
                ..
            } => {
                let set = set.iter().map(|(_, expr)| expr);
                each(&mut set.chain(filter).chain(returning));
            }
            Change::Delete {
                filter, returning, ..
            } => each(&mut filter.iter().chain(returning)),
        }
    }

    fn select(&mut self, schema: &Schema, select: &Select) {
        match &select.from {
            Some(From::Table(table, _) | From::Keys { table, .. }) => self.read(schema, *table),
            Some(From::Call { function, .. }) => {
                self.call();
                if let Outcome::Row(table) | Outcome::Rows(table) =
                    schema.functions[*function].outcome
                {
                    self.read(schema, table);
                }
            }
            None => {}
        }
        for join in &select.joins {
            self.read(schema, join.table);
        }
        for expr in select.expressions() {
            self.expr(schema, expr);
        }
    }

    fn expr(&mut self, schema: &Schema, expr: &Expr) {
        match expr {
            Expr::Column(Reference { table, column, .. }) => {
                // Its text is SQL of the schema's own, which may look anywhere, and at the clock.
                let computed = &schema.tables[*table].columns[*column].computed;
                self.footprint.knows_reads &= computed.is_none();
            }
            Expr::Call(..) => self.call(),
            _ => {}
        }
        walk::parts(expr, &mut |part| match part {
            Part::Expr(inner) => self.expr(schema, inner),
            Part::Select(select) => self.select(schema, select),
        });
    }

    /// What a function does only the database knows.
    fn call(&mut self) {
        self.footprint.knows_reads = false;
        self.footprint.knows_writes = false;
    }

    /// What is behind a view only the database knows.
    fn read(&mut self, schema: &Schema, table: usize) {
        let of = &schema.tables[table];
        self.footprint.knows_reads &= of.writable;
        self.footprint.reads.insert(named(schema, table));
        self.tables.insert(table);
        if let Some(Search::Table(index)) = &of.search {
            let index = Relation {
                schema: None,
                name: index.clone(),
            };
            self.footprint.reads.insert(index);
        }
    }
}

fn acts(change: &Change) -> &'static [Act] {
    match change {
        Change::Insert { conflict: None, .. } => &[Act::Insert],
        Change::Insert { .. } => &[Act::Insert, Act::Update],
        Change::Update { .. } => &[Act::Update],
        Change::Delete { .. } => &[Act::Delete],
    }
}

fn named(schema: &Schema, table: usize) -> Relation {
    let table = &schema.tables[table];
    Relation {
        schema: table.schema.clone(),
        name: table.name.clone(),
    }
}
