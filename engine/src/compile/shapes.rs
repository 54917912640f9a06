//! Stage: objects inside JSON and of composite types, and what their members hold.

use super::directive::{Word, word};
use super::enums::EnumDraft;
use super::findings::Findings;
use super::tables;
use crate::sdl;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, ObjectType};
use model::schema::{Composite, Form, Inside, Member, Shape};
use model::{Diagnostic, Dialect, Scalar};
use std::collections::{HashMap, HashSet};

/// An object inside JSON and the definition it comes from.
pub(super) struct ShapeDraft<'a> {
    pub(super) node: &'a ObjectType,
    pub(super) shape: Shape,
}

impl ShapeDraft<'_> {
    /// Where its name stands.
    pub(super) fn span(&self) -> Option<SourceSpan> {
        self.node.name.location()
    }
}

/// The shapes by type name.
pub(super) fn resolve<'a>(
    document: &'a Document,
    enums: &[EnumDraft],
    dialect: Dialect,
    findings: &mut Findings,
) -> Vec<ShapeDraft<'a>> {
    let objects = document.types.values().filter_map(|definition| {
        let ExtendedType::Object(node) = definition else {
            return None;
        };
        (is_shape(node) && findings.is_theirs(node.name.location())).then_some(&**node)
    });
    let mut nodes: Vec<&ObjectType> = objects.collect();
    nodes.sort_by_key(|node| node.name.as_str());
    let scalars = Scalar::ALL.map(|scalar| (scalar.name(), Form::Scalar(scalar)));
    let enums = enums.iter().enumerate().map(|(index, draft)| {
        let name = draft.enumeration.type_name.as_str();
        (name, Form::Enum(index))
    });
    let shapes = nodes.iter().enumerate();
    let shapes = shapes.map(|(index, node)| (node.name.as_str(), Form::Shape(index)));
    let names: HashMap<&str, Form> = scalars.into_iter().chain(enums).chain(shapes).collect();
    let composites = nodes.iter().copied().map(is_composite).collect();
    let known = Known {
        document,
        names,
        composites,
        dialect,
    };
    let shape = |node: &&'a ObjectType| ShapeDraft {
        node,
        shape: shape(node, &known, findings),
    };
    let drafts: Vec<_> = nodes.iter().map(shape).collect();
    check_endless(&drafts, findings);
    drafts
}

/// Whether a type is an object inside JSON, or of a composite type.
pub(super) fn is_shape(node: &ObjectType) -> bool {
    node.directives.has("json") || is_composite(node)
}

fn is_composite(node: &ObjectType) -> bool {
    node.directives.has("composite")
}

/// The types there are, and what those are that may be members.
struct Known<'a> {
    document: &'a Document,
    names: HashMap<&'a str, Form>,
    /// Whether each shape is a composite type.
    composites: Vec<bool>,
    dialect: Dialect,
}

/// A value of that type, whose innermost items are of that form.
pub(super) fn inside(ty: &Type, innermost: &Form) -> Inside {
    let form = match ty {
        Type::Named(_) | Type::NonNullNamed(_) => innermost.clone(),
        Type::List(item) | Type::NonNullList(item) => Form::List(Box::new(inside(item, innermost))),
    };
    Inside {
        form,
        nullable: !ty.is_non_null(),
    }
}

fn shape(node: &ObjectType, known: &Known<'_>, findings: &mut Findings) -> Shape {
    let own = if is_composite(node) {
        "composite"
    } else {
        "json"
    };
    let others = node.directives.iter();
    for directive in others.filter(|directive| directive.name != own) {
        findings.add(directive.location(), || {
            let message = format!("@{} on `{}`, which has @{own}", directive.name, node.name);
            Diagnostic::error("sdl.misplaced_directive", message)
                .help("such a type has no table and no keys; keep one of the two")
        });
    }
    let composite = composite(node, known.dialect, findings);
    let mut owners = HashMap::new();
    let mut members = Vec::with_capacity(node.fields.len());
    for field in node.fields.values() {
        let Some(member) = member(field, composite.is_some(), known, findings) else {
            continue;
        };
        if let Some(owner) = owners.insert(member.name.clone(), member.field.clone()) {
            findings.add(field.name.location(), || {
                let name = sdl::clip(&member.name);
                let message = format!(
                    "`{owner}` and `{}` are the same member {name:?}",
                    field.name
                );
                Diagnostic::error("sdl.duplicate_member", message)
                    .help("keep one of them, or correct the name of the other in @member(name:)")
            });
        }
        members.push(member);
    }
    Shape {
        type_name: node.name.to_string(),
        description: node.description.as_ref().map(ToString::to_string),
        composite,
        members,
    }
}

