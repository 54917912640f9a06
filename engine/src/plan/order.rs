//! `orderBy` inputs as a total order: what was asked for, then the primary key.

use super::planner::Planner;
use super::read::Scope;
use crate::input::Argument;
use crate::sql::{self, Alias, Cast, Direction, Expr, Order, Reference};
use apollo_compiler::executable::Field;
use model::schema::{Cardinality, Schema};
use model::{Codec, Fault, Scalar};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// One criterion of an order: a column, or a figure over a list.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    /// The fields that lead to it from the table, with points between them.
    pub(crate) path: String,
    pub(crate) expr: Expr,
    /// What a cursor holds of it, and how.
    pub(crate) shown: Expr,
    pub(crate) codec: Codec,
    pub(crate) scalar: Scalar,
    /// How a cursor's value is converted before it is compared.
    pub(crate) cast: Option<Cast>,
    pub(crate) direction: Direction,
    pub(crate) nullable: bool,
}

impl Sort {
    fn of_column(
        schema: &Schema,
        path: String,
        reference: Reference,
        (direction, outer): (Direction, bool),
    ) -> Self {
        let column = &schema.tables[reference.table].columns[reference.column];
        Self {
            path,
            expr: sql::sortable(schema, reference),
            shown: sql::readable(schema, reference),
            codec: sql::codec(schema, column),
            scalar: column.scalar,
            cast: sql::parameter_cast(schema, column),
            direction,
            nullable: outer || column.nullable,
        }
    }

    /// As an item of `ORDER BY`.
    pub(crate) fn order(&self) -> Order {
        Order {
            expr: self.expr.clone(),
            direction: self.direction,
            nullable: self.nullable,
        }
    }

    /// The same criterion the other way round.
    pub(crate) fn reversed(&self) -> Self {
        Self {
            direction: self.direction.reversed(),
            ..self.clone()
        }
    }
}

/// Where objects of one member each lead from a table, through relations to one row.
pub(crate) struct Way<'i> {
    /// The fields on the way, the last one included, with points between them.
    pub(crate) path: String,
    /// The table of the last field.
    pub(crate) alias: Alias,
    pub(crate) table: usize,
    /// The last field and what is given for it.
    name: &'i str,
    pub(crate) member: &'i Argument,
    /// Whether there may be no row at the end.
    pub(crate) outer: bool,
}

impl Way<'_> {
    /// The column the last field is.
    pub(crate) fn column(&self, schema: &Schema) -> Option<Reference> {
        let columns = &schema.tables[self.table].columns;
        let column = columns.iter().position(|known| known.field == self.name)?;
        Some(Reference::new(self.alias, self.table, column))
    }
}

impl Planner<'_> {
    /// The order a field asks for, made total by the primary key.
    pub(crate) fn sorts(&mut self, field: &Field, scope: &mut Scope) -> Result<Vec<Sort>, Fault> {
        let order = self.given(field, "orderBy")?;
        self.sorts_of(field, order.as_ref(), scope)
    }

    /// The same of an argument that is read already.
    pub(crate) fn sorts_of(
        &mut self,
        field: &Field,
        order: Option<&Argument>,
        scope: &mut Scope,
    ) -> Result<Vec<Sort>, Fault> {
        let mut sorts: Vec<Sort> = Vec::new();
        if let Some(Argument::List(items)) = order {
            for item in items {
                let sort = self.sort(scope, item);
                let sort = sort.map_err(|message| self.wrong(field, "orderBy", &message))?;
                if sorts.iter().all(|known| known.path != sort.path) {
                    sorts.push(sort);
                }
                self.bound_order(field, sorts.len())?;
                self.bound_select(field, scope)?;
            }
        }
        let key = self.key_sorts(scope);
        let missing: Vec<_> = key
            .into_iter()
            .filter(|sort| sorts.iter().all(|known| known.path != sort.path))
            .collect();
        sorts.extend(missing);
        Ok(sorts)
    }

    /// The primary key, ascending.
    pub(crate) fn key_sorts(&self, scope: &Scope) -> Vec<Sort> {
        let table = &self.schema.tables[scope.table];
        let key = table.key.iter().map(|column| {
            let path = table.columns[*column].field.clone();
            let ascending = (Direction::ASCENDING, false);
            Sort::of_column(self.schema, path, scope.reference(*column), ascending)
        });
        key.collect()
    }

    fn sort(&mut self, scope: &mut Scope, item: &Argument) -> Result<Sort, String> {
        let way = self.way(scope, item)?;
        if let Some(reference) = way.column(self.schema) {
            let direction = direction(way.member).ok_or("expected a direction")?;
            let how = (direction, way.outer);
            return Ok(Sort::of_column(self.schema, way.path, reference, how));
        }
        let list = way.name.strip_suffix("Aggregate");
        let mut relations = self.schema.tables[way.table].relations.iter();
        let relation = relations.find(|known| {
            known.cardinality == Cardinality::Many && Some(known.field.as_str()) == list
        });
        let relation =
            relation.ok_or_else(|| format!("{} is not a column or relation", way.path))?;
        self.figure_sort(&way, relation)
    }

    /// Follows objects of one member each, joining the relations to one row on the way.
    pub(crate) fn way<'i>(
        &mut self,
        scope: &mut Scope,
        item: &'i Argument,
    ) -> Result<Way<'i>, String> {
        let (name, member) = only(item)?;
        let mut way = Way {
            path: name.to_string(),
            alias: scope.alias,
            table: scope.table,
            name,
            member,
            outer: false,
        };
        loop {
            let relations = &self.schema.tables[way.table].relations;
            let forward = relations.iter().position(|known| {
                known.cardinality != Cardinality::Many && known.field == way.name
            });
            let Some(index) = forward else {
                return Ok(way);
            };
            let (name, member) =
                only(way.member).map_err(|message| format!("{}: {message}", way.path))?;
            way.alias = self.join_relation(scope, way.alias, (way.table, index));
            way.table = relations[index].target;
            way.outer |= relations[index].cardinality == Cardinality::Maybe;
            way.path = format!("{}.{name}", way.path);
            (way.name, way.member) = (name, member);
        }
    }

    /// A mark that two cursors share just when their orders are the same.
    pub(crate) fn order_mark(&self, table: usize, sorts: &[Sort]) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.schema.tables[table].type_name);
        for sort in sorts {
            let Direction {
                descending,
                nulls_first,
            } = sort.direction;
            let (of, path) = (&self.schema.tables[table].type_name, &sort.path);
            hash.update(format!("\n{of}.{path} {descending} {nulls_first}"));
        }
        let digest = hash.finalize();
        digest.iter().take(6).fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").map_or_else(|_| String::new(), |()| text)
        })
    }
}

/// The one member of an object.
pub(crate) fn only(item: &Argument) -> Result<(&str, &Argument), String> {
    let Argument::Object(members) = item else {
        return Err("expected an object with one member, found null".to_owned());
    };
    match members.as_slice() {
        [(name, member)] => Ok((name, member)),
        _ => Err("expected exactly one member".to_owned()),
    }
}

/// The direction a word stands for.
pub(crate) fn direction(argument: &Argument) -> Option<Direction> {
    let Argument::Word(word) = argument else {
        return None;
    };
    let (descending, nulls_first) = match &**word {
        "ASC" | "ASC_NULLS_LAST" => (false, false),
        "ASC_NULLS_FIRST" => (false, true),
        "DESC" | "DESC_NULLS_FIRST" => (true, true),
        "DESC_NULLS_LAST" => (true, false),
        _ => return None,
    };
    Some(Direction {
        descending,
        nulls_first,
    })
}
