//! What the inputs of a write say: rows, and the values of their columns.

use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::selection::Chosen;
use model::{Fault, Value};

/// Columns and their values.
pub(super) type Values = Vec<(usize, Source)>;

/// A table whose rows are written for a root field.
#[derive(Clone, Copy)]
pub(super) struct Spot<'c, 'a> {
    pub(super) chosen: &'c Chosen<'a>,
    pub(super) table: usize,
}

impl<'c, 'a> Spot<'c, 'a> {
    pub(super) fn new(chosen: &'c Chosen<'a>, table: usize) -> Self {
        Self { chosen, table }
    }
}

/// The place of an input row; only one of many has a number.
pub(super) fn place(index: usize, many: bool) -> String {
    if many {
        format!("input[{index}]")
    } else {
        "input".to_owned()
    }
}

impl<'a> Planner<'a> {
    /// The input rows; one that stands alone is a list of one.
    pub(super) fn inputs(&mut self, chosen: &Chosen<'a>) -> Result<Vec<Argument>, Fault> {
        Ok(match self.given(chosen.field(), "input")? {
            Some(Argument::List(rows)) => rows,
            Some(row) => vec![row],
            None => Vec::new(),
        })
    }

    /// Columns and values of an input object, by column.
    pub(super) fn columns(&self, spot: Spot<'_, 'a>, input: &Argument) -> Result<Values, Fault> {
        let field = spot.chosen.field();
        let columns = &self.schema.tables[spot.table].columns;
        let Argument::Object(members) = input else {
            return Err(self.misgiven(field, "expected an object, found null"));
        };
        let mut values = Values::with_capacity(members.len());
        for (member, value) in members {
            let index = columns.iter().position(|column| column.field == **member);
            let index = index.ok_or_else(|| self.misgiven(field, "no such column"))?;
            let source = match value {
                Argument::Leaf(source) => source.clone(),
                _ if !columns[index].nullable => {
                    return Err(self.misgiven(field, &format!("{member} must not be null")));
                }
                _ => Source::Constant(Value::Null),
            };
            values.push((index, source));
        }
        values.sort_by_key(|(index, _)| *index);
        Ok(values)
    }
}
