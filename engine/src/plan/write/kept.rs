//! Changes by kept keys: rows are read and locked first, then changed by their keys.
//!
//! A delete that shows relations goes this way on every database, since they must be read before
//! the rows go. MariaDB gives nothing back from an update and has no target for the conflict of an
//! upsert, so there all three do.

use super::{Batch, Returned};
use crate::api::Root;
use crate::input::Source;
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::plan::selection::Chosen;
use crate::sql::{self, Alias, Change, Conflict, Expr, ListParameter, Reference, Tree};
use model::{Codec, Content, Dialect, Fault, Use};

/// Rows that were read and locked: their keys, and behind them their keys after the change.
#[derive(Clone, Copy)]
struct Locked(usize);

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
        set: Vec<(usize, Source)>,
    ) -> Result<Content, Fault> {
        let alias = self.draft.alias();
        let filter = self.target(chosen.field(), root, alias)?;
        let locked = self.lock(chosen, (root.table, alias), filter, &set);
        self.change_locked(chosen, root.table, locked, set);
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
        let filter = self.target(chosen.field(), root, alias)?;
        let locked = self.lock(chosen, (table, alias), filter, &[]);
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

    /// Each row is looked for, changed if it is there, and inserted if it is not.
    pub(super) fn upsert_kept(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        returned: Returned,
        changes: Vec<(Batch, Conflict)>,
    ) -> Content {
        let mut kept = Vec::new();
        for (batch, conflict) in changes {
            let values: Vec<_> = batch.rows.into_iter().flatten().collect();
            let row: Vec<_> = batch.columns.iter().copied().zip(values).collect();
            let of = |columns: &[usize]| -> Vec<(usize, Source)> {
                let those = row.iter().filter(|(column, _)| columns.contains(column));
                those.cloned().collect()
            };
            let alias = self.draft.alias();
            let filter = self.key_conditions(alias, table, of(&conflict.key));
            let locked = self.lock(chosen, (table, alias), filter, &of(&conflict.set));
            self.change_locked(chosen, table, locked, of(&conflict.set));
            kept.extend([locked.0, self.insert_unless(chosen, table, locked, row)]);
        }
        self.read_kept(chosen, table, returned, (&kept, true))
    }

    /// Reads and locks rows, and keeps their keys and what these become by `set`.
    fn lock(
        &mut self,
        chosen: &Chosen<'a>,
        (table, alias): (usize, Alias),
        filter: Vec<Expr>,
        set: &[(usize, Source)],
    ) -> Locked {
        let mut scope = Scope::new(alias, table);
        scope.select.filter = filter;
        scope.select.locking = true;
        scope.select.columns = self.key_columns(table, Some(alias)).into_iter().collect();
        let mut codecs = self.key_codecs(table);
        if !self.changes_answer() {
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

    fn change_locked(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        locked: Locked,
        set: Vec<(usize, Source)>,
    ) {
        let alias = self.draft.alias();
        let set = set
            .into_iter()
            .map(|(column, source)| (column, self.stored(table, column, source)));
        let change = Change::Update {
            table,
            alias,
            set: set.collect(),
            filter: vec![self.of_locked(table, alias, locked)],
            returning: Vec::new(),
        };
        self.step(chosen, &Tree::Change(change), Use::Discard);
    }

    /// Inserts a row where none was locked; gives its key twice, as a locked row has it.
    fn insert_unless(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        locked: Locked,
        row: Vec<(usize, Source)>,
    ) -> usize {
        let columns = row.iter().map(|(column, _)| *column).collect();
        let values = row
            .into_iter()
            .map(|(column, source)| self.stored(table, column, source));
        let rows = vec![values.collect()];
        let key = self.key_columns(table, None);
        let change = Change::Insert {
            table,
            columns,
            rows,
            condition: Some(Expr::NoneKept(self.draft.kept_rows(vec![locked.0]))),
            conflict: None,
            returning: [key.clone(), key].concat(),
        };
        let codecs = [self.key_codecs(table), self.key_codecs(table)].concat();
        self.step(chosen, &Tree::Change(change), Use::Keep(codecs))
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
        let key = key.iter().enumerate();
        key.map(|(position, column)| {
            let column = &schema.tables[table].columns[*column];
            self.draft.kept(schema, column, (kept, start + position))
        })
        .collect()
    }

    pub(super) fn key_codecs(&self, table: usize) -> Vec<Codec> {
        let declared = &self.schema.tables[table];
        let codecs = declared
            .key
            .iter()
            .map(|column| Codec::Scalar(declared.columns[*column].scalar));
        codecs.collect()
    }
}
