//! Relations by own columns: the row they lead to is written before the row that refers to it.

use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::write::input::{Spot, Values, members, required};
use crate::plan::write::kept::{Held, Wanted};
use model::schema::Relation;
use model::{Action, Fault, Value};

impl<'a> Planner<'a> {
    /// Whether what an input refers to may be among the rows of its own table, so that those
    /// before it must be there when it is looked for.
    pub(super) fn may_look_for(&self, spot: Spot<'_, 'a>, input: &Argument) -> bool {
        let relations = &self.schema.tables[spot.table].relations;
        self.mentioned(spot, input).any(|(index, member)| {
            let connects = matches!(members(member), [(op, _)] if &**op == "connect");
            !connects || relations[index].target == spot.table
        })
    }

    /// Plans the row that a new row refers to, and gives its columns their values.
    pub(super) fn link(
        &mut self,
        spot: Spot<'_, 'a>,
        relation: &'a Relation,
        member: &Argument,
        values: &mut Values,
    ) -> Result<(), Fault> {
        let (known, open) = split(relation, |ours| given(values, ours));
        if open.is_empty() {
            return self.not_yet(spot, values, relation.columns[0].0);
        }
        self.may_lead(spot, relation, Action::Create)?;
        let op = self.only(spot, member)?;
        let held = self.linked(spot, relation, op, &known)?;
        values.extend(
            open.iter()
                .map(|(ours, theirs)| (*ours, held.value(*theirs))),
        );
        Ok(())
    }

