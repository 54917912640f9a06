//! Stage: which fields are columns, and of what type; the others are relations.

use super::directive::{Word, word};
use super::draft::{ChoiceDraft, Draft, Link, Slot};
use super::enums::EnumDraft;
use super::findings::Findings;
use super::scalars::ScalarDraft;
use super::shapes::{self, ShapeDraft};
use super::tables;
use super::variants::Family;
use crate::{names, sdl, types};
use apollo_compiler::Node;
use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::schema::UnionType;
use model::schema::{Column, Composite, Cost, Form};
use model::{Diagnostic, Dialect, Grant, Scalar};
use std::collections::HashMap;

/// Directives about what a column holds.
const MISPLACED: [&str; 8] = [
    "id",
    "unique",
    "column",
    "default",
    "generated",
    "version",
    "computed",
    "member",
];

/// Where a directive belongs that stands on a relation.
const BY_COLUMN: &str = "put it on the field of the column the relation goes by";

/// What a type name stands for.
#[derive(Clone, Copy)]
enum Named {
    Scalar(Scalar),
    Custom(usize),
    Enum(usize),
    Shape(usize),
    Table(usize),
    Union(usize),
}

/// What a column holds.
struct Holds {
    scalar: Scalar,
    enumeration: Option<usize>,
    custom: Option<usize>,
    form: Option<Form>,
}

impl From<Scalar> for Holds {
    fn from(scalar: Scalar) -> Self {
        Self {
            scalar,
            enumeration: None,
            custom: None,
            form: None,
        }
    }
}

