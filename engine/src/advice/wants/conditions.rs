//! Conditions, one by one: which columns an index would find rows by, and what no index serves.

use super::{Read, is_stored, named};
use crate::advice::{Blocked, Obstacle, Why};
use crate::sql::walk::{self, Part};
use crate::sql::{Alias, Expr, Operator};
use model::Schema;

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is equal to something.
    Equal,
    /// It lies in a range.
    Range,
}

/// What the conditions on a table come to.
pub(super) struct Found<'a> {
    schema: &'a Schema,
    read: Read,
    /// Columns that are compared in a way which an index serves.
    pub(super) uses: Vec<(usize, Use, Why)>,
    /// Whether one is equal to any of several values.
    pub(super) several: bool,
    /// Columns of which each is an alternative.
    pub(super) alternatives: Vec<(usize, Why)>,
    /// Conditions that no index serves.
    pub(super) blocked: Vec<Blocked>,
}

impl<'a> Found<'a> {
    pub(super) fn new(schema: &'a Schema, read: Read) -> Self {
        Self {
            schema,
            read,
            uses: Vec::new(),
            several: false,
            alternatives: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// A condition that must hold.
    pub(super) fn condition(&mut self, expr: &Expr, ruled: bool) {
        match expr {
            Expr::Rule(inner) => self.condition(inner, true),
            Expr::IsTrue(inner) => self.condition(inner, ruled),
            Expr::And(parts) => parts.iter().for_each(|part| self.condition(part, ruled)),
            Expr::Or(parts) if parts.len() == 1 => self.condition(&parts[0], ruled),
            Expr::Or(parts) => self.either(parts, ruled),
            Expr::Compare(operator, left, right) => {
                self.compared(*operator, (left, right), ruled);
            }
            Expr::CompareRows(_, left, right) => {
                let pair = left.first().zip(right.first());
                if let Some((left, right)) = pair {
                    self.compared(Operator::Greater, (left, right), ruled);
                }
            }
            Expr::In(column, _) | Expr::OneOf(column, _) => self.one_of(column, ruled),
            Expr::InKeys(columns, _) => {
                for column in columns {
                    self.one_of(column, ruled);
                }
            }
            Expr::IsNull(inner) => match self.column(inner) {
                Some(column) => self.used(column, Use::Equal, why(ruled)),
                None => self.block(expr, Obstacle::Expression, ruled),
            },
            Expr::Not(inner) | Expr::IsNotTrue(inner) if !looks_elsewhere(inner) => {
                self.block(inner, Obstacle::Negation, ruled);
            }
            Expr::Like(..) | Expr::LikeAnyCase(..) => self.block(expr, Obstacle::Pattern, ruled),
            Expr::EqualAnyCase(..) => self.block(expr, Obstacle::Case, ruled),
            Expr::JsonEqual(..)
            | Expr::JsonContains(..)
            | Expr::JsonHasKey(..)
            | Expr::CompareLists(..)
            | Expr::IsEmpty(_) => self.block(expr, Obstacle::Document, ruled),
            _ => {}
        }
    }

    /// One of several conditions must hold: an index is of use where each of them has one.
    fn either(&mut self, parts: &[Expr], ruled: bool) {
        let mut columns = Vec::new();
        for part in parts {
            let mut alone = Self::new(self.schema, self.read);
            alone.condition(part, ruled);
            if let Some((column, _, why)) = alone.uses.first() {
                columns.push((*column, *why));
            } else if alone.alternatives.is_empty() {
                let all = Expr::Or(parts.to_vec());
                return self.block(&all, Obstacle::Alternatives, ruled);
            } else {
                columns.extend(alone.alternatives);
            }
        }
        columns.sort_unstable();
        columns.dedup();
        if let [(column, why)] = columns.as_slice() {
            // The cursor of a page says its first column again in each of its parts.
            self.used(*column, Use::Range, *why);
        } else if self.alternatives.is_empty() {
            self.alternatives = columns;
        }
    }

    fn compared(&mut self, operator: Operator, (left, right): (&Expr, &Expr), ruled: bool) {
        let (alias, _) = self.read;
        let sides = [(left, right), (right, left)];
        let mentioned = sides.map(|(side, _)| mentions(side, alias));
        match mentioned {
            [false, false] => {}
            [true, true] => self.block(left, Obstacle::Columns, ruled),
            [is_left, _] => {
                let (side, other) = sides[usize::from(!is_left)];
                let why = match other {
                    Expr::Column(_) if !ruled => Why::Relation,
                    _ => why(ruled),
                };
                match (self.column(side), operator) {
                    (None, _) => self.block(side, obstacle(side), ruled),
                    (Some(_), Operator::NotEqual) => self.block(side, Obstacle::Negation, ruled),
                    (Some(column), Operator::Equal) => self.used(column, Use::Equal, why),
                    (Some(column), _) => self.used(column, Use::Range, why),
                }
            }
        }
    }

    fn one_of(&mut self, expr: &Expr, ruled: bool) {
        match self.column(expr) {
            Some(column) => {
                self.several = true;
                self.used(column, Use::Equal, why(ruled));
            }
            None => self.block(expr, Obstacle::Expression, ruled),
        }
    }

    fn used(&mut self, column: usize, how: Use, why: Why) {
        self.uses.push((column, how, why));
    }

    /// The stored column that an expression is, of the table.
    fn column(&self, expr: &Expr) -> Option<usize> {
        let (alias, table) = self.read;
        match expr {
            Expr::Column(reference) if reference.alias == Some(alias) => {
                let column = reference.column;
                is_stored(self.schema, table, column).then_some(column)
            }
            _ => None,
        }
    }

    /// Takes down what no index serves, if it is about the table.
    fn block(&mut self, expr: &Expr, obstacle: Obstacle, ruled: bool) {
        let (alias, table) = self.read;
        if mentions(expr, alias) {
            self.blocked.push(Blocked {
                alias: named(alias),
                table,
                column: first_column(expr, alias),
                obstacle,
                is_rule: ruled,
            });
        }
    }
}

fn why(ruled: bool) -> Why {
    if ruled { Why::Rule } else { Why::Filter }
}

/// What keeps an expression from being found by an index.
fn obstacle(expr: &Expr) -> Obstacle {
    match expr {
        Expr::JsonAt(..) => Obstacle::Document,
        _ => Obstacle::Expression,
    }
}

/// Whether an expression is about the table of that alias.
fn mentions(expr: &Expr, alias: Alias) -> bool {
    matches!(expr, Expr::Search(of, ..) if *of == alias) || first_column(expr, alias).is_some()
}

/// The first column of that alias in an expression.
fn first_column(expr: &Expr, alias: Alias) -> Option<usize> {
    if let Expr::Column(reference) = expr {
        return (reference.alias == Some(alias)).then_some(reference.column);
    }
    let mut found = None;
    walk::parts(expr, &mut |part| {
        let of_part = match part {
            Part::Expr(inner) => first_column(inner, alias),
            Part::Select(select) => {
                let mut exprs = select.expressions();
                exprs.find_map(|inner| first_column(inner, alias))
            }
        };
        found = found.or(of_part);
    });
    found
}

/// Whether a condition looks into other rows.
fn looks_elsewhere(expr: &Expr) -> bool {
    let mut looks = false;
    walk::parts(expr, &mut |part| {
        looks |= match part {
            Part::Select(_) => true,
            Part::Expr(inner) => looks_elsewhere(inner),
        };
    });
    looks
}
