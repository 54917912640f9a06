//! The generated API: from tables to a GraphQL type system, and from its fields back to tables.

mod aggregates;
mod compare;
mod filters;
mod granted;
mod roots;
mod shapes;
mod tables;
mod text;
mod trees;
mod written;

use crate::cost;
use apollo_compiler::Schema as TypeSystem;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, collections::HashMap};
use granted::{Named, Unseen};
use model::Schema;
use text::Sdl;
use written::Written;

pub(crate) use aggregates::{Grouping, groupings};
pub(crate) use compare::{Family, family};
pub(crate) use filters::value_type;
pub(crate) use granted::{besides, is_identified, is_seen, is_whole, parts};
pub(crate) use roots::{NOTHING, Root, Verb};
pub(crate) use shapes::{shown, shown_type, written_shape, written_type};
pub(crate) use tables::{column_name, key_name, settable, unique_keys};
pub(crate) use trees::{is_condition, is_required, is_written, picks, written_relations};

/// The type system served to clients, and what each root field stands for.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) types: Valid<TypeSystem>,
    pub(crate) implementers: HashMap<Name, Implementers>,
    roots: HashMap<String, Root>,
    written: Written,
}

impl Api {
    /// Generates the API of a schema.
    ///
    /// An error is a name the compiler should have refused.
    pub(crate) fn new(schema: &Schema) -> Result<Self, String> {
        Self::beside(None, schema)
    }

    /// Generates the API of a schema, of which another API has a part.
    pub(crate) fn beside(other: Option<&Self>, schema: &Schema) -> Result<Self, String> {
        let written = Written::parse(sdl(schema), other.map(|other| &other.written))?;
        let types = written.document().to_schema_validate();
        let types = types.map_err(|invalid| invalid.errors.to_string())?;
        Ok(Self {
            implementers: types.implementers_map(),
            types,
            roots: roots::roots(schema).collect(),
            written,
        })
    }

    /// What the root field of that name stands for.
    pub(crate) fn root(&self, name: &str) -> Option<Root> {
        self.roots.get(name).copied()
    }

    /// The type system as SDL.
    pub(crate) fn text(&self) -> &str {
        self.written.text()
    }
}

/// The whole API as SDL.
fn sdl(schema: &Schema) -> Sdl {
    let mut out = Sdl::default();
    out.line(cost::DIRECTIVES);
    filters::scalars(&mut out);
    let (lists, unseen) = (filters::listed(schema), Unseen::of(schema));
    filters::shared(&mut out, schema.dialect, &lists);
    for (index, custom) in schema.scalars.iter().enumerate() {
        if !unseen.has(Named::Scalar(index)) {
            filters::custom(&mut out, schema.dialect, &lists, custom);
        }
    }
    for (index, enumeration) in schema.enums.iter().enumerate() {
        if !unseen.has(Named::Enum(index)) {
            filters::enumeration(&mut out, &lists, enumeration);
        }
    }
    for (index, shape) in schema.shapes.iter().enumerate() {
        if !unseen.has(Named::Shape(index)) {
            shapes::shape(&mut out, schema, shape);
        }
    }
    for (index, reached) in trees::reached(schema).into_iter().enumerate() {
        if is_seen(&schema.tables[index]) {
            tables::table(&mut out, schema, index);
            trees::inputs(&mut out, schema, &schema.tables[index], reached);
        }
    }
    for union in &schema.unions {
        if union
            .types
            .iter()
            .all(|table| is_seen(&schema.tables[*table]))
        {
            tables::union(&mut out, schema, union);
        }
    }
    roots::query(&mut out, schema);
    roots::mutation(&mut out, schema);
    out
}
