//! `where` inputs as conditions. Errors are the rest of a sentence about the argument.

mod compare;
mod json;
mod list;

use super::planner::Planner;
use super::statement::cast;
use super::{Binding, Form, Slot};
use crate::input::{Argument, Source, Strict, item_or_last, list_places};
use crate::names::api::SEARCH;
use crate::sql::{self, Alias, Cast, Expr, Operator, Reference};
use model::schema::{Cardinality, Column, Relation};
use model::{Dialect, Parameter, Scalar, Value};

/// Most items of a list where each is a parameter; MariaDB takes 65,535 in a statement.
const LIST_ITEMS_MAX: usize = 16_384;

/// Why a condition of a write is refused that would hold for rows nobody named.
const NOTHING: &str = "nothing is compared, so more rows would be changed than are named; \
     is a variable or a condition missing?";

/// Most relations that a condition lets a database join to what they narrow; what stands behind
/// one more is looked up. Ways to join are many: to choose one takes PostgreSQL seconds with a
/// hundred relations, and MariaDB with eight.
const JOINED_MAX: usize = 4;

/// The left side of comparisons, and what its right sides are like.
pub(crate) struct Operand {
    /// For `=`, `<`, `IN`.
    pub(crate) compared: Expr,
    /// For `LIKE`.
    pub(crate) text: Expr,
    pub(crate) scalar: Scalar,
    pub(crate) cast: Option<Cast>,
}

