//! What one operation may make a database do: bounds on conditions, orders and joins.

use super::planner::Planner;
use super::read::Scope;
use crate::input::Argument;
use crate::names::api::SEARCH;
use apollo_compiler::executable::Field;
use model::schema::{Cardinality, Schema};
use model::{Fault, Kind};

/// What a search for words costs, in comparisons.
const SEARCH_COST: usize = 20;

/// Where a condition stands.
#[derive(Clone, Copy)]
struct Level {
    /// The table it is about; figures of groups are about none.
    table: Option<usize>,
    /// How many conditions are around it.
    depth: usize,
    /// How many relations lead to it.
    relations: usize,
}

/// The conditions of one argument.
#[derive(Default)]
struct Extent {
    comparisons: usize,
    relations: usize,
    depth: usize,
    relation_depth: usize,
}

impl Planner<'_> {
    /// An argument that holds conditions on a table, or on figures of groups: refused before any
    /// of it is planned where it holds too many, or nests them too deep.
    pub(crate) fn condition_argument(
        &mut self,
        field: &Field,
        name: &str,
        table: Option<usize>,
    ) -> Result<Option<Argument>, Fault> {
        let argument = self.given(field, name)?;
        if let Some(argument) = &argument {
            self.bound_condition(field, argument, table)?;
        }
        Ok(argument)
    }

    /// Refuses a condition that holds too many, or nests them too deep.
    pub(crate) fn bound_condition(
        &mut self,
        field: &Field,
        condition: &Argument,
        table: Option<usize>,
    ) -> Result<(), Fault> {
        let mut extent = Extent::default();
        let level = Level {
            table,
            depth: 1,
            relations: 0,
        };
        extent.condition(self.schema, condition, level);
        self.conditions.0 += extent.comparisons;
        self.conditions.1 += extent.relations;
        self.bound_conditions(field, &extent)
    }

    fn bound_conditions(&self, field: &Field, extent: &Extent) -> Result<(), Fault> {
        let config = self.config;
        let (comparisons, relations) = self.conditions;
        let most = config.conditions_max;
        self.at_most(field, "engine.conditions", (comparisons, most), || {
            format!("the operation has more than {most} conditions")
        })?;
        let most = config.condition_relations_max;
        let code = "engine.condition_relations";
        self.at_most(field, code, (relations, most), || {
            format!("the conditions of the operation lead through more than {most} relations")
        })?;
        let most = config.condition_depth_max;
        self.at_most(
            field,
            "engine.condition_depth",
            (extent.depth, most),
            || format!("conditions are nested deeper than {most}"),
        )?;
        let most = config.relation_depth_max;
        let deepest = (extent.relation_depth, most);
        self.at_most(field, "engine.relation_depth", deepest, || {
            format!("a condition leads through more than {most} relations, one below the other")
        })
    }

    /// Refuses an order of too many columns.
    pub(crate) fn bound_order(&self, field: &Field, columns: usize) -> Result<(), Fault> {
        let most = self.config.order_columns_max;
        self.at_most(field, "engine.order_columns", (columns, most), || {
            format!("the order has more than {most} columns")
        })
    }

    /// Refuses groups by too many columns, which are also the order of the groups.
    pub(crate) fn bound_groups(&self, field: &Field, columns: usize) -> Result<(), Fault> {
        let most = self.config.order_columns_max;
        self.at_most(field, "engine.order_columns", (columns, most), || {
            format!("groupBy has more than {most} columns")
        })
    }

    /// Refuses a select that joins too many relations, or has too many columns.
    pub(crate) fn bound_select(&self, field: &Field, scope: &Scope) -> Result<(), Fault> {
        let most = self.config.joins_max;
        self.at_most(field, "engine.joins", (scope.joins(), most), || {
            format!("more than {most} relations to one row are joined")
        })?;
        let most = self.config.columns_max;
        let columns = scope.select.columns.len();
        self.at_most(field, "engine.columns", (columns, most), || {
            format!("a row of the result has more than {most} values")
        })
    }

    /// Refuses a tree that needs too many statements.
    pub(crate) fn bound_tree(&self, field: &Field) -> Result<(), Fault> {
        self.bound_apart(field, 0)
    }

    /// The same with so many rows to come, each by a statement of its own.
    pub(crate) fn bound_apart(&self, field: &Field, rows: usize) -> Result<(), Fault> {
        let most = self.config.tree_statements_max;
        let steps = (self.steps() + rows, most);
        self.at_most(field, "engine.tree_statements", steps, || {
            format!("writing through relations takes more than {most} statements")
        })
    }

    fn at_most(
        &self,
        field: &Field,
        code: &'static str,
        (count, most): (usize, usize),
        message: impl FnOnce() -> String,
    ) -> Result<(), Fault> {
        if count <= most {
            return Ok(());
        }
        Err(self.fault(field, code, Kind::Limit, message()))
    }
}

