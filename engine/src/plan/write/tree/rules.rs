//! What the inputs of a tree must say, and must not.

use crate::api::{is_required, unique_keys};
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::write::guard::EXPECTED_VERSION;
use crate::plan::write::input::{Spot, Values, members};
use model::Fault;

/// What tells one row.
pub(super) struct Key {
    pub(super) values: Values,
    /// The version it must have.
    pub(super) version: Option<Source>,
}

impl<'a> Planner<'a> {
    /// The columns that a row must be held with, so that its relations can be written.
    pub(super) fn needed(&self, spot: Spot<'_, 'a>, input: &Argument) -> Vec<usize> {
        let mentioned: Vec<_> = self.mentioned(spot, input).collect();
        self.leading(spot, &mentioned)
    }

    /// The own columns of relations.
    pub(in crate::plan::write) fn leading(
        &self,
        spot: Spot<'_, 'a>,
        relations: &[(usize, &Argument)],
    ) -> Vec<usize> {
        let all = &self.schema.tables[spot.table].relations;
        let columns = relations.iter().flat_map(|(index, _)| &all[*index].columns);
        columns.map(|(ours, _)| *ours).collect()
    }

    /// Refuses a new row that lacks a column.
    pub(in crate::plan::write) fn demand(
        &mut self,
        spot: Spot<'_, 'a>,
        values: &[(usize, Source)],
    ) -> Result<(), Fault> {
        let table = &self.schema.tables[spot.table];
        let mut columns = table.columns.iter().enumerate();
        let missing = columns.find(|(index, column)| {
            is_required(column) && values.iter().all(|(given, _)| given != index)
        });
        let Some((index, column)) = missing else {
            return Ok(());
        };
        let relations = table.relations.iter();
        let filling = relations.filter(|relation| {
            relation.refers && relation.columns.iter().any(|(ours, _)| *ours == index)
        });
        let name = &column.field;
        let names = std::iter::once(name).chain(filling.map(|relation| &relation.field));
        let names: Vec<_> = names.map(String::as_str).collect();
        let message = format!("a value is required: give {}", names.join(" or "));
        Err(self.within(&format!(".{name}"), |planner| {
            planner.misgiven(spot.chosen.field(), &format!("{name}: {message}"))
        }))
    }

    /// Refuses a column that is given although it comes from elsewhere.
    pub(super) fn not_yet(
        &self,
        spot: Spot<'_, 'a>,
        values: &[(usize, Source)],
        column: usize,
    ) -> Result<(), Fault> {
        if values.iter().all(|(given, _)| *given != column) {
            return Ok(());
        }
        let name = &self.schema.tables[spot.table].columns[column].field;
        let message = format!("{name} comes from a relation here and must not be given as well");
        Err(self.misgiven(spot.chosen.field(), &message))
    }

    /// Refuses to give a row of a tree another key: what was written would not be found any more.
    pub(super) fn keeps_its_key(
        &self,
        spot: Spot<'_, 'a>,
        mut columns: impl Iterator<Item = usize>,
    ) -> Result<(), Fault> {
        let table = &self.schema.tables[spot.table];
        let Some(column) = columns.find(|column| table.key.contains(column)) else {
            return Ok(());
        };
        let name = &table.columns[column].field;
        let message = format!(
            "{name} is part of the key, which stays in a write through relations: set it by an \
             update of its own"
        );
        Err(self.misgiven(spot.chosen.field(), &message))
    }

    /// The version that an input expects of a row.
    pub(super) fn expected_version(
        &self,
        spot: Spot<'_, 'a>,
        input: &Argument,
    ) -> Result<Option<Source>, Fault> {
        if self.schema.tables[spot.table].version.is_none() {
            return Ok(None);
        }
        Ok(match self.stated(spot, input, EXPECTED_VERSION)? {
            Some(Argument::Leaf(source)) => Some(source.clone()),
            _ => None,
        })
    }

    /// What tells one row: columns that are a unique key, together with those that are fixed.
    pub(super) fn unique(
        &self,
        spot: Spot<'_, 'a>,
        input: &Argument,
        fixed: &[(usize, Source)],
    ) -> Result<Key, Fault> {
        let field = spot.chosen.field();
        let table = &self.schema.tables[spot.table];
        let null = members(input)
            .iter()
            .find(|(_, value)| *value == Argument::Null);
        if let Some((name, _)) = null {
            return Err(self.misgiven(field, &format!("{name}: null finds no row")));
        }
        let told = members(input).iter();
        let told = told.filter(|(name, _)| table.version.is_none() || &**name != EXPECTED_VERSION);
        let values = self.values(spot, told)?;
        let given = |column: &usize| values.iter().any(|(given, _)| given == column);
        let known = |column: &usize| fixed.iter().any(|(fixed, _)| fixed == column);
        let mut keys = unique_keys(table);
        let is_key = keys.any(|key| {
            values.iter().all(|(column, _)| key.contains(column))
                && key.iter().all(|column| given(column) || known(column))
        });
        if is_key && !values.is_empty() {
            let version = self.expected_version(spot, input)?;
            return Ok(Key { values, version });
        }
        let names = unique_keys(table).map(|key| {
            let asked = key.iter().filter(|column| !known(column));
            let names: Vec<_> = asked
                .map(|column| table.columns[*column].field.as_str())
                .collect();
            names.join(" and ")
        });
        let names: Vec<_> = names.filter(|names| !names.is_empty()).collect();
        let message = format!("give just the columns of one key: {}", names.join(", or "));
        Err(self.misgiven(field, &message))
    }

    /// The one thing that is said of a relation to one row.
    pub(super) fn only<'i>(
        &self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
    ) -> Result<(&'i str, &'i Argument), Fault> {
        match members(input) {
            [(op, member)] => Ok((op, member)),
            _ => Err(self.misgiven(spot.chosen.field(), "expected exactly one member")),
        }
    }

    /// Whether a Boolean that chooses something does.
    pub(super) fn is_chosen(&self, spot: Spot<'_, 'a>, chosen: &Argument) -> Result<bool, Fault> {
        if let Argument::Word(word) = chosen {
            return Ok(&**word == "true");
        }
        let message = "a variable cannot stand here alone: write true, or pass the object around it \
             as a variable";
        Err(self.misgiven(spot.chosen.field(), message))
    }
}
