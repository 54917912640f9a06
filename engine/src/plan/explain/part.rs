//! The parts of a condition, each asked by itself, with what it is compared with.

use super::words::{self, Words};
use super::{Look, Looking, PARTS_MAX, Spot};
use crate::access::{Condition, claims_of};
use crate::input::Argument;
use crate::plan::read::Scope;
use crate::sql::{Alias, Expr, Reference, codec, readable};
use model::schema::Cardinality;
use model::{Codec, Scalar};

/// A part of a condition.
pub(crate) struct Part {
    /// What it says, in words.
    pub(crate) says: String,
    /// Whether it holds; not asked where a claim is missing.
    pub(crate) holds: Option<Spot>,
    /// What is found where it looks.
    pub(crate) found: Found,
    /// What it is made of.
    pub(crate) parts: Vec<Part>,
}

/// What a part of a condition finds.
pub(crate) enum Found {
    /// What it is made of tells.
    Nothing,
    /// A value, and the claims it is compared with.
    Value(Spot, Vec<usize>),
    /// Whether a relation leads to a row.
    Partner(Spot),
    /// To how many rows a relation leads, and how many of them fulfil the condition.
    Rows(Spot, Spot),
    /// Claims that the caller has not got.
    Unclaimed(Vec<usize>),
    /// There are too many parts.
    Unasked,
}

/// Where a condition looks: at the row, or at the one that relations to one row lead to.
#[derive(Clone)]
pub(super) struct Way {
    /// The relations, each with the table it starts from.
    relations: Vec<(usize, usize)>,
    table: usize,
}

impl Way {
    /// At the row of a table.
    pub(super) fn of(table: usize) -> Self {
        Self {
            relations: Vec::new(),
            table,
        }
    }

    fn through(&self, relation: usize, target: usize) -> Self {
        let mut relations = self.relations.clone();
        relations.push((self.table, relation));
        Self {
            relations,
            table: target,
        }
    }
}

fn object(name: &str, member: &Argument) -> Argument {
    Argument::Object(vec![(name.into(), member.clone())])
}

impl Looking<'_, '_> {
    /// The parts of a condition, all of which must hold.
    pub(super) fn parts(&mut self, look: &mut Look, way: &Way, condition: &Argument) -> Vec<Part> {
        let Argument::Object(members) = condition else {
            return Vec::new();
        };
        let members = members.iter();
        members
            .flat_map(|(name, member)| self.member(look, way, (name, member)))
            .collect()
    }

    fn member(
        &mut self,
        look: &mut Look,
        way: &Way,
        (name, member): (&str, &Argument),
    ) -> Vec<Part> {
        let table = &self.planner.schema.tables[way.table];
        let column = table.columns.iter().position(|known| known.field == name);
        let relation = table.relations.iter().position(|known| known.field == name);
        let whole = object(name, member);
        match (name, member, column, relation) {
            ("and" | "or", Argument::List(items), None, _) => {
                let mut part = self.part(look, way, words::junction(name).to_owned(), &whole);
                part.parts = items
                    .iter()
                    .map(|item| self.item(look, way, item))
                    .collect();
                vec![part]
            }
            ("not", inner, None, _) => {
                let mut part = self.part(look, way, words::NOT.to_owned(), &whole);
                part.parts = self.parts(look, way, inner);
                vec![part]
            }
            (_, Argument::Object(comparisons), Some(column), _) => comparisons
                .iter()
                .map(|comparison| self.compared(look, way, column, comparison))
                .collect(),
            (_, Argument::Object(inside), None, Some(relation)) => {
                self.related(look, way, relation, (member, inside))
            }
            _ => {
                let says = self.words().spelled_member(name, member);
                vec![self.part(look, way, says, &whole)]
            }
        }
    }

    /// One of several conditions.
    fn item(&mut self, look: &mut Look, way: &Way, item: &Argument) -> Part {
        let mut parts = self.parts(look, way, item);
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut part = self.part(look, way, words::junction("and").to_owned(), item);
        part.parts = parts;
        part
    }

    /// A comparison of a column.
    fn compared(
        &mut self,
        look: &mut Look,
        way: &Way,
        column: usize,
        (operator, operand): &(Box<str>, Argument),
    ) -> Part {
        let declared = &self.planner.schema.tables[way.table].columns[column];
        let comparison = object(&declared.field, &object(operator, operand));
        let names = way.relations.iter().map(|(table, relation)| {
            let relations = &self.planner.schema.tables[*table].relations;
            format!("{}.", relations[*relation].field)
        });
        let name = names.collect::<String>() + &declared.field;
        let says = self
            .words()
            .comparison(&name, declared, (operator, operand));
        let mut part = self.part(look, way, says, &comparison);
        if part.holds.is_some() {
            let place = (look.scope.alias, look.scope.table);
            let value = self.value(place, &way.relations, column);
            let value = look.ask(value, codec(self.planner.schema, declared));
            part.found = Found::Value(value, claims_of(operand));
        }
        part
    }

