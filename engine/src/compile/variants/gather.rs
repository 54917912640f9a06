//! Which types belong together, and which fields their table has.

use crate::compile::directive::{Word, word};
use crate::compile::draft::Definition;
use crate::compile::findings::Findings;
use crate::compile::shapes;
use crate::compile::tables::source;
use apollo_compiler::ast::{Directive, FieldDefinition};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{Component, DirectiveList, ExtendedType, ObjectType};
use apollo_compiler::{Name, Node, Schema as Document};
use model::Diagnostic;

/// An interface or a union that is a table, and the types of its rows.
pub(in crate::compile) struct Family<'a> {
    pub(in crate::compile) name: &'a Name,
    description: Option<&'a Node<str>>,
    directives: &'a DirectiveList,
    /// The fields of an interface; a union has none.
    fields: Option<&'a IndexMap<Name, Component<FieldDefinition>>>,
    /// By name.
    pub(in crate::compile) members: Vec<&'a ObjectType>,
}

impl<'a> Family<'a> {
    /// The fields all its types have, where it is an interface.
    pub(super) fn shared(&self) -> Option<&'a IndexMap<Name, Component<FieldDefinition>>> {
        self.fields
    }

    /// Whether a type is one of its types.
    pub(in crate::compile) fn is_of(&self, name: &Name) -> bool {
        self.members.iter().any(|member| member.name == *name)
    }

    /// Those of its types that have no table.
    pub(in crate::compile) fn without_table(&self) -> impl Iterator<Item = &'a ObjectType> {
        let members = self.members.iter().copied();
        members.filter(|member| !has_table(member))
    }

    /// The field that tells the type of a row.
    pub(super) fn discriminator(&self) -> Option<Word<'a>> {
        word(source(self.directives)?, "discriminator")
    }

    /// Whether a field of one of its types is that of the interface.
    fn has(&self, field: &FieldDefinition) -> bool {
        self.fields
            .is_some_and(|fields| fields.contains_key(&field.name))
    }
}

/// Whether a type has a table or view of its own.
pub(super) fn has_table(member: &ObjectType) -> bool {
    source(&member.directives).is_some()
}

/// The interfaces and unions by name.
pub(in crate::compile) fn families<'a>(
    document: &'a Document,
    findings: &mut Findings,
) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    for definition in document.types.values() {
        if !findings.is_theirs(definition.name().location()) {
            continue;
        }
        let family = match definition {
            ExtendedType::Interface(node) => Family {
                name: &node.name,
                description: node.description.as_ref(),
                directives: &node.directives,
                fields: Some(&node.fields),
                members: objects(document)
                    .filter(|object| object.implements_interfaces.contains(&node.name))
                    .collect(),
            },
            // One without a table is of tables, and a stage of its own.
            ExtendedType::Union(node) if source(&node.directives).is_some() => Family {
                name: &node.name,
                description: node.description.as_ref(),
                directives: &node.directives,
                fields: None,
                members: objects(document)
                    .filter(|object| node.members.contains(&object.name))
                    .collect(),
            },
            _ => continue,
        };
        families.push(family);
    }
    for family in &mut families {
        family.members.sort_by(|a, b| a.name.cmp(&b.name));
    }
    families.sort_by(|a, b| a.name.cmp(b.name));
    for family in &families {
        check(family, findings);
    }
    for object in objects(document) {
        if findings.is_theirs(object.name.location()) {
            check_member(object, &families, findings);
        }
    }
    families
}

fn objects(document: &Document) -> impl Iterator<Item = &ObjectType> {
    document
        .types
        .values()
        .filter_map(|definition| match definition {
            ExtendedType::Object(object) => Some(&**object),
            _ => None,
        })
}

fn refuse(
    findings: &mut Findings,
    span: Option<apollo_compiler::parser::SourceSpan>,
    message: impl FnOnce() -> String,
    help: impl FnOnce() -> String,
) {
    findings.add(span, || {
        Diagnostic::error("sdl.variant", message()).help(help())
    });
}

fn check(family: &Family<'_>, findings: &mut Findings) {
    let name = family.name;
    if let Some(source) = source(family.directives)
        && family.discriminator().is_none()
    {
        refuse(
            findings,
            source.location(),
            || format!("which field tells the type of a row of `{name}`?"),
            || format!("name it: @{}(discriminator: …)", source.name),
        );
    }
    if family.members.is_empty() {
        refuse(
            findings,
            name.location(),
            || format!("no type implements `{name}`"),
            || format!("add one: `type … implements {name} @variant(value: …) {{ … }}`"),
        );
    }
}

