//! One statement under construction: its aliases and parameters.

use super::{Binding, Form, Place, Slot, Wish};
use crate::distinct::Distinct;
use crate::input::Source;
use crate::sql::{self, Alias, Cast, Expr, ListParameter, Tree};
use model::schema::{Column, Schema};
use model::{Parameter, Scalar, Statement, Value};

/// The aliases and parameters a statement has so far.
#[derive(Default)]
pub(crate) struct Draft {
    aliases: u32,
    slots: Distinct<(Parameter, Slot)>,
    /// For each slot, where in the document its value was first asked for.
    places: Vec<Place>,
    /// The field whose arguments are being read.
    pub(crate) place: Place,
}

impl Draft {
    /// A fresh alias.
    pub(crate) fn alias(&mut self) -> Alias {
        self.aliases += 1;
        Alias(self.aliases - 1)
    }

    /// The index of a parameter; the same one for the same source and form.
    pub(crate) fn parameter(&mut self, parameter: Parameter, source: Source, form: Form) -> usize {
        self.slot(
            parameter,
            Slot::Bound(Binding {
                parameter,
                source,
                form,
            }),
        )
    }

    /// The index of a parameter that is given in that way.
    pub(crate) fn slot(&mut self, parameter: Parameter, slot: Slot) -> usize {
        let index = self.slots.place((parameter, slot));
        if index == self.places.len() {
            self.places.push(self.place);
        }
        index
    }

    /// A parameter that is compared with, or stored in, a column.
    pub(crate) fn value(&mut self, column: &Column, source: Source, form: Form) -> Expr {
        let parameter = Parameter {
            scalar: column.scalar,
            list: false,
        };
        Expr::Parameter(self.parameter(parameter, source, form))
    }

    /// The same, converted to the type the column is compared as.
    pub(crate) fn operand(
        &mut self,
        schema: &Schema,
        column: &Column,
        source: Source,
        form: Form,
    ) -> Expr {
        let value = self.value(column, source, form);
        match sql::parameter_cast(schema, column) {
            Some(cast) => Expr::Cast(Box::new(value), cast),
            None => value,
        }
    }

    /// A list that is compared with a column.
    pub(crate) fn list(&mut self, schema: &Schema, column: &Column, slot: Slot) -> ListParameter {
        let parameter = Parameter {
            scalar: column.scalar,
            list: true,
        };
        ListParameter {
            index: self.slot(parameter, slot),
            cast: sql::parameter_cast(schema, column),
            bytes: column.scalar == Scalar::Bytes,
        }
    }

    /// A number of rows.
    pub(crate) fn count(&mut self, source: Source, most: Option<i64>) -> usize {
        let parameter = Parameter {
            scalar: Scalar::BigInt,
            list: false,
        };
        self.parameter(parameter, source, Form::Count(most))
    }

    /// A constant number of rows.
    pub(crate) fn constant_count(&mut self, rows: i64) -> usize {
        self.count(Source::Constant(Value::Integer(rows)), None)
    }

    /// The finished statement and what its parameters are given.
    pub(crate) fn finish(self, schema: &Schema, tree: &Tree) -> (Statement, Vec<Wish>) {
        let (parameters, slots): (_, Vec<_>) = self.slots.into_iter().unzip();
        let wishes = slots.into_iter().zip(self.places);
        let wishes = wishes.map(|(slot, place)| Wish { slot, place }).collect();
        let sql = sql::render(schema, tree).into();
        (Statement { sql, parameters }, wishes)
    }
}

/// A cast that fits an output column, so that the driver knows its type.
pub(crate) fn as_float(expr: Expr) -> Expr {
    Expr::Cast(Box::new(expr), Cast::Float)
}