    /// The table that a relation leads to: from the table of a type, to the one its rows share with
    /// others.
    fn towards<'c>(&self, spot: Spot<'c, 'a>, relation: &Relation) -> Spot<'c, 'a> {
        let table = &self.schema.tables[spot.table];
        let base = table
            .base
            .as_ref()
            .map(|base| &table.relations[base.relation]);
        let is_base = base.is_some_and(|base| std::ptr::eq(base, relation));
        Spot {
            part: is_base.then_some(spot.table),
            ..spot.at(relation.target)
        }
    }

    /// The row that a relation is to lead to.
    fn linked(
        &mut self,
        spot: Spot<'_, 'a>,
        relation: &'a Relation,
        (op, input): (&str, &Argument),
        known: &[(usize, Source)],
    ) -> Result<Held, Fault> {
        let target = self.towards(spot, relation);
        let theirs: Vec<_> = relation.columns.iter().map(|(_, theirs)| *theirs).collect();
        self.within(&format!(".{op}"), |planner| {
            let held = match op {
                "create" => planner.sow_one(target, input, known, &theirs)?,
                "connect" => planner.find(target, input, known, Wanted::read(&theirs))?,
                _ => {
                    let mut put = planner.put(target, (op, input), known)?;
                    put.key.extend(known.iter().cloned());
                    let elsewhere = "the row with that key belongs elsewhere";
                    planner.hold_put(target, put, planner.as_put(&theirs), elsewhere)?
                }
            };
            planner.must_be_referable(target, &held, &theirs);
            Ok(held)
        })
    }

    /// Plans what becomes of the row that a held row refers to; gives the step that holds it where
    /// it is to be removed.
    pub(super) fn relink(
        &mut self,
        spot: Spot<'_, 'a>,
        (held, relation): (&Held, &'a Relation),
        member: &Argument,
        values: &mut Values,
    ) -> Result<Option<usize>, Fault> {
        let (op, input) = self.only(spot, member)?;
        if op != "update" {
            self.may_lead(spot, relation, Action::Update)?;
        }
        if !matches!(op, "update" | "disconnect" | "delete") {
            self.relink_to(spot, (held, relation), (op, input), values)?;
            return Ok(None);
        }
        for (ours, _) in &relation.columns {
            self.not_yet(spot, values, *ours)?;
        }
        self.within(&format!(".{op}"), |planner| {
            if op == "update" {
                planner.update_partner(spot, (held, relation), input)?;
                return Ok(None);
            }
            if !planner.is_chosen(spot, input)? {
                return Ok(None);
            }
            let ours: Vec<_> = relation.columns.iter().map(|(ours, _)| *ours).collect();
            values.extend(planner.unlinked(spot, &ours)?);
            if op == "disconnect" {
                return Ok(None);
            }
            let partner = planner.partner(spot, (held, relation), None, &[]);
            Ok(Some(partner.step))
        })
    }

    fn update_partner(
        &mut self,
        spot: Spot<'_, 'a>,
        to: (&Held, &'a Relation),
        input: &Argument,
    ) -> Result<(), Fault> {
        let target = self.towards(spot, to.1);
        let set = required(input, "set");
        let keep = self.needed(target, set);
        let version = self.expected_version(target, input)?;
        let partner = self.partner(spot, to, version, &keep);
        self.within(".set", |planner| planner.graft(target, partner, set))
    }

    /// The row that a held row refers to now, which must be there, in that version.
    fn partner(
        &mut self,
        spot: Spot<'_, 'a>,
        (held, relation): (&Held, &'a Relation),
        version: Option<Source>,
        keep: &[usize],
    ) -> Held {
        let target = spot.at(relation.target);
        let pairs = relation.columns.iter();
        let key = pairs.map(|(ours, theirs)| (*theirs, held.value(*ours)));
        let alias = self.draft.alias();
        let filter = self.key_conditions(alias, target.table, key.collect());
        let found = (Wanted::locked(keep), "the relation leads to no row");
        self.hold_one(target, (alias, filter), version, found)
    }

    /// Leads a held row to another one; the columns of its key stay what they are.
    fn relink_to(
        &mut self,
        spot: Spot<'_, 'a>,
        (held, relation): (&Held, &'a Relation),
        op: (&str, &Argument),
        values: &mut Values,
    ) -> Result<(), Fault> {
        let key = &self.schema.tables[spot.table].key;
        let (known, open) = split(relation, |ours| {
            let stays = key.contains(&ours).then(|| held.value(ours));
            stays.or_else(|| given(values, ours))
        });
        if open.is_empty() {
            let ours = relation.columns.iter().map(|(ours, _)| *ours);
            let column = ours.clone().find(|column| !key.contains(column));
            return match column {
                Some(column) => self.not_yet(spot, values, column),
                None => self.keeps_its_key(spot, ours),
            };
        }
        let target = self.linked(spot, relation, op, &known)?;
        values.extend(
            open.iter()
                .map(|(ours, theirs)| (*ours, target.value(*theirs))),
        );
        Ok(())
    }

    /// The columns of a relation set to NULL, so that they refer to nothing: those of them that may
    /// be, and that no other relation goes by where there are such.
    pub(super) fn unlinked(&self, spot: Spot<'_, 'a>, columns: &[usize]) -> Result<Values, Fault> {
        let relations = self.schema.tables[spot.table].relations.iter();
        let ours = |relation: &'a Relation| relation.columns.iter().map(|(ours, _)| *ours);
        let others =
            relations.filter(|other| other.refers && !ours(other).eq(columns.iter().copied()));
        let others: Vec<_> = others.flat_map(ours).collect();
        let own = columns
            .iter()
            .copied()
            .filter(|column| !others.contains(column));
        self.nulls(spot, own)
            .or_else(|_| self.nulls(spot, columns.iter().copied()))
    }

    /// NULL for those of some columns that may be.
    fn nulls(
        &self,
        spot: Spot<'_, 'a>,
        columns: impl Iterator<Item = usize> + Clone,
    ) -> Result<Values, Fault> {
        let table = &self.schema.tables[spot.table];
        let nullable = columns
            .clone()
            .filter(|column| table.columns[*column].nullable && !table.key.contains(column));
        let nulls: Values = nullable
            .map(|column| (column, Source::Constant(Value::Null)))
            .collect();
        if !nulls.is_empty() {
            return Ok(nulls);
        }
        let names: Vec<_> = columns
            .map(|column| table.columns[column].field.as_str())
            .collect();
        let message = format!(
            "{} of {} cannot be null, so the rows cannot be taken apart: connect another row, or \
             delete",
            names.join(" and "),
            table.type_name
        );
        Err(self.misgiven(spot.chosen.field(), &message))
    }
}

/// The columns of a relation: theirs and their values where ours are known, and the pairs that are
/// open.
fn split(
    relation: &Relation,
    known: impl Fn(usize) -> Option<Source>,
) -> (Values, Vec<(usize, usize)>) {
    let mut values = Values::new();
    let mut open = Vec::new();
    for (ours, theirs) in &relation.columns {
        match known(*ours) {
            Some(source) => values.push((*theirs, source)),
            None => open.push((*ours, *theirs)),
        }
    }
    (values, open)
}

/// The value that a column is given.
fn given(values: &[(usize, Source)], column: usize) -> Option<Source> {
    let known = values.iter().find(|(given, _)| *given == column);
    known.map(|(_, source)| source.clone())
}