impl Planner<'_> {
    /// A `where` object as one condition on a table.
    pub(crate) fn condition(
        &mut self,
        argument: &Argument,
        table: usize,
        alias: Alias,
    ) -> Result<Expr, String> {
        self.joined = 0;
        self.all_of(argument, table, alias)
    }

    fn all_of(&mut self, argument: &Argument, table: usize, alias: Alias) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected an object of conditions, found null".to_owned());
        };
        let mut parts = Vec::with_capacity(members.len());
        for (name, member) in members {
            let part = self.member(name, member, table, alias);
            parts.push(part.map_err(|message| format!("{name}: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn member(
        &mut self,
        name: &str,
        member: &Argument,
        table: usize,
        alias: Alias,
    ) -> Result<Expr, String> {
        match name {
            "and" => Ok(Expr::And(self.conditions(member, table, alias)?)),
            "or" => Ok(Expr::Or(self.conditions(member, table, alias)?)),
            "not" => {
                let condition = self.telling_condition(member, table, alias)?;
                Ok(Expr::Not(Box::new(condition)))
            }
            "compare" => self.compared_columns(member, table, alias),
            SEARCH if self.schema.tables[table].search.is_some() => {
                let Argument::Leaf(words) = member else {
                    return Err("expected words to look for, found null".to_owned());
                };
                Ok(self.search(words, table, alias))
            }
            _ => {
                let declared = &self.schema.tables[table];
                if let Some(column) = declared
                    .columns
                    .iter()
                    .position(|known| known.field == name)
                {
                    let reference = Reference::new(alias, table, column);
                    let declared = &declared.columns[column];
                    if declared.list {
                        return self.list_conditions(member, reference);
                    }
                    if declared.scalar == Scalar::Json {
                        return self.json_conditions(member, reference);
                    }
                    let operand = self.column_operand(reference);
                    return self.comparisons(member, &operand);
                }
                let relation = declared.relations.iter().find(|known| known.field == name);
                let relation = relation.ok_or("there is no such column or relation")?;
                self.through_relation(member, relation, table, alias)
            }
        }
    }

    fn search(&mut self, source: &Source, table: usize, alias: Alias) -> Expr {
        let parameter = Parameter {
            scalar: Scalar::String,
            list: false,
        };
        let form = Form::Search(self.schema.dialect);
        let words = self.draft.parameter(parameter, source.clone(), form);
        Expr::Search(alias, table, words)
    }

    fn conditions(
        &mut self,
        argument: &Argument,
        table: usize,
        alias: Alias,
    ) -> Result<Vec<Expr>, String> {
        let Argument::List(items) = argument else {
            return Err("expected a list of conditions, found null".to_owned());
        };
        self.refuse_nothing(items.is_empty())?;
        items
            .iter()
            .map(|item| self.telling_condition(item, table, alias))
            .collect()
    }

    /// A condition that tells rows apart: an empty one holds for every row, which in a write only
    /// `where: {}` itself may say.
    fn telling_condition(
        &mut self,
        argument: &Argument,
        table: usize,
        alias: Alias,
    ) -> Result<Expr, String> {
        match argument {
            Argument::Object(members)
                if self.strict == Strict::Everywhere && members.is_empty() =>
            {
                Err(NOTHING.to_owned())
            }
            _ => self.all_of(argument, table, alias),
        }
    }

    fn through_relation(
        &mut self,
        member: &Argument,
        relation: &Relation,
        table: usize,
        alias: Alias,
    ) -> Result<Expr, String> {
        if relation.cardinality != Cardinality::Many {
            return self.exists(alias, table, relation, |planner, inner| {
                // A partner that is always there tells nothing.
                match relation.cardinality {
                    Cardinality::One => planner.telling_condition(member, relation.target, inner),
                    _ => planner.all_of(member, relation.target, inner),
                }
            });
        }
        let Argument::Object(quantifiers) = member else {
            return Err("expected some, every or none, found null".to_owned());
        };
        self.refuse_nothing(quantifiers.is_empty())?;
        let mut parts = Vec::with_capacity(quantifiers.len());
        for (quantifier, condition) in quantifiers {
            let exists = self.exists(alias, table, relation, |planner, inner| {
                let target = relation.target;
                if &**quantifier != "every" {
                    return planner.all_of(condition, target, inner);
                }
                let condition = planner.telling_condition(condition, target, inner)?;
                Ok(Expr::IsNotTrue(Box::new(condition)))
            });
            let exists = exists.map_err(|message| format!("{quantifier}: {message}"))?;
            parts.push(match &**quantifier {
                "some" => exists,
                _ => Expr::Not(Box::new(exists)),
            });
        }
        Ok(conjunction(parts))
    }

    fn exists(
        &mut self,
        alias: Alias,
        table: usize,
        relation: &Relation,
        condition: impl FnOnce(&mut Self, Alias) -> Result<Expr, String>,
    ) -> Result<Expr, String> {
        let beside = self.joined;
        let is_joined = beside < JOINED_MAX;
        self.joined = if is_joined { beside + 1 } else { 0 };
        let mut scope = self.related(alias, table, relation);
        let condition = condition(self, scope.alias)?;
        scope.select.filter.push(condition);
        let exists = Expr::Exists(Box::new(scope.select));
        if is_joined {
            return Ok(exists);
        }
        self.joined = beside;
        Ok(Expr::IsTrue(Box::new(exists)))
    }

    fn column_operand(&self, reference: Reference) -> Operand {
        let schema = self.schema;
        let column: &Column = &schema.tables[reference.table].columns[reference.column];
        Operand {
            compared: sql::comparable(schema, reference),
            text: sql::readable(schema, reference),
            scalar: column.scalar,
            cast: sql::parameter_cast(schema, column),
        }
    }

    /// All comparisons of a filter object on one operand.
    pub(crate) fn comparisons(
        &mut self,
        argument: &Argument,
        operand: &Operand,
    ) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected comparisons, found null; to look for null use isNull".to_owned());
        };
        self.refuse_nothing(members.is_empty())?;
        let mut parts = Vec::with_capacity(members.len());
        for (name, value) in members {
            let source = leaf(name, value)?;
            parts.push(self.comparison(name, source, operand)?);
        }
        Ok(conjunction(parts))
    }

    /// Refuses a comparison with nothing in the `where` of a write.
    fn refuse_nothing(&self, is_empty: bool) -> Result<(), String> {
        if self.strict == Strict::Everywhere && is_empty {
            return Err(NOTHING.to_owned());
        }
        Ok(())
    }

    fn comparison(
        &mut self,
        name: &str,
        source: &Source,
        operand: &Operand,
    ) -> Result<Expr, String> {
        Ok(match name {
            "isNull" => self.is_null(source, &operand.compared),
            "in" => self.membership(source, operand)?,
            "notIn" => Expr::Not(Box::new(self.membership(source, operand)?)),
            "like" => self.like(source, operand, &Form::Pattern),
            "startsWith" => self.like(source, operand, &Form::StartsWith),
            "endsWith" => self.like(source, operand, &Form::EndsWith),
            "contains" => self.like(source, operand, &Form::Contains),
            "ilike" => self.like_any_case(source, operand, Form::Pattern),
            "istartsWith" => self.like_any_case(source, operand, Form::StartsWith),
            "iendsWith" => self.like_any_case(source, operand, Form::EndsWith),
            "icontains" => self.like_any_case(source, operand, Form::Contains),
            "ieq" => {
                let value = self.pattern(source, Form::Plain);
                Expr::EqualAnyCase(Box::new(operand.text.clone()), Box::new(value))
            }
            _ => {
                let operator = operator(name).ok_or("there is no such comparison")?;
                let value = self.operand_value(source, operand);
                compared(operator, operand, value)
            }
        })
    }

    fn operand_value(&mut self, source: &Source, operand: &Operand) -> Expr {
        let parameter = Parameter {
            scalar: operand.scalar,
            list: false,
        };
        let value = self.draft.parameter(parameter, source.clone(), Form::Plain);
        cast(Expr::Parameter(value), operand.cast.clone())
    }

    fn is_null(&mut self, source: &Source, value: &Expr) -> Expr {
        self.is_so(source, Expr::IsNull(Box::new(value.clone())))
    }

    /// Whether a condition is as true or false as it is said to be.
    fn is_so(&mut self, source: &Source, condition: Expr) -> Expr {
        match source {
            Source::Constant(Value::Boolean(true)) => condition,
            Source::Constant(Value::Boolean(false)) => Expr::Not(Box::new(condition)),
            source => {
                let parameter = Parameter {
                    scalar: Scalar::Boolean,
                    list: false,
                };
                let wanted = self.draft.parameter(parameter, source.clone(), Form::Plain);
                let wanted = Box::new(Expr::Parameter(wanted));
                Expr::Compare(Operator::Equal, Box::new(condition), wanted)
            }
        }
    }

    fn membership(&mut self, source: &Source, operand: &Operand) -> Result<Expr, String> {
        if self.schema.dialect == Dialect::Mariadb {
            return self.one_of(source, operand);
        }
        let parameter = Parameter {
            scalar: operand.scalar,
            list: true,
        };
        let slot = Slot::Bound(Binding {
            parameter,
            source: source.clone(),
            form: Form::Plain,
        });
        let list = sql::ListParameter {
            index: self.draft.slot(parameter, slot),
            cast: operand.cast.clone(),
            column: 0,
            bytes: operand.scalar == Scalar::Bytes,
        };
        Ok(Expr::In(Box::new(operand.compared.clone()), list))
    }

    /// Membership where there are no list parameters: a parameter for each item. The plan is
    /// shared by lists of up to the next power of two; those that are shorter end with their last
    /// item several times.
    fn one_of(&mut self, source: &Source, operand: &Operand) -> Result<Expr, String> {
        let length = self.variables.list_length(source);
        let length = length.ok_or("expected a list")?;
        if length > LIST_ITEMS_MAX {
            return Err(format!(
                "a list has at most {LIST_ITEMS_MAX} items on MariaDB, this one has {length}"
            ));
        }
        let parameter = Parameter {
            scalar: operand.scalar,
            list: false,
        };
        let items = (0..list_places(length)).map(|index| {
            let (source, form) = item(source, index);
            let item = self.draft.parameter(parameter, source, form);
            cast(Expr::Parameter(item), operand.cast.clone())
        });
        Ok(Expr::OneOf(
            Box::new(operand.compared.clone()),
            items.collect(),
        ))
    }

    fn like(&mut self, source: &Source, operand: &Operand, form: &Form) -> Expr {
        let text = || Box::new(operand.text.clone());
        let begins = |pattern| Expr::BeginsLike(text(), Box::new(pattern));
        let pattern = self.pattern(source, form.clone());
        match form {
            Form::StartsWith => begins(pattern),
            // SQLite's own LIKE finds the rows by an index, our function none.
            Form::Pattern if self.schema.dialect == Dialect::Sqlite => {
                let prefix = self.pattern(source, Form::Prefix);
                let like = Expr::Like(text(), Box::new(pattern));
                Expr::And(vec![begins(prefix), like])
            }
            _ => Expr::Like(text(), Box::new(pattern)),
        }
    }

    fn like_any_case(&mut self, source: &Source, operand: &Operand, form: Form) -> Expr {
        let pattern = self.pattern(source, form);
        Expr::LikeAnyCase(Box::new(operand.text.clone()), Box::new(pattern))
    }

    fn pattern(&mut self, source: &Source, form: Form) -> Expr {
        let parameter = Parameter {
            scalar: Scalar::String,
            list: false,
        };
        Expr::Parameter(self.draft.parameter(parameter, source.clone(), form))
    }
}

