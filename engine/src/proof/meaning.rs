//! Whether an expression means a condition of a rule: read member by member beside it.

use super::Proof;
use super::paths::has_place;
use crate::api::column_name;
use crate::input::{Argument, Source};
use crate::plan::{Binding, Form, Slot};
use crate::sql::walk::{self, Part};
use crate::sql::{Alias, Expr, From, Operator, Reference, Select};
use model::Value;
use model::schema::{Cardinality, Relation};

impl Proof<'_> {
    /// Whether an expression holds of just the rows of an alias of which a condition does.
    pub(super) fn means(&self, condition: &Argument, expr: &Expr, place: (usize, Alias)) -> bool {
        let Argument::Object(members) = condition else {
            return false;
        };
        each(members, expr, |(name, member), expr| {
            self.means_member(name, member, expr, place)
        })
    }

    fn means_member(
        &self,
        name: &str,
        member: &Argument,
        expr: &Expr,
        (table, alias): (usize, Alias),
    ) -> bool {
        let declared = &self.schema.tables[table];
        match (name, member, expr) {
            ("and", Argument::List(items), Expr::And(parts))
            | ("or", Argument::List(items), Expr::Or(parts)) => {
                let mut pairs = items.iter().zip(parts);
                items.len() == parts.len()
                    && pairs.all(|(item, part)| self.means(item, part, (table, alias)))
            }
            ("not", _, Expr::Not(inner)) => self.means(member, inner, (table, alias)),
            ("and" | "or" | "not", ..) => false,
            ("compare", _, _) => self.compares(member, expr, (table, alias)),
            _ => {
                let columns = &mut declared.columns.iter();
                if let Some(column) = columns.position(|column| column.field == name) {
                    let reference = Reference::new(alias, table, column);
                    return self.means_comparisons(member, expr, reference);
                }
                let relations = &mut declared.relations.iter();
                let relation = relations.find(|relation| relation.field == name);
                relation.is_some_and(|relation| {
                    self.means_through(relation, member, expr, (table, alias))
                })
            }
        }
    }

    /// Comparisons of one column: that it is compared, how, and with what.
    fn means_comparisons(&self, member: &Argument, expr: &Expr, column: Reference) -> bool {
        let Argument::Object(members) = member else {
            return false;
        };
        each(members, expr, |(name, value), expr| match value {
            Argument::List(paths) if name.as_ref() == "path" => {
                self.means_paths(paths, expr, column)
            }
            _ => !has_place(expr) && self.means_value(name, value, expr, column),
        })
    }

    /// One comparison of a column, or of a place in it.
    pub(super) fn means_value(
        &self,
        name: &str,
        value: &Argument,
        expr: &Expr,
        column: Reference,
    ) -> bool {
        let Argument::Leaf(source) = value else {
            return false;
        };
        let Some(form) = as_said(name, expr) else {
            return false;
        };
        is_about(expr, column)
            && match (name, source) {
                ("isNull" | "isEmpty", Source::Constant(Value::Boolean(wanted)))
                    if !matches!(expr, Expr::Compare(..)) =>
                {
                    matches!(expr, Expr::Not(_)) != *wanted
                }
                _ => self.is_given(expr, source, form),
            }
    }

    /// Whether what an expression compares with comes from a source, and from nowhere else.
    fn is_given(&self, expr: &Expr, source: &Source, is_form: fn(&Form) -> bool) -> bool {
        let mut indexes = Vec::new();
        parameters(expr, &mut indexes);
        let of_source = |given: &Source| match source {
            Source::Constant(Value::List(items)) => {
                given == source || matches!(given, Source::Constant(item) if items.contains(item))
            }
            Source::List(items) => given == source || items.contains(given),
            _ => given == source || *given == Source::List(vec![source.clone()]),
        };
        let fits = |index: &usize| match self.slots.get(*index) {
            Some(Slot::Bound(Binding { source, form, .. })) => of_source(source) && is_form(form),
            _ => false,
        };
        let positive = match expr {
            Expr::Not(inner) => inner,
            other => other,
        };
        let no_items = matches!(positive, Expr::OneOf(_, items) if items.is_empty())
            && self.variables.list_length(source) == Some(0);
        (no_items || !indexes.is_empty())
            && indexes.iter().all(fits)
            && self.has_all(source, &indexes)
    }

    /// Whether each item of a list is given by one of some parameters: a list that lacks one excludes
    /// less than it should.
    fn has_all(&self, source: &Source, indexes: &[usize]) -> bool {
        let given = |index: &usize| match self.slots.get(*index) {
            Some(Slot::Bound(Binding { source, .. })) => Some(source),
            _ => None,
        };
        let has = |is: &dyn Fn(&Source) -> bool| {
            let mut given = indexes.iter().filter_map(given);
            given.any(|given| given == source || is(given))
        };
        match source {
            Source::Constant(Value::List(items)) => items.iter().all(|item| {
                has(&|given| matches!(given, Source::Constant(given) if given == item))
            }),
            Source::List(items) => items.iter().all(|item| has(&|given| given == item)),
            _ => true,
        }
    }

    /// A condition through a relation: rows of just that relation, of which it holds.
    fn means_through(
        &self,
        relation: &Relation,
        member: &Argument,
        expr: &Expr,
        place: (usize, Alias),
    ) -> bool {
        if relation.cardinality != Cardinality::Many {
            let inner = exists(expr);
            return inner.is_some_and(|select| {
                leads(relation, select, place, |expr, place| {
                    self.means(member, expr, place)
                })
            });
        }
        let Argument::Object(quantifiers) = member else {
            return false;
        };
        let one = |(name, condition): &(Box<str>, Argument), expr: &Expr| {
            let (expr, holds) = match (&**name, expr) {
                ("some", expr) => (expr, true),
                ("none", Expr::Not(inner)) => (&**inner, true),
                ("every", Expr::Not(inner)) => (&**inner, false),
                _ => return false,
            };
            let inner = exists(expr);
            inner.is_some_and(|select| {
                leads(relation, select, place, |expr, place| match expr {
                    Expr::IsNotTrue(inner) if !holds => self.means(condition, inner, place),
                    _ => holds && self.means(condition, expr, place),
                })
            })
        };
        each(quantifiers, expr, one)
    }

    /// Columns of the row compared with each other.
    fn compares(&self, member: &Argument, expr: &Expr, (table, alias): (usize, Alias)) -> bool {
        let Argument::Object(members) = member else {
            return false;
        };
        let columns = &self.schema.tables[table].columns;
        let mut expected = Vec::new();
        for (name, comparisons) in members {
            let Argument::Object(comparisons) = comparisons else {
                return false;
            };
            for (operator, other) in comparisons {
                let left = columns.iter().position(|column| column.field == **name);
                let right = columns.iter().position(|column| {
                    matches!(other, Argument::Word(word) if column_name(&column.field) == **word)
                });
                let (Some(left), Some(right)) = (left, right) else {
                    return false;
                };
                expected.push((&**operator, left, right));
            }
        }
        let mut found = Vec::new();
        flat(expr, &mut found);
        let reference = |column| Reference::new(alias, table, column);
        found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(expr, (operator, left, right))| match expr {
                    Expr::Compare(by, one, other) => {
                        symbol(operator) == Some(*by)
                            && is_about(one, reference(left))
                            && is_about(other, reference(right))
                    }
                    _ => false,
                })
    }
}

