//! What the inputs of a write say: rows, the values of their columns, and their relations.

use crate::api::written_relations;
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::selection::Chosen;
use model::{Fault, Value};

/// Columns and their values.
pub(super) type Values = Vec<(usize, Source)>;

/// Positions of relations, and what an input says of each.
pub(super) type Mentions<'i> = Vec<(usize, &'i Argument)>;

/// The input of a row, taken apart.
pub(super) struct Parts<'i> {
    pub(super) values: Values,
    pub(super) relations: Mentions<'i>,
}

/// A table whose rows are written for a root field.
#[derive(Clone, Copy)]
pub(super) struct Spot<'c, 'a> {
    pub(super) chosen: &'c Chosen<'a>,
    pub(super) table: usize,
    /// The table of its type that the row is written through, where it is one of several types.
    pub(super) part: Option<usize>,
}

impl<'c, 'a> Spot<'c, 'a> {
    pub(super) fn new(chosen: &'c Chosen<'a>, table: usize) -> Self {
        Self {
            chosen,
            table,
            part: None,
        }
    }

    /// Another table, for the same field.
    pub(super) fn at(self, table: usize) -> Self {
        Self::new(self.chosen, table)
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
        let input = self.writing(|planner| planner.given(chosen.field(), "input"))?;
        Ok(match input {
            Some(Argument::List(rows)) => rows,
            Some(row) => vec![row],
            None => Vec::new(),
        })
    }

    /// Whether the input of a row says anything of its relations.
    pub(super) fn has_relations(&self, spot: Spot<'_, 'a>, input: &Argument) -> bool {
        self.mentioned(spot, input).next().is_some()
    }

    /// The relations an input says something of.
    pub(super) fn mentioned<'i>(
        &self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
    ) -> impl Iterator<Item = (usize, &'i Argument)> + use<'a, 'i> {
        let schema = self.schema;
        let table = &schema.tables[spot.table];
        let members = members(input).iter();
        let given = members.filter(|(_, member)| *member != Argument::Null);
        given.filter_map(|(name, member)| {
            let mut relations = written_relations(schema, table);
            let (index, _) = relations.find(|(_, relation)| relation.field == **name)?;
            Some((index, member))
        })
    }

    /// Columns, in their order, and relations of an input object.
    pub(super) fn parts<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
    ) -> Result<Parts<'i>, Fault> {
        if !matches!(input, Argument::Object(_)) {
            return Err(self.misgiven(spot.chosen.field(), "expected an object, found null"));
        }
        self.tells(spot.table, members(input).iter().map(|(name, _)| &**name));
        let values = self.values(spot, members(input).iter())?;
        self.is_of_a_type(spot, &values);
        Ok(Parts {
            values,
            relations: self.mentioned(spot, input).collect(),
        })
    }

    /// The columns among some members, in their order.
    pub(super) fn values<'i>(
        &self,
        spot: Spot<'_, 'a>,
        members: impl Iterator<Item = &'i (Box<str>, Argument)>,
    ) -> Result<Values, Fault> {
        let field = spot.chosen.field();
        let columns = &self.schema.tables[spot.table].columns;
        let mut values = Values::new();
        for (name, member) in members {
            let index = columns.iter().position(|column| column.field == **name);
            let Some(index) = index else { continue };
            let source = match member {
                Argument::Leaf(source) => source.clone(),
                _ if !columns[index].nullable => {
                    return Err(self.misgiven(field, &format!("{name} must not be null")));
                }
                _ => Source::Constant(Value::Null),
            };
            values.push((index, source));
        }
        values.sort_by_key(|(index, _)| *index);
        Ok(values)
    }

    /// A member of an input, which is left out where it is not wanted: null would let a write
    /// reach further than its client may have meant, or be taken for a wish to remove something.
    pub(super) fn stated<'i>(
        &self,
        spot: Spot<'_, 'a>,
        input: &'i Argument,
        name: &str,
    ) -> Result<Option<&'i Argument>, Fault> {
        let member = member(input, name);
        if member == Some(&Argument::Null) {
            let message = format!("{name}: null says nothing here; leave it out");
            return Err(self.misgiven(spot.chosen.field(), &message));
        }
        Ok(member)
    }

    /// Refuses null for a relation of a row that is there: it is not said what becomes of the rows
    /// it leads to.
    pub(super) fn no_relation_is_null(
        &self,
        spot: Spot<'_, 'a>,
        input: &Argument,
    ) -> Result<(), Fault> {
        let table = &self.schema.tables[spot.table];
        let mut relations = written_relations(self.schema, table);
        relations.try_for_each(|(_, relation)| self.stated(spot, input, &relation.field).map(drop))
    }

    /// The columns of an input that must say nothing of relations.
    pub(super) fn plain(&mut self, spot: Spot<'_, 'a>, input: &Argument) -> Result<Values, Fault> {
        let Parts { values, relations } = self.parts(spot, input)?;
        let Some((index, _)) = relations.first() else {
            return Ok(values);
        };
        let name = &self.schema.tables[spot.table].relations[*index].field;
        let message = format!("{name} cannot be written here: relations are written of one row");
        Err(self.misgiven(spot.chosen.field(), &message))
    }
}

/// A member of an input object.
fn member<'i>(input: &'i Argument, name: &str) -> Option<&'i Argument> {
    let mut members = members(input).iter();
    let (_, member) = members.find(|(known, _)| &**known == name)?;
    Some(member)
}

/// A member that the API requires.
pub(super) fn required<'i>(input: &'i Argument, name: &str) -> &'i Argument {
    member(input, name).unwrap_or(&Argument::Null)
}

/// The members of an input object.
pub(super) fn members(input: &Argument) -> &[(Box<str>, Argument)] {
    match input {
        Argument::Object(members) => members,
        _ => &[],
    }
}
