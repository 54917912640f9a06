//! Groups: what rows are grouped by, and the key that shows it.

use super::super::planner::Planner;
use super::super::read::Scope;
use super::super::selection::Chosen;
use crate::input::Argument;
use crate::plan::order::Way;
use crate::sql::{self, Bucket, Direction, Expr, Order, Reference, codec};
use apollo_compiler::executable::Field;
use model::schema::Cardinality;
use model::{Cell, Codec, Fault, Kind};

/// A column, or a bucket of one, that rows are grouped by.
pub(crate) struct Group {
    /// The fields that lead to it from the table, with points between them.
    pub(super) path: String,
    pub(super) order: Order,
    grouped: Expr,
    shown: Expr,
    codec: Codec,
}

impl<'a> Planner<'a> {
    /// What `groupBy` names, each once; the rows of the scope are grouped by it.
    pub(super) fn groups(&mut self, field: &Field, scope: &mut Scope) -> Result<Vec<Group>, Fault> {
        let mut groups: Vec<Group> = Vec::new();
        let Some(Argument::List(items)) = self.given(field, "groupBy")? else {
            return Ok(groups);
        };
        for item in &items {
            let group = self.group(scope, item);
            let group = group.map_err(|message| self.wrong(field, "groupBy", &message))?;
            match groups.iter().find(|known| known.path == group.path) {
                None => groups.push(group),
                Some(known) if known.grouped == group.grouped => {}
                Some(_) => {
                    let message = format!("{} is grouped in two ways", group.path);
                    return Err(self.wrong(field, "groupBy", &message));
                }
            }
            self.bound_groups(field, groups.len())?;
            self.bound_select(field, scope)?;
        }
        scope.select.group = groups.iter().map(|group| group.grouped.clone()).collect();
        Ok(groups)
    }

    fn group(&mut self, scope: &mut Scope, item: &Argument) -> Result<Group, String> {
        let way = self.way(scope, item)?;
        let (schema, no_column) = (self.schema, || format!("{} is not a column", way.path));
        let reference = way.column(schema).ok_or_else(no_column)?;
        let Argument::Word(word) = way.member else {
            return Err(format!("{}: expected how it forms groups", way.path));
        };
        Ok(self.group_of(&way, reference, Bucket::from_name(word)))
    }

    fn group_of(&self, way: &Way<'_>, reference: Reference, bucket: Option<Bucket>) -> Group {
        let schema = self.schema;
        let column = &schema.tables[reference.table].columns[reference.column];
        let start = bucket
            .map(|bucket| Expr::Bucket(Box::new(Expr::Column(reference)), bucket, column.scalar));
        let or = |plain: fn(&model::Schema, Reference) -> Expr| {
            start.clone().unwrap_or_else(|| plain(schema, reference))
        };
        Group {
            path: way.path.clone(),
            order: Order {
                expr: or(sql::sortable),
                direction: Direction::ASCENDING,
                nullable: way.outer || column.nullable,
            },
            grouped: or(sql::comparable),
            shown: or(sql::readable),
            codec: codec(schema, column),
        }
    }

    /// `key { … }` and the keys of relations in it; `above` is the table, and the path that leads
    /// there with a point behind each of its fields.
    pub(super) fn group_key(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
        (table, above): (usize, &str),
        groups: &[Group],
    ) -> Result<Cell, Fault> {
        let table = &self.schema.tables[table];
        let type_name = format!("{}GroupKey", table.type_name);
        let below = chosen.below();
        let record = self.deeper(chosen.field(), |planner| {
            planner.record_of(scope, &below, &type_name, |planner, scope, member| {
                let path = format!("{above}{}", member.field().name);
                let mut relations = table.relations.iter().filter(|relation| {
                    relation.cardinality != Cardinality::Many
                        && relation.field == member.field().name.as_str()
                });
                if let Some(relation) = relations.next() {
                    let inner = (relation.target, format!("{path}."));
                    return planner.group_key(scope, member, (inner.0, &inner.1), groups);
                }
                let group = groups.iter().find(|group| group.path == path);
                let group = group.ok_or_else(|| planner.not_grouped(member.field(), &path))?;
                Ok(Cell::Scalar {
                    column: scope.select.column(group.shown.clone()),
                    codec: group.codec.clone(),
                })
            })
        })?;
        Ok(Cell::Object {
            present: None,
            record,
        })
    }

    fn not_grouped(&self, field: &Field, path: &str) -> Fault {
        let message = format!("{path} is selected but not in groupBy");
        self.fault(field, "engine.group", Kind::Invalid, message)
    }
}
