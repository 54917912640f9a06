//! The types of an API by the part of the schema they stand for, each made when it is first asked for.

use super::granted::{Named, Unseen, is_seen};
use super::owners::Owner;
use super::text::Sdl;
use super::trees::Reached;
use super::{aggregates, compare, filters, roots, shapes, tables, trees};
use crate::cost;
use apollo_compiler::Schema as TypeSystem;
use apollo_compiler::ast::Document;
use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, name};
use model::Schema;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Types of one part.
pub(super) type Types = HashMap<Name, ExtendedType>;

/// What of a table's types is made at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Rows,
    Filter,
    Compare,
    Order,
    Page,
    Aggregate,
    Writes,
    Trees,
    /// Its fields of `Query` and `Mutation`.
    Roots,
}

/// How many there are.
const SECTIONS: usize = Section::Roots as usize + 1;

impl Section {
    /// The one that has the type whose name ends like that after the table's.
    fn of(rest: &str) -> Self {
        match rest {
            "" => Self::Rows,
            "Where" | "ListWhere" => Self::Filter,
            "OrderBy" => Self::Order,
            "Connection" | "Edge" => Self::Page,
            "Create" | "Update" | "Column" | "Key" => Self::Writes,
            "Unique" | "ConnectOrCreate" | "Put" | "Link" | "Links" | "Relink" | "Relinks"
            | "UpdatePartner" | "UpdateOne" | "UpdateMany" | "DeleteMany" => Self::Trees,
            _ if rest.ends_with("Compare") || rest.ends_with("Column") => Self::Compare,
            _ => Self::Aggregate,
        }
    }

    fn declare(self, out: &mut Sdl, schema: &Schema, index: usize, reached: Reached) {
        let table = &schema.tables[index];
        match self {
            Self::Rows => tables::row(out, schema, index),
            Self::Filter => tables::filter(out, schema, table),
            Self::Compare => compare::columns(out, table),
            Self::Order => tables::order(out, schema, table),
            Self::Page => tables::page(out, table),
            Self::Aggregate => aggregates::aggregate(out, schema, table),
            Self::Writes => tables::writes(out, schema, table),
            Self::Trees => trees::inputs(out, schema, table, reached),
            Self::Roots => roots::of_table(out, schema, table),
        }
    }
}

type Slots = Vec<OnceLock<Types>>;

/// What was made of an API so far.
#[derive(Debug)]
pub(super) struct Parts {
    shell: OnceLock<TypeSystem>,
    tables: Vec<OnceLock<Slots>>,
    enums: Slots,
    scalars: Slots,
    shapes: Slots,
    unions: Slots,
    functions: Slots,
    /// Root fields of no table.
    roots: [OnceLock<Types>; 2],
    reached: OnceLock<Vec<Reached>>,
    types: AtomicUsize,
    bytes: AtomicUsize,
}

fn slots(count: usize) -> Slots {
    (0..count).map(|_| OnceLock::new()).collect()
}

impl Parts {
    pub(super) fn new(schema: &Schema) -> Self {
        Self {
            shell: OnceLock::new(),
            tables: schema.tables.iter().map(|_| OnceLock::new()).collect(),
            enums: slots(schema.enums.len()),
            scalars: slots(schema.scalars.len()),
            shapes: slots(schema.shapes.len()),
            unions: slots(schema.unions.len()),
            functions: slots(schema.functions.len()),
            roots: Default::default(),
            reached: OnceLock::new(),
            types: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        }
    }

    /// How many types were made.
    pub(super) fn count(&self) -> usize {
        self.types.load(Ordering::Relaxed)
    }

    /// A figure of the memory they take: about ten times the text that they were made from.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// What every API has, whatever its tables, and the types of GraphQL itself.
    pub(super) fn shell(&self, schema: &Schema) -> &TypeSystem {
        self.shell.get_or_init(|| {
            let mut out = Sdl::default();
            shared(&mut out, schema);
            let mut types = self.made(out);
            types.schema_definition.make_mut().query = Some(name!("Query").into());
            if roots::is_writing(schema) {
                types.schema_definition.make_mut().mutation = Some(name!("Mutation").into());
            }
            types
        })
    }

