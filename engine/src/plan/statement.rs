//! One statement under construction: its aliases and parameters.

use super::{Binding, Form, Place, Slot, Wish};
use crate::distinct::Distinct;
use crate::input::Source;
use crate::sql::{self, Alias, Cast, Expr, ListParameter, Rendered, Tree};
use model::schema::{Column, Schema};
use model::{Parameter, Scalar, Statement, Value};
use std::collections::BTreeSet;

/// The aliases and parameters a statement has so far.
#[derive(Default)]
pub(crate) struct Draft {
    aliases: u32,
    slots: Distinct<(Parameter, Slot)>,
    /// How many lists there are whose items are compared each with each.
    sets: usize,
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
        let slot = match source {
            Source::Kept { step, column } => Slot::KeptOne { step, column },
            source => Slot::Bound(Binding {
                parameter,
                source,
                form,
            }),
        };
        self.slot(parameter, slot)
    }

    /// The index of a list whose items are compared each with each, always a new one.
    pub(crate) fn set(&mut self, parameter: Parameter, source: Source) -> usize {
        self.sets += 1;
        self.parameter(parameter, source, Form::Set(self.sets))
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
            list: column.list,
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
        cast(value, sql::parameter_cast(schema, column))
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
            column: 0,
            bytes: column.scalar == Scalar::Bytes,
        }
    }

    /// The values of kept rows that are compared with a column: a list of their own, or a place in
    /// the list of the whole rows.
    pub(crate) fn kept(
        &mut self,
        schema: &Schema,
        column: &Column,
        (steps, position): (&[usize], usize),
        whole: bool,
    ) -> ListParameter {
        let steps = steps.to_vec();
        if whole {
            return ListParameter {
                index: self.kept_rows(steps),
                cast: sql::kept_cast(schema, column),
                column: position,
                bytes: column.scalar == Scalar::Bytes,
            };
        }
        let slot = Slot::Kept {
            steps,
            column: position,
        };
        self.list(schema, column, slot)
    }

    /// Kept rows as one parameter.
    pub(crate) fn kept_rows(&mut self, steps: Vec<usize>) -> usize {
        let parameter = Parameter {
            scalar: Scalar::Json,
            list: false,
        };
        self.slot(parameter, Slot::KeptRows { steps })
    }

    /// How many rows are brought: the number itself where the document states it, as a database plans
    /// better for a number it knows, and SQLite plans anew for each that it is told later.
    pub(crate) fn rows(&mut self, source: Source, most: Option<i64>) -> Expr {
        match stated(&source, most) {
            Some(rows) => Expr::Number(rows),
            None => Expr::Parameter(self.count(source, most)),
        }
    }

    /// The same, and one row more.
    pub(crate) fn rows_and_one(&mut self, source: Source, most: Option<i64>) -> Expr {
        match stated(&source, most) {
            Some(rows) => Expr::NumberAndOne(rows),
            None => Expr::Parameter(self.count_and_one(source, most)),
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

    fn count_and_one(&mut self, source: Source, most: Option<i64>) -> usize {
        let parameter = Parameter {
            scalar: Scalar::BigInt,
            list: false,
        };
        self.parameter(parameter, source, Form::CountAndOne(most))
    }

    /// What the parameters are given so far, by their indexes.
    pub(crate) fn slots(&self) -> Vec<&Slot> {
        self.slots.iter().map(|(_, slot)| slot).collect()
    }

    /// The finished statement, what its parameters are given, and which of the draft's each is.
    pub(crate) fn finish(self, schema: &Schema, tree: &Tree) -> Finished {
        let Rendered { sql, order } = sql::render(schema, tree);
        let all: Vec<_> = self.slots.into_iter().zip(self.places).collect();
        let order = order.unwrap_or_else(|| (0..all.len()).collect());
        let wish = |((parameter, slot), place)| (parameter, Wish { slot, place });
        let given = order.iter().filter_map(|index| all.get(*index)).cloned();
        let (parameters, wishes) = given.map(wish).unzip();
        let placed: BTreeSet<_> = order.iter().copied().collect();
        let unplaced = (0..).zip(all).filter(|(index, _)| !placed.contains(index));
        let sql = sql.into();
        Finished {
            statement: Statement { sql, parameters },
            wishes,
            unplaced: unplaced.map(|(_, asked)| wish(asked).1).collect(),
            order,
        }
    }
}

/// A number of rows that the document states and that may be asked for.
fn stated(source: &Source, most: Option<i64>) -> Option<i64> {
    match source {
        Source::Constant(Value::Integer(rows)) => {
            Some(*rows).filter(|rows| (0..=most.unwrap_or(i64::MAX)).contains(rows))
        }
        _ => None,
    }
}

/// A statement and what belongs to it.
pub(crate) struct Finished {
    pub(crate) statement: Statement,
    pub(crate) wishes: Vec<Wish>,
    /// What the draft asked for and the text has no place for.
    pub(crate) unplaced: Vec<Wish>,
    /// For each parameter, its index in the draft.
    pub(crate) order: Vec<usize>,
}

/// A value converted before it is compared, where it must be.
pub(crate) fn cast(value: Expr, to: Option<Cast>) -> Expr {
    match to {
        Some(to) => Expr::Cast(Box::new(value), to),
        None => value,
    }
}

/// A cast that fits an output column, so that the driver knows its type.
pub(crate) fn as_float(expr: Expr) -> Expr {
    Expr::Cast(Box::new(expr), Cast::Float)
}
