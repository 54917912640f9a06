//! Columns that are compared with other columns of the same row.

use super::granted;
use super::tables::column_name;
use super::text::Sdl;
use crate::names::api::family_types;
use model::Scalar;
use model::schema::{Column, Table};

/// Columns whose values compare with one another on every database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Labels of one enum.
    Enum,
    /// Integers and decimals, digit by digit.
    Number,
    /// Columns of that one scalar.
    Of(Scalar),
}

impl Family {
    /// What it is called in the names of types.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enum => "Enum",
            Self::Number => "Number",
            Self::Of(scalar) => scalar.name(),
        }
    }

    fn comparisons(self) -> &'static [&'static str] {
        match self {
            Self::Enum | Self::Of(Scalar::Boolean) => &["eq", "ne"],
            _ => &["eq", "ne", "lt", "lte", "gt", "gte"],
        }
    }

    fn of(self, table: &Table) -> impl Iterator<Item = &Column> {
        let columns = granted::compared(table);
        columns.filter(move |column| family(column) == Some(self))
    }
}

/// The family of a column; `None` where it compares with no other.
pub(crate) fn family(column: &Column) -> Option<Family> {
    match column.scalar {
        _ if column.list => None,
        _ if column.enumeration.is_some() => Some(Family::Enum),
        Scalar::Int | Scalar::BigInt | Scalar::Decimal => Some(Family::Number),
        Scalar::Json => None,
        scalar => Some(Family::Of(scalar)),
    }
}

/// The families a table has several columns of, in the order of its columns.
fn families(table: &Table) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let columns = granted::compared(table);
    for family in columns.filter_map(family) {
        if !families.contains(&family) && family.of(table).nth(1).is_some() {
            families.push(family);
        }
    }
    families
}

/// The member of a table's `where` that compares its columns, if any of them can be.
pub(super) fn member(table: &Table) -> Option<String> {
    let name = &table.type_name;
    let has = !families(table).is_empty();
    has.then(|| format!("\"Columns of the same row.\"\n  compare: {name}Compare"))
}

/// Declares by which types the columns of a table are compared with one another.
pub(super) fn columns(out: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    let families = families(table);
    for family in &families {
        let [columns, compare] = family_types(name, family.name());
        out.line(&format!("\"Columns of {name} to compare with.\""));
        let members = family.of(table).map(|column| column_name(&column.field));
        out.block(&format!("enum {columns}"), members);
        out.line("\"Comparisons with another column; all given ones must hold.\"");
        let comparisons = family.comparisons().iter();
        let members = comparisons.map(|operator| format!("{operator}: {columns}"));
        out.block(&format!("input {compare}"), members);
    }
    if families.is_empty() {
        return;
    }
    let members = granted::compared(table).filter_map(|column| {
        let family = family(column).filter(|family| families.contains(family))?;
        let [_, compare] = family_types(name, family.name());
        Some(format!("{}: {compare}", column.field))
    });
    out.line(&format!(
        "\"Columns of {name} compared with others; all given comparisons must hold.\""
    ));
    out.block(&format!("input {name}Compare"), members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::api::FAMILIES;

    #[test]
    fn names_of_families_are_reserved() {
        let own = [Family::Enum, Family::Number];
        let scalars = Scalar::ALL.into_iter().map(Family::Of);
        for family in own.into_iter().chain(scalars) {
            let is_one = !matches!(
                family,
                Family::Of(Scalar::Int | Scalar::BigInt | Scalar::Decimal | Scalar::Json)
            );
            assert_eq!(FAMILIES.contains(&family.name()), is_one, "{family:?}");
        }
    }
}
