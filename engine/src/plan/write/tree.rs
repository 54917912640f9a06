//! Trees: a row and, through its relations, the rows that are written with it.
//!
//! The statements of a row stand in this order: what its own columns refer to, the row itself, the
//! rows that refer to it, the rows of junctions. A value that one of them makes reaches the next
//! ones as a column of a row that a step keeps.

mod back;
mod belonging;
mod forward;
mod junction;
mod rows;
mod rules;

use super::input::{Mentions, Parts, Spot, Values, place};
use super::kept::{Held, Only, Wanted};
use super::{Batch, Returned, gather};
use crate::api::Root;
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::sql::Tree;
use model::schema::{Relation, Through};
use model::{Action, Content, Fault, Use};

/// How rows belong to the row that a relation leads from.
struct Tie<'s> {
    relation: &'s Relation,
    /// Columns of the target, or of the junction, and what they are in rows that belong to it.
    near: Values,
    /// Columns of the target that those of a junction which lead both ways refer to, and what they
    /// must be.
    shared: Values,
}

impl<'s> Tie<'s> {
    fn new(relation: &'s Relation, row: &Held) -> Self {
        let pairs = relation.columns.iter();
        let near: Values = pairs
            .map(|(ours, theirs)| (*theirs, row.value(*ours)))
            .collect();
        let through = relation.through.iter();
        let far = through.flat_map(|through| &through.columns);
        let shared = far.filter_map(|(ours, theirs)| {
            let (_, source) = near.iter().find(|(column, _)| column == ours)?;
            Some((*theirs, source.clone()))
        });
        Self {
            relation,
            shared: shared.collect(),
            near,
        }
    }

    fn through(&self) -> Option<&'s Through> {
        self.relation.through.as_ref()
    }

    /// What the columns of the target itself are.
    fn fixed(&self) -> &[(usize, Source)] {
        match self.relation.through {
            None => &self.near,
            Some(_) => &self.shared,
        }
    }

    /// The columns of the target that are needed to tie a row of it.
    fn far(&self) -> Vec<usize> {
        let through = self.through().into_iter();
        let columns = through.flat_map(|through| &through.columns);
        columns.map(|(_, theirs)| *theirs).collect()
    }

    /// The columns by which rows belong.
    fn columns(&self) -> Vec<usize> {
        self.near.iter().map(|(column, _)| *column).collect()
    }
}

impl<'a> Planner<'a> {
    /// New rows of a root field and what is written with them; gives the steps that keep their
    /// keys.
    pub(super) fn create_trees(
        &mut self,
        spot: Spot<'_, 'a>,
        inputs: &[Argument],
        many: bool,
    ) -> Result<Vec<usize>, Fault> {
        if many {
            return self.within("input", |planner| planner.sow(spot, inputs, &[], true));
        }
        let mut kept = Vec::with_capacity(1);
        for (index, input) in inputs.iter().enumerate() {
            let held = self.within(&place(index, many), |planner| {
                planner.sow_one(spot, input, &[], &[])
            })?;
            kept.push(held.step);
        }
        Ok(kept)
    }

    /// `updateProduct` with relations.
    pub(super) fn update_tree(
        &mut self,
        spot: Spot<'_, 'a>,
        root: Root,
        returned: Returned,
        set: &Argument,
    ) -> Result<Content, Fault> {
        let field = spot.chosen.field();
        let alias = self.draft.alias();
        let (mut filter, guard) = self.target(field, root, alias)?;
        filter.extend(self.reached(Action::Update, (root.table, alias), &[]));
        let keep = self.needed(spot, set);
        let held = self.hold(spot, (alias, filter), Wanted::locked(&keep));
        let step = held.step;
        self.guarded(field, guard, step);
        self.must_be(spot, step, "there is no row with that key");
        self.within("set", |planner| planner.graft(spot, held, set))?;
        Ok(self.read_kept(spot.chosen, spot.table, returned, (&[step], false)))
    }

    /// New rows, those that nothing refers to in as few statements as can be; with `keep` gives the
    /// steps that keep their keys.
    fn sow(
        &mut self,
        spot: Spot<'_, 'a>,
        inputs: &[Argument],
        fixed: &[(usize, Source)],
        keep: bool,
    ) -> Result<Vec<usize>, Fault> {
        let mut kept = Vec::new();
        let mut open = Vec::new();
        for (index, input) in inputs.iter().enumerate() {
            let part = format!("[{index}]");
            if self.may_look_for(spot, input) {
                self.flush(spot, &mut open, &mut kept, keep);
            }
            let parts = self.within(&part, |planner| planner.seed(spot, input, fixed))?;
            self.bound_apart(spot.chosen.field(), open.len())?;
            if parts.relations.is_empty() {
                gather(&mut open, (index, parts.values), self.inserts);
                continue;
            }
            self.flush(spot, &mut open, &mut kept, keep);
            let held = self.within(&part, |planner| planner.grow(spot, parts, &[]))?;
            kept.push(held.step);
        }
        self.flush(spot, &mut open, &mut kept, keep);
        Ok(kept)
    }

