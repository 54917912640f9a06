//! The naive evaluator: walks a request over rows in memory, one row and one field at a time.

mod aggregate;
mod condition;
mod document;
mod group;
mod like;
mod order;
mod page;

pub use condition::{Case, Found, Operator};

use crate::answer::Answer;
use crate::catalogue::{Cardinality, Kind, Table};
use crate::request::{Field, Input, Node, Request, Selection};
use crate::value::Value;
use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

/// What `data` must be.
pub fn answer(world: &World<'_>, request: &Request) -> Answer {
    let reference = Reference { world };
    let members = collect(&[&request.selections], "Query");
    let members = members.iter().map(|fields| {
        let answer = reference.root(&fields[0].name, fields);
        (fields[0].key().to_owned(), answer)
    });
    Answer::Object(members.collect())
}

/// The positions of the rows a connection goes through, in its order.
pub fn sequence(world: &World<'_>, table: usize, field: &Field) -> Vec<usize> {
    let all = (0..world.rows[table].len()).collect();
    Reference { world }.sequence(table, all, field)
}

/// The distinct values of a figure over the groups of an aggregate of the first table's `value`,
/// and what kind they are.
pub fn figures_of_groups(world: &World<'_>, field: &Field, family: &str) -> (Kind, Vec<Value>) {
    let all = (0..world.rows[0].len()).collect();
    Reference { world }.figures_of_groups(all, field, (family, Some("value")))
}

/// The global id of a row.
pub fn token(world: &World<'_>, table: usize, row: usize) -> String {
    let declared = &world.tables[table];
    let mut items = vec![Json::from(&*declared.type_name)];
    items.extend(declared.key.iter().map(|field| {
        let column = declared.column(field).expect("keys name columns");
        world.rows[table][row][column].json(declared.columns[column].kind)
    }));
    URL_SAFE_NO_PAD.encode(Json::from(items).to_string())
}

/// The specification's `CollectFields`: selections of the same key come together.
fn collect<'a>(sets: &[&'a [Selection]], type_name: &str) -> Vec<Vec<&'a Field>> {
    let mut collected: Vec<Vec<&Field>> = Vec::new();
    for selection in sets.iter().copied().flatten() {
        if selection.toggle.is_some_and(|toggle| !toggle.includes()) {
            continue;
        }
        let fields = match &selection.node {
            Node::Field(field) => vec![vec![field]],
            Node::Inline(Some(on), _) | Node::Spread(_, on, _)
                if on != type_name && on != "Node" =>
            {
                Vec::new()
            }
            Node::Inline(_, inner) | Node::Spread(_, _, inner) => collect(&[inner], type_name),
        };
        for field in fields.into_iter().flatten() {
            match collected
                .iter_mut()
                .find(|known| known[0].key() == field.key())
            {
                Some(known) => known.push(field),
                None => collected.push(vec![field]),
            }
        }
    }
    collected
}

/// What is selected below fields of the same key.
fn below<'a>(fields: &[&'a Field]) -> Vec<&'a [Selection]> {
    fields
        .iter()
        .map(|field| field.selections.as_slice())
        .collect()
}

struct Reference<'w> {
    world: &'w World<'w>,
}

