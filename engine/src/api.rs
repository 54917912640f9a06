//! The generated API: from tables to a GraphQL type system, and from its fields back to tables.
//!
//! A type is made when something first goes by it: a document, a variable, a rule. All of them together
//! are made only for who asks for all, by introspection.

mod aggregates;
mod compare;
mod filters;
mod granted;
mod names;
mod owners;
mod parts;
mod roots;
mod shapes;
mod tables;
mod text;
mod touched;
mod trees;
mod whole;
mod written;

use apollo_compiler::Name;
use apollo_compiler::Schema as TypeSystem;
use apollo_compiler::ast::Document;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use apollo_compiler::validation::Valid;
use model::Schema;
use model::schema::Rest;
use owners::{Owner, Owners};
use parts::{Parts, Section};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

pub(crate) use aggregates::{Grouping, groupings};
pub(crate) use compare::{Family, family};
pub(crate) use filters::value_type;
pub(crate) use granted::{besides, is_identified, is_seen, is_whole, parts};
pub(crate) use roots::{NOTHING, Root, Verb};
pub(crate) use shapes::{shown, shown_type, written_shape, written_type};
pub(crate) use tables::{column_name, key_name, settable, unique_keys};
pub(crate) use trees::{is_condition, is_required, is_written, picks, written_relations};
pub(crate) use whole::Whole;

/// The type system served to clients, and what each root field stands for.
#[derive(Debug)]
pub(crate) struct Api {
    schema: Arc<Schema>,
    owners: Arc<Owners>,
    parts: Parts,
    /// The API that has all of it, with which the whole shares what is alike.
    other: Option<Arc<Self>>,
    whole: OnceLock<Result<Arc<Whole>, String>>,
    /// The whole, as long as others share it.
    lent: Mutex<Weak<Whole>>,
}

impl Api {
    /// The API of a schema.
    ///
    /// An error is a name the compiler should have refused.
    pub(crate) fn new(schema: Arc<Schema>) -> Result<Self, String> {
        names::check(&schema)?;
        let owners = Arc::new(Owners::of(&schema));
        Ok(Self::made(schema, owners, None))
    }

    /// The API of a schema as it is shown to somebody, of which another API has all.
    pub(crate) fn beside(other: Arc<Self>, schema: Arc<Schema>) -> Self {
        let owners = Arc::clone(&other.owners);
        Self::made(schema, owners, Some(other))
    }

    /// The same, of which nothing is made yet.
    pub(crate) fn again(&self) -> Self {
        let (schema, owners) = (Arc::clone(&self.schema), Arc::clone(&self.owners));
        Self::made(schema, owners, self.other.clone())
    }

    fn made(schema: Arc<Schema>, owners: Arc<Owners>, other: Option<Arc<Self>>) -> Self {
        Self {
            parts: Parts::new(&schema),
            schema,
            owners,
            other,
            whole: OnceLock::new(),
            lent: Mutex::default(),
        }
    }

    /// The schema it is made from.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What the root field of that name stands for.
    pub(crate) fn root(&self, name: &str) -> Option<Root> {
        if name == "node" {
            let verb = Verb::Node;
            return Some(Root { table: 0, verb });
        }
        let tables = self.owners.of_root(name).into_iter();
        let mut stands = tables.filter_map(|table| roots::stands_for(&self.schema, table, name));
        stands.next().or_else(|| {
            let functions = &mut self.schema.functions.iter();
            let function = functions.position(|known| {
                known.field == name && known.receiver.is_none() && !known.is_hidden
            })?;
            let verb = Verb::Function(function);
            Some(Root { table: 0, verb })
        })
    }

    /// The type of that name, unless it is a root.
    pub(crate) fn ty(&self, name: &str) -> Option<&ExtendedType> {
        let shared = self.shell().types.get(name);
        let of_part = |(owner, rest): (Owner, &str)| {
            let types = self.parts.of(&self.schema, owner, rest)?;
            types.get(name)
        };
        shared.or_else(|| self.owners.of_type(name).find_map(of_part))
    }