/// Whether each of some members is meant by its part of an expression: of several that is a
/// conjunction, in their order.
pub(super) fn each<M>(members: &[M], expr: &Expr, means: impl Fn(&M, &Expr) -> bool) -> bool {
    match (members, expr) {
        ([only], _) => means(only, expr),
        (all, Expr::And(parts)) if all.len() == parts.len() => {
            let mut pairs = all.iter().zip(parts);
            pairs.all(|(member, part)| means(member, part))
        }
        _ => false,
    }
}

/// Whether a select gives the rows that a relation leads to from a row, of which something holds.
fn leads(
    relation: &Relation,
    select: &Select,
    (table, outer): (usize, Alias),
    holds: impl Fn(&Expr, (usize, Alias)) -> bool,
) -> bool {
    let (near, target) = match (&relation.through, &select.from, select.joins.as_slice()) {
        (None, Some(From::Table(from, alias)), []) if *from == relation.target => {
            ((*alias, *from), *alias)
        }
        (Some(through), Some(From::Table(from, alias)), [join])
            if *from == through.table
                && join.table == relation.target
                && !join.outer
                && join.filter.is_empty() =>
        {
            let pairs = through.columns.iter().map(|(ours, theirs)| {
                let junction = Reference::new(*alias, through.table, *ours);
                (
                    Reference::new(join.alias, relation.target, *theirs),
                    junction,
                )
            });
            if !pairs.eq(join.on.iter().copied()) {
                return false;
            }
            ((*alias, *from), join.alias)
        }
        _ => return false,
    };
    let Some((last, links)) = select.filter.split_last() else {
        return false;
    };
    let expected = relation.columns.iter().map(|(ours, theirs)| {
        let left = Expr::Column(Reference::new(near.0, near.1, *theirs));
        let right = Expr::Column(Reference::new(outer, table, *ours));
        Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
    });
    let is_plain = select.group.is_empty()
        && select.having.is_empty()
        && select.limit.is_none()
        && select.offset.is_none();
    is_plain && expected.eq(links.iter().cloned()) && holds(last, (relation.target, target))
}