/// A comparison by an operator; PostGIS has no `<>` for its shapes.
fn compared(operator: Operator, operand: &Operand, value: Expr) -> Expr {
    let compare = |operator| {
        let left = Box::new(operand.compared.clone());
        Expr::Compare(operator, left, Box::new(value))
    };
    match (operator, &operand.cast) {
        (Operator::NotEqual, Some(Cast::Native(native))) if native == "geometry" => {
            Expr::Not(Box::new(compare(Operator::Equal)))
        }
        _ => compare(operator),
    }
}

/// Where an item of a list comes from: itself where it stands in the document, else the list.
fn item(list: &Source, index: usize) -> (Source, Form) {
    let own = match list {
        Source::Constant(Value::List(items)) => {
            item_or_last(items, index).cloned().map(Source::Constant)
        }
        Source::List(items) => item_or_last(items, index).cloned(),
        Source::Constant(_) | Source::Variable(..) | Source::Document(_) | Source::Kept { .. } => {
            None
        }
    };
    match own {
        Some(source) => (source, Form::Plain),
        None => (list.clone(), Form::Item(index)),
    }
}

/// The value of a comparison.
fn leaf<'a>(name: &str, value: &'a Argument) -> Result<&'a Source, String> {
    match value {
        Argument::Leaf(source) => Ok(source),
        _ => Err(format!(
            "{name}: null compares with nothing; to look for null use isNull"
        )),
    }
}

fn operator(name: &str) -> Option<Operator> {
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

/// Conditions that must all hold, without needless nesting.
pub(crate) fn conjunction(mut parts: Vec<Expr>) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            Expr::And(parts)
        }
        None => Expr::And(parts),
    }
}
