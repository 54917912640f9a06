//! The rows of tables, and which of them belong together.

use crate::catalogue::{Relation, Table};
use crate::value::Value;
use std::cmp::Ordering;

/// A row: values in the order of the columns.
pub type Row = Vec<Value>;

/// All rows of all tables.
#[derive(Clone, Debug)]
pub struct World<'t> {
    /// The tables.
    pub tables: &'t [Table],
    /// Rows by table.
    pub rows: Vec<Vec<Row>>,
    /// Positions of partners by table, relation and row.
    partners: Vec<Vec<Vec<Vec<usize>>>>,
}

impl<'t> World<'t> {
    /// Finds out which rows belong together.
    pub fn new(tables: &'t [Table], rows: Vec<Vec<Row>>) -> Self {
        let mut world = Self {
            tables,
            rows,
            partners: Vec::new(),
        };
        let partners = |source: usize| {
            let relations = tables[source].relations.iter();
            relations
                .map(|relation| world.along(source, relation))
                .collect()
        };
        world.partners = (0..tables.len()).map(partners).collect();
        world
    }

    /// The rows a relation leads to.
    pub fn partners(&self, table: usize, relation: usize, row: usize) -> &[usize] {
        &self.partners[table][relation][row]
    }

    /// The position of a type among the tables.
    pub fn table(&self, type_name: &str) -> usize {
        let mut tables = self.tables.iter();
        let found = tables.position(|table| table.type_name == type_name);
        found.expect("relations lead to tables of the world")
    }

    fn along(&self, source: usize, relation: &Relation) -> Vec<Vec<usize>> {
        let target = self.table(&relation.target);
        let near = match relation.through {
            Some((junction, _)) => self.table(junction),
            None => target,
        };
        let ours = self.rows[source].iter().map(|row| {
            let reached = self.matching((source, row), near, relation.pairs);
            match relation.through {
                None => reached,
                Some((_, pairs)) => reached
                    .into_iter()
                    .flat_map(|index| self.matching((near, &self.rows[near][index]), target, pairs))
                    .collect(),
            }
        });
        ours.collect()
    }

    /// Rows of a table whose columns equal those of a row; NULL equals nothing.
    fn matching(
        &self,
        (table, row): (usize, &Row),
        target: usize,
        pairs: &[(&str, &str)],
    ) -> Vec<usize> {
        let value = |table: usize, row: &Row, field: &str| {
            let column = self.tables[table].column(field);
            row[column.expect("pairs name columns")].clone()
        };
        let is_partner = |other: &Row| {
            pairs.iter().all(|(ours, theirs)| {
                let order = value(table, row, ours).compare(&value(target, other, theirs));
                order == Some(Ordering::Equal)
            })
        };
        let all = self.rows[target].iter().enumerate();
        all.filter(|(_, other)| is_partner(other))
            .map(|(index, _)| index)
            .collect()
    }
}
