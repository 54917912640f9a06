//! The rows of junctions: what ties rows that refer to each other in neither direction.

use super::Tie;
use crate::api::unique_keys;
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::plan::write::gather;
use crate::plan::write::input::{Spot, Values};
use crate::plan::write::kept::{Held, Wanted};
use crate::plan::write::upsert::Unless;
use crate::sql::{self, Alias, Conflict, Expr, Reference, Tree};
use model::schema::Through;
use model::{Action, Use};

impl<'a> Planner<'a> {
    /// Ties rows that are new, so that nothing can tie them yet.
    pub(super) fn tie_new(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        through: &Through,
        rows: &[Held],
    ) {
        let mut batches = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            gather(&mut batches, (index, ends(tie, through, row)), self.inserts);
        }
        for batch in batches {
            let part = match batch.rows.len() {
                1 => format!("[{}]", batch.first),
                _ => String::new(),
            };
            let several = batch.rows.len() > 1;
            let change = self.insertion_of(through.table, batch, Vec::new());
            let step = self.within(&part, |planner| {
                planner.step(spot.chosen, Tree::Change(change), Use::Discard)
            });
            self.writes_several(step, several);
        }
        for row in rows {
            self.must_be_tied(spot, tie, through, row);
        }
    }

    /// Makes a write fail where the rules tie other rows than it says.
    fn must_be_tied(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, through: &Through, row: &Held) {
        let values = ends(tie, through, row);
        let columns = values.iter().map(|(column, _)| *column);
        if self.is_preset(through.table, Action::Create, columns) {
            self.must_be_so(spot.at(through.table), values);
        }
    }

    /// Makes a new row one that a junction can tie: what the junction has in common of both ends must
    /// be the same in both.
    pub(super) fn shares(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, row: &Held) {
        if tie.shared.is_empty() {
            return;
        }
        let key = self.schema.tables[spot.table].key.iter();
        let mut values: Values = key.map(|column| (*column, row.value(*column))).collect();
        values.extend(tie.shared.iter().cloned());
        let held = self.hold_values(spot, values, Wanted::read(&[]));
        self.must_be(spot, held.step, "the new row belongs elsewhere");
    }

    /// Ties a row, unless it is tied already.
    pub(super) fn tie(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, through: &Through, row: &Held) {
        let values = ends(tie, through, row);
        let alias = self.draft.alias();
        let declared = &self.schema.tables[through.table];
        let is_end = |column: &usize| values.iter().any(|(end, _)| end == column);
        let key = unique_keys(declared).find(|key| key.iter().all(is_end));
        let unless = match key {
            Some(key) if self.changes_answer() => {
                let conflict = Conflict {
                    key: key.to_vec(),
                    set: Vec::new(),
                    filter: Vec::new(),
                };
                Unless::Conflict(alias, conflict)
            }
            _ => {
                let mut scope = Scope::new(alias, through.table);
                scope.select.filter = self.key_conditions(alias, through.table, values.clone());
                let tied = Expr::Exists(Box::new(scope.select));
                Unless::Not(Expr::Not(Box::new(tied)))
            }
        };
        let change = self.insertion(through.table, values, unless, Vec::new());
        self.step(spot.chosen, Tree::Change(change), Use::Discard);
        self.must_be_tied(spot, tie, through, row);
    }

    /// Removes what ties held rows.
    pub(super) fn untie(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        through: &Through,
        held: &Held,
    ) {
        let alias = self.draft.alias();
        let tied = self.tied_to(through, alias, std::slice::from_ref(held));
        self.remove_ties(spot, tie, through, (alias, Some(tied)));
    }

    /// Removes what ties any other rows than those.
    pub(super) fn untie_others(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        through: &Through,
        rows: &[Held],
    ) {
        let alias = self.draft.alias();
        let others = (!rows.is_empty()).then(|| {
            let among = self.tied_to(through, alias, rows);
            Expr::IsNotTrue(Box::new(among))
        });
        self.remove_ties(spot, tie, through, (alias, others));
    }

    /// Removes rows of a junction that lead from the row of a tie.
    fn remove_ties(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        through: &Through,
        (alias, which): (Alias, Option<Expr>),
    ) {
        let mut filter = self.key_conditions(alias, through.table, tie.near.clone());
        filter.extend(which);
        let junction = spot.at(through.table);
        let ties = self.hold(junction, (alias, filter), Wanted::locked(&[]));
        let bound = self.bound_of(through.table, &[Action::Delete]);
        self.bound_step(spot.chosen.field(), bound, ties.step);
        self.remove(junction, &[ties.step]);
    }

    /// Whether a row of a junction leads to one of those rows.
    fn tied_to(&mut self, through: &Through, alias: Alias, rows: &[Held]) -> Expr {
        let schema = self.schema;
        let steps: Vec<_> = rows.iter().map(|row| row.step).collect();
        let whole = self.keeps_whole(through.columns.len());
        let mut columns = Vec::with_capacity(through.columns.len());
        let mut lists = Vec::with_capacity(through.columns.len());
        for (ours, theirs) in &through.columns {
            let place = rows.first().map_or(0, |row| row.position(*theirs));
            let column = &schema.tables[through.table].columns[*ours];
            let reference = Reference::new(alias, through.table, *ours);
            columns.push(sql::comparable(schema, reference));
            lists.push(self.draft.kept(schema, column, (&steps, place), whole));
        }
        Expr::InKeys(columns, lists)
    }
}

/// The columns of a junction that tie a row.
fn ends(tie: &Tie<'_>, through: &Through, row: &Held) -> Values {
    let mut values = tie.near.clone();
    for (ours, theirs) in &through.columns {
        if values.iter().all(|(near, _)| near != ours) {
            values.push((*ours, row.value(*theirs)));
        }
    }
    values.sort_by_key(|(column, _)| *column);
    values
}
