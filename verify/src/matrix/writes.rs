//! Values as they go in: every mutation, what it gives back, and what is there afterwards.

use super::{Cell, Check, Content, Expected, Ground, Group, cell, fields, id, narrowed, object};
use crate::bed::PLAIN;
use crate::catalogue::{Kind, capitalized};
use crate::reference;
use crate::request::{Field, Given, Input, Request};
use crate::value::Value;
use crate::world::{Row, World};

/// Rows from this number on are those that are written.
const FIRST: i64 = 1_000;

/// The mutations whose meaning is known, for one row and for many.
const VERBS: [&str; 4] = ["create", "update", "upsert", "delete"];

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let table = ground.table();
    let offered = ground.offered.fields("Mutation").iter();
    let own = offered.filter(|field| field.named() == table.type_name);
    let cells = own.map(|field| {
        let one = field.name.strip_suffix(&*capitalized(&table.singular));
        let many = field.name.strip_suffix(&*capitalized(&table.plural));
        let (verb, shape) = match (one, many) {
            (Some(verb), _) => (verb, "row"),
            (None, Some(verb)) => (verb, "rows"),
            (None, None) => (field.name.as_str(), "row"),
        };
        let content = if VERBS.contains(&verb) {
            Content::Checks(Writing::new(ground).checks(verb, many.is_some() && one.is_none()))
        } else {
            Content::Unknown
        };
        cell(Group::Writes, verb, shape, content)
    });
    cells.collect()
}

/// Rows that are written and removed again, and what is there in between.
struct Writing<'g> {
    ground: &'g Ground<'g>,
    values: Vec<Value>,
    written: Vec<Row>,
    checks: Vec<Check>,
}

impl<'g> Writing<'g> {
    fn new(ground: &'g Ground<'g>) -> Self {
        let mut values = ground.values();
        values.push(Value::Null);
        Self {
            ground,
            values,
            written: Vec::new(),
            checks: Vec::new(),
        }
    }

    fn checks(mut self, verb: &str, many: bool) -> Vec<Check> {
        let values = self.values.clone();
        let turned: Vec<Value> = values.iter().rev().cloned().collect();
        match verb {
            "create" => self.insert("create", many, &values),
            "update" => {
                self.insert("create", true, &values);
                self.update(many, &turned);
            }
            "upsert" => {
                self.insert("upsert", many, &values);
                self.insert("upsert", many, &turned);
            }
            _ => self.insert("create", true, &values),
        }
        if verb == "delete" && !many {
            self.delete_each();
        } else {
            self.delete_all();
        }
        self.checks
    }

    /// Rows with these values, one by one or all at once; those that are there are changed.
    fn insert(&mut self, verb: &str, many: bool, values: &[Value]) {
        self.written = values
            .iter()
            .enumerate()
            .map(|(index, value)| self.row(index, value))
            .collect();
        let table = self.ground.table();
        let input_type = format!("{}Create!", table.type_name);
        let conflict = |field: Field| match verb {
            "upsert" => field.with(Given::new(
                "onConflict",
                format!("{}Key", table.type_name),
                Input::Word("ID"),
            )),
            _ => field,
        };
        let inputs: Vec<Input> = (0..values.len()).map(|index| self.input(index)).collect();
        let selected = fields(["id", "value"]);
        if many {
            let list = Input::List(input_type.clone(), inputs);
            let field = Field::named(format!("{verb}{}", capitalized(&table.plural)))
                .alias("written")
                .with(Given::new("input", format!("[{input_type}]!"), list));
            let read = narrowed(Field::named(&*table.plural), table, id("gte", FIRST));
            self.mutation(
                vec![conflict(field).selecting(selected.clone())],
                vec![read.alias("written").selecting(selected)],
            );
        } else {
            let name = format!("{verb}{}", capitalized(&table.singular));
            let each = inputs.into_iter().enumerate().map(|(index, input)| {
                let field = Field::named(name.clone())
                    .alias(format!("a{index}"))
                    .with(Given::new("input", input_type.clone(), input));
                conflict(field).selecting(selected.clone())
            });
            let each = each.collect();
            self.mutation(each, self.each());
        }
        self.read();
    }