    /// Inserts the rows gathered so far.
    fn flush(
        &mut self,
        spot: Spot<'_, 'a>,
        open: &mut Vec<Batch>,
        kept: &mut Vec<usize>,
        keep: bool,
    ) {
        for batch in open.drain(..) {
            let part = match batch.rows.len() {
                1 => format!("[{}]", batch.first),
                _ => String::new(),
            };
            let (returning, rows) = if keep {
                let key = self.key_columns(spot.table, None);
                (key, Use::Keep(self.key_codecs(spot.table)))
            } else {
                (Vec::new(), Use::Discard)
            };
            let several = self.tells_apart(spot.table, &batch);
            let change = self.insertion_of(spot.table, batch, returning);
            let step = self.within(&part, |planner| {
                planner.step(spot.chosen, Tree::Change(change), rows)
            });
            self.writes_several(step, several);
            kept.push(step);
        }
    }

    /// A new row and what is written with it.
    fn sow_one(
        &mut self,
        spot: Spot<'_, 'a>,
        input: &Argument,
        fixed: &[(usize, Source)],
        keep: &[usize],
    ) -> Result<Held, Fault> {
        let parts = self.seed(spot, input, fixed)?;
        self.grow(spot, parts, keep)
    }

    /// A new row that is whole.
    fn seed<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
        fixed: &[(usize, Source)],
    ) -> Result<Parts<'i>, Fault> {
        let parts = self.rooted(spot, input, fixed)?;
        self.is_whole(spot, &parts.values);
        Ok(parts)
    }

    /// Inserts a row whose references are planned, and then what refers to it.
    fn grow(
        &mut self,
        spot: Spot<'_, 'a>,
        parts: Parts<'_>,
        keep: &[usize],
    ) -> Result<Held, Fault> {
        let mut keep = keep.to_vec();
        keep.extend(self.leading(spot, &parts.relations));
        let held = self.insert_held(spot, parts.values, &keep);
        self.branch(spot, &held, parts.relations, false)?;
        Ok(held)
    }

    /// The columns of a new row, once what they refer to is planned, and the relations that refer
    /// to the row.
    pub(super) fn rooted<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
        fixed: &[(usize, Source)],
    ) -> Result<Parts<'i>, Fault> {
        self.bound_tree(spot.chosen.field())?;
        let mut parts = self.parts(spot, input)?;
        for (column, source) in fixed {
            self.not_yet(spot, &parts.values, *column)?;
            parts.values.push((*column, source.clone()));
        }
        let (forward, back) = self.by_direction(spot, parts.relations);
        for (index, member) in forward {
            self.below(spot, index, |planner, relation| {
                planner.link(spot, relation, member, &mut parts.values)
            })?;
        }
        self.demand(spot, &parts.values)?;
        parts.values.sort_by_key(|(column, _)| *column);
        parts.relations = back;
        Ok(parts)
    }

    /// Changes a row that is held, and what its relations lead to.
    fn graft(&mut self, spot: Spot<'_, 'a>, mut held: Held, set: &Argument) -> Result<(), Fault> {
        self.no_relation_is_null(spot, set)?;
        let Parts {
            mut values,
            relations,
        } = self.parts(spot, set)?;
        if values.is_empty() && relations.is_empty() {
            return Err(self.misgiven(spot.chosen.field(), "nothing is set"));
        }
        self.keeps_its_key(spot, values.iter().map(|(column, _)| *column))?;
        let (forward, back) = self.by_direction(spot, relations);
        let mut gone = Vec::new();
        for (index, member) in forward {
            let removed = self.below(spot, index, |planner, relation| {
                planner.relink(spot, (&held, relation), member, &mut values)
            })?;
            gone.extend(removed.map(|step| (index, step)));
        }
        values.sort_by_key(|(column, _)| *column);
        // What is written through its relations changes the row as well.
        let counts = self.schema.tables[spot.table].version.is_some();
        if counts || !values.is_empty() {
            self.change(spot, &[held.step], values.clone(), Only::All)?;
            held = held.given(values);
        }
        for (index, step) in gone {
            self.below(spot, index, |planner, relation| {
                let target = spot.at(relation.target);
                planner.within(".delete", |planner| planner.remove(target, &[step]));
                Ok(())
            })?;
        }
        self.branch(spot, &held, back, true)
    }

    /// Relations of own columns, and the others, those through junctions last.
    fn by_direction<'i>(
        &self,
        spot: Spot<'_, 'a>,
        relations: Mentions<'i>,
    ) -> (Mentions<'i>, Mentions<'i>) {
        let all = &self.schema.tables[spot.table].relations;
        let refers = |(index, _): &(usize, &Argument)| all[*index].refers;
        let (forward, mut back): (Mentions<'_>, _) = relations.into_iter().partition(refers);
        back.sort_by_key(|(index, _)| all[*index].through.is_some());
        (forward, back)
    }

    /// Goes down a relation while `inner` runs.
    fn below<T>(
        &mut self,
        spot: Spot<'_, 'a>,
        index: usize,
        inner: impl FnOnce(&mut Self, &'a Relation) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let schema = self.schema;
        let relation = &schema.tables[spot.table].relations[index];
        self.within(&format!(".{}", relation.field), |planner| {
            planner.deeper(spot.chosen.field(), |planner| inner(planner, relation))
        })
    }
}
