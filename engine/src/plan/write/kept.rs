//! Changes by kept keys: rows are read and held first, then changed by their keys.
//!
//! A delete that shows relations goes this way on every database, since they must be read before
//! the rows go, and so does what a tree changes. MariaDB gives nothing back from an update and has
//! no target for the conflict of an upsert, so there all three do.

use super::Returned;
use super::input::{Spot, Values};
use crate::api::Root;
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::sql::{self, Alias, Change, Expr, ListParameter, Reference, Tree};
use model::{Action, Codec, Content, Dialect, Fault, Use};

/// Rows that a step keeps; where it is said, just one.
pub(super) struct Held {
    pub(super) step: usize,
    /// The columns that are kept: those of the key, and behind them what else is needed.
    columns: Vec<usize>,
    /// What columns of the one row were given since.
    since: Values,
}

impl Held {
    pub(super) fn new(step: usize, columns: Vec<usize>) -> Self {
        Self {
            step,
            columns,
            since: Values::new(),
        }
    }

    /// The same row, given new values.
    pub(super) fn given(self, since: Values) -> Self {
        Self { since, ..self }
    }

    /// The value of a column of the one row.
    pub(super) fn value(&self, column: usize) -> Source {
        let since = self.since.iter().find(|(given, _)| *given == column);
        if let Some((_, source)) = since {
            return source.clone();
        }
        Source::Kept {
            step: self.step,
            column: self.position(column),
        }
    }

    /// Where a column stands among those that are kept.
    pub(super) fn position(&self, column: usize) -> usize {
        let place = self.columns.iter().position(|kept| *kept == column);
        place.unwrap_or(self.columns.len())
    }
}

/// How rows are to be held.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'k> {
    /// The columns that are needed beside the key.
    pub(super) keep: &'k [usize],
    /// Whether they will be changed.
    locking: bool,
}

impl<'k> Wanted<'k> {
    pub(super) fn locked(keep: &'k [usize]) -> Self {
        Self {
            keep,
            locking: true,
        }
    }

    pub(super) fn read(keep: &'k [usize]) -> Self {
        Self {
            keep,
            locking: false,
        }
    }

    /// The same with other columns.
    pub(super) fn with(self, keep: &[usize]) -> Wanted<'_> {
        Wanted {
            keep,
            locking: self.locking,
        }
    }
}

