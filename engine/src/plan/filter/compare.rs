//! Columns compared with other columns of the same row.

use super::{conjunction, operator};
use crate::api::{Family, column_name, family};
use crate::input::Argument;
use crate::plan::planner::Planner;
use crate::sql::{self, Alias, Expr, Reference};
use model::schema::Table;

impl Planner<'_> {
    /// The `compare` of a `where`.
    pub(super) fn compared_columns(
        &self,
        argument: &Argument,
        table: usize,
        alias: Alias,
    ) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected columns to compare, found null".to_owned());
        };
        self.refuse_nothing(members.is_empty())?;
        let declared = &self.schema.tables[table];
        let mut parts = Vec::with_capacity(members.len());
        for (name, comparisons) in members {
            let column = declared
                .columns
                .iter()
                .position(|known| known.field == **name)
                .ok_or("there is no such column")?;
            let left = Reference::new(alias, table, column);
            let part = self.column_comparisons(comparisons, left);
            parts.push(part.map_err(|message| format!("{name}: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn column_comparisons(&self, argument: &Argument, left: Reference) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected comparisons, found null".to_owned());
        };
        self.refuse_nothing(members.is_empty())?;
        let declared = &self.schema.tables[left.table];
        let mut parts = Vec::with_capacity(members.len());
        for (name, other) in members {
            let Argument::Word(other) = other else {
                return Err(format!("{name}: expected a column, found null"));
            };
            let operator = operator(name).ok_or("there is no such comparison")?;
            let right = Reference {
                column: partner(declared, left.column, other)?,
                ..left
            };
            let (left, right) = sql::paired(self.schema, left, right);
            parts.push(Expr::Compare(operator, Box::new(left), Box::new(right)));
        }
        Ok(conjunction(parts))
    }
}

/// The column that is called so where columns are compared with that one.
///
/// The types of the API settle all but which enum the labels are of.
fn partner(table: &Table, column: usize, name: &str) -> Result<usize, String> {
    let column = &table.columns[column];
    let named = table
        .columns
        .iter()
        .position(|known| column_name(&known.field) == name)
        .ok_or("there is no such column")?;
    let other = &table.columns[named];
    let family_of_both = family(column).filter(|one| family(other) == Some(*one));
    match family_of_both {
        None => Err(format!("{} does not compare with {name}", column.field)),
        Some(Family::Enum) if column.enumeration != other.enumeration => Err(format!(
            "{} does not compare with {name}, which has the values of another enum",
            column.field
        )),
        Some(_) => Ok(named),
    }
}
