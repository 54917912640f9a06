//! Upserts: rows inserted, or changed where one of the same key is there.
//!
//! Each row is a statement of its own, so that a later row of the same key wins on every database.

use super::Returned;
use super::input::{Spot, Values, place};
use super::kept::Locked;
use crate::api::{Root, column_name, key_name, unique_keys};
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::plan::selection::Chosen;
use crate::sql::{Alias, Change, Conflict, Expr, Reference, Tree};
use apollo_compiler::executable::Field;
use model::{Content, Fault, Use};

/// What an upsert is told about rows that are there already.
struct Terms {
    /// The unique key that tells.
    key: Vec<usize>,
    /// The columns that are changed, where it is said.
    update: Option<Vec<usize>>,
    /// What must hold of the row, so that it is changed.
    condition: Option<Argument>,
}

/// A row and what of it changes one that is there.
struct Row {
    values: Values,
    set: Vec<usize>,
}

/// When an insert does not happen.
enum Unless {
    /// Where that does not hold.
    Not(Expr),
    /// Where a row, under that alias, stands in the way; what becomes of it.
    Conflict(Alias, Conflict),
}

impl Row {
    fn of(&self, columns: &[usize]) -> Values {
        let those = self.values.iter();
        let those = those.filter(|(column, _)| columns.contains(column));
        those.cloned().collect()
    }
}

impl<'a> Planner<'a> {
    /// `upsertProduct`, `upsertProducts`.
    pub(crate) fn upsert(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Content, Fault> {
        let returned = self.returned(chosen, root)?;
        let terms = self.strictly(|planner| planner.terms(chosen.field(), root.table))?;
        let spot = Spot::new(chosen, root.table);
        let rows = self.rows(spot, &terms, returned.many)?;
        if rows.is_empty() {
            return Ok(Content::Constant("[]".into()));
        }
        let is_sure = terms.update.is_none() && terms.condition.is_none();
        if is_sure && self.changes_answer() {
            return self.upsert_at_once(spot, returned, &terms, rows);
        }
        let mut kept = Vec::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            let key = row.of(&terms.key);
            self.within(&place(index, returned.many), |planner| {
                planner.put_row(spot, &terms, row)
            })?;
            kept.push(self.found(chosen, root.table, key));
        }
        Ok(self.read_kept(chosen, root.table, returned, (&kept, false)))
    }

    fn terms(&mut self, field: &Field, table: usize) -> Result<Terms, Fault> {
        let declared = &self.schema.tables[table];
        let key = match self.given(field, "onConflict")? {
            Some(Argument::Word(word)) => {
                let key = unique_keys(declared).find(|key| key_name(declared, key) == *word);
                let key = key.ok_or_else(|| self.wrong(field, "onConflict", "no such key"))?;
                key.to_vec()
            }
            _ => declared.key.clone(),
        };
        let update = match self.given(field, "update")? {
            Some(Argument::List(words)) => Some(self.columns_named(field, table, &words)?),
            _ => None,
        };
        let condition = self.condition_argument(field, "updateWhere", Some(table))?;
        Ok(Terms {
            key,
            update,
            condition,
        })
    }

    fn columns_named(
        &self,
        field: &Field,
        table: usize,
        words: &[Argument],
    ) -> Result<Vec<usize>, Fault> {
        let columns = &self.schema.tables[table].columns;
        let mut named = Vec::with_capacity(words.len());
        for word in words {
            let column = columns.iter().position(|column| {
                matches!(word, Argument::Word(word) if column_name(&column.field) == **word)
            });
            let column = column.ok_or_else(|| self.wrong(field, "update", "no such column"))?;
            if !named.contains(&column) {
                named.push(column);
            }
        }
        Ok(named)
    }

    fn rows(&mut self, spot: Spot<'_, 'a>, terms: &Terms, many: bool) -> Result<Vec<Row>, Fault> {
        let inputs = self.inputs(spot.chosen)?;
        let rows = inputs.iter().enumerate().map(|(index, input)| {
            self.within(&place(index, many), |planner| {
                planner.row(spot, terms, input)
            })
        });
        rows.collect()
    }

    /// A row that has the key of the upsert and all that it changes.
    fn row(&self, spot: Spot<'_, 'a>, terms: &Terms, input: &Argument) -> Result<Row, Fault> {
        let (field, table) = (spot.chosen.field(), spot.table);
        let values = self.columns(spot, input)?;
        let has = |column: &usize| values.iter().any(|(given, _)| given == column);
        let name = |column: &usize| &self.schema.tables[table].columns[*column].field;
        if let Some(missing) = terms.key.iter().find(|column| !has(column)) {
            let name = name(missing);
            let message = format!("{name} is part of the key of the upsert and must be given");
            return Err(self.misgiven(field, &message));
        }
        let mut update = terms.update.iter().flatten();
        if let Some(missing) = update.find(|column| !has(column)) {
            let message = format!("{} is in update and must be given", name(missing));
            return Err(self.misgiven(field, &message));
        }
        let set = self.changed(table, terms, &values);
        Ok(Row { values, set })
    }

    /// The columns that change a row that is there.
    fn changed(&self, table: usize, terms: &Terms, values: &[(usize, Source)]) -> Vec<usize> {
        if let Some(update) = &terms.update {
            return update.clone();
        }
        let version = self.schema.tables[table].version;
        let others = values.iter().map(|(column, _)| *column);
        let others =
            others.filter(|column| !terms.key.contains(column) && version != Some(*column));
        let mut set: Vec<_> = others.collect();
        if set.is_empty() {
            set.extend(terms.key.first());
        }
        set
    }

