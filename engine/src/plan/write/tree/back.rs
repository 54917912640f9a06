//! Relations by columns of other rows, or of a junction: written after the row they lead from.

use super::Tie;
use super::rows::Pick;
use crate::input::Argument;
use crate::plan::planner::Planner;
use crate::plan::write::guard::Bound;
use crate::plan::write::input::{Mentions, Spot, Values, required};
use crate::plan::write::kept::{Held, Only, Wanted};
use crate::sql::Expr;
use model::schema::Cardinality;
use model::{Action, Fault};

/// What can be done with the rows of a relation, in the order in which it is done: those that go
/// make room for those that come.
const ORDER: [&str; 10] = [
    "set",
    "disconnect",
    "delete",
    "deleteMany",
    "update",
    "updateMany",
    "connect",
    "connectOrCreate",
    "upsert",
    "create",
];

/// What is said of the relation.
#[derive(Clone, Copy)]
struct Said<'t, 'i, 's> {
    op: &'i str,
    input: &'i Argument,
    tie: &'t Tie<'s>,
}

impl<'a> Planner<'a> {
    /// Writes the relations that lead from a row to those that refer to it.
    pub(in crate::plan::write) fn branch(
        &mut self,
        spot: Spot<'_, 'a>,
        row: &Held,
        relations: Mentions<'_>,
        is_old: bool,
    ) -> Result<(), Fault> {
        for (index, member) in relations {
            self.below(spot, index, |planner, relation| {
                let target = spot.at(relation.target);
                let ours: Vec<_> = relation.columns.iter().map(|(ours, _)| *ours).collect();
                planner.must_be_referable(spot, row, &ours);
                let tie = Tie::new(relation, row);
                match relation.cardinality {
                    Cardinality::Many => planner.many(target, &tie, member),
                    _ => planner.one(target, &tie, member, is_old),
                }
            })?;
        }
        Ok(())
    }

    fn many(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, input: &Argument) -> Result<(), Fault> {
        for op in ORDER {
            let Some(Argument::List(items)) = self.stated(spot, input, op)? else {
                continue;
            };
            self.within(&format!(".{op}"), |planner| {
                let bound = planner.bound_of_named(spot, tie, op);
                planner.bound_named(spot.chosen.field(), bound, items.len())?;
                match op {
                    "set" => planner.set(spot, tie, items),
                    "create" => planner.create_tied(spot, tie, items),
                    _ => planner.each(spot, tie, op, items),
                }
            })?;
        }
        Ok(())
    }

    /// Most rows that may be named to do something with them. New ones are bounded by no rule, and
    /// those that a condition finds are counted when they are found.
    fn bound_of_named(&self, spot: Spot<'_, 'a>, tie: &Tie<'_>, op: &str) -> Option<Bound> {
        match (op, tie.through()) {
            ("update" | "upsert", _) => self.bound_of(spot.table, &[Action::Update]),
            ("delete", _) => self.bound_of(spot.table, &[Action::Delete]),
            ("disconnect", Some(through)) => self.bound_of(through.table, &[Action::Delete]),
            ("set" | "connect" | "connectOrCreate" | "disconnect", None) => {
                self.bound_of(spot.table, &[Action::Update])
            }
            _ => None,
        }
    }

