//! Upserts: rows inserted, or changed where one of the same key is there.
//!
//! Each row is a statement of its own, so that a later row of the same key wins on every database.

use super::Returned;
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
    values: Vec<(usize, Source)>,
    set: Vec<usize>,
}

impl Row {
    fn of(&self, columns: &[usize]) -> Vec<(usize, Source)> {
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
        let rows = self.rows(chosen.field(), root.table, &terms)?;
        if rows.is_empty() {
            return Ok(Content::Constant("[]".into()));
        }
        let is_sure = terms.update.is_none() && terms.condition.is_none();
        if is_sure && self.changes_answer() {
            return self.upsert_at_once(chosen, (root.table, returned), &terms, rows);
        }
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let key = row.of(&terms.key);
            if self.changes_answer() {
                let change = self.insert_or_update(chosen, root.table, &terms, row)?;
                self.step(chosen, &Tree::Change(change), Use::Discard);
            } else {
                self.look_and_write(chosen, root.table, &terms, row)?;
            }
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

    fn rows(&mut self, field: &Field, table: usize, terms: &Terms) -> Result<Vec<Row>, Fault> {
        let inputs = match self.given(field, "input")? {
            Some(Argument::List(inputs)) => inputs,
            Some(input) => vec![input],
            None => Vec::new(),
        };
        let mut rows = Vec::with_capacity(inputs.len());
        for input in &inputs {
            let values = self.members(field, "input", table, input)?;
            let has = |column: &usize| values.iter().any(|(given, _)| given == column);
            let name = |column: &usize| &self.schema.tables[table].columns[*column].field;
            if let Some(missing) = terms.key.iter().find(|column| !has(column)) {
                let name = name(missing);
                let message = format!("{name} is part of the key of the upsert and must be given");
                return Err(self.wrong(field, "input", &message));
            }
            let update = terms.update.iter().flatten();
            if let Some(missing) = update.clone().find(|column| !has(column)) {
                let message = format!("{} is in update and must be given", name(missing));
                return Err(self.wrong(field, "input", &message));
            }
            let set = self.changed(table, terms, &values);
            rows.push(Row { values, set });
        }
        Ok(rows)
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
        chosen: &Chosen<'a>,
        (table, returned): (usize, Returned),
        terms: &Terms,
        mut rows: Vec<Row>,
    ) -> Result<Content, Fault> {
        if rows.len() == 1
            && let Some(row) = rows.pop()
        {
            let mut change = self.insert_or_update(chosen, table, terms, row)?;
            if let Change::Insert { returning, .. } = &mut change {
                *returning = self.returning(table, &returned);
            }
            return Ok(self.finish(chosen, table, returned, change));
        }
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let mut change = self.insert_or_update(chosen, table, terms, row)?;
            if let Change::Insert { returning, .. } = &mut change {
                *returning = self.key_columns(table, None);
            }
            let keep = Use::Keep(self.key_codecs(table));
            kept.push(self.step(chosen, &Tree::Change(change), keep));
        }
        Ok(self.read_kept(chosen, table, returned, (&kept, false)))
    }

    fn insert_or_update(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        terms: &Terms,
        row: Row,
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
        Ok(self.insertion((table, alias), row.values, (None, Some(conflict))))
    }

    /// The same where an insert cannot name the key it gives way to.
    fn look_and_write(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
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
        let alias = self.draft.alias();
        let absent = Expr::NoneKept(self.draft.kept_rows(vec![locked.step()]));
        let change = self.insertion((table, alias), row.values, (Some(absent), None));
        self.step(chosen, &Tree::Change(change), Use::Discard);
        Ok(())
    }

    fn insertion(
        &mut self,
        (table, alias): (usize, Alias),
        values: Vec<(usize, Source)>,
        (condition, conflict): (Option<Expr>, Option<Conflict>),
    ) -> Change {
        let columns = values.iter().map(|(column, _)| *column).collect();
        let row = values
            .into_iter()
            .map(|(column, source)| self.stored(table, column, source));
        Change::Insert {
            table,
            alias: conflict.is_some().then_some(alias),
            columns,
            rows: vec![row.collect()],
            condition,
            conflict,
            returning: Vec::new(),
        }
    }

    /// Keeps the primary key of the row that has a unique key.
    fn found(&mut self, chosen: &Chosen<'a>, table: usize, key: Vec<(usize, Source)>) -> usize {
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
        set: Vec<(usize, Source)>,
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