fn composite(node: &ObjectType, dialect: Dialect, findings: &mut Findings) -> Option<Composite> {
    let directive = node.directives.get("composite")?;
    let without = match dialect {
        Dialect::Postgres => None,
        Dialect::Sqlite => Some("SQLite has no composite types"),
        Dialect::Mariadb => Some("MariaDB has no composite types"),
    };
    if let Some(message) = without {
        findings.add(directive.location(), || {
            Diagnostic::error("sdl.composite", message)
                .help("keep the object in a JSON column, and write @json")
        });
    }
    let (name, schema) = (word(directive, "name"), word(directive, "schema"));
    for given in [name, schema].into_iter().flatten() {
        tables::check_name(given, dialect, findings);
    }
    Some(Composite {
        schema: schema.map(|schema| schema.text.to_owned()),
        name: name.map_or(node.name.as_str(), |name| name.text).to_owned(),
    })
}

fn member(
    field: &FieldDefinition,
    in_composite: bool,
    known: &Known<'_>,
    findings: &mut Findings,
) -> Option<Member> {
    let others = field.directives.iter();
    // What GraphQL itself defines is reported with the form of the files.
    for directive in others.filter(|directive| !matches!(&*directive.name, "member" | "deprecated"))
    {
        findings.add(directive.location(), || {
            let message = format!("@{} on `{}`, which is a member", directive.name, field.name);
            Diagnostic::error("sdl.misplaced_directive", message).help(
                "columns, keys and relations belong to tables; a member is named in @member(name:)",
            )
        });
    }
    let named = field.ty.inner_named_type();
    let Some(form) = known.names.get(named.as_str()) else {
        // A type that is nowhere is reported as such.
        if known.document.types.contains_key(named) {
            findings.add(named.location(), || {
                let message = format!("no member is of the type `{}`", sdl::clip(named));
                Diagnostic::error("sdl.unknown_type", message)
                    .help("a member is a scalar, an enum, a type with @json, or a list of those")
            });
        }
        return None;
    };
    if let Some(problem) = known.problem(form, in_composite, field.ty.is_list()) {
        findings.add(named.location(), || {
            let message = format!(
                "`{}` cannot be a `{}`",
                field.name,
                sdl::clip(&field.ty.to_string())
            );
            Diagnostic::error("sdl.composite", message).help(problem)
        });
    }
    let given = field.directives.get("member");
    let given = given.and_then(|directive| word(directive, "name"));
    let own = Word {
        text: field.name.as_str(),
        span: field.name.location(),
    };
    let name = given.unwrap_or(own);
    if in_composite {
        tables::check_name(name, known.dialect, findings);
    }
    Some(Member {
        field: field.name.to_string(),
        name: name.text.to_owned(),
        description: field.description.as_ref().map(ToString::to_string),
        value: inside(&field.ty, form),
    })
}

impl Known<'_> {
    /// Why a member cannot hold what is otherwise known.
    fn problem(&self, form: &Form, in_composite: bool, is_list: bool) -> Option<&'static str> {
        let is_composite = matches!(form, Form::Shape(index) if self.composites[*index]);
        match form {
            Form::Shape(_) if is_composite && !in_composite => {
                Some("a composite type stands in columns and in other composite types")
            }
            Form::Scalar(Scalar::Bytes) if in_composite => Some(
                "leave it out: PostgreSQL shows bytes inside a composite type in a form of its own",
            ),
            _ if in_composite && is_list && (is_composite || !matches!(form, Form::Shape(_))) => {
                Some("arrays cannot be mapped; only lists of a type with @json can, which are JSON")
            }
            _ => None,
        }
    }
}

/// An object that must hold another one of its own type has no end.
fn check_endless(drafts: &[ShapeDraft<'_>], findings: &mut Findings) {
    for (start, draft) in drafts.iter().enumerate() {
        let mut seen = HashSet::new();
        let mut next = vec![start];
        while let Some(shape) = next.pop() {
            let required = drafts[shape].shape.members.iter();
            let required = required.filter_map(|member| match member.value {
                Inside {
                    form: Form::Shape(index),
                    nullable: false,
                } => Some(index),
                _ => None,
            });
            next.extend(required.filter(|index| seen.insert(*index)));
        }
        if seen.contains(&start) {
            findings.add(draft.span(), || {
                let message = format!("`{}` must hold another `{0}`, without end", draft.node.name);
                Diagnostic::error("sdl.endless", message)
                    .help("let one of the members on the way be null: take its ! away")
            });
        }
    }
}
