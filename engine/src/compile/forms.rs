//! Which of GraphQL's definitions a schema file may hold.

use super::findings::Findings;
use crate::names::{self, api};
use crate::sdl;
use apollo_compiler::Name;
use apollo_compiler::ast::{
    Definition, DirectiveList, Document, EnumValueDefinition, FieldDefinition,
    ObjectTypeDefinition, Type,
};
use apollo_compiler::parser::SourceSpan;
use model::{Diagnostic, Scalar};

/// The types whose fields are functions of the database; they are extended.
pub(super) const ROOTS: [&str; 2] = ["Query", "Mutation"];

/// Reports definitions that mean nothing here, and takes those away that would only lead to
/// further errors.
pub(super) fn check(document: &mut Document, findings: &mut Findings) {
    document.definitions.retain(|definition| {
        if let Some(finding) = refusal(definition) {
            findings.add(place(definition), || finding);
            return false;
        }
        let is_root = definition
            .name()
            .is_some_and(|name| ROOTS.contains(&name.as_str()));
        for field in fields(definition) {
            check_field(field, is_root, findings);
        }
        for value in values(definition) {
            check_deprecated(&value.directives, findings);
        }
        true
    });
}

fn refusal(definition: &Definition) -> Option<Diagnostic> {
    let what = match definition {
        Definition::ObjectTypeDefinition(object) => {
            return root(object).or_else(|| reserved(&object.name, "Row"));
        }
        Definition::InterfaceTypeDefinition(interface) => {
            return reserved(&interface.name, "Row")
                .or_else(|| implements(&interface.implements_interfaces));
        }
        Definition::InterfaceTypeExtension(interface) => {
            return implements(&interface.implements_interfaces);
        }
        Definition::UnionTypeDefinition(union) => return reserved(&union.name, "Row"),
        Definition::EnumTypeDefinition(enumeration) => return reserved(&enumeration.name, "Kind"),
        Definition::ObjectTypeExtension(_)
        | Definition::UnionTypeExtension(_)
        | Definition::EnumTypeExtension(_) => return None,
        Definition::ScalarTypeDefinition(scalar) => {
            return known_scalar(&scalar.name).or_else(|| reserved(&scalar.name, "Value"));
        }
        Definition::ScalarTypeExtension(scalar) => return known_scalar(&scalar.name),
        Definition::InputObjectTypeDefinition(_) | Definition::InputObjectTypeExtension(_) => {
            return Some(generated("input types are"));
        }
        Definition::SchemaExtension(schema) if schema.root_operations.is_empty() => return None,
        Definition::SchemaDefinition(_) | Definition::SchemaExtension(_) => {
            return Some(generated("a schema definition is").help(
                "roles are added by `extend schema @role(name: …)`; the API makes all else itself",
            ));
        }
        Definition::DirectiveDefinition(_) => "directive definitions are",
        Definition::OperationDefinition(_) | Definition::FragmentDefinition(_) => "operations are",
    };
    let finding = Diagnostic::error(
        "sdl.unsupported",
        format!("{what} not supported in a schema file"),
    );
    Some(finding.help(
        "a schema file holds types with @table, @view, @json or @composite, interfaces and unions of them, enums and scalars",
    ))
}

fn generated(what: &str) -> Diagnostic {
    Diagnostic::error(
        "sdl.unsupported",
        format!("{what} not supported in a schema file"),
    )
    .help("the API generates its own from the tables; leave this out")
}

/// A type of the root fields that is no table is meant to hold functions.
fn root(object: &ObjectTypeDefinition) -> Option<Diagnostic> {
    let name = &object.name;
    let is_table = object.directives.has("table") || object.directives.has("view");
    let is_root = ROOTS.contains(&name.as_str()) && !is_table;
    is_root.then(|| {
        let message = format!("the API makes the type `{name}` by itself");
        Diagnostic::error("sdl.reserved_name", message).help(format!(
            "write `extend type {name}` to add functions of the database to it"
        ))
    })
}

