//! Random aggregates.

use super::Random;
use crate::differential::tables::TABLES;
use verify::catalogue::{Column, Kind, capitalized};
use verify::request::{Field, Given, Input, Node, Selection};

/// The families of figures.
const FAMILIES: [&str; 5] = ["countDistinct", "sum", "avg", "min", "max"];

impl Random<'_> {
    /// `where`, `groupBy`, `having`, `limit`, `offset`.
    pub(super) fn aggregate_arguments(&mut self, table: usize) -> Vec<Given> {
        let declared = &TABLES[table];
        let name = &declared.type_name;
        let mut arguments = Vec::new();
        if self.chance(50) {
            let condition = self.condition(table, 1);
            arguments.push(Given::new("where", format!("{name}Where"), condition));
        }
        if self.chance(65) {
            let columns: Vec<&Column> = declared.sortable().collect();
            let items = (0..self.rng.usize(..4)).map(|_| {
                let column = self.pick(&columns);
                Input::Object(vec![Given::new(
                    column.field,
                    group_type(column.kind),
                    Input::Word("VALUE"),
                )])
            });
            let items = Input::List(format!("{name}GroupBy!"), items.collect());
            arguments.push(Given::new("groupBy", format!("[{name}GroupBy!]"), items));
        }
        if self.chance(40) {
            let having = self.having(table, 0);
            arguments.push(Given::new("having", format!("{name}Having"), having));
        }
        for word in ["limit", "offset"] {
            if self.chance(20) {
                let count = self.rng.usize(..6);
                arguments.push(Given::new(word, "Int", Input::count(count)));
            }
        }
        arguments
    }

    fn having(&mut self, table: usize, depth: usize) -> Input {
        let mut members: Vec<Given> = Vec::new();
        for _ in 0..self.rng.usize(..3) + usize::from(depth == 0) {
            let member = self.having_member(table, depth);
            if members.iter().all(|known| known.name != member.name) {
                members.push(member);
            }
        }
        Input::Object(members)
    }

    fn having_member(&mut self, table: usize, depth: usize) -> Given {
        let type_name = format!("{}Having", TABLES[table].type_name);
        if depth < 2 && self.chance(25) {
            if self.chance(30) {
                return Given::new("not", type_name, self.having(table, depth + 1));
            }
            let name = if self.rng.bool() { "and" } else { "or" };
            let items = (0..self.rng.usize(..3)).map(|_| self.having(table, depth + 1));
            let items = Input::List(format!("{type_name}!"), items.collect());
            return Given::new(name, format!("[{type_name}!]"), items);
        }
        let family = self.pick(&FAMILIES);
        let columns = columns(table, family);
        if columns.is_empty() || self.chance(25) {
            let filter = self.filter(Kind::Int, &mut |random| random.number(Kind::Int));
            return Given::new("count", "IntFilter", filter);
        }
        let (column, result) = self.pick(&columns);
        let position = TABLES[table].column(column.field);
        let filter = self.filter(result, &mut |random| match position {
            // An extreme is a value of the column, and a sum often is one.
            Some(position) if result == column.kind => random.value(table, position),
            _ => random.number(result),
        });
        let member = Given::new(column.field, format!("{result}Filter"), filter);
        let type_name = format!("{}{}Having", TABLES[table].type_name, capitalized(family));
        Given::new(family, type_name, Input::Object(vec![member]))
    }

    /// What is selected of groups.
    pub(super) fn figures(&mut self, table: usize, arguments: &[Given]) -> Vec<Selection> {
        let mut selections: Vec<Selection> = Vec::new();
        let groups = groups(arguments);
        if !groups.is_empty() && self.chance(80) {
            let inner = groups.iter().map(|name| plain(name).selected());
            let field = Field {
                selections: inner.collect(),
                ..plain("key")
            };
            selections.push(field.selected());
        }
        for _ in 0..self.rng.usize(1..4) {
            let family = self.pick(&FAMILIES);
            let columns = columns(table, family);
            let field = if columns.is_empty() || self.chance(25) {
                plain(if self.chance(80) {
                    "count"
                } else {
                    "__typename"
                })
            } else {
                let inner = (0..self.rng.usize(1..4)).map(|_| {
                    let field = plain(self.pick(&columns).0.field);
                    self.toggled(Node::Field(field))
                });
                let inner = inner.collect();
                Field {
                    alias: Some(self.alias()),
                    selections: inner,
                    ..plain(family)
                }
            };
            selections.push(self.toggled(Node::Field(field)));
        }
        selections
    }
}

fn plain(name: &str) -> Field {
    Field {
        name: name.to_owned(),
        ..Field::default()
    }
}

/// The enum of the ways a column forms groups.
fn group_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "GroupByDate!",
        Kind::LocalDateTime | Kind::DateTime => "GroupByTime!",
        _ => "GroupByValue!",
    }
}

fn groups(arguments: &[Given]) -> Vec<&str> {
    let given = arguments.iter().find(|given| given.name == "groupBy");
    let items: &[Input] = match given.map(|given| &given.value) {
        Some(Input::List(_, items)) => items,
        _ => &[],
    };
    let names = items.iter().filter_map(|item| match item {
        Input::Object(members) => members.first().map(|member| member.name.as_str()),
        _ => None,
    });
    names.collect()
}

/// The columns a family has figures of, and what they are.
fn columns(table: usize, family: &str) -> Vec<(&'static Column, Kind)> {
    let result = |column: &'static Column| match family {
        "countDistinct" => (column.kind != Kind::Json).then_some(Kind::Int),
        // The sum of these floats depends on the order of the rows.
        "sum" | "avg" if column.field == "weight" => None,
        "sum" => column.kind.sum(),
        "avg" => column.kind.average(),
        _ => column.kind.extreme(),
    };
    let columns = TABLES[table].columns.iter();
    columns
        .filter_map(|column| Some((column, result(column)?)))
        .collect()
}