    /// What a condition says of the rows that a relation leads to.
    fn related(
        &mut self,
        look: &mut Look,
        way: &Way,
        index: usize,
        (whole, inside): (&Argument, &[(Box<str>, Argument)]),
    ) -> Vec<Part> {
        let relation = &self.planner.schema.tables[way.table].relations[index];
        if relation.cardinality == Cardinality::Many {
            return inside
                .iter()
                .map(|quantified| self.quantified(look, way, index, quantified))
                .collect();
        }
        let says = format!("{} leads to a row of which that holds", relation.field);
        let mut part = self.part(look, way, says, &object(&relation.field, whole));
        if part.holds.is_some() {
            let anyone = object(&relation.field, &Argument::Object(Vec::new()));
            if let Some(there) = self.truth(look, way, &anyone) {
                part.found = Found::Partner(there);
            }
        }
        part.parts = self.parts(look, &way.through(index, relation.target), whole);
        vec![part]
    }

    fn quantified(
        &mut self,
        look: &mut Look,
        way: &Way,
        index: usize,
        (quantifier, condition): &(Box<str>, Argument),
    ) -> Part {
        let relation = &self.planner.schema.tables[way.table].relations[index];
        let says = self
            .words()
            .quantified(&relation.field, quantifier, condition);
        let whole = object(&relation.field, &object(quantifier, condition));
        let mut part = self.part(look, way, says, &whole);
        if part.holds.is_some() {
            let place = (look.scope.alias, look.scope.table);
            let all = self.count(place, &way.relations, (index, None));
            let some = self.count(place, &way.relations, (index, Some(condition)));
            let codec = || Codec::Scalar(Scalar::BigInt);
            part.found = Found::Rows(look.ask(all, codec()), look.ask(some, codec()));
        }
        part
    }

    /// A part without what it is made of.
    fn part(&mut self, look: &mut Look, way: &Way, says: String, condition: &Argument) -> Part {
        let lacking = self.lacking(&claims_of(condition));
        let (holds, found) = if lacking.is_empty() {
            match self.truth(look, way, condition) {
                Some(holds) => (Some(holds), Found::Nothing),
                None => (None, Found::Unasked),
            }
        } else {
            (None, Found::Unclaimed(lacking))
        };
        Part {
            says,
            holds,
            found,
            parts: Vec::new(),
        }
    }

    /// Whether a condition holds where it looks: it is asked as if it were all of the rule.
    fn truth(&mut self, look: &mut Look, way: &Way, condition: &Argument) -> Option<Spot> {
        self.asked += 1;
        if self.asked > PARTS_MAX {
            return None;
        }
        let schema = self.planner.schema;
        let relations = way.relations.iter().rev();
        let whole = relations.fold(condition.clone(), |inner, (table, relation)| {
            object(&schema.tables[*table].relations[*relation].field, &inner)
        });
        let whole = Condition(whole);
        let place = (look.scope.table, look.scope.alias);
        let condition = self.planner.ruled(&whole, place);
        Some(look.truth(condition))
    }

    /// A column of the row that relations to one row lead to.
    fn value(
        &mut self,
        (alias, table): (Alias, usize),
        relations: &[(usize, usize)],
        column: usize,
    ) -> Expr {
        let schema = self.planner.schema;
        let Some(((_, relation), rest)) = relations.split_first() else {
            return readable(schema, Reference::new(alias, table, column));
        };
        let relation = &schema.tables[table].relations[*relation];
        let mut scope = self.planner.related(alias, table, relation);
        let value = self.value((scope.alias, relation.target), rest, column);
        scope.select.column(value);
        one(scope)
    }

    /// How many rows a relation leads to from there, or how many of them fulfil a condition.
    fn count(
        &mut self,
        (alias, table): (Alias, usize),
        relations: &[(usize, usize)],
        (index, condition): (usize, Option<&Argument>),
    ) -> Expr {
        let schema = self.planner.schema;
        if let Some(((_, relation), rest)) = relations.split_first() {
            let relation = &schema.tables[table].relations[*relation];
            let mut scope = self.planner.related(alias, table, relation);
            let place = (scope.alias, relation.target);
            let count = self.count(place, rest, (index, condition));
            scope.select.column(count);
            return one(scope);
        }
        let relation = &schema.tables[table].relations[index];
        let mut scope = self.planner.related(alias, table, relation);
        if let Some(condition) = condition {
            let condition = Condition(condition.clone());
            let place = (relation.target, scope.alias);
            let condition = self.planner.ruled(&condition, place);
            scope.select.filter.push(condition);
        }
        scope.select.column(Expr::Count(None));
        Expr::Value(Box::new(scope.select))
    }

    fn words(&self) -> Words<'_> {
        Words {
            schema: self.planner.schema,
            claims: self
                .planner
                .access
                .map_or(&[], |access| access.claims.as_slice()),
        }
    }
}

/// The one value of a scope; of a view nobody knows whether there are more.
fn one(mut scope: Scope) -> Expr {
    scope.select.limit = Some(Expr::Number(1));
    Expr::Value(Box::new(scope.select))
}