/// The select whose rows there must be.
fn exists(expr: &Expr) -> Option<&Select> {
    match expr {
        Expr::Exists(select) => Some(select),
        Expr::IsTrue(inner) => exists(inner),
        _ => None,
    }
}

/// The parts of conjunctions in each other.
fn flat<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|part| flat(part, into)),
        other => into.push(other),
    }
}

/// What a comparison is called. It is told here again: a checker that asked the planner would believe
/// it.
fn symbol(name: &str) -> Option<Operator> {
    Some(match name {
        "eq" => Operator::Equal,
        "ne" => Operator::NotEqual,
        "lt" => Operator::Less,
        "lte" => Operator::LessOrEqual,
        "gt" => Operator::Greater,
        "gte" => Operator::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether an expression is the comparison of that name; if so, which forms its values have.
fn as_said(name: &str, expr: &Expr) -> Option<fn(&Form) -> bool> {
    let any: fn(&Form) -> bool = |form| matches!(form, Form::Plain | Form::Item(_) | Form::Set(_));
    let is_so = match (name, expr) {
        ("isNull", Expr::IsNull(_))
        | ("isEmpty", Expr::IsEmpty(_))
        | ("in", Expr::In(..) | Expr::OneOf(..))
        | ("eq", Expr::JsonEqual(..))
        | ("contains", Expr::JsonContains(..))
        | ("has" | "contains" | "containedBy" | "overlaps", Expr::CompareLists(..))
        | ("ieq", Expr::EqualAnyCase(..)) => true,
        ("isNull" | "isEmpty", Expr::Not(inner)) => {
            matches!(**inner, Expr::IsNull(_) | Expr::IsEmpty(_))
        }
        ("isNull" | "isEmpty", Expr::Compare(Operator::Equal, left, _)) => {
            matches!(**left, Expr::IsNull(_) | Expr::IsEmpty(_))
        }
        ("notIn", Expr::Not(inner)) => matches!(**inner, Expr::In(..) | Expr::OneOf(..)),
        ("ne", Expr::Not(inner)) => {
            matches!(
                **inner,
                Expr::JsonEqual(..) | Expr::Compare(Operator::Equal, ..)
            )
        }
        ("hasKey", Expr::JsonHasKey(..)) => {
            return Some(|form| matches!(form, Form::Plain | Form::MemberPath));
        }
        (_, Expr::Compare(operator, ..)) => symbol(name) == Some(*operator),
        _ => return likeness(name, expr),
    };
    is_so.then_some(any)
}

fn likeness(name: &str, expr: &Expr) -> Option<fn(&Form) -> bool> {
    match (name, expr) {
        ("like", Expr::Like(..)) | ("ilike", Expr::LikeAnyCase(..)) => {
            Some(|form| matches!(form, Form::Pattern))
        }
        // SQLite looks for what the pattern begins with, too.
        ("like", Expr::And(parts))
            if matches!(parts.as_slice(), [Expr::BeginsLike(..), Expr::Like(..)]) =>
        {
            Some(|form| matches!(form, Form::Pattern | Form::Prefix))
        }
        ("startsWith", Expr::BeginsLike(..)) | ("istartsWith", Expr::LikeAnyCase(..)) => {
            Some(|form| matches!(form, Form::StartsWith))
        }
        ("endsWith", Expr::Like(..)) | ("iendsWith", Expr::LikeAnyCase(..)) => {
            Some(|form| matches!(form, Form::EndsWith))
        }
        ("contains", Expr::Like(..)) | ("icontains", Expr::LikeAnyCase(..)) => {
            Some(|form| matches!(form, Form::Contains))
        }
        _ => None,
    }
}

/// Whether an expression looks at that column, and at no other.
fn is_about(expr: &Expr, column: Reference) -> bool {
    let mut found = Vec::new();
    let is_flat = columns(expr, &mut found);
    is_flat && !found.is_empty() && found.iter().all(|found| *found == column)
}

/// The columns in an expression; whether there is no select in it.
fn columns(expr: &Expr, found: &mut Vec<Reference>) -> bool {
    if let Expr::Column(reference) = expr {
        found.push(*reference);
    }
    let mut is_flat = !matches!(expr, Expr::Excluded(..) | Expr::Search(..) | Expr::Row(_));
    walk::parts(expr, &mut |part| match part {
        Part::Expr(inner) => is_flat &= columns(inner, found),
        Part::Select(_) => is_flat = false,
    });
    is_flat
}

/// The parameters in an expression without selects.
fn parameters(expr: &Expr, found: &mut Vec<usize>) {
    match expr {
        Expr::Parameter(index) => found.push(*index),
        Expr::In(_, list) => found.push(list.index),
        _ => {}
    }
    walk::parts(expr, &mut |part| {
        if let Part::Expr(inner) = part {
            parameters(inner, found);
        }
    });
}