/// Which of the rows that are held are changed.
#[derive(Clone, Copy)]
pub(super) enum Only<'o> {
    All,
    /// Those of which a condition holds.
    Where(&'o Argument),
    /// Those of which columns do not all have these values.
    Unlike(&'o [(usize, Source)]),
}

impl<'a> Planner<'a> {
    /// Whether a statement that changes rows gives them back, and an insert can name the key it
    /// gives way to.
    pub(in crate::plan) fn changes_answer(&self) -> bool {
        self.schema.dialect != Dialect::Mariadb
    }

    pub(super) fn update_kept(
        &mut self,
        spot: Spot<'_, 'a>,
        root: Root,
        returned: Returned,
        set: Values,
    ) -> Result<Content, Fault> {
        let field = spot.chosen.field();
        let alias = self.draft.alias();
        let (mut filter, guard) = self.target(field, root, alias)?;
        let set = self.with_presets(root.table, set);
        let written: Vec<_> = set.iter().map(|(column, _)| *column).collect();
        filter.extend(self.reached(Action::Update, (root.table, alias), &written));
        let step = self.lock_changing(spot, (alias, filter), &set);
        self.guarded(field, guard, step);
        self.within("set", |planner| {
            planner.change(spot, &[step], set, Only::All)
        })?;
        Ok(self.read_kept(spot.chosen, spot.table, returned, (&[step], true)))
    }

    pub(super) fn delete_kept(
        &mut self,
        spot: Spot<'_, 'a>,
        root: Root,
        returned: Returned,
    ) -> Result<Content, Fault> {
        let field = spot.chosen.field();
        let alias = self.draft.alias();
        let (mut filter, guard) = self.target(field, root, alias)?;
        filter.extend(self.reached(Action::Delete, (root.table, alias), &[]));
        let Held { step, .. } = self.hold(spot, (alias, filter), Wanted::locked(&[]));
        self.guarded(field, guard, step);
        let content = self.read_kept(spot.chosen, spot.table, returned, (&[step], false));
        self.remove(spot, &[step]);
        Ok(content)
    }

    /// Reads and locks rows; gives the step that keeps their keys, and behind them what these
    /// become by `set`.
    fn lock_changing(
        &mut self,
        spot: Spot<'_, 'a>,
        (alias, filter): (Alias, Vec<Expr>),
        set: &[(usize, Source)],
    ) -> usize {
        let table = spot.table;
        let mut scope = Scope::new(alias, table);
        scope.select.filter = filter;
        scope.select.locking = true;
        scope.select.columns = self.key_columns(table, Some(alias)).into_iter().collect();
        for (place, column) in self.schema.tables[table]
            .key
            .clone()
            .into_iter()
            .enumerate()
        {
            let given = set.iter().find(|(index, _)| *index == column);
            let value = match given {
                Some((_, source)) => self.stored(table, column, source.clone()),
                None => sql::readable(self.schema, Reference::new(alias, table, column)),
            };
            scope.select.column(Expr::Again(place, Box::new(value)));
        }
        let key = &self.schema.tables[table].key;
        let codecs = self.codecs(table, &[key.as_slice(), key].concat());
        self.step(spot.chosen, Tree::Select(scope.select), Use::Keep(codecs))
    }

    /// Reads rows and holds them.
    pub(super) fn hold(
        &mut self,
        spot: Spot<'_, 'a>,
        (alias, filter): (Alias, Vec<Expr>),
        wanted: Wanted<'_>,
    ) -> Held {
        let (schema, table) = (self.schema, spot.table);
        let mut scope = Scope::new(alias, table);
        scope.select.filter = filter;
        scope.select.locking = wanted.locking;
        let columns = self.held_columns(table, wanted.keep);
        for column in &columns {
            let reference = Reference::new(alias, table, *column);
            scope.select.column(sql::readable(schema, reference));
        }
        let keep = Use::Keep(self.codecs(table, &columns));
        let step = self.step(spot.chosen, Tree::Select(scope.select), keep);
        Held::new(step, columns)
    }

    /// Reads the row of which columns have some values, and holds it.
    pub(super) fn hold_values(
        &mut self,
        spot: Spot<'_, 'a>,
        values: Values,
        wanted: Wanted<'_>,
    ) -> Held {
        let alias = self.draft.alias();
        let filter = self.key_conditions(alias, spot.table, values);
        self.hold(spot, (alias, filter), wanted)
    }

    /// How a row that was put is read: on MariaDB only a locking read is sure to see one that
    /// another request made since this one began.
    pub(super) fn as_put<'k>(&self, keep: &'k [usize]) -> Wanted<'k> {
        Wanted {
            keep,
            locking: !self.changes_answer(),
        }
    }

    /// The columns of the key, and behind them those of `keep`.
    pub(super) fn held_columns(&self, table: usize, keep: &[usize]) -> Vec<usize> {
        let mut columns = self.schema.tables[table].key.clone();
        for column in keep {
            if !columns.contains(column) {
                columns.push(*column);
            }
        }
        columns
    }

    /// Gives held rows new values.
    pub(super) fn change(
        &mut self,
        spot: Spot<'_, 'a>,
        held: &[usize],
        set: Values,
        only: Only<'_>,
    ) -> Result<(), Fault> {
        let table = spot.table;
        let set = self.with_presets(table, set);
        let columns: Vec<_> = set.iter().map(|(column, _)| *column).collect();
        if !matches!(only, Only::Where(_)) {
            self.may_reach(spot.chosen, (table, held), (Action::Update, &columns));
        }
        let alias = self.draft.alias();
        let mut filter = vec![self.of_kept(table, alias, held)];
        match only {
            Only::All => {}
            Only::Where(condition) => {
                let field = spot.chosen.field();
                filter.push(self.update_condition(field, condition, (table, alias))?);
            }
            Only::Unlike(values) => {
                let alike = self.key_conditions(alias, table, values.to_vec());
                filter.push(Expr::IsNotTrue(Box::new(Expr::And(alike))));
            }
        }
        let change = Change::Update {
            table,
            alias,
            set: self.assigned(table, alias, set),
            filter,
            returning: Vec::new(),
        };
        self.step(spot.chosen, Tree::Change(change), Use::Discard);
        if !self.changes_answer() && !self.is_open(table) {
            let key = &self.schema.tables[table].key;
            let moves = columns.iter().any(|column| key.contains(column));
            let written = [(Action::Update, columns)];
            self.look_at(spot.chosen, (table, (held, moves)), &written);
        }
        Ok(())
    }

    /// Removes held rows.
    pub(super) fn remove(&mut self, spot: Spot<'_, 'a>, held: &[usize]) {
        self.may_reach(spot.chosen, (spot.table, held), (Action::Delete, &[]));
        let (table, alias) = (spot.table, self.draft.alias());
        let change = Change::Delete {
            table,
            alias,
            filter: vec![self.of_kept(table, alias, held)],
            returning: Vec::new(),
        };
        self.step(spot.chosen, Tree::Change(change), Use::Discard);
    }

    /// Whether a row is one of those that steps keep.
    pub(super) fn of_kept(&mut self, table: usize, alias: Alias, kept: &[usize]) -> Expr {
        let keys = self.kept_keys(table, (kept, false));
        Expr::InKeys(self.comparable_key(table, alias), keys)
    }

    /// The columns of a key as they are looked for among kept ones.
    pub(in crate::plan) fn comparable_key(&self, table: usize, alias: Alias) -> Vec<Expr> {
        let key = self.schema.tables[table].key.iter();
        let key =
            key.map(|column| sql::comparable(self.schema, Reference::new(alias, table, *column)));
        key.collect()
    }

    /// The keys of kept rows, or with `changed` what they have become.
    pub(in crate::plan) fn kept_keys(
        &mut self,
        table: usize,
        (kept, changed): (&[usize], bool),
    ) -> Vec<ListParameter> {
        let schema = self.schema;
        let key = &schema.tables[table].key;
        let start = if changed { key.len() } else { 0 };
        let whole = self.keeps_whole(key.len());
        let key = key.iter().enumerate();
        key.map(|(position, column)| {
            let column = &schema.tables[table].columns[*column];
            let place = (kept, start + position);
            self.draft.kept(schema, column, place, whole)
        })
        .collect()
    }

    /// Whether kept rows are one parameter where so many of their columns are looked for.
    pub(super) fn keeps_whole(&self, columns: usize) -> bool {
        match self.schema.dialect {
            Dialect::Postgres => false,
            // It has nothing to join lists by but a walk through one for each item of the other.
            Dialect::Sqlite => columns > 1,
            Dialect::Mariadb => true,
        }
    }

    pub(in crate::plan) fn key_codecs(&self, table: usize) -> Vec<Codec> {
        self.codecs(table, &self.schema.tables[table].key)
    }

    pub(super) fn codecs(&self, table: usize, columns: &[usize]) -> Vec<Codec> {
        let declared = &self.schema.tables[table].columns;
        let codecs = columns
            .iter()
            .map(|column| Codec::Scalar(declared[*column].scalar));
        codecs.collect()
    }
}
