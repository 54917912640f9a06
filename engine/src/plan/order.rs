//! `orderBy` inputs as a total order: what was asked for, then the primary key.

use super::planner::Planner;
use super::read::Scope;
use crate::input::Argument;
use crate::sql::{self, Alias, Direction, Expr, Order, Reference};
use apollo_compiler::executable::Field;
use model::Fault;
use model::schema::Cardinality;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// One column of an order.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    pub(crate) reference: Reference,
    pub(crate) expr: Expr,
    pub(crate) direction: Direction,
    pub(crate) nullable: bool,
}

impl Sort {
    /// As an item of `ORDER BY`.
    pub(crate) fn order(&self) -> Order {
        Order {
            expr: self.expr.clone(),
            direction: self.direction,
            nullable: self.nullable,
        }
    }

    /// The same column the other way round.
    pub(crate) fn reversed(&self) -> Self {
        Self {
            direction: self.direction.reversed(),
            ..self.clone()
        }
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
                let (alias, table) = (scope.alias, scope.table);
                let sort = self.sort(scope, (alias, table), item, false);
                let sort = sort.map_err(|message| self.wrong(field, "orderBy", &message))?;
                if sorts.iter().all(|known| known.reference != sort.reference) {
                    sorts.push(sort);
                }
                self.bound_order(field, sorts.len())?;
                self.bound_select(field, scope)?;
            }
        }
        let key = self.key_sorts(scope);
        let missing: Vec<_> = key
            .into_iter()
            .filter(|sort| sorts.iter().all(|known| known.reference != sort.reference))
            .collect();
        sorts.extend(missing);
        Ok(sorts)
    }

    /// The primary key, ascending.
    pub(crate) fn key_sorts(&self, scope: &Scope) -> Vec<Sort> {
        let key = &self.schema.tables[scope.table].key;
        key.iter()
            .map(|column| {
                let reference = scope.reference(*column);
                Sort {
                    reference,
                    expr: sql::sortable(self.schema, reference),
                    direction: Direction::ASCENDING,
                    nullable: false,
                }
            })
            .collect()
    }

    fn sort(
        &mut self,
        scope: &mut Scope,
        (alias, table): (Alias, usize),
        item: &Argument,
        outer: bool,
    ) -> Result<Sort, String> {
        let Argument::Object(members) = item else {
            return Err("expected an object with one member, found null".to_owned());
        };
        let [(name, member)] = members.as_slice() else {
            return Err("expected exactly one member".to_owned());
        };
        let declared = &self.schema.tables[table];
        if let Some(column) = declared
            .columns
            .iter()
            .position(|known| known.field == **name)
        {
            let reference = Reference::new(alias, table, column);
            return Ok(Sort {
                reference,
                expr: sql::sortable(self.schema, reference),
                direction: direction(member).ok_or("expected a direction")?,
                nullable: outer || declared.columns[column].nullable,
            });
        }
        let relation = declared
            .relations
            .iter()
            .position(|known| known.field == **name);
        let relation = relation.ok_or_else(|| format!("{name} is not a column or relation"))?;
        let partner = self.join(scope, alias, (table, relation));
        let known = &declared.relations[relation];
        let maybe = outer || known.cardinality == Cardinality::Maybe;
        self.sort(scope, (partner, known.target), member, maybe)
            .map_err(|message| format!("{name}: {message}"))
    }

    /// A mark that two cursors share just when their orders are the same.
    pub(crate) fn order_mark(&self, table: usize, sorts: &[Sort]) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.schema.tables[table].type_name);
        for sort in sorts {
            let Reference { table, column, .. } = sort.reference;
            let declared = &self.schema.tables[table];
            let Direction {
                descending,
                nulls_first,
            } = sort.direction;
            hash.update(format!(
                "\n{}.{} {descending} {nulls_first}",
                declared.type_name, declared.columns[column].field
            ));
        }
        let digest = hash.finalize();
        digest.iter().take(6).fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").map_or_else(|_| String::new(), |()| text)
        })
    }
}

fn direction(argument: &Argument) -> Option<Direction> {
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
