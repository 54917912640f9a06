//! What the discriminator of a row is given: it must be that of a type the row can be of.

use super::input::{Spot, Values};
use crate::input::Source;
use crate::plan::planner::Planner;
use crate::plan::{Binding, Form, Known, Slot, Wish};
use model::schema::{Rest, Table, Variant};
use model::{Parameter, Scalar, Value};
use std::sync::Arc;

impl<'a> Planner<'a> {
    /// Refuses a discriminator that is that of no type, or in a row that is written through the
    /// other table of its type, that of another one.
    pub(super) fn is_of_a_type(&mut self, spot: Spot<'_, 'a>, values: &Values) {
        self.discriminates(spot, values, |_| true);
    }

    /// The same for a row that is new here: of it there is no part in the table of its type yet.
    pub(super) fn is_whole(&mut self, spot: Spot<'_, 'a>, values: &Values) {
        let table = &self.schema.tables[spot.table];
        self.discriminates(spot, values, |variant| match &variant.rest {
            Rest::Here { .. } => true,
            Rest::Beside { table: beside, .. } => {
                table.relations.iter().any(|known| known.target == *beside)
            }
        });
    }

    fn discriminates(
        &mut self,
        spot: Spot<'_, 'a>,
        values: &Values,
        can_be: impl Fn(&Variant) -> bool,
    ) {
        let table = &self.schema.tables[spot.table];
        let Some(variants) = &table.variants else {
            return;
        };
        let mut given = values.iter();
        let Some((column, source)) = given.find(|(column, _)| *column == variants.column) else {
            return;
        };
        let is_ours = |variant: &&Variant| match (spot.part, &variant.rest) {
            (None, _) => can_be(variant),
            (Some(part), Rest::Beside { table, .. }) => *table == part,
            (Some(_), Rest::Here { .. }) => false,
        };
        let types = variants.types.iter().filter(is_ours);
        let names = types.map(|variant| variant.value.as_str());
        let known = Known {
            input: self.place_below(&table.columns[*column].field),
            type_name: table.type_name.as_str().into(),
            values: names
                .map(|name| (self.held(table, *column, name), name.into()))
                .collect(),
        };
        self.check(table, (*column, source), known);
    }

    /// Has a value looked at before the script runs.
    fn check(&mut self, table: &Table, (column, source): (usize, &Source), known: Known) {
        let place = self.draft.place;
        let slot = Slot::Bound(Binding {
            parameter: Parameter {
                scalar: table.columns[column].scalar,
                list: false,
            },
            source: source.clone(),
            form: Form::Known(Arc::new(known)),
        });
        self.unplaced.push(Wish { slot, place });
    }

    /// What a column is given for the value of that name.
    fn held(&self, table: &Table, column: usize, name: &str) -> Value {
        let declared = &table.columns[column];
        let labels = declared.enumeration.map(|index| &self.schema.enums[index]);
        let label = labels.and_then(|known| known.values.iter().find(|value| value.name == name));
        match (label, name.parse()) {
            (Some(value), _) => Value::Text(value.label.as_str().into()),
            (None, Ok(number)) if declared.scalar == Scalar::Int => Value::Integer(number),
            _ => Value::Text(name.into()),
        }
    }
}