impl Extent {
    /// Takes in a condition object; an empty one costs as much as a comparison.
    fn condition(&mut self, schema: &Schema, argument: &Argument, level: Level) {
        self.depth = self.depth.max(level.depth);
        self.relation_depth = self.relation_depth.max(level.relations);
        let Argument::Object(members) = argument else {
            return self.comparisons += 1;
        };
        self.comparisons += usize::from(members.is_empty());
        for (name, member) in members {
            self.member(schema, name, member, level);
        }
    }

    fn member(&mut self, schema: &Schema, name: &str, member: &Argument, level: Level) {
        let below = Level {
            depth: level.depth + 1,
            ..level
        };
        match (name, member) {
            ("and" | "or", Argument::List(items)) => {
                self.comparisons += usize::from(items.is_empty());
                for item in items {
                    self.condition(schema, item, below);
                }
            }
            ("not", _) => self.condition(schema, member, below),
            (SEARCH, _) if has_search(schema, level.table) => self.comparisons += SEARCH_COST,
            _ => match relation(schema, level.table, name) {
                Some((target, cardinality)) => {
                    let below = Level {
                        table: Some(target),
                        relations: level.relations + 1,
                        ..below
                    };
                    self.through(schema, member, below, cardinality);
                }
                None => self.comparisons += comparisons(member),
            },
        }
    }

    fn through(
        &mut self,
        schema: &Schema,
        member: &Argument,
        below: Level,
        cardinality: Cardinality,
    ) {
        match member {
            Argument::Object(quantifiers) if cardinality == Cardinality::Many => {
                self.comparisons += usize::from(quantifiers.is_empty());
                self.relations += quantifiers.len();
                for (_, condition) in quantifiers {
                    self.condition(schema, condition, below);
                }
            }
            _ => {
                self.relations += 1;
                self.condition(schema, member, below);
            }
        }
    }
}

fn has_search(schema: &Schema, table: Option<usize>) -> bool {
    let table = table.and_then(|table| schema.tables.get(table));
    table.is_some_and(|table| table.search.is_some())
}

/// The relation of that name, as the table it leads to and how many rows.
fn relation(schema: &Schema, table: Option<usize>, name: &str) -> Option<(usize, Cardinality)> {
    let relations = schema.tables.get(table?)?.relations.iter();
    let mut named = relations.filter(|relation| relation.field == name);
    named
        .next()
        .map(|relation| (relation.target, relation.cardinality))
}

/// How many comparisons stand in the filter of a column, or of the figures of columns.
fn comparisons(argument: &Argument) -> usize {
    match argument {
        Argument::Object(members) => {
            let inside: usize = members.iter().map(|(_, member)| comparisons(member)).sum();
            inside.max(1)
        }
        Argument::List(items) => items.iter().map(comparisons).sum::<usize>().max(1),
        _ => 1,
    }
}
