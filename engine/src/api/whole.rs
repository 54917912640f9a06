//! All types of an API at once.

use super::granted::{Named, Unseen, is_seen};
use super::text::Sdl;
use super::written::Written;
use super::{filters, parts, roots, shapes, tables, trees};
use apollo_compiler::Name;
use apollo_compiler::Schema as TypeSystem;
use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use model::Schema;
use std::sync::Arc;

/// The type system, and what of it is of which interface.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) types: Valid<TypeSystem>,
    pub(crate) implementers: HashMap<Name, Implementers>,
    written: Written,
    /// The one that has a part of it.
    other: Option<Arc<Self>>,
}

impl Whole {
    /// Makes it, beside another that has a part of it.
    ///
    /// An error is a name the compiler should have refused.
    pub(super) fn of(schema: &Schema, other: Option<Arc<Self>>) -> Result<Self, String> {
        let written = Written::parse(sdl(schema), other.as_deref().map(|other| &other.written))?;
        let types = written.document().to_schema_validate();
        let types = types.map_err(|invalid| invalid.errors.to_string())?;
        Ok(Self {
            implementers: types.implementers_map(),
            types,
            written,
            other,
        })
    }

    /// The type system as SDL.
    pub(crate) fn text(&self) -> &str {
        self.written.text()
    }

    /// A figure of the memory it takes, in bytes: a type system takes about ten times its text.
    pub(super) fn bytes(&self) -> usize {
        let other = self.other.as_deref().map_or(0, Self::bytes);
        24 * self.text().len() + other
    }
}

/// The whole API as SDL.
pub(super) fn sdl(schema: &Schema) -> Sdl {
    let mut out = Sdl::default();
    parts::shared(&mut out, schema);
    let (lists, unseen) = (filters::listed(schema), Unseen::of(schema));
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
        if tables::is_union_seen(schema, union) {
            tables::union(&mut out, schema, union);
        }
    }
    roots::query(&mut out, schema);
    roots::mutation(&mut out, schema);
    out
}
