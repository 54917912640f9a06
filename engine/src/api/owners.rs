//! Which part of a schema a name of its API comes from, told by the name alone.

use super::tables::pascal;
use foldhash::{HashMap, HashMapExt as _};
use model::Schema;
use model::schema::Rest;

/// A part of a schema that has types of its own in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Table(usize),
    Enum(usize),
    Scalar(usize),
    Shape(usize),
    Union(usize),
}

/// The names that all others of an API begin with.
#[derive(Debug)]
pub(super) struct Owners {
    types: HashMap<Box<str>, Owner>,
    /// The nouns of root fields, capitalised, and their tables: sorted.
    nouns: Vec<(Box<str>, usize)>,
}

/// What root fields that write begin with.
const VERBS: [&str; 4] = ["create", "update", "upsert", "delete"];

/// What root fields that read end with.
const SHOWN: [&str; 2] = ["Connection", "Aggregate"];

impl Owners {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut types = HashMap::with_capacity(schema.tables.len());
        let mut nouns = Vec::with_capacity(2 * schema.tables.len());
        for (index, table) in schema.tables.iter().enumerate() {
            types.insert(table.type_name.as_str().into(), Owner::Table(index));
            let variants = table.variants.iter().flat_map(|variants| &variants.types);
            let here = variants.filter_map(|variant| match &variant.rest {
                Rest::Here { type_name, .. } => Some(type_name.as_str()),
                Rest::Beside { .. } => None,
            });
            types.extend(here.map(|name| (name.into(), Owner::Table(index))));
            let both = [&table.singular, &table.plural];
            nouns.extend(both.map(|noun| (pascal(noun).into_boxed_str(), index)));
        }
        nouns.sort_unstable();
        let named = |name: &String, owner| (name.as_str().into(), owner);
        let all = |names: Vec<&String>, owner: fn(usize) -> Owner| {
            let names = names.into_iter().enumerate();
            let names = names.map(|(index, name)| named(name, owner(index)));
            names.collect::<Vec<(Box<str>, Owner)>>()
        };
        let enums = schema.enums.iter().map(|known| &known.type_name);
        types.extend(all(enums.collect(), Owner::Enum));
        let scalars = schema.scalars.iter().map(|known| &known.type_name);
        types.extend(all(scalars.collect(), Owner::Scalar));
        let shapes = schema.shapes.iter().map(|known| &known.type_name);
        types.extend(all(shapes.collect(), Owner::Shape));
        let unions = schema.unions.iter().map(|known| &known.type_name);
        types.extend(all(unions.collect(), Owner::Union));
        Self { types, nouns }
    }

    /// Where a type may come from, and what its name has besides: every part whose name it begins with.
    pub(super) fn of_type<'n>(&self, name: &'n str) -> impl Iterator<Item = (Owner, &'n str)> {
        let ends = (1..=name.len()).rev();
        ends.filter_map(|end| {
            let (owner, rest) = name.split_at_checked(end)?;
            Some((*self.types.get(owner)?, rest))
        })
    }

    /// The tables that a root field may be of.
    pub(super) fn of_root(&self, field: &str) -> Vec<usize> {
        let verbs = VERBS.iter().filter_map(|verb| field.strip_prefix(verb));
        let shown = SHOWN.iter().filter_map(|end| field.strip_suffix(end));
        let by = field.match_indices("By");
        let by = by.filter_map(|(end, _)| field.get(..end));
        let nouns = std::iter::once(field).chain(verbs).chain(shown).chain(by);
        let mut tables: Vec<_> = nouns.flat_map(|noun| self.tables(&pascal(noun))).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    fn tables(&self, noun: &str) -> Vec<usize> {
        let first = self.nouns.partition_point(|(known, _)| **known < *noun);
        let found = self.nouns.iter().skip(first);
        let found = found.take_while(|(known, _)| **known == *noun);
        found.map(|(_, table)| *table).collect()
    }
}