    /// Rows that come back with their statement, or by the keys it gives.
    fn upsert_at_once(
        &mut self,
        spot: Spot<'_, 'a>,
        returned: Returned,
        terms: &Terms,
        mut rows: Vec<Row>,
    ) -> Result<Content, Fault> {
        let Spot { chosen, table } = spot;
        if rows.len() == 1
            && let Some(row) = rows.pop()
        {
            let returning = self.returning(table, &returned);
            let change = self.insert_or_update(spot, terms, row, returning)?;
            let part = place(0, returned.many);
            return Ok(self.finish(chosen, table, returned, (&part, change)));
        }
        let mut kept = Vec::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            let returning = self.key_columns(table, None);
            let change = self.insert_or_update(spot, terms, row, returning)?;
            let keep = Use::Keep(self.key_codecs(table));
            kept.push(self.within(&place(index, returned.many), |planner| {
                planner.step(chosen, &Tree::Change(change), keep)
            }));
        }
        Ok(self.read_kept(chosen, table, returned, (&kept, false)))
    }

    /// Inserts a row, or changes the one that has its key.
    fn put_row(&mut self, spot: Spot<'_, 'a>, terms: &Terms, row: Row) -> Result<(), Fault> {
        if !self.changes_answer() {
            return self.look_and_write(spot, terms, row);
        }
        let change = self.insert_or_update(spot, terms, row, Vec::new())?;
        self.step(spot.chosen, &Tree::Change(change), Use::Discard);
        Ok(())
    }

    fn insert_or_update(
        &mut self,
        Spot { chosen, table }: Spot<'_, 'a>,
        terms: &Terms,
        row: Row,
        returning: Vec<Expr>,
    ) -> Result<Change, Fault> {
        let alias = self.draft.alias();
        let excluded = |column: &usize| (*column, Expr::Excluded(table, *column));
        let mut set: Vec<_> = row.set.iter().map(excluded).collect();
        if !set.is_empty() {
            set.extend(self.next_version(table, alias));
        }
        let filter = match &terms.condition {
            Some(condition) => {
                vec![self.update_condition(chosen.field(), condition, (table, alias))?]
            }
            None => Vec::new(),
        };
        let conflict = Conflict {
            key: terms.key.clone(),
            set,
            filter,
        };
        let unless = Unless::Conflict(alias, conflict);
        Ok(self.insertion(table, row.values, unless, returning))
    }

    /// The same where an insert cannot name the key it gives way to.
    fn look_and_write(
        &mut self,
        Spot { chosen, table }: Spot<'_, 'a>,
        terms: &Terms,
        row: Row,
    ) -> Result<(), Fault> {
        let alias = self.draft.alias();
        let filter = self.key_conditions(alias, table, row.of(&terms.key));
        let locked: Locked = self.lock(chosen, (table, alias), filter, None);
        let set = row.of(&row.set);
        if !set.is_empty() {
            self.change_locked(chosen, table, (locked, terms.condition.as_ref()), set)?;
        }
        let absent = Expr::NoneKept(self.draft.kept_rows(vec![locked.step()]));
        let change = self.insertion(table, row.values, Unless::Not(absent), Vec::new());
        self.step(chosen, &Tree::Change(change), Use::Discard);
        Ok(())
    }

    /// The insert of one row.
    fn insertion(
        &mut self,
        table: usize,
        values: Values,
        unless: Unless,
        returning: Vec<Expr>,
    ) -> Change {
        let columns = values.iter().map(|(column, _)| *column).collect();
        let row = values
            .into_iter()
            .map(|(column, source)| self.stored(table, column, source));
        let rows = vec![row.collect()];
        let (alias, condition, conflict) = match unless {
            Unless::Not(condition) => (None, Some(condition), None),
            Unless::Conflict(alias, conflict) => (Some(alias), None, Some(conflict)),
        };
        Change::Insert {
            table,
            alias,
            columns,
            rows,
            condition,
            conflict,
            returning,
        }
    }

    /// Keeps the primary key of the row that has a unique key.
    fn found(&mut self, chosen: &Chosen<'a>, table: usize, key: Values) -> usize {
        let alias = self.draft.alias();
        let mut scope = Scope::new(alias, table);
        scope.select.filter = self.key_conditions(alias, table, key);
        let key = self.key_columns(table, Some(alias));
        scope.select.columns = key.into_iter().collect();
        let keep = Use::Keep(self.key_codecs(table));
        self.step(chosen, &Tree::Select(scope.select), keep)
    }

    /// The condition on a row that is there.
    pub(super) fn update_condition(
        &mut self,
        field: &Field,
        condition: &Argument,
        (table, alias): (usize, Alias),
    ) -> Result<Expr, Fault> {
        self.strictly(|planner| planner.condition(condition, table, alias))
            .map_err(|message| self.wrong(field, "updateWhere", &message))
    }

    /// New values of a row, and the next of its version.
    pub(super) fn changed_values(
        &mut self,
        table: usize,
        alias: Alias,
        set: Values,
    ) -> Vec<(usize, Expr)> {
        let mut set: Vec<_> = set
            .into_iter()
            .map(|(column, source)| (column, self.stored(table, column, source)))
            .collect();
        set.extend(self.next_version(table, alias));
        set
    }

    fn next_version(&self, table: usize, alias: Alias) -> Option<(usize, Expr)> {
        let version = self.schema.tables[table].version?;
        let current = Expr::Column(Reference::new(alias, table, version));
        Some((version, Expr::Next(Box::new(current))))
    }
}
