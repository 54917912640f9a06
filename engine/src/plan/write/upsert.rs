//! Upserts: rows inserted, or changed where one of the same key is there.
//!
//! Each row is a statement of its own, so that a later row of the same key wins on every database.

use super::input::{Mentions, Parts, Spot, Values, members, place};
use super::kept::{Held, Only, Wanted};
use super::{Returned, preset};
use crate::api::{Root, column_name, key_name, unique_keys};
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::selection::Chosen;
use crate::sql::{Alias, Change, Conflict, Expr, Reference, Tree};
use apollo_compiler::executable::Field;
use model::{Action, Content, Fault, Use};

/// What an upsert is told about rows that are there already.
pub(super) struct Terms {
    /// The unique key that tells.
    pub(super) key: Vec<usize>,
    /// The columns that are changed, where it is said.
    pub(super) update: Option<Vec<usize>>,
    /// What must hold of the row, so that it is changed.
    pub(super) condition: Option<Argument>,
}

impl Terms {
    /// Whether the row is as the input says afterwards.
    fn are_sure(&self) -> bool {
        self.update.is_none() && self.condition.is_none()
    }

    /// What is done with rows that are there already.
    fn actions(&self) -> &'static [Action] {
        match &self.update {
            Some(columns) if columns.is_empty() => &[Action::Read],
            _ => &[Action::Read, Action::Update],
        }
    }
}

/// A row, what of it changes one that is there, and what is written once it is.
pub(super) struct Row<'i> {
    values: Values,
    set: Vec<usize>,
    relations: Mentions<'i>,
}

/// When an insert does not happen.
pub(super) enum Unless {
    /// Where that does not hold.
    Not(Expr),
    /// Where a row, under that alias, stands in the way; what becomes of it.
    Conflict(Alias, Conflict),
}