fn reserved(name: &Name, word: &str) -> Option<Diagnostic> {
    if name.len() > names::BYTES_MAX {
        let shown = sdl::clip(name);
        let message = format!(
            "the name `{shown}` is longer than {} bytes",
            names::BYTES_MAX
        );
        return Some(Diagnostic::error("sdl.long_name", message));
    }
    let is_reserved = api::is_reserved_type(name);
    is_reserved.then(|| {
        Diagnostic::error(
            "sdl.reserved_name",
            format!("the API needs the type name `{name}` for itself"),
        )
        .help(format!(
            "choose another name, as `{}{word}`; the database keeps its own in `name:`",
            name.trim_start_matches('_')
        ))
    })
}

fn implements(interfaces: &[Name]) -> Option<Diagnostic> {
    let interface = interfaces.first()?;
    let message = format!(
        "an interface implements no other: `{}`",
        sdl::clip(interface)
    );
    Some(Diagnostic::error("sdl.unsupported", message).help("leave `implements` out"))
}

fn known_scalar(name: &Name) -> Option<Diagnostic> {
    Scalar::from_name(name)?;
    let message = format!("the scalar `{name}` is there already");
    Some(Diagnostic::error("sdl.unsupported", message).help("leave its definition out"))
}

pub(super) fn fields(definition: &Definition) -> impl Iterator<Item = &FieldDefinition> {
    let fields = match definition {
        Definition::ObjectTypeDefinition(object) => Some(&object.fields),
        Definition::ObjectTypeExtension(object) => Some(&object.fields),
        Definition::InterfaceTypeDefinition(interface) => Some(&interface.fields),
        Definition::InterfaceTypeExtension(interface) => Some(&interface.fields),
        _ => None,
    };
    fields.into_iter().flatten().map(AsRef::as_ref)
}

pub(super) fn values(definition: &Definition) -> impl Iterator<Item = &EnumValueDefinition> {
    let values = match definition {
        Definition::EnumTypeDefinition(enumeration) => Some(&enumeration.values),
        Definition::EnumTypeExtension(enumeration) => Some(&enumeration.values),
        _ => None,
    };
    values.into_iter().flatten().map(AsRef::as_ref)
}

/// The one directive of GraphQL itself that may stand here would be dropped without a word.
fn check_deprecated(directives: &DirectiveList, findings: &mut Findings) {
    if let Some(directive) = directives.get("deprecated") {
        findings.add(directive.location(), || {
            Diagnostic::error("sdl.unsupported", "@deprecated is not supported")
                .help("leave it out, and say so in the description")
        });
    }
}

/// Deeper lists than in any document that people write; an artefact could not be read again.
const LISTS_MAX: usize = 8;

/// How many lists of a type stand in each other.
fn lists(ty: &Type) -> usize {
    let lists = std::iter::successors(Some(ty), |ty| ty.is_list().then(|| ty.item_type()));
    lists.count() - 1
}

fn check_field(field: &FieldDefinition, is_root: bool, findings: &mut Findings) {
    let span = field.name.location();
    if lists(&field.ty) > LISTS_MAX {
        findings.add(span, || {
            let message = format!("`{}` nests lists deeper than {LISTS_MAX}", field.name);
            Diagnostic::error("sdl.list", message).help("give an object between them a type")
        });
    }
    check_deprecated(&field.directives, findings);
    let calls = is_root || field.directives.has("function");
    if let Some(argument) = field.arguments.first().filter(|_| !calls) {
        findings.add(argument.location(), || {
            Diagnostic::error("sdl.unsupported", "fields of a type take no arguments")
                .help("only a function of the database does: @function; to lists the API adds `where`, `orderBy`, `limit` and `offset` by itself")
        });
    }
    if field.name.len() > names::BYTES_MAX {
        findings.add(span, || {
            let shown = sdl::clip(&field.name);
            let message = format!(
                "the name `{shown}` is longer than {} bytes",
                names::BYTES_MAX
            );
            Diagnostic::error("sdl.long_name", message)
        });
    }
}

/// The name of a definition, or all of it where it has none.
fn place(definition: &Definition) -> Option<SourceSpan> {
    definition
        .name()
        .and_then(Name::location)
        .or_else(|| definition.location())
}