    /// The types that a part has under names that end like that.
    pub(super) fn of(&self, schema: &Schema, owner: Owner, rest: &str) -> Option<&Types> {
        let unseen = |named| Unseen::of(schema).has(named);
        let lists = || filters::listed(schema);
        match owner {
            Owner::Table(table) => self.of_table(schema, table, Section::of(rest)),
            Owner::Enum(index) => self.once(&self.enums, index, |out| {
                if !unseen(Named::Enum(index)) {
                    filters::enumeration(out, &lists(), &schema.enums[index]);
                }
            }),
            Owner::Scalar(index) => self.once(&self.scalars, index, |out| {
                if !unseen(Named::Scalar(index)) {
                    let custom = &schema.scalars[index];
                    filters::custom(out, schema.dialect, &lists(), custom);
                }
            }),
            Owner::Shape(index) => self.once(&self.shapes, index, |out| {
                if !unseen(Named::Shape(index)) {
                    shapes::shape(out, schema, &schema.shapes[index]);
                }
            }),
            Owner::Union(index) => self.once(&self.unions, index, |out| {
                let union = &schema.unions[index];
                if tables::is_union_seen(schema, union) {
                    tables::union(out, schema, union);
                }
            }),
        }
    }

    /// A section of a table, if it is seen.
    pub(super) fn of_table(
        &self,
        schema: &Schema,
        table: usize,
        section: Section,
    ) -> Option<&Types> {
        if !is_seen(schema.tables.get(table)?) {
            return None;
        }
        let is_writing = matches!(section, Section::Writes);
        if is_writing && !trees::is_written(&schema.tables[table]) {
            return None;
        }
        let sections = self.tables.get(table)?.get_or_init(|| slots(SECTIONS));
        self.once(sections, section as usize, |out| {
            let reached = match section {
                Section::Trees => self.reached(schema, table),
                _ => Reached::default(),
            };
            section.declare(out, schema, table, reached);
        })
    }

    /// The root field that calls a function.
    pub(super) fn of_function(&self, schema: &Schema, function: usize) -> Option<&Types> {
        self.once(&self.functions, function, |out| {
            roots::of_function(out, schema, &schema.functions[function]);
        })
    }

    /// The root field that finds objects by their global ids.
    pub(super) fn node(&self) -> &Types {
        self.slot(&self.roots[0], roots::node)
    }

    /// The root field of an API that has none.
    pub(super) fn nothing(&self) -> &Types {
        self.slot(&self.roots[1], roots::nothing)
    }

    fn reached(&self, schema: &Schema, table: usize) -> Reached {
        let reached = self.reached.get_or_init(|| trees::reached(schema));
        reached.get(table).copied().unwrap_or_default()
    }

    fn once<'s>(
        &self,
        slots: &'s [OnceLock<Types>],
        index: usize,
        declare: impl FnOnce(&mut Sdl),
    ) -> Option<&'s Types> {
        let slot = slots.get(index)?;
        Some(self.slot(slot, declare))
    }

    fn slot<'s>(&self, slot: &'s OnceLock<Types>, declare: impl FnOnce(&mut Sdl)) -> &'s Types {
        slot.get_or_init(|| {
            let mut out = Sdl::default();
            declare(&mut out);
            let types = self.made(out).types.into_iter();
            types.filter(|(_, known)| !known.is_built_in()).collect()
        })
    }

    /// What a text defines. The compiler has refused names that are none, so that each can be read.
    fn made(&self, out: Sdl) -> TypeSystem {
        let (text, _) = out.into_parts();
        self.bytes.fetch_add(24 * text.len(), Ordering::Relaxed);
        let document = Document::parse(text, "api.graphql").unwrap_or_else(|read| read.partial);
        let built = TypeSystem::builder().add_ast(&document).build();
        let built = built.unwrap_or_else(|built| built.partial);
        self.types
            .fetch_add(document.definitions.len(), Ordering::Relaxed);
        built
    }
}

/// Declares what every API has.
pub(super) fn shared(out: &mut Sdl, schema: &Schema) {
    out.line(cost::DIRECTIVES);
    filters::scalars(out);
    filters::shared(out, schema.dialect, &filters::listed(schema));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::api::table_types;

    #[test]
    fn every_type_of_a_table_has_its_section() {
        let trees = table_types("A").into_iter().filter(|name| {
            let rest = name.strip_prefix('A').unwrap();
            Section::of(rest) == Section::Trees
        });
        assert_eq!(trees.count(), 11);
        assert_eq!(Section::of("EnumColumn"), Section::Compare);
        assert_eq!(Section::of("FigureOrderBy"), Section::Aggregate);
    }
}