impl Row<'_> {
    pub(super) fn of(&self, columns: &[usize]) -> Values {
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
        let inputs = self.inputs(chosen)?;
        let spot = Spot::new(chosen, root.table);
        let bound = self.bound_of(root.table, terms.actions());
        self.bound_named(chosen.field(), bound, inputs.len())?;
        match inputs.as_slice() {
            [] => Ok(Content::Constant("[]".into())),
            [input] if self.answers_with_row(&terms) && !self.has_branches(spot, input) => {
                self.upsert_at_once(spot, returned, &terms, input)
            }
            _ => {
                let mut kept = Vec::with_capacity(inputs.len());
                for (index, input) in inputs.iter().enumerate() {
                    kept.push(self.within(&place(index, returned.many), |planner| {
                        planner.upsert_kept(spot, &terms, input)
                    })?);
                }
                Ok(self.read_kept(chosen, root.table, returned, (&kept, false)))
            }
        }
    }

    /// Whether an input says anything of the relations that refer to its row.
    fn has_branches(&self, spot: Spot<'_, 'a>, input: &Argument) -> bool {
        let all = &self.schema.tables[spot.table].relations;
        let mut relations = self.mentioned(spot, input);
        relations.any(|(index, _)| !all[index].refers)
    }

    /// Whether the row of an upsert comes back with its statement.
    fn answers_with_row(&self, terms: &Terms) -> bool {
        terms.are_sure() && self.changes_answer()
    }

    /// One row that comes back with its statement, or by the key it gives.
    fn upsert_at_once(
        &mut self,
        spot: Spot<'_, 'a>,
        returned: Returned,
        terms: &Terms,
        input: &Argument,
    ) -> Result<Content, Fault> {
        let part = place(0, returned.many);
        let row = self.within(&part, |planner| planner.row(spot, terms, input, &[]))?;
        let returning = self.returning(spot.table, &returned);
        let change = self.insert_or_update(spot, terms, row, returning)?;
        Ok(self.finish(spot.chosen, spot.table, returned, (&part, change)))
    }

    /// One of several rows, or one that may be left as it is; gives the step that keeps its key.
    fn upsert_kept(
        &mut self,
        spot: Spot<'_, 'a>,
        terms: &Terms,
        input: &Argument,
    ) -> Result<usize, Fault> {
        let row = self.row(spot, terms, input, &[])?;
        if row.relations.is_empty() && self.answers_with_row(terms) {
            let key = self.key_columns(spot.table, None);
            let keep = Use::Keep(self.key_codecs(spot.table));
            let change = self.insert_or_update(spot, terms, row, key)?;
            return Ok(self.step(spot.chosen, Tree::Change(change), keep));
        }
        let key = row.of(&terms.key);
        let relations = self.put_row(spot, terms, row)?;
        let keep = self.leading(spot, &relations);
        let held = self.hold_values(spot, key, self.as_put(&keep));
        if self.access.is_some() {
            self.must_be_reached(spot.chosen, spot.table, held.step);
        }
        self.branch(spot, &held, relations, true)?;
        Ok(held.step)
    }

    fn terms(&mut self, field: &Field, table: usize) -> Result<Terms, Fault> {
        let key = self.given(field, "onConflict")?;
        let update = self.given(field, "update")?;
        Ok(Terms {
            key: self.conflict_key(field, table, key.as_ref())?,
            update: self.columns_named(field, table, update.as_ref())?,
            condition: self.condition_argument(field, "updateWhere", Some(table))?,
        })
    }

    /// The unique key of a name; the primary one where none is named.
    pub(super) fn conflict_key(
        &self,
        field: &Field,
        table: usize,
        named: Option<&Argument>,
    ) -> Result<Vec<usize>, Fault> {
        let declared = &self.schema.tables[table];
        let Some(Argument::Word(word)) = named else {
            return Ok(declared.key.clone());
        };
        let key = unique_keys(declared).find(|key| key_name(declared, key) == **word);
        let key = key.ok_or_else(|| self.wrong(field, "onConflict", "no such key"))?;
        Ok(key.to_vec())
    }

    pub(super) fn columns_named(
        &self,
        field: &Field,
        table: usize,
        words: Option<&Argument>,
    ) -> Result<Option<Vec<usize>>, Fault> {
        let Some(Argument::List(words)) = words else {
            return Ok(None);
        };
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
        Ok(Some(named))
    }

    /// A row that has the key of the upsert and all that it changes.
    pub(super) fn row<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        terms: &Terms,
        input: &'i Argument,
        fixed: &[(usize, Source)],
    ) -> Result<Row<'i>, Fault> {
        let (field, table) = (spot.chosen.field(), spot.table);
        self.no_relation_is_null(spot, input)?;
        self.is_settled(spot, terms, input)?;
        if terms.actions().contains(&Action::Update) {
            self.may_lead_all(spot, input)?;
        }
        let Parts { values, relations } = self.rooted(spot, input, fixed)?;
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
        let mut set = self.changed(table, terms, &values);
        set.retain(|column| fixed.iter().all(|(fixed, _)| fixed != column));
        Ok(Row {
            values,
            set,
            relations,
        })
    }

    /// Refuses to lead a row that is there by columns that the rules lead elsewhere.
    fn may_lead_all(&mut self, spot: Spot<'_, 'a>, input: &Argument) -> Result<(), Fault> {
        let schema = self.schema;
        let all = &schema.tables[spot.table].relations;
        let refers = |(index, _): &(usize, &Argument)| all[*index].refers;
        let mentioned: Vec<_> = self.mentioned(spot, input).filter(refers).collect();
        mentioned
            .iter()
            .try_for_each(|(index, _)| self.may_lead(spot, &all[*index], Action::Update))
    }

    /// Refuses what must not be written where a row may be left as it is: what is created for it,
    /// and what refers to it.
    fn is_settled(&self, spot: Spot<'_, 'a>, terms: &Terms, input: &Argument) -> Result<(), Fault> {
        let all = &self.schema.tables[spot.table].relations;
        let creates = |member: &Argument| members(member).iter().any(|(op, _)| &**op == "create");
        let mut relations = self.mentioned(spot, input);
        let unsettled = relations
            .find(|(index, member)| !terms.are_sure() && (!all[*index].refers || creates(member)));
        let Some((index, _)) = unsettled else {
            return Ok(());
        };
        let name = &all[index].field;
        let message = format!(
            "{name} cannot be written here: connectOrCreate, update and updateWhere may leave the \
             row as it is"
        );
        Err(self.misgiven(spot.chosen.field(), &message))
    }

    /// The columns that change a row that is there: it keeps its keys unless they are named.
    fn changed(&self, table: usize, terms: &Terms, values: &[(usize, Source)]) -> Vec<usize> {
        if let Some(update) = &terms.update {
            return update.clone();
        }
        let declared = &self.schema.tables[table];
        let keys = terms
            .key
            .iter()
            .chain(&declared.key)
            .chain(&declared.version);
        let keys: Vec<_> = keys.collect();
        let others = values.iter().map(|(column, _)| *column);
        let mut set: Vec<_> = others.filter(|column| !keys.contains(&column)).collect();
        if set.is_empty() {
            set.extend(terms.key.first());
        }
        set
    }

    /// Inserts a row, or changes the one that has its key; gives what is to be written through its
    /// relations.
    pub(super) fn put_row<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        terms: &Terms,
        mut row: Row<'i>,
    ) -> Result<Mentions<'i>, Fault> {
        let relations = std::mem::take(&mut row.relations);
        if !self.changes_answer() {
            self.look_and_write(spot, terms, row)?;
            return Ok(relations);
        }
        let change = self.insert_or_update(spot, terms, row, Vec::new())?;
        self.step(spot.chosen, Tree::Change(change), Use::Discard);
        Ok(relations)
    }

    fn insert_or_update(
        &mut self,
        Spot { chosen, table, .. }: Spot<'_, 'a>,
        terms: &Terms,
        row: Row<'_>,
        returning: Vec<Expr>,
    ) -> Result<Change, Fault> {
        let alias = self.draft.alias();
        let mut set = self.replaced(table, &row);
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

    /// New values of a row that is there: those of the row it gives way to, unless the rules that let
    /// rows be added, or be changed, say others.
    fn replaced(&mut self, table: usize, row: &Row<'_>) -> Vec<(usize, Expr)> {
        if row.set.is_empty() {
            return Vec::new();
        }
        let of_new = self.presets(table, Action::Create);
        let presets = self.presets(table, Action::Update);
        let mut values = row.of(&row.set);
        preset(&mut values, presets.clone(), |column| {
            self.may_give(table, Action::Update, column)
        });
        let is_preset =
            |presets: &Values, column: usize| presets.iter().any(|(preset, _)| *preset == column);
        let assigned = values.into_iter().map(|(column, source)| {
            let is_own = is_preset(&of_new, column) || is_preset(&presets, column);
            let value = if is_own {
                self.stored(table, column, source)
            } else {
                Expr::Excluded(table, column)
            };
            (column, value)
        });
        assigned.collect()
    }

    /// The same where an insert cannot name the key it gives way to.
    fn look_and_write(
        &mut self,
        spot: Spot<'_, 'a>,
        terms: &Terms,
        row: Row<'_>,
    ) -> Result<(), Fault> {
        let key = row.of(&terms.key);
        let Held { step, .. } = self.hold_values(spot, key, Wanted::locked(&[]));
        let set = row.of(&row.set);
        if !set.is_empty() {
            let only = terms.condition.as_ref().map_or(Only::All, Only::Where);
            self.change(spot, &[step], set, only)?;
        }
        let absent = Expr::NoneKept(self.draft.kept_rows(vec![step]));
        let change = self.insertion(spot.table, row.values, Unless::Not(absent), Vec::new());
        self.step(spot.chosen, Tree::Change(change), Use::Discard);
        Ok(())
    }

    /// The insert of one row.
    pub(super) fn insertion(
        &mut self,
        table: usize,
        mut values: Values,
        unless: Unless,
        returning: Vec<Expr>,
    ) -> Change {
        let presets = self.presets(table, Action::Create);
        preset(&mut values, presets, |column| {
            self.may_give(table, Action::Create, column)
        });
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
    pub(super) fn assigned(
        &mut self,
        table: usize,
        alias: Alias,
        set: Values,
    ) -> Vec<(usize, Expr)> {
        let set = self.with_presets(table, set);
        let mut set: Vec<_> = set
            .into_iter()
            .map(|(column, source)| (column, self.stored(table, column, source)))
            .collect();
        set.extend(self.next_version(table, alias));
        set
    }

    /// What a change gives columns, with what the rules give them.
    pub(super) fn with_presets(&mut self, table: usize, mut set: Values) -> Values {
        let presets = self.presets(table, Action::Update);
        preset(&mut set, presets, |column| {
            self.may_give(table, Action::Update, column)
        });
        set
    }

    fn next_version(&self, table: usize, alias: Alias) -> Option<(usize, Expr)> {
        let version = self.schema.tables[table].version?;
        let current = Expr::Column(Reference::new(alias, table, version));
        Some((version, Expr::Next(Box::new(current))))
    }
}
