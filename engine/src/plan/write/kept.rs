//! Changes by kept keys: rows are read and locked first, then changed by their keys.
//!
//! A delete that shows relations goes this way on every database, since they must be read before
//! the rows go. MariaDB gives nothing back from an update and has no target for the conflict of an
//! upsert, so there all three do.

use super::{Returned, Values};
use crate::api::Root;
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::plan::selection::Chosen;
use crate::sql::{self, Alias, Change, Expr, ListParameter, Reference, Tree};
use model::{Codec, Content, Dialect, Fault, Use};

/// Rows that were read and locked: their keys, and behind them their keys after the change.
#[derive(Clone, Copy)]
pub(super) struct Locked(usize);

impl Locked {
    /// The step that keeps their keys.
    pub(super) fn step(self) -> usize {
        self.0
    }
}

impl<'a> Planner<'a> {
    /// Whether a statement that changes rows gives them back, and an insert can name the key it
    /// gives way to.
    pub(super) fn changes_answer(&self) -> bool {
        self.schema.dialect != Dialect::Mariadb
    }

    pub(super) fn update_kept(
        &mut self,
        chosen: &Chosen<'a>,
        root: Root,
        returned: Returned,
        set: Values,
    ) -> Result<Content, Fault> {
        let alias = self.draft.alias();
        let (filter, guard) = self.target(chosen.field(), root, alias)?;
        let locked = self.lock(chosen, (root.table, alias), filter, Some(&set));
        self.guarded(chosen.field(), guard, locked.0);
        self.within("set", |planner| {
            planner.change_locked(chosen, root.table, (locked, None), set)
        })?;
        Ok(self.read_kept(chosen, root.table, returned, (&[locked.0], true)))
    }

    pub(super) fn delete_kept(
        &mut self,
        chosen: &Chosen<'a>,
        root: Root,
        returned: Returned,
    ) -> Result<Content, Fault> {
        let table = root.table;
        let alias = self.draft.alias();
        let (filter, guard) = self.target(chosen.field(), root, alias)?;
        let locked = self.lock(chosen, (table, alias), filter, None);
        self.guarded(chosen.field(), guard, locked.0);
        let content = self.read_kept(chosen, table, returned, (&[locked.0], false));
        let alias = self.draft.alias();
        let change = Change::Delete {
            table,
            alias,
            filter: vec![self.of_locked(table, alias, locked)],
            returning: Vec::new(),
        };
        self.step(chosen, &Tree::Change(change), Use::Discard);
        Ok(content)
    }

    /// Reads and locks rows, and keeps their keys, and behind them what these become by `set`.
    pub(super) fn lock(
        &mut self,
        chosen: &Chosen<'a>,
        (table, alias): (usize, Alias),
        filter: Vec<Expr>,
        set: Option<&[(usize, Source)]>,
    ) -> Locked {
        let mut scope = Scope::new(alias, table);
        scope.select.filter = filter;
        scope.select.locking = true;
        scope.select.columns = self.key_columns(table, Some(alias)).into_iter().collect();
        let mut codecs = self.key_codecs(table);
        if let Some(set) = set {
            codecs.extend(self.key_codecs(table));
            for column in self.schema.tables[table].key.clone() {
                let given = set.iter().find(|(index, _)| *index == column);
                let value = match given {
                    Some((_, source)) => self.stored(table, column, source.clone()),
                    None => sql::readable(self.schema, Reference::new(alias, table, column)),
                };
                scope.select.column(Expr::Again(Box::new(value)));
            }
        }
        Locked(self.step(chosen, &Tree::Select(scope.select), Use::Keep(codecs)))
    }

    /// Changes rows that were locked, those of which the condition holds.
    pub(super) fn change_locked(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        (locked, condition): (Locked, Option<&Argument>),
        set: Values,
    ) -> Result<(), Fault> {
        let alias = self.draft.alias();
        let mut filter = vec![self.of_locked(table, alias, locked)];
        if let Some(condition) = condition {
            filter.push(self.update_condition(chosen.field(), condition, (table, alias))?);
        }
        let change = Change::Update {
            table,
            alias,
            set: self.changed_values(table, alias, set),
            filter,
            returning: Vec::new(),
        };
        self.step(chosen, &Tree::Change(change), Use::Discard);
        Ok(())
    }

    fn of_locked(&mut self, table: usize, alias: Alias, locked: Locked) -> Expr {
        let keys = self.kept_keys(table, (&[locked.0], false));
        let key = self.schema.tables[table].key.iter();
        let key =
            key.map(|column| sql::comparable(self.schema, Reference::new(alias, table, *column)));
        Expr::InKeys(key.collect(), keys)
    }

    /// The keys of kept rows, or with `changed` what they have become.
    pub(super) fn kept_keys(
        &mut self,
        table: usize,
        (kept, changed): (&[usize], bool),
    ) -> Vec<ListParameter> {
        let schema = self.schema;
        let key = &schema.tables[table].key;
        let start = if changed { key.len() } else { 0 };
        let whole = match schema.dialect {
            Dialect::Postgres => false,
            // It has nothing to join lists by but a walk through one for each item of the other.
            Dialect::Sqlite => key.len() > 1,
            Dialect::Mariadb => true,
        };
        let key = key.iter().enumerate();
        key.map(|(position, column)| {
            let column = &schema.tables[table].columns[*column];
            let place = (kept, start + position);
            self.draft.kept(schema, column, place, whole)
        })
        .collect()
    }

    pub(in crate::plan) fn key_codecs(&self, table: usize) -> Vec<Codec> {
        let declared = &self.schema.tables[table];
        let codecs = declared
            .key
            .iter()
            .map(|column| Codec::Scalar(declared.columns[*column].scalar));
        codecs.collect()
    }
}
