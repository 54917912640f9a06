//! Random selections of rows, and the arguments of lists and pages.

use super::{DEPTH_MAX, Random};
use crate::differential::tables::{TABLES, table};
use verify::catalogue::{Cardinality, Relation, Table};
use verify::request::{Field, Given, Input, Node, Selection};

impl Random<'_> {
    /// What is selected of rows of a table.
    pub(super) fn rows(&mut self, table: usize, depth: usize) -> Vec<Selection> {
        let declared = &TABLES[table];
        let count = self.rng.usize(1..6);
        let mut selections: Vec<Selection> = (0..count)
            .map(|_| {
                let field = self.row_field(declared, depth);
                self.toggled(Node::Field(field))
            })
            .collect();
        if self.chance(20) {
            let at = self.rng.usize(..selections.len());
            let inner = selections.split_off(at);
            let node = self.fragment(declared, inner);
            selections.push(self.toggled(node.clone()));
            // Inline, the same arguments spelled differently would be in conflict.
            if matches!(node, Node::Spread(..)) && self.chance(30) {
                selections.push(self.toggled(node));
            }
        }
        selections
    }

    fn fragment(&mut self, declared: &Table, inner: Vec<Selection>) -> Node {
        let on = declared.type_name.to_string();
        match self.rng.u8(..4) {
            0 => Node::Inline(None, inner),
            1 => Node::Inline(Some(on), inner),
            2 if !declared.key.is_empty() => {
                let field = Field {
                    name: "nodeId".to_owned(),
                    ..Field::default()
                };
                let node = Node::Inline(Some("Node".to_owned()), vec![field.selected()]);
                let mut inner = inner;
                inner.push(self.toggled(node));
                Node::Inline(Some(on), inner)
            }
            _ => {
                self.fragments += 1;
                Node::Spread(format!("F{}", self.fragments), on, inner)
            }
        }
    }

    fn row_field(&mut self, declared: &'static Table, depth: usize) -> Field {
        let relations = &declared.relations;
        if depth < DEPTH_MAX && !relations.is_empty() && self.chance(35) {
            let relation = &relations[self.rng.usize(..relations.len())];
            return self.relation(relation, depth);
        }
        let plain = |name: &str| Field {
            name: name.to_owned(),
            ..Field::default()
        };
        match self.rng.u8(..14) {
            0 => plain("__typename"),
            1 if !declared.key.is_empty() => plain("nodeId"),
            _ => {
                let columns = &declared.columns;
                let column = &columns[self.rng.usize(..columns.len())];
                Field {
                    alias: self.chance(15).then(|| self.alias()),
                    ..plain(column.field)
                }
            }
        }
    }

    fn relation(&mut self, relation: &Relation, depth: usize) -> Field {
        let target = table(&relation.target);
        let declared = &TABLES[target];
        let name = relation.field.to_owned();
        if relation.cardinality != Cardinality::Many {
            return Field {
                alias: self.chance(20).then(|| self.alias()),
                name,
                arguments: Vec::new(),
                selections: self.rows(target, depth + 1),
            };
        }
        if self.chance(25) {
            return Field {
                alias: Some(self.alias()),
                name: name + "Connection",
                arguments: self.page_arguments(declared),
                selections: self.page(target, depth + 1),
            };
        }
        let arguments = self.list_arguments(declared, depth);
        let alias = (!arguments.is_empty() || self.chance(20)).then(|| self.alias());
        Field {
            alias,
            name,
            arguments,
            selections: self.rows(target, depth + 1),
        }
    }

    /// `where`, `orderBy`, `limit`, `offset`.
    pub(super) fn list_arguments(&mut self, declared: &'static Table, depth: usize) -> Vec<Given> {
        let mut arguments = self.narrowing(declared, depth);
        if self.chance(if depth < 2 { 50 } else { 75 }) {
            let limit = self.rng.usize(..if depth == 0 { 30 } else { 6 });
            arguments.push(Given::new("limit", "Int", Input::count(limit)));
        } else if self.chance(5) {
            arguments.push(Given::new("limit", "Int", Input::Null));
        }
        if self.chance(20) {
            let offset = self.rng.usize(..8);
            arguments.push(Given::new("offset", "Int", Input::count(offset)));
        }
        arguments
    }

    /// `where` and `orderBy`.
    pub(super) fn narrowing(&mut self, declared: &'static Table, depth: usize) -> Vec<Given> {
        let mut arguments = Vec::new();
        if self.chance(if depth == 0 { 70 } else { 35 }) {
            let condition = self.condition(table(&declared.type_name), depth.min(2));
            let type_name = format!("{}Where", declared.type_name);
            arguments.push(Given::new("where", type_name, condition));
        }
        if self.chance(50) || declared.key.is_empty() {
            let order = self.order(declared);
            let type_name = format!("[{}OrderBy!]", declared.type_name);
            arguments.push(Given::new("orderBy", type_name, order));
        }
        arguments
    }

    fn order(&mut self, declared: &'static Table) -> Input {
        let count = self.rng.usize(..4);
        let mut items: Vec<Input> = (0..count).map(|_| self.order_item(declared, 0)).collect();
        if declared.key.is_empty() {
            // The rows of a view have no key that would order them.
            let direction = Given::new("id", "OrderDirection!", Input::Word("ASC"));
            items.push(Input::Object(vec![direction]));
        }
        Input::List(format!("{}OrderBy!", declared.type_name), items)
    }

    fn order_item(&mut self, declared: &'static Table, depth: usize) -> Input {
        const DIRECTIONS: [&str; 6] = [
            "ASC",
            "ASC_NULLS_FIRST",
            "ASC_NULLS_LAST",
            "DESC",
            "DESC_NULLS_FIRST",
            "DESC_NULLS_LAST",
        ];
        let relations: Vec<&Relation> = declared
            .relations
            .iter()
            .filter(|relation| relation.cardinality != Cardinality::Many)
            .collect();
        if depth < 2 && !relations.is_empty() && self.chance(30) {
            let relation = self.pick(&relations);
            let target = &TABLES[table(&relation.target)];
            let item = self.order_item(target, depth + 1);
            let type_name = format!("{}OrderBy!", relation.target);
            return Input::Object(vec![Given::new(relation.field, type_name, item)]);
        }
        let columns: Vec<_> = declared.sortable().collect();
        let column = self.pick(&columns);
        let direction = Input::Word(self.pick(&DIRECTIONS));
        Input::Object(vec![Given::new(column.field, "OrderDirection!", direction)])
    }

    /// `where`, `orderBy`, and `first` or `last`.
    pub(super) fn page_arguments(&mut self, declared: &'static Table) -> Vec<Given> {
        let mut arguments = self.narrowing(declared, 1);
        if self.chance(80) {
            let name = if self.rng.bool() { "first" } else { "last" };
            let size = self.rng.usize(..12);
            arguments.push(Given::new(name, "Int", Input::count(size)));
        }
        arguments
    }

    /// What is selected of a connection.
    pub(super) fn page(&mut self, table: usize, depth: usize) -> Vec<Selection> {
        let mut selections = Vec::new();
        for _ in 0..self.rng.usize(1..4) {
            let (name, inner) = match self.rng.u8(..9) {
                0..=2 => ("nodes", self.rows(table, depth)),
                3..=5 => ("edges", self.edge(table, depth)),
                6 => ("totalCount", Vec::new()),
                7 => ("pageInfo", self.info()),
                _ => ("__typename", Vec::new()),
            };
            let field = Field {
                alias: (!inner.is_empty()).then(|| self.alias()),
                name: name.to_owned(),
                arguments: Vec::new(),
                selections: inner,
            };
            selections.push(self.toggled(Node::Field(field)));
        }
        selections
    }

    fn edge(&mut self, table: usize, depth: usize) -> Vec<Selection> {
        let node = Field {
            name: "node".to_owned(),
            selections: self.rows(table, depth),
            ..Field::default()
        };
        let mut selections = vec![self.toggled(Node::Field(node))];
        for name in ["cursor", "__typename"] {
            if self.chance(30) {
                let name = name.to_owned();
                let field = Field {
                    name,
                    ..Field::default()
                };
                selections.push(self.toggled(Node::Field(field)));
            }
        }
        selections
    }

    fn info(&mut self) -> Vec<Selection> {
        const FIELDS: [&str; 5] = [
            "hasNextPage",
            "hasPreviousPage",
            "startCursor",
            "endCursor",
            "__typename",
        ];
        (0..self.rng.usize(1..5))
            .map(|_| {
                let name = self.pick(&FIELDS).to_owned();
                Field {
                    name,
                    ..Field::default()
                }
                .selected()
            })
            .collect()
    }
}