impl<'w> Reference<'w> {
    fn declared(&self, table: usize) -> &'w Table {
        &self.world.tables[table]
    }

    fn root(&self, name: &str, fields: &[&Field]) -> Answer {
        if name == "__typename" {
            return Answer::Leaf("Query".into());
        }
        if name == "node" {
            return self.node(fields);
        }
        let tables = self.world.tables;
        let known = |suffix: &str| {
            let stem = name.strip_suffix(suffix)?;
            tables.iter().position(|table| table.singular == stem)
        };
        if let Some(table) = tables.iter().position(|table| table.plural == name) {
            let all = (0..self.world.rows[table].len()).collect();
            return self.list(table, all, fields);
        }
        if let Some(table) = known("Connection") {
            let all = (0..self.world.rows[table].len()).collect();
            return self.page(table, all, fields);
        }
        match known("Aggregate") {
            Some(table) => {
                let all = (0..self.world.rows[table].len()).collect();
                self.aggregate(table, all, fields)
            }
            None => self.by_key(name, fields),
        }
    }

    /// The arguments of a key are values of columns.
    fn by_key(&self, name: &str, fields: &[&Field]) -> Answer {
        let stem = name.split("By").next().unwrap_or(name);
        let mut tables = self.world.tables.iter();
        let table = tables.position(|table| table.singular == stem);
        let table = table.expect("roots are of tables");
        let is_wanted = |row: &usize| {
            fields[0].arguments.iter().all(|given| {
                let column = self.declared(table).column(&given.name);
                let value = &self.world.rows[table][*row][column.expect("keys name columns")];
                matches!(&given.value, Input::Leaf(_, wanted) if wanted.compare(value) == Some(std::cmp::Ordering::Equal))
            })
        };
        let found = (0..self.world.rows[table].len()).find(is_wanted);
        self.maybe(table, found, fields)
    }

    fn node(&self, fields: &[&Field]) -> Answer {
        let Some(Input::Id(id)) = fields[0].argument("id") else {
            panic!("node has an id");
        };
        let rows = |table: usize| (0..self.world.rows[table].len()).map(move |row| (table, row));
        let found = (0..self.world.tables.len())
            .filter(|table| !self.declared(*table).key.is_empty())
            .flat_map(rows)
            .find(|(table, row)| token(self.world, *table, *row) == *id);
        match found {
            Some((table, row)) => self.object(table, row, &below(fields)),
            None => Answer::Leaf(Json::Null),
        }
    }

    fn maybe(&self, table: usize, row: Option<usize>, fields: &[&Field]) -> Answer {
        match row {
            Some(row) => self.object(table, row, &below(fields)),
            None => Answer::Leaf(Json::Null),
        }
    }

    fn list(&self, table: usize, candidates: Vec<usize>, fields: &[&Field]) -> Answer {
        let field = fields[0];
        let rows = self.sequence(table, candidates, field);
        let offset = field.count("offset").unwrap_or(0);
        let limit = field.count("limit").unwrap_or(usize::MAX);
        let rows = rows.into_iter().skip(offset).take(limit);
        Answer::List(
            rows.map(|row| self.object(table, row, &below(fields)))
                .collect(),
        )
    }

    /// The rows that fulfil the field's condition, in its order.
    fn sequence(&self, table: usize, candidates: Vec<usize>, field: &Field) -> Vec<usize> {
        let mut rows = self.narrowed(table, candidates, field);
        self.sort(table, &mut rows, field);
        rows
    }

    fn narrowed(&self, table: usize, mut rows: Vec<usize>, field: &Field) -> Vec<usize> {
        if let Some(condition) = field.argument("where") {
            rows.retain(|row| self.holds(table, *row, condition) == Some(true));
        }
        rows
    }

    fn object(&self, table: usize, row: usize, sets: &[&[Selection]]) -> Answer {
        let members = collect(sets, &self.declared(table).type_name);
        let members = members.iter().map(|fields| {
            let answer = self.member(table, row, fields);
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    fn member(&self, table: usize, row: usize, fields: &[&Field]) -> Answer {
        let declared = self.declared(table);
        let name = fields[0].name.as_str();
        if name == "__typename" {
            return Answer::Leaf((*declared.type_name).into());
        }
        if name == "nodeId" {
            return Answer::Leaf(token(self.world, table, row).into());
        }
        if let Some(column) = declared.column(name) {
            let kind = declared.columns[column].kind;
            return Answer::Leaf(self.value(table, row, column).json(kind));
        }
        let paged = name.strip_suffix("Connection");
        let counted = name.strip_suffix("Aggregate");
        let relation = declared.relation(paged.or(counted).unwrap_or(name));
        let relation = relation.expect("fields are columns or relations");
        let target = self.world.table(&declared.relations[relation].target);
        let partners = self.world.partners(table, relation, row);
        if counted.is_some() {
            return self.aggregate(target, partners.to_vec(), fields);
        }
        match (declared.relations[relation].cardinality, paged) {
            (Cardinality::Many, Some(_)) => self.page(target, partners.to_vec(), fields),
            (Cardinality::Many, None) => self.list(target, partners.to_vec(), fields),
            _ => self.maybe(target, partners.first().copied(), fields),
        }
    }

    fn value(&self, table: usize, row: usize, column: usize) -> &Value {
        &self.world.rows[table][row][column]
    }
}