    /// A field of a root, `Query` or `Mutation`.
    pub(crate) fn root_field(&self, root: &str, name: &str) -> Option<&Component<FieldDefinition>> {
        let types = match self.root(name) {
            Some(Root { verb, table }) => match verb {
                Verb::Node if roots::has_node(&self.schema) => self.parts.node(),
                Verb::Node => return None,
                Verb::Function(function) => self.parts.of_function(&self.schema, function)?,
                _ => self.parts.of_table(&self.schema, table, Section::Roots)?,
            },
            None if name == NOTHING && roots::has_nothing(&self.schema) => self.parts.nothing(),
            None => return None,
        };
        types.get(root)?.as_object()?.fields.get(name)
    }

    /// The field that writes a table so.
    pub(crate) fn mutation(&self, table: usize, verb: Verb) -> Option<&FieldDefinition> {
        let name = roots::by(&self.schema, Root { table, verb })?;
        let field = self.root_field("Mutation", &name)?;
        Some(field)
    }

    /// The objects of an interface that tables have; each object with an id is of the one of all.
    pub(crate) fn possible(&self, interface: &str) -> Vec<Name> {
        let mut owners = self.owners.of_type(interface);
        let Some((Owner::Table(table), "")) = owners.next() else {
            return Vec::new();
        };
        let variants = self.schema.tables[table].variants.iter();
        let types = variants.flat_map(|variants| &variants.types);
        let seen = types.filter(|variant| match variant.rest {
            Rest::Here { .. } => true,
            Rest::Beside { table, .. } => is_seen(&self.schema.tables[table]),
        });
        let names = seen.map(|variant| Name::new(variant.type_name(&self.schema)));
        names.flatten().collect()
    }

    /// Whether objects of a type are among those of an interface or a union.
    pub(crate) fn is_subtype(&self, of: &str, name: &str) -> bool {
        match self.ty(of) {
            Some(ExtendedType::Union(union)) => union.members.contains(name),
            Some(ExtendedType::Interface(_)) => match self.ty(name) {
                Some(ExtendedType::Object(it)) => it.implements_interfaces.contains(of),
                Some(ExtendedType::Interface(it)) => it.implements_interfaces.contains(of),
                _ => false,
            },
            _ => false,
        }
    }

    /// What a document goes by, which validates it as the whole would.
    pub(crate) fn touched(&self, document: &Document) -> Valid<TypeSystem> {
        touched::touched(self, document)
    }

    /// What all APIs have, whatever their tables.
    pub(crate) fn shell(&self) -> &TypeSystem {
        self.parts.shell(&self.schema)
    }

    /// All types, for who asks for all.
    pub(crate) fn whole(&self) -> Result<&Whole, String> {
        let whole = self.whole.get_or_init(|| {
            let other = self.other.as_ref().map(|other| other.lend());
            Ok(Arc::new(Whole::of(&self.schema, other.transpose()?)?))
        });
        whole.as_ref().map(|whole| &**whole).map_err(Clone::clone)
    }

    /// The whole for others, which is kept for as long as they have it.
    fn lend(&self) -> Result<Arc<Whole>, String> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = lent.upgrade() {
            return Ok(whole);
        }
        let whole = Arc::new(Whole::of(&self.schema, None)?);
        *lent = Arc::downgrade(&whole);
        Ok(whole)
    }

    /// The whole as SDL.
    pub(crate) fn text(&self) -> String {
        match self.whole.get() {
            Some(Ok(whole)) => whole.text().to_owned(),
            _ => whole::sdl(&self.schema).into_parts().0,
        }
    }

    /// How many types were made so far, those of the whole apart.
    pub(crate) fn types(&self) -> usize {
        self.parts.count()
    }

    /// A figure of the memory that it takes so far, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let whole = self.whole.get().and_then(|whole| whole.as_ref().ok());
        self.parts.bytes() + whole.map_or(0, |whole| whole.bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests;