    fn create_tied(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        items: &[Argument],
    ) -> Result<(), Fault> {
        let Some(through) = tie.through() else {
            let is_preset = self.is_preset(spot.table, Action::Create, tie.columns());
            let kept = self.sow(spot, items, &tie.near, is_preset)?;
            if is_preset && !items.is_empty() {
                self.must_belong(spot, tie.near.clone(), (&kept, items.len()));
            }
            return Ok(());
        };
        let mut rows = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            rows.push(self.within(&format!("[{index}]"), |planner| {
                let held = planner.sow_one(spot, item, &[], &tie.far())?;
                planner.must_be_referable(spot, &held, &tie.far());
                planner.shares(spot, tie, &held);
                Ok(held)
            })?);
        }
        self.tie_new(spot, tie, through, &rows);
        Ok(())
    }

    fn create_only(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        input: &Argument,
    ) -> Result<(), Fault> {
        let held = self.sow_one(spot, input, &tie.near, &[])?;
        if self.is_preset(spot.table, Action::Create, tie.columns()) {
            self.must_belong(spot, tie.near.clone(), (&[held.step], 1));
        }
        Ok(())
    }

    fn each(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        op: &str,
        items: &[Argument],
    ) -> Result<(), Fault> {
        for (index, input) in items.iter().enumerate() {
            let said = Said { op, input, tie };
            self.within(&format!("[{index}]"), |planner| planner.item(spot, said))?;
        }
        Ok(())
    }

    fn item(&mut self, spot: Spot<'_, 'a>, said: Said<'_, '_, '_>) -> Result<(), Fault> {
        self.bound_tree(spot.chosen.field())?;
        let Said { op, input, tie } = said;
        match op {
            "connect" => self.connect(spot, tie, input),
            "disconnect" => self.disconnect(spot, tie, Pick::Unique(input)),
            "delete" => self.delete_tied(spot, tie, Pick::Unique(input)),
            "deleteMany" => self.delete_tied(spot, tie, Pick::Where(input, Action::Delete)),
            "update" => self.update_tied(spot, tie, Pick::Unique(required(input, "key")), input),
            "updateMany" => self.update_all(spot, tie, input),
            _ => self.put_tied(spot, said),
        }
    }

    fn one(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        input: &Argument,
        is_old: bool,
    ) -> Result<(), Fault> {
        let (op, input) = self.only(spot, input)?;
        let said = Said { op, input, tie };
        self.within(&format!(".{op}"), |planner| {
            if is_old && planner.makes_room(spot, said)? {
                planner.disconnect(spot, tie, Pick::All)?;
            }
            match op {
                "create" => planner.create_only(spot, tie, input),
                "update" => {
                    let version = planner.expected_version(spot, input)?;
                    planner.update_tied(spot, tie, Pick::Only(version), input)
                }
                "disconnect" | "delete" if !planner.is_chosen(spot, input)? => Ok(()),
                "disconnect" => planner.disconnect(spot, tie, Pick::All),
                "delete" => planner.delete_tied(spot, tie, Pick::Only(None)),
                _ => planner.item(spot, said),
            }
        })
    }

    /// Whether the one row of a relation gives way to another: where it can be without partner,
    /// and is not itself the one that is meant.
    fn makes_room(&self, spot: Spot<'_, 'a>, said: Said<'_, '_, '_>) -> Result<bool, Fault> {
        let Said { op, input, tie } = said;
        let can = self.unlinked(spot, &tie.columns()).is_ok();
        Ok(match op {
            "create" | "connect" => can,
            "connectOrCreate" => {
                let named = self.stated(spot, input, "onConflict")?;
                let key = self.conflict_key(spot.chosen.field(), spot.table, named)?;
                can && !tie.columns().iter().any(|column| key.contains(column))
            }
            _ => false,
        })
    }

    fn connect(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, key: &Argument) -> Result<(), Fault> {
        let far = tie.far();
        let wanted = match tie.through() {
            None => Wanted::locked(&far),
            Some(_) => Wanted::read(&far),
        };
        let held = self.find(spot, key, &tie.shared, wanted)?;
        self.adopt(spot, tie, &held)
    }

    /// Ties a row that is there.
    fn adopt(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, held: &Held) -> Result<(), Fault> {
        if let Some(through) = tie.through() {
            self.must_be_referable(spot, held, &tie.far());
            self.tie(spot, tie, through, held);
            return Ok(());
        }
        let near = tie.near.clone();
        self.change(spot, &[held.step], near.clone(), Only::Unlike(&tie.near))?;
        if self.is_preset(spot.table, Action::Update, tie.columns()) {
            self.must_belong(spot, near, (&[held.step], 1));
        }
        Ok(())
    }

    /// A row that is there or is made. Through a junction it is tied; where it is told by its own
    /// columns it must belong to the row already, unless it is the one row to connect.
    fn put_tied(&mut self, spot: Spot<'_, 'a>, said: Said<'_, '_, '_>) -> Result<(), Fault> {
        let Said { op, input, tie } = said;
        let fixed: &[_] = match tie.through() {
            None => &tie.near,
            Some(_) => &[],
        };
        let mut put = self.put(spot, (op, input), fixed)?;
        let is_one = tie.relation.cardinality != Cardinality::Many;
        let takes = tie.through().is_some() || op == "connectOrCreate" && is_one;
        let told = if takes { &tie.shared } else { &tie.near };
        put.key.extend(told.iter().cloned());
        let far = tie.far();
        let wanted = match tie.through() {
            None => Wanted::locked(&far),
            Some(_) => self.as_put(&far),
        };
        let message = "the row with that key belongs elsewhere: connect it to take it over";
        let held = self.hold_put(spot, put, wanted, message)?;
        if takes {
            self.adopt(spot, tie, &held)?;
        }
        Ok(())
    }

    fn update_tied(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        pick: Pick<'_>,
        input: &Argument,
    ) -> Result<(), Fault> {
        let set = required(input, "set");
        let keep = self.needed(spot, set);
        let held = self.pick(spot, tie, pick, &keep)?;
        self.within(".set", |planner| planner.graft(spot, held, set))
    }

    fn update_all(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        input: &Argument,
    ) -> Result<(), Fault> {
        let held = self.pick(spot, tie, Pick::Where(input, Action::Update), &[])?;
        let set = required(input, "set");
        self.within(".set", |planner| {
            let values = planner.plain(spot, set)?;
            if values.is_empty() {
                return Err(planner.misgiven(spot.chosen.field(), "nothing is set"));
            }
            planner.no_relation_is_null(spot, set)?;
            planner.keeps_its_key(spot, values.iter().map(|(column, _)| *column))?;
            planner.change(spot, &[held.step], values, Only::All)
        })
    }

    fn disconnect(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        pick: Pick<'_>,
    ) -> Result<(), Fault> {
        if let Some(through) = tie.through() {
            let held = self.pick(spot, tie, pick, &tie.far())?;
            self.untie(spot, tie, through, &held);
            return Ok(());
        }
        let nulls = self.unlinked(spot, &tie.columns())?;
        self.may_let_go(spot, &nulls)?;
        let held = self.pick(spot, tie, pick, &[])?;
        self.change(spot, &[held.step], nulls, Only::All)
    }

    fn delete_tied(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        pick: Pick<'_>,
    ) -> Result<(), Fault> {
        let held = self.pick(spot, tie, pick, &tie.far())?;
        if let Some(through) = tie.through() {
            self.untie(spot, tie, through, &held);
        }
        self.remove(spot, &[held.step]);
        Ok(())
    }

    /// Ties just those rows, and no others.
    fn set(&mut self, spot: Spot<'_, 'a>, tie: &Tie<'_>, items: &[Argument]) -> Result<(), Fault> {
        let nulls = match tie.through() {
            None => self.unlinked(spot, &tie.columns())?,
            Some(_) => Values::new(),
        };
        let far = tie.far();
        let mut rows = Vec::with_capacity(items.len());
        for (index, key) in items.iter().enumerate() {
            rows.push(self.within(&format!("[{index}]"), |planner| {
                planner.bound_tree(spot.chosen.field())?;
                planner.find(spot, key, &tie.shared, Wanted::locked(&far))
            })?);
        }
        match tie.through() {
            Some(through) => self.untie_others(spot, tie, through, &rows),
            None => self.release_others(spot, tie, &rows, nulls)?,
        }
        for (index, row) in rows.iter().enumerate() {
            self.within(&format!("[{index}]"), |planner| {
                planner.adopt(spot, tie, row)
            })?;
        }
        Ok(())
    }

    fn release_others(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        rows: &[Held],
        nulls: Values,
    ) -> Result<(), Fault> {
        self.may_let_go(spot, &nulls)?;
        let alias = self.draft.alias();
        let mut filter = self.belonging(spot, alias, tie);
        if !rows.is_empty() {
            let steps: Vec<_> = rows.iter().map(|row| row.step).collect();
            let among = self.of_kept(spot.table, alias, &steps);
            filter.push(Expr::IsNotTrue(Box::new(among)));
        }
        let others = self.hold(spot, (alias, filter), Wanted::locked(&[]));
        let bound = self.bound_of(spot.table, &[Action::Update]);
        self.bound_step(spot.chosen.field(), bound, others.step);
        self.change(spot, &[others.step], nulls, Only::All)
    }
}
