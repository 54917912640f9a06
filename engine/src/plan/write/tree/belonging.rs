//! Columns that the rules give, in writes through relations: a row belongs to the one it is written
//! under, or nothing is written.

use crate::input::Source;
use crate::plan::planner::Planner;
use crate::plan::write::input::{Spot, Values};
use model::schema::Relation;
use model::{Action, Expectation, Fault, Kind};

impl<'a> Planner<'a> {
    /// Whether the rules give one of these columns a value in the place of what a write says.
    pub(super) fn is_preset(
        &mut self,
        table: usize,
        action: Action,
        columns: impl IntoIterator<Item = usize>,
    ) -> bool {
        let presets = self.presets(table, action);
        columns.into_iter().any(|column| {
            let is_it = |(preset, _): &(usize, _)| *preset == column;
            presets.iter().any(is_it) && !self.may_give(table, action, column)
        })
    }

    /// Refuses to lead a row by columns that the rules lead elsewhere.
    pub(in crate::plan::write) fn may_lead(
        &mut self,
        spot: Spot<'_, 'a>,
        relation: &Relation,
        action: Action,
    ) -> Result<(), Fault> {
        let ours = relation.columns.iter().map(|(ours, _)| *ours);
        if !self.is_preset(spot.table, action, ours) {
            return Ok(());
        }
        let message = format!("your roles say what {} is", relation.field);
        Err(self.fault(spot.chosen.field(), "access.denied", Kind::Denied, message))
    }

    /// Refuses to let rows go whose columns the rules give a value all the same.
    pub(super) fn may_let_go(
        &mut self,
        spot: Spot<'_, 'a>,
        nulls: &[(usize, Source)],
    ) -> Result<(), Fault> {
        let columns = nulls.iter().map(|(column, _)| *column);
        if !self.is_preset(spot.table, Action::Update, columns) {
            return Ok(());
        }
        let name = &self.schema.tables[spot.table].type_name;
        let message = format!("your roles say where rows of {name} belong");
        Err(self.fault(spot.chosen.field(), "access.denied", Kind::Denied, message))
    }

    /// Makes a write fail unless so many rows that steps wrote have the columns by which they belong
    /// to the row they are written under: where the rules give these, they may say otherwise.
    pub(super) fn must_belong(
        &mut self,
        spot: Spot<'_, 'a>,
        near: Values,
        (written, count): (&[usize], usize),
    ) {
        let alias = self.draft.alias();
        let mut filter = self.key_conditions(alias, spot.table, near);
        filter.push(self.of_kept(spot.table, alias, written));
        let found = self.hold(spot, (alias, filter), self.as_put(&[]));
        self.must_be_there(spot, (found.step, count));
    }

    /// The same of a row that is told by all its columns alone.
    pub(super) fn must_be_so(&mut self, spot: Spot<'_, 'a>, values: Values) {
        let found = self.hold_values(spot, values, self.as_put(&[]));
        self.must_be_there(spot, (found.step, 1));
    }

    fn must_be_there(&mut self, spot: Spot<'_, 'a>, (step, least): (usize, usize)) {
        let name = &self.schema.tables[spot.table].type_name;
        let message = format!("{name}: your roles give a row other columns than it has here");
        let field = spot.chosen.field();
        let expectation = Expectation {
            least,
            most: None,
            fault: self.fault(field, "access.check", Kind::Denied, message),
        };
        self.expect(step, expectation, None);
    }
}