pub(super) fn resolve(
    drafts: &mut [Draft<'_>],
    (families, unions): (&[Family<'_>], &[&UnionType]),
    (enums, customs, shapes): (&[EnumDraft], &[ScalarDraft], &[ShapeDraft<'_>]),
    dialect: Dialect,
    findings: &mut Findings,
) {
    let scalars = Scalar::ALL.map(|scalar| (scalar.name(), Named::Scalar(scalar)));
    let tables = drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| (draft.name(), Named::Table(index)));
    let enum_names = enums.iter().enumerate();
    let enum_names =
        enum_names.map(|(index, draft)| (draft.enumeration.type_name.as_str(), Named::Enum(index)));
    let custom_names = customs.iter().enumerate();
    let custom_names =
        custom_names.map(|(index, draft)| (draft.custom.type_name.as_str(), Named::Custom(index)));
    let union_names = unions.iter().enumerate();
    let union_names = union_names.map(|(index, union)| (union.name.as_str(), Named::Union(index)));
    let shape_names = shapes
        .iter()
        .enumerate()
        .map(|(index, draft)| (draft.node.name.as_str(), Named::Shape(index)));
    let names: HashMap<&str, Named> = scalars
        .into_iter()
        .chain(union_names)
        .chain(custom_names)
        .chain(tables)
        .chain(shape_names)
        .chain(enum_names)
        .collect();
    let mut stage = Stage {
        names,
        families,
        enums,
        customs,
        shapes,
        dialect,
        findings,
    };
    for draft in drafts {
        let fields: Vec<_> = draft.node.fields.values().copied().collect();
        for field in fields {
            let slot = stage.field(draft, field);
            draft.slots.insert(field.name.as_str(), slot);
        }
        stage.check_duplicates(draft);
        stage.check_sortable(draft);
    }
}

struct Stage<'a, 'f> {
    names: HashMap<&'a str, Named>,
    families: &'a [Family<'a>],
    enums: &'a [EnumDraft],
    customs: &'a [ScalarDraft],
    shapes: &'a [ShapeDraft<'a>],
    dialect: Dialect,
    findings: &'f mut Findings,
}

/// What a column's directives say about it.
struct Given<'a> {
    name: Option<Word<'a>>,
    native: Option<Word<'a>>,
}

impl Stage<'_, '_> {
    fn field<'a>(&mut self, draft: &mut Draft<'a>, field: &'a Node<FieldDefinition>) -> Slot {
        if field.directives.has("function") {
            let help = "leave it out: nothing of it is stored";
            self.check_no_column(field, "what a function gives", help);
            return Slot::Function;
        }
        match self
            .names
            .get(field.ty.inner_named_type().as_str())
            .copied()
        {
            Some(Named::Table(target)) => self.link(draft, field, target),
            Some(Named::Union(union)) => self.choice(draft, field, union),
            Some(Named::Custom(index)) => {
                let holds = Holds {
                    custom: Some(index),
                    ..self.customs[index].custom.scalar.into()
                };
                self.column(draft, field, holds)
            }
            Some(Named::Scalar(scalar)) => self.column(draft, field, scalar.into()),
            Some(Named::Enum(index)) => {
                let holds = Holds {
                    enumeration: Some(index),
                    ..Scalar::String.into()
                };
                self.column(draft, field, holds)
            }
            Some(Named::Shape(index)) => {
                let inside = shapes::inside(&field.ty, &Form::Shape(index));
                let holds = Holds {
                    form: Some(inside.form),
                    ..Scalar::Json.into()
                };
                self.column(draft, field, holds)
            }
            None => {
                self.check_foreign(field);
                Slot::Broken
            }
        }
    }

    /// Some types are known to GraphQL, so that nobody else reports that they are no columns.
    fn check_foreign(&mut self, field: &FieldDefinition) {
        let name = field.ty.inner_named_type();
        if let Some(family) = self.families.iter().find(|family| family.is_of(name)) {
            let base = family.name;
            self.findings.add(name.location(), || {
                let message = format!("`{name}` has no table; its rows are those of `{base}`");
                Diagnostic::error("sdl.variant", message).help(format!("lead to `{base}`"))
            });
        }
        if name == "ID" || name == "Query" || name.starts_with("__") {
            self.findings.add(name.location(), || {
                let message = format!("no column is of the type `{}`", sdl::clip(name));
                Diagnostic::error("sdl.unknown_type", message)
                    .help("say what it holds: Int, BigInt, UUID, String or another scalar")
            });
        }
    }

    fn link<'a>(
        &mut self,
        draft: &mut Draft<'a>,
        field: &'a Node<FieldDefinition>,
        target: usize,
    ) -> Slot {
        let Some(directive) = field.directives.get("relation") else {
            self.findings
                .add(field.name.location(), || missing_relation(field));
            return Slot::Broken;
        };
        self.check_no_column(field, "a relation", BY_COLUMN);
        draft.links.push(Link {
            field,
            directive,
            target,
            relation: None,
        });
        Slot::Link(draft.links.len() - 1)
    }

    /// A field that stands for several relations of its type.
    fn choice<'a>(
        &mut self,
        draft: &mut Draft<'a>,
        field: &'a Node<FieldDefinition>,
        union: usize,
    ) -> Slot {
        self.check_no_column(field, "a relation", BY_COLUMN);
        draft.choices.push(ChoiceDraft {
            field,
            union,
            choice: None,
        });
        Slot::Choice(draft.choices.len() - 1)
    }

    /// Refuses the directives of a column on something else.
    fn check_no_column(&mut self, field: &FieldDefinition, what: &str, help: &str) {
        for misplaced in MISPLACED {
            if let Some(misplaced) = field.directives.get(misplaced) {
                self.findings.add(misplaced.location(), || {
                    let name = &misplaced.name;
                    let message = format!(
                        "@{name} belongs to a column, and `{}` is {what}",
                        field.name
                    );
                    Diagnostic::error("sdl.misplaced_directive", message).help(help)
                });
            }
        }
    }

    fn column(&mut self, draft: &mut Draft<'_>, field: &FieldDefinition, holds: Holds) -> Slot {
        let Holds {
            scalar,
            enumeration,
            custom,
            form,
        } = holds;
        let composite = self.composite(form.as_ref());
        self.check_shape(draft, field, form.is_some());
        let directive = field.directives.get("column");
        let given = Given {
            name: directive.and_then(|directive| word(directive, "name")),
            native: directive.and_then(|directive| word(directive, "type")),
        };
        if let Some(name) = given.name {
            tables::check_name(name, self.dialect, self.findings);
        }
        let list = field.ty.is_list() && form.is_none();
        let native = match (enumeration, composite) {
            (Some(index), _) => self.enum_native(given.native, index, list),
            (None, Some(composite)) => {
                self.check_composite(field, given.native, &composite);
                None
            }
            (None, None) => self.native(field, given.native, (scalar, list)),
        };
        let is_computed = field.directives.has("computed");
        draft.table.columns.push(Column {
            field: field.name.to_string(),
            name: given
                .name
                .map_or(field.name.as_str(), |name| name.text)
                .to_owned(),
            description: field.description.as_ref().map(ToString::to_string),
            scalar,
            enumeration,
            custom,
            list,
            form,
            native,
            nullable: !field.ty.is_non_null(),
            defaulted: field.directives.has("default"),
            generated: field.directives.has("generated") || is_computed,
            // The stage behind this one reads the expression.
            computed: is_computed.then(Vec::new),
            cost: Cost::default(),
            grant: Grant::default(),
        });
        Slot::Column(draft.table.columns.len() - 1)
    }

    /// The composite type that a column of that form is of, an array too.
    fn composite(&self, form: Option<&Form>) -> Option<Composite> {
        match form? {
            Form::Shape(index) => self.shapes[*index].shape.composite.clone(),
            Form::List(item) => self.composite(Some(&item.form)),
            Form::Scalar(_) | Form::Enum(_) => None,
        }
    }

    /// A composite type has its name already.
    fn check_composite(
        &mut self,
        field: &FieldDefinition,
        native: Option<Word<'_>>,
        composite: &Composite,
    ) {
        let ty = field.ty.inner_named_type();
        if field.ty.is_list() {
            self.findings.add(field.name.location(), || {
                let message = format!("`{}` is a list of `{ty}`, a composite type", field.name);
                Diagnostic::error("sdl.list", message).help("a column holds one such value")
            });
        }
        if let Some(native) = native {
            self.findings.add(native.span, || {
                let message = format!("`{ty}` is the database type {:?} already", composite.name);
                Diagnostic::error("sdl.native_mismatch", message).help("leave `type:` out")
            });
        }
    }

    fn check_shape(&mut self, draft: &Draft<'_>, field: &FieldDefinition, is_json: bool) {
        if !is_json {
            self.check_list(field);
        }
        if let Some(relation) = field.directives.get("relation") {
            self.findings.add(relation.location(), || {
                let message = format!("@relation on `{}`, which is a column", field.name);
                Diagnostic::error("sdl.misplaced_directive", message)
                    .help("a relation is a field whose type is another table")
            });
        }
        if let Some(member) = field.directives.get("member") {
            self.findings.add(member.location(), || {
                let message = format!("@member on `{}`, which is a column", field.name);
                Diagnostic::error("sdl.misplaced_directive", message).help(
                    "it belongs on a field of a @json type; a column is named in @column(name:)",
                )
            });
        }
        let (default, generated) = (
            field.directives.get("default"),
            field.directives.get("generated"),
        );
        if let (Some(_), Some(generated)) = (default, generated) {
            self.findings.add(generated.location(), || {
                Diagnostic::error(
                    "sdl.misplaced_directive",
                    "a column is either computed or has a default",
                )
                .help("keep @generated if it can never be written, else @default")
            });
        }
        if let Some(written) = default.or(generated).filter(|_| !draft.table.writable) {
            self.findings.add(written.location(), || {
                let message = format!("@{} in a view, which is only read", written.name);
                Diagnostic::error("sdl.misplaced_directive", message).help("leave it out")
            });
        }
    }

    fn check_list(&mut self, field: &FieldDefinition) {
        let (Type::List(item) | Type::NonNullList(item)) = &field.ty else {
            return;
        };
        let name = &field.name;
        let (message, help) = if !types::has_lists(self.dialect) {
            (
                format!("`{name}` is a list of values"),
                "a column holds one value here; only PostgreSQL has columns that are lists",
            )
        } else if item.is_list() {
            (
                format!("`{name}` is a list of lists"),
                "an array of PostgreSQL has one dimension here: write one pair of brackets",
            )
        } else if item.is_non_null() {
            (
                format!("items of `{name}` are never null, and those of an array may be"),
                "take the ! behind the type of the items away",
            )
        } else {
            return;
        };
        self.findings.add(name.location(), || {
            Diagnostic::error("sdl.list", message).help(help)
        });
    }

    /// The native type, where it is not the usual one.
    fn native(
        &mut self,
        field: &FieldDefinition,
        given: Option<Word<'_>>,
        (scalar, list): (Scalar, bool),
    ) -> Option<String> {
        let given = given?;
        let dialect = self.dialect;
        let Some(native) = types::read(dialect, given.text) else {
            self.findings
                .add(given.span, || unknown_native(dialect, given.text));
            return None;
        };
        if !native.accepts(scalar, list) {
            self.findings.add(given.span, || {
                let (is, becomes) = (shown(scalar, list), shown(native.scalar, native.list));
                let message = format!("a column of type {} is no {is}", native.text);
                Diagnostic::error("sdl.native_mismatch", message)
                    .help(format!("declare `{}` as {becomes}", field.name))
            });
        }
        if native.is_binary_decimal(dialect) && scalar == Scalar::Decimal {
            self.findings.warn(field.name.location(), || {
                types::binary_decimal_warning("sdl.binary_decimal", &field.name, &native)
            });
        }
        (native.text != types::usual_column(dialect, scalar, list)).then_some(native.text)
    }

    /// The native type of an enum column that is plain text.
    fn enum_native(&mut self, given: Option<Word<'_>>, index: usize, list: bool) -> Option<String> {
        let given = given?;
        let (dialect, enumeration) = (self.dialect, &self.enums[index].enumeration);
        if let Some(name) = &enumeration.name {
            self.findings.add(given.span, || {
                let message = format!(
                    "`{}` is the database type {name:?} already",
                    enumeration.type_name
                );
                Diagnostic::error("sdl.native_mismatch", message).help("leave `type:` out")
            });
            return None;
        }
        match types::read(dialect, given.text) {
            Some(native) if native.accepts(Scalar::String, list) => {
                let usual = types::usual_column(dialect, Scalar::String, list);
                (native.text != usual).then_some(native.text)
            }
            Some(native) => {
                self.findings.add(given.span, || {
                    let message = format!("a column of type {} holds no labels", native.text);
                    Diagnostic::error("sdl.native_mismatch", message)
                        .help("an enum is a text column, or an enum type named in @enum(name:)")
                });
                None
            }
            None => {
                self.findings
                    .add(given.span, || unknown_native(dialect, given.text));
                None
            }
        }
    }

    /// The API orders and groups rows by columns that have an order.
    fn check_sortable(&mut self, draft: &Draft<'_>) {
        let columns = &draft.table.columns;
        let has_order = |column: &Column| column.scalar != Scalar::Json && !column.list;
        if !columns.is_empty() && !columns.iter().any(has_order) {
            self.findings.add(draft.span(), || {
                let message = format!("`{}` has only columns of JSON or lists", draft.name());
                Diagnostic::error("sdl.unsortable", message)
                    .help("add a field that rows can be ordered by, or leave the type out")
            });
        }
    }

    fn check_duplicates(&mut self, draft: &Draft<'_>) {
        let mut owners = HashMap::new();
        let is_stored = |column: &&Column| column.computed.is_none();
        for column in draft.table.columns.iter().filter(is_stored) {
            let name = names::folded(self.dialect, &column.name);
            if let Some(owner) = owners.insert(name, column.field.as_str()) {
                self.findings.add(draft.field_span(&column.field), || {
                    let name = sdl::clip(&column.name);
                    let message = format!(
                        "`{owner}` and `{}` are the same column {name:?}",
                        column.field
                    );
                    Diagnostic::error("sdl.duplicate_column", message).help(
                        "keep one of them, or correct the name of the other in @column(name:)",
                    )
                });
            }
        }
    }
}

/// A type as a schema file has it.
fn shown(scalar: Scalar, list: bool) -> String {
    if list {
        format!("[{scalar}]")
    } else {
        scalar.to_string()
    }
}

fn missing_relation(field: &FieldDefinition) -> Diagnostic {
    let help = if field.ty.is_list() {
        format!(
            "say which relation of `{}` it is the other side of: @relation(inverse: …)",
            field.ty.inner_named_type()
        )
    } else {
        format!(
            "say which fields hold the key of `{}`: @relation(fields: […])",
            field.ty.inner_named_type()
        )
    };
    Diagnostic::error(
        "sdl.relation",
        format!("`{}` is a relation without @relation", field.name),
    )
    .help(help)
}

fn unknown_native(dialect: Dialect, native: &str) -> Diagnostic {
    let native = sdl::clip(native);
    let message = format!("no GraphQL type stands for {native:?} on {dialect}");
    Diagnostic::error("sdl.unknown_native", message).help(
        "spell the type as the database does; ranges, geometric types and arrays of arrays cannot be mapped",
    )
}
