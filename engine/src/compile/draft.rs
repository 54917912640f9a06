//! A table on its way through the stages.

use apollo_compiler::ast::{Directive, FieldDefinition};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::DirectiveList;
use apollo_compiler::{Name, Node};
use model::schema::{Choice, Column, Relation, Table};
use std::collections::HashMap;

/// What declares a table: an object type, or an interface or a union with what its types add.
pub(super) struct Definition<'a> {
    pub(super) name: &'a Name,
    pub(super) description: Option<&'a Node<str>>,
    pub(super) directives: &'a DirectiveList,
    pub(super) fields: IndexMap<&'a str, &'a Node<FieldDefinition>>,
    /// Whether its rows are of several types.
    pub(super) is_several: bool,
}

/// A table, what its fields have become so far, and the definition it comes from.
pub(super) struct Draft<'a> {
    pub(super) node: Definition<'a>,
    pub(super) table: Table,
    pub(super) slots: HashMap<&'a str, Slot>,
    /// Its relations, in SDL order.
    pub(super) links: Vec<Link<'a>>,
    /// Its fields of unions, in SDL order.
    pub(super) choices: Vec<ChoiceDraft<'a>>,
    /// Whether its key had errors, so that nothing that builds on it is reported again.
    pub(super) is_key_broken: bool,
}

/// What a field has become.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// A column: an index into the table's columns.
    Column(usize),
    /// A relation: an index into the draft's links.
    Link(usize),
    /// A row of one of several tables: an index into the draft's choices.
    Choice(usize),
    /// What a function of the database gives for the row.
    Function,
    /// Nothing: it had errors.
    Broken,
}

/// A relation as it is declared and, once it could be, resolved.
pub(super) struct Link<'a> {
    pub(super) field: &'a Node<FieldDefinition>,
    pub(super) directive: &'a Node<Directive>,
    /// The table it leads to: an index into the drafts.
    pub(super) target: usize,
    pub(super) relation: Option<Relation>,
}

/// A field of a union as it is declared and, once it could be, resolved.
pub(super) struct ChoiceDraft<'a> {
    pub(super) field: &'a Node<FieldDefinition>,
    /// An index into the unions.
    pub(super) union: usize,
    pub(super) choice: Option<Choice>,
}

impl<'a> Draft<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.node.name.as_str()
    }

    /// Where its name stands.
    pub(super) fn span(&self) -> Option<SourceSpan> {
        self.node.name.location()
    }

    /// The column behind a field name.
    pub(super) fn column(&self, field: &str) -> Option<(usize, &Column)> {
        match self.slots.get(field) {
            Some(Slot::Column(index)) => Some((*index, &self.table.columns[*index])),
            _ => None,
        }
    }

    /// What a field is that has a value of its own in a row, or leads to rows by one relation.
    pub(super) fn part(&self, field: &str) -> Option<Slot> {
        let slot = self.slots.get(field).copied();
        slot.filter(|slot| !matches!(slot, Slot::Function | Slot::Choice(_)))
    }

    /// The relation that a link becomes: those that could not be resolved are left out.
    pub(super) fn relation(&self, link: usize) -> Option<usize> {
        self.links[link].relation.as_ref()?;
        let before = self.links[..link].iter();
        Some(before.filter(|link| link.relation.is_some()).count())
    }

    /// The names of its columns' fields.
    pub(super) fn column_fields(&self) -> impl Iterator<Item = &str> + Clone {
        self.table
            .columns
            .iter()
            .map(|column| column.field.as_str())
    }

    /// Field names of columns, for messages.
    pub(super) fn fields_of(&self, columns: &[usize]) -> Vec<&str> {
        columns
            .iter()
            .map(|column| self.table.columns[*column].field.as_str())
            .collect()
    }

    /// Where the field of a column stands.
    pub(super) fn field_span(&self, field: &str) -> Option<SourceSpan> {
        self.node
            .fields
            .get(field)
            .and_then(|field| field.name.location())
    }

    /// Whether no two rows can agree in all of these columns.
    pub(super) fn is_unique(&self, columns: &[usize]) -> bool {
        let within =
            |key: &[usize]| !key.is_empty() && key.iter().all(|part| columns.contains(part));
        within(&self.table.key) || self.table.uniques.iter().any(|key| within(key))
    }

    pub(super) fn into_table(self) -> Table {
        let relations = self
            .links
            .into_iter()
            .filter_map(|link| link.relation)
            .collect();
        let choices = self.choices.into_iter();
        Table {
            relations,
            choices: choices.filter_map(|choice| choice.choice).collect(),
            ..self.table
        }
    }
}