/// What a type says of itself must fit the interface or union it is in.
fn check_member(object: &ObjectType, families: &[Family<'_>], findings: &mut Findings) {
    let mut of = families.iter().filter(|family| family.is_of(&object.name));
    let variant = object.directives.get("variant");
    let Some(family) = of.next() else {
        if let Some(variant) = variant {
            refuse(
                findings,
                variant.location(),
                || format!("`{}` is a variant of nothing", object.name),
                || {
                    "let it implement an interface that is a table, or put it into a union"
                        .to_owned()
                },
            );
        }
        check_alone(object, findings);
        return;
    };
    if let Some(other) = of.next() {
        refuse(
            findings,
            object.name.location(),
            || {
                format!(
                    "`{}` is of `{}` and of `{}`",
                    object.name, family.name, other.name
                )
            },
            || "a type is of one interface or union".to_owned(),
        );
    }
    check_value(object, family, findings);
    if has_table(object) {
        if family.fields.is_none() {
            refuse(
                findings,
                object.name.location(),
                || format!("`{}` is in a union and has a table of its own", object.name),
                || {
                    format!(
                        "make `{}` an interface, or leave the table out",
                        family.name
                    )
                },
            );
        }
        check_alone(object, findings);
        return;
    }
    for name in ["api", "unique", "search", "constraint", "cache", "access"] {
        if let Some(directive) = object.directives.get(name) {
            misplaced(directive, family, findings);
        }
    }
    if let Some(directive) = object.directives.get("cost") {
        refuse(
            findings,
            directive.location(),
            || {
                format!(
                    "`{}` has no table of its own, so its rows have no weight",
                    object.name
                )
            },
            || "leave it out, or weigh fields of it".to_owned(),
        );
    }
}

/// A type of several says which rows are of it.
fn check_value(object: &ObjectType, family: &Family<'_>, findings: &mut Findings) {
    let variant = object.directives.get("variant");
    if let Some(inside) = object.directives.get("json") {
        refuse(
            findings,
            inside.location(),
            || {
                format!(
                    "`{}` is inside JSON, and `{}` has rows",
                    object.name, family.name
                )
            },
            || "take @json away, or the type out of it".to_owned(),
        );
    } else if variant.is_none() {
        refuse(
            findings,
            object.name.location(),
            || format!("which rows of `{}` are of `{}`?", family.name, object.name),
            || "say so by the value of the discriminator: @variant(value: …)".to_owned(),
        );
    }
}

fn misplaced(directive: &Node<Directive>, family: &Family<'_>, findings: &mut Findings) {
    findings.add(directive.location(), || {
        let (name, owner) = (&directive.name, family.name);
        let message = format!("@{name} belongs to the table, which is `{owner}`");
        Diagnostic::error("sdl.misplaced_directive", message).help(format!("put it on `{owner}`"))
    });
}

/// The rows of an object type are all of that type.
fn check_alone(object: &ObjectType, findings: &mut Findings) {
    let named = source(&object.directives).and_then(|source| word(source, "discriminator"));
    if let Some(named) = named {
        refuse(
            findings,
            named.span,
            || format!("the rows of `{}` are all of its own type", object.name),
            || "a discriminator belongs to an interface or a union".to_owned(),
        );
    }
}

/// What declares a table: the types that are one, and the interfaces and unions.
pub(in crate::compile) fn definitions<'a>(
    document: &'a Document,
    families: &[Family<'a>],
    findings: &mut Findings,
) -> Vec<Definition<'a>> {
    let mut definitions = Vec::new();
    for object in objects(document) {
        let is_inside = shapes::is_shape(object);
        if !findings.is_theirs(object.name.location()) || is_inside {
            continue;
        }
        let family = families.iter().find(|family| family.is_of(&object.name));
        if family.is_none() || has_table(object) {
            definitions.push(own(object, family, findings));
        }
    }
    for family in families {
        definitions.push(whole(family, findings));
    }
    definitions
}

/// A type with the fields of its own table; one without a directive is that of the interface.
fn own<'a>(
    object: &'a ObjectType,
    family: Option<&Family<'a>>,
    findings: &mut Findings,
) -> Definition<'a> {
    let mut fields = IndexMap::default();
    for field in object.fields.values() {
        let shared = family.filter(|family| family.has(field) && field.directives.is_empty());
        match shared {
            Some(family) => check_same(field, family, findings),
            None => {
                fields.insert(field.name.as_str(), &field.node);
            }
        }
    }
    Definition {
        name: &object.name,
        description: object.description.as_ref(),
        directives: &object.directives,
        fields,
        is_several: false,
    }
}

/// An interface or union with all the columns of its table.
fn whole<'a>(family: &Family<'a>, findings: &mut Findings) -> Definition<'a> {
    let shared = family.fields.into_iter().flat_map(IndexMap::values);
    let mut fields: IndexMap<&'a str, &'a Node<FieldDefinition>> = shared
        .map(|field| (field.name.as_str(), &field.node))
        .collect();
    for member in family.without_table() {
        for field in member.fields.values() {
            if family.has(field) {
                check_same(field, family, findings);
                for directive in &field.directives {
                    misplaced(directive, family, findings);
                }
                continue;
            }
            let known = fields.entry(field.name.as_str()).or_insert(&field.node);
            if known.ty != field.ty || known.directives != field.directives {
                refuse(
                    findings,
                    field.name.location(),
                    || {
                        format!(
                            "`{}` of `{}` is declared otherwise in another type",
                            field.name, member.name
                        )
                    },
                    || {
                        format!(
                            "it is one field of the table `{}`; call one of them otherwise",
                            family.name
                        )
                    },
                );
            }
        }
    }
    Definition {
        name: family.name,
        description: family.description,
        directives: family.directives,
        fields,
        is_several: true,
    }
}

/// A field of the interface has the same type in all its types.
fn check_same(field: &FieldDefinition, family: &Family<'_>, findings: &mut Findings) {
    let declared = family.fields.and_then(|fields| fields.get(&field.name));
    if let Some(declared) = declared.filter(|declared| declared.ty != field.ty) {
        refuse(
            findings,
            field.name.location(),
            || format!("`{}` is `{}` in `{}`", field.name, declared.ty, family.name),
            || format!("write `{}: {}`", field.name, declared.ty),
        );
    }
}
