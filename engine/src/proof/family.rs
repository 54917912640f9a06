//! Rows that lie in several tables: that none is reached of which another table holds a part that is not seen.

use super::{Gap, Proof, rows_of};
use crate::sql::{Alias, Expr, From, Operator, Reference, Select};
use model::Action;
use model::schema::Rest;

/// A table that holds parts of rows, and the columns they are told by: (ours, theirs).
type Part<'p> = (usize, &'p [(usize, usize)]);

impl<'p> Proof<'p> {
    /// Shows that conditions hold of no row of which a part is hidden.
    pub(super) fn whole(&self, conditions: &[Expr], place: (usize, Alias)) -> Result<(), Gap> {
        for (part, columns) in self.parts(place.0) {
            let is_told = |condition: &Expr| self.tells_part(condition, place, (part, columns));
            if !self.is_always_seen(part) && !conditions.iter().any(is_told) {
                let tables = &self.schema.tables;
                let (name, other) = (&tables[place.0].type_name, &tables[part].type_name);
                return Err(format!(
                    "rows of {name} are reached whose part of {other} may be hidden"
                ));
            }
        }
        Ok(())
    }

    /// Whether no part of rows can be hidden.
    pub(super) fn is_always_whole(&self, table: usize) -> bool {
        let mut parts = self.parts(table).into_iter();
        parts.all(|(part, _)| self.is_always_seen(part))
    }

    /// Whether an expression tells that no part of the rows of an alias is hidden.
    pub(super) fn tells_some_part(&self, expr: &Expr, place: (usize, Alias)) -> bool {
        let mut parts = self.parts(place.0).into_iter();
        parts.any(|part| self.tells_part(expr, place, part))
    }

    fn is_always_seen(&self, table: usize) -> bool {
        let reading = self.rules(table, Action::Read);
        reading.iter().any(|rule| rule.rows.is_none())
    }

    fn parts(&self, table: usize) -> Vec<Part<'p>> {
        let table = &self.schema.tables[table];
        let types = table.variants.iter().flat_map(|variants| &variants.types);
        let beside = types.filter_map(|variant| match &variant.rest {
            Rest::Beside { table, columns } => Some((*table, columns.as_slice())),
            Rest::Here { .. } => None,
        });
        let base = table.base.iter().map(|base| {
            let columns = table.relations[base.relation].columns.as_slice();
            (base.table, columns)
        });
        beside.chain(base).collect()
    }

    fn tells_part(&self, expr: &Expr, place: (usize, Alias), part: Part<'_>) -> bool {
        match expr {
            Expr::Rule(inner) => self.tells_part(inner, place, part),
            Expr::Not(inner) => match &**inner {
                Expr::Exists(select) => self.finds_hidden(select, place, part),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a select finds the part of a row wherever no rule shows it.
    fn finds_hidden(
        &self,
        select: &Select,
        (table, outer): (usize, Alias),
        (part, columns): Part<'_>,
    ) -> bool {
        let Some(From::Table(from, alias)) = &select.from else {
            return false;
        };
        let is_plain = select.joins.is_empty()
            && select.group.is_empty()
            && select.having.is_empty()
            && select.limit.is_none()
            && select.offset.is_none();
        let Some((Expr::IsNotTrue(seen), links)) = select.filter.split_last() else {
            return false;
        };
        let expected = columns.iter().map(|(ours, theirs)| {
            let left = Expr::Column(Reference::new(*alias, part, *theirs));
            let right = Expr::Column(Reference::new(outer, table, *ours));
            Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
        });
        let rules = self.rules(part, Action::Read);
        *from == part
            && is_plain
            && expected.eq(links.iter().cloned())
            && self.is_any_of(seen, &rules, (part, *alias), rows_of)
    }
}