    fn update(&mut self, many: bool, values: &[Value]) {
        let table = self.ground.table();
        let set_type = format!("{}Update!", table.type_name);
        let name = capitalized(if many { &table.plural } else { &table.singular });
        let kind = self.ground.kind();
        let each = values.iter().enumerate().map(|(index, value)| {
            let set = object("value", kind.to_string(), leaf(kind, value));
            let field = Field::named(format!("update{name}")).alias(format!("a{index}"));
            let field = if many {
                let condition = id("eq", number(index));
                field.with(Given::new(
                    "where",
                    format!("{}Where!", table.type_name),
                    condition,
                ))
            } else {
                field.with(key(index))
            };
            field
                .with(Given::new("set", set_type.clone(), set))
                .selecting(fields(["id", "value"]))
        });
        let each = each.collect();
        self.written = values
            .iter()
            .enumerate()
            .map(|(index, value)| self.row(index, value))
            .collect();
        let expected = if many {
            self.each_as_list()
        } else {
            self.each()
        };
        self.mutation(each, expected);
        self.read();
    }

    /// Each row by its key.
    fn delete_each(&mut self) {
        let table = self.ground.table();
        let name = format!("delete{}", capitalized(&table.singular));
        let each = (0..self.written.len()).map(|index| {
            Field::named(name.clone())
                .alias(format!("a{index}"))
                .with(key(index))
                .selecting(fields(["id", "value"]))
        });
        let each = each.collect();
        self.mutation(each, self.each());
        self.written.clear();
        self.read();
    }

    /// All rows, by a condition on each value, and those without one.
    fn delete_all(&mut self) {
        let table = self.ground.table();
        let name = format!("delete{}", capitalized(&table.plural));
        let each = (0..self.written.len()).map(|index| {
            let condition = Given::new(
                "where",
                format!("{}Where!", table.type_name),
                id("eq", number(index)),
            );
            Field::named(name.clone())
                .alias(format!("a{index}"))
                .with(condition)
                .selecting(fields(["id", "value"]))
        });
        let each = each.collect();
        let expected = self.each_as_list();
        self.mutation(each, expected);
        self.written.clear();
        self.read();
    }

    /// A mutation that must give what the query gives once the rows are as they are written.
    fn mutation(&mut self, asked: Vec<Field>, like: Vec<Field>) {
        let world = self.world();
        let expected = reference::answer(&world, &Request::query(like));
        self.checks.push(Check {
            request: Request::mutation(asked),
            expected: Expected::Data(expected),
            cursors: None,
        });
    }

    /// Reads what is there now.
    fn read(&mut self) {
        let table = self.ground.table();
        let read = narrowed(Field::named(&*table.plural), table, id("gte", FIRST));
        let read = read.selecting(fields(["id", "value"]));
        let check = Check::of(&self.world(), Request::query([read]));
        self.checks.push(check);
    }

    /// Queries for each row that is written.
    fn each(&self) -> Vec<Field> {
        let table = self.ground.table();
        let each = (0..self.written.len()).map(|index| {
            Field::named(&*table.singular)
                .alias(format!("a{index}"))
                .with(key(index))
                .selecting(fields(["id", "value"]))
        });
        each.collect()
    }

    /// The same, each in a list.
    fn each_as_list(&self) -> Vec<Field> {
        let table = self.ground.table();
        let each = (0..self.written.len()).map(|index| {
            narrowed(Field::named(&*table.plural), table, id("eq", number(index)))
                .alias(format!("a{index}"))
                .selecting(fields(["id", "value"]))
        });
        each.collect()
    }

    fn world(&self) -> World<'g> {
        let mut rows = self.ground.world.rows.clone();
        rows[PLAIN].extend(self.written.iter().cloned());
        World::new(self.ground.world.tables, rows)
    }

    fn row(&self, index: usize, value: &Value) -> Row {
        let table = self.ground.table();
        let columns = table.columns.iter();
        let cells = columns.map(|column| match column.field {
            "id" => Value::Integer(number(index)),
            "value" => value.clone(),
            _ => Value::Null,
        });
        cells.collect()
    }

    /// The input for a row that is to be written.
    fn input(&self, index: usize) -> Input {
        let kind = self.ground.kind();
        let row = &self.written[index];
        Input::Object(vec![
            Given::new("id", "Int!", leaf(Kind::Int, &row[0])),
            Given::new("value", kind.to_string(), leaf(kind, &row[1])),
        ])
    }
}

/// NULL is written as `null`.
fn leaf(kind: Kind, value: &Value) -> Input {
    match value {
        Value::Null => Input::Null,
        value => Input::Leaf(kind, value.clone()),
    }
}

fn key(index: usize) -> Given {
    Given::new(
        "id",
        "Int!",
        Input::Leaf(Kind::Int, Value::Integer(number(index))),
    )
}

fn number(index: usize) -> i64 {
    FIRST + i64::try_from(index).expect("there are few rows")
}
