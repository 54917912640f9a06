//! Rows that lie in several tables, as those of several types do: one is seen where each of its parts is.

use crate::api;
use crate::plan::planner::Planner;
use crate::sql::{Alias, Expr, From, Operator, Reference, Select};
use model::Action;

impl Planner<'_> {
    /// Conditions on the rows of an alias: that no part of them which another table holds is hidden.
    pub(in crate::plan) fn whole(&mut self, place: (usize, Alias)) -> Vec<Expr> {
        if self.access.is_none() {
            return Vec::new();
        }
        let schema = self.schema;
        let parts = api::parts(&schema.tables[place.0]);
        parts
            .filter_map(|part| self.no_part_is_hidden(place, part))
            .collect()
    }

    fn no_part_is_hidden(
        &mut self,
        (table, alias): (usize, Alias),
        (part, columns): (usize, &[(usize, usize)]),
    ) -> Option<Expr> {
        let inner = self.draft.alias();
        let seen = self.seen(part, inner)?;
        let links = columns.iter().map(|(ours, theirs)| {
            let left = Expr::Column(Reference::new(inner, part, *theirs));
            let right = Expr::Column(Reference::new(alias, table, *ours));
            Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
        });
        let mut filter: Vec<_> = links.collect();
        filter.push(Expr::IsNotTrue(Box::new(seen)));
        let hidden = Select {
            from: Some(From::Table(part, inner)),
            filter,
            ..Select::default()
        };
        let none = Expr::Not(Box::new(Expr::Exists(Box::new(hidden))));
        Some(Expr::Rule(Box::new(none)))
    }

    /// Whether all parts of rows that other tables hold are seen.
    pub(super) fn is_always_whole(&self, table: usize) -> bool {
        let mut parts = api::parts(&self.schema.tables[table]);
        parts.all(|(part, _)| {
            let reading = self.rules(part, Action::Read);
            reading.iter().any(|rule| rule.rows.is_none())
        })
    }
}
