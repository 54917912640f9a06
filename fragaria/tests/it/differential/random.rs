//! Random requests.

mod conditions;
mod fields;
mod figures;

use super::nasty;
use super::tables::TABLES;
use fastrand::Rng;
use verify::catalogue::{Kind, Table, capitalized};
use verify::decimal::Decimal;
use verify::reference;
use verify::request::{Field, Given, Input, Node, Request, Selection, Toggle};
use verify::value::Value;
use verify::world::World;

/// Deepest nesting of lists and objects below a root field.
const DEPTH_MAX: usize = 4;

/// Makes requests at random, the same for the same seed.
pub(super) struct Random<'w> {
    world: &'w World<'w>,
    rng: Rng,
    aliases: usize,
    fragments: usize,
}

impl<'w> Random<'w> {
    pub(super) fn new(world: &'w World<'w>, seed: u64) -> Self {
        Self {
            world,
            rng: Rng::with_seed(seed),
            aliases: 0,
            fragments: 0,
        }
    }

    /// An operation of one to three roots.
    pub(super) fn request(&mut self) -> Request {
        let count = [1, 1, 1, 2, 3][self.rng.usize(..5)];
        let mut selections: Vec<Selection> = (0..count)
            .map(|_| {
                let root = self.root();
                self.toggled(Node::Field(root))
            })
            .collect();
        if self.chance(10) {
            let field = Field {
                name: "__typename".to_owned(),
                ..Field::default()
            };
            selections.push(field.selected());
        }
        Request {
            writes: false,
            selections,
        }
    }

    /// A connection to walk along: its table, and the field without cursors.
    pub(super) fn walk(&mut self) -> (usize, Field) {
        let table = self.keyed_table();
        let declared = &TABLES[table];
        let field = Field {
            alias: None,
            name: format!("{}Connection", declared.singular),
            arguments: self.narrowing(declared, 2),
            selections: self.rows(table, DEPTH_MAX - 1),
        };
        (table, field)
    }

    /// A number below another.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.rng.usize(..end)
    }

    /// Whether something of so many percent happens.
    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        nasty::pick(&mut self.rng, all)
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    fn table(&mut self) -> usize {
        self.rng.usize(..TABLES.len())
    }

    fn keyed_table(&mut self) -> usize {
        loop {
            let table = self.table();
            if !TABLES[table].key.is_empty() {
                return table;
            }
        }
    }

    fn root(&mut self) -> Field {
        let verb = self.rng.u8(..12);
        let table = if verb < 3 {
            self.table()
        } else {
            self.keyed_table()
        };
        let declared: &Table = &TABLES[table];
        let alias = Some(self.alias());
        let (name, arguments, selections) = match verb {
            0..=2 => {
                let arguments = self.aggregate_arguments(table);
                let selections = self.figures(table, &arguments);
                let name = format!("{}Aggregate", declared.singular);
                (name, arguments, selections)
            }
            3..=4 => {
                let arguments = self.page_arguments(declared);
                let selections = self.page(table, 1);
                let name = format!("{}Connection", declared.singular);
                (name, arguments, selections)
            }
            5..=6 => self.by_key(table),
            7 => self.node(table),
            _ => {
                let table = if verb == 8 { self.table() } else { table };
                let declared = &TABLES[table];
                let arguments = self.list_arguments(declared, 0);
                let selections = self.rows(table, 1);
                (declared.plural.to_string(), arguments, selections)
            }
        };
        Field {
            alias,
            name,
            arguments,
            selections,
        }
    }

    fn by_key(&mut self, table: usize) -> (String, Vec<Given>, Vec<Selection>) {
        let declared = &TABLES[table];
        let row = self.row(table);
        let by_unique = declared.unique.filter(|_| self.rng.bool());
        let fields = by_unique.map_or(declared.key.to_vec(), |field| vec![field]);
        let arguments = fields.iter().map(|field| {
            let column = declared.column(field).expect("keys name columns");
            let kind = declared.columns[column].kind;
            let mut value = self.world.rows[table][row][column].clone();
            if value.is_null() || self.chance(10) {
                value = nasty::value(&mut self.rng, kind);
            }
            Given::new(field, format!("{kind}!"), Input::Leaf(kind, value))
        });
        let arguments = arguments.collect();
        let name = match by_unique {
            None => declared.singular.to_string(),
            Some(field) => format!("{}By{}", declared.singular, capitalized(field)),
        };
        (name, arguments, self.rows(table, 1))
    }

    fn row(&mut self, table: usize) -> usize {
        self.rng.usize(..self.world.rows[table].len())
    }

    fn node(&mut self, table: usize) -> (String, Vec<Given>, Vec<Selection>) {
        let row = self.row(table);
        let id = Input::Id(reference::token(self.world, table, row));
        let rows = self.rows(table, 1);
        let mut selections = vec![(&*TABLES[table].type_name, rows)];
        let other = &TABLES[self.keyed_table()];
        let column = other.columns[self.rng.usize(..other.columns.len())].field;
        // Under the same key, fields of two types must be alike.
        let field = Field {
            alias: Some(self.alias()),
            name: column.to_owned(),
            ..Field::default()
        };
        selections.push((&*other.type_name, vec![field.selected()]));
        let mut selections: Vec<Selection> = selections
            .into_iter()
            .map(|(on, inner)| self.toggled(Node::Inline(Some(on.to_string()), inner)))
            .collect();
        let names: &[&str] = &["nodeId", "__typename"];
        for name in names {
            if self.rng.bool() {
                let name = (*name).to_owned();
                selections.push(
                    Field {
                        name,
                        ..Field::default()
                    }
                    .selected(),
                );
            }
        }
        let arguments = vec![Given::new("id", "ID!", id)];
        ("node".to_owned(), arguments, selections)
    }

    fn toggled(&mut self, node: Node) -> Selection {
        let toggle = self.chance(7).then(|| Toggle {
            skip: self.rng.bool(),
            value: self.rng.bool(),
        });
        Selection { toggle, node }
    }

    /// A value of a column: most often one that some row has.
    fn value(&mut self, table: usize, column: usize) -> Value {
        let row = self.row(table);
        let value = self.world.rows[table][row][column].clone();
        if value.is_null() || self.chance(25) {
            return nasty::value(&mut self.rng, TABLES[table].columns[column].kind);
        }
        match value {
            Value::Decimal(decimal) if self.chance(30) => Value::Decimal(self.respelled(&decimal)),
            value => value,
        }
    }

    fn respelled(&mut self, decimal: &Decimal) -> Decimal {
        decimal.widened(self.rng.u32(1..4))
    }

    fn number(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Int if self.chance(80) => Value::Integer(self.rng.i64(0..8)),
            kind => nasty::value(&mut self.rng, kind),
        }
    }
}
