//! Stage: fields that call functions of the database, of the roots and of rows.

use super::costs;
use super::directive::{Word, word, words};
use super::draft::Draft;
use super::enums::EnumDraft;
use super::findings::Findings;
use super::forms::ROOTS;
use super::keys;
use super::scalars::ScalarDraft;
use super::tables;
use crate::{names, sdl};
use apollo_compiler::Node;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::{Directive, FieldDefinition, Type};
use apollo_compiler::parser::SourceSpan;
use model::schema::{Column, Cost, Function, Outcome, Receiver};
use model::{Diagnostic, Dialect, Grant, Scalar};

/// A function and where its field stands.
pub(super) struct FunctionDraft {
    pub(super) function: Function,
    pub(super) span: Option<SourceSpan>,
    /// Who may call it, as its field says.
    pub(super) access: Vec<Node<Directive>>,
}

pub(super) fn resolve(
    document: &Document,
    drafts: &[Draft<'_>],
    (enums, customs): (&[EnumDraft], &[ScalarDraft]),
    dialect: Dialect,
    findings: &mut Findings,
) -> Vec<FunctionDraft> {
    let mut stage = Stage {
        drafts,
        enums,
        customs,
        dialect,
        findings,
    };
    let mut functions = Vec::new();
    for root in ROOTS {
        let fields = document.get_object(root).map(|object| &object.fields);
        for field in fields.into_iter().flat_map(|fields| fields.values()) {
            if stage.findings.is_theirs(field.name.location()) {
                functions.extend(stage.function(field, root == "Mutation", None));
            }
        }
    }
    for (table, draft) in drafts.iter().enumerate() {
        for field in draft.node.fields.values() {
            if field.directives.has("function") {
                functions.extend(stage.of_row(field, table));
            }
        }
    }
    let place = |draft: &FunctionDraft| {
        let receiver = draft.function.receiver.as_ref();
        (
            receiver.map(|receiver| receiver.table),
            draft.function.field.clone(),
        )
    };
    functions.sort_by_cached_key(place);
    functions
}

struct Stage<'a, 'f> {
    drafts: &'a [Draft<'a>],
    enums: &'a [EnumDraft],
    customs: &'a [ScalarDraft],
    dialect: Dialect,
    findings: &'f mut Findings,
}

impl Stage<'_, '_> {
    /// A field of rows.
    fn of_row(&mut self, field: &Node<FieldDefinition>, table: usize) -> Option<FunctionDraft> {
        let draft = &self.drafts[table];
        let directive = field.directives.get("function")?;
        let span = directive.location();
        if draft.node.is_several {
            self.refuse(
                span,
                format!(
                    "`{}` is of several types, and its rows call no function",
                    draft.name()
                ),
                || "let a field of `Query` call it".to_owned(),
            );
            return None;
        }
        let given = words(directive, "of").unwrap_or_default();
        if given.is_empty() && self.dialect == Dialect::Mariadb {
            self.refuse(span, "MariaDB gives a function no row".to_owned(), || {
                "name the fields that it is given before its arguments: of: […]".to_owned()
            });
            return None;
        }
        let mut columns = Vec::new();
        for field in given {
            let Some((column, _)) = draft.column(field.text) else {
                keys::unknown(draft, field, self.findings);
                return None;
            };
            columns.push(column);
        }
        self.function(field, false, Some(Receiver { table, columns }))
    }

    fn function(
        &mut self,
        field: &Node<FieldDefinition>,
        writes: bool,
        receiver: Option<Receiver>,
    ) -> Option<FunctionDraft> {
        let span = field.name.location();
        let Some(directive) = field.directives.get("function") else {
            self.refuse(span, format!("`{}` calls no function", field.name), || {
                "say which of the database it calls: @function(name: …)".to_owned()
            });
            return None;
        };
        if self.dialect == Dialect::Sqlite {
            self.refuse(
                directive.location(),
                "SQLite has no stored functions".to_owned(),
                || "use @computed for an expression, or leave the field out".to_owned(),
            );
            return None;
        }
        let given = |argument| word(directive, argument);
        let own = Word {
            text: field.name.as_str(),
            span,
        };
        let (name, schema) = (given("name").unwrap_or(own), given("schema"));
        for word in [Some(name), schema].into_iter().flatten() {
            tables::check_name(word, self.dialect, self.findings);
        }
        let outcome = self.outcome(field, writes)?;
        if let (Some(_), Outcome::Row(_) | Outcome::Rows(_)) = (&receiver, &outcome) {
            self.refuse(span, "a function of a row gives a value".to_owned(), || {
                "make rows a relation, or a field of `Query`".to_owned()
            });
            return None;
        }
        if let (None, Some(of)) = (&receiver, directive.specified_argument_by_name("of")) {
            self.refuse(of.location(), "a root field has no row".to_owned(), || {
                "leave `of:` out".to_owned()
            });
            return None;
        }
        let arguments = self.arguments(field, matches!(outcome, Outcome::Rows(_)) && !writes);
        Some(FunctionDraft {
            function: Function {
                field: field.name.to_string(),
                receiver,
                description: field.description.as_ref().map(ToString::to_string),
                writes,
                schema: schema.map(|schema| schema.text.to_owned()),
                name: name.text.to_owned(),
                arguments: arguments?,
                cost: costs::of(field, matches!(outcome, Outcome::Rows(_)), self.findings),
                outcome,
                callers: Vec::new(),
                is_hidden: false,
            },
            span,
            access: field.directives.get_all("access").cloned().collect(),
        })
    }

    fn refuse(&mut self, span: Option<SourceSpan>, what: String, help: impl FnOnce() -> String) {
        self.findings.add(span, || {
            Diagnostic::error("sdl.function", what).help(help())
        });
    }

    fn outcome(&mut self, field: &FieldDefinition, writes: bool) -> Option<Outcome> {
        let name = field.ty.inner_named_type().as_str();
        let span = field.name.location();
        let Some(table) = self.drafts.iter().position(|draft| draft.name() == name) else {
            return self
                .value(&field.name, &field.ty)
                .map(|column| Outcome::Value(Box::new(column)));
        };
        if self.dialect == Dialect::Mariadb {
            self.refuse(span, "functions of MariaDB give no rows".to_owned(), || {
                "let it give a value".to_owned()
            });
            return None;
        }
        if writes && self.drafts[table].table.key.is_empty() {
            self.refuse(span, format!("`{name}` has no key"), || {
                "rows that a mutation gives are read by their key: name one with `key:`".to_owned()
            });
            return None;
        }
        match &field.ty {
            Type::Named(_) => Some(Outcome::Row(table)),
            Type::NonNullList(of) if matches!(**of, Type::NonNullNamed(_)) => {
                Some(Outcome::Rows(table))
            }
            other => {
                self.refuse(span, format!("a function gives no `{other}`"), || {
                    format!("write `{name}` for a row or none, or `[{name}!]!` for rows")
                });
                None
            }
        }
    }

    fn arguments(&mut self, field: &FieldDefinition, is_list: bool) -> Option<Vec<Column>> {
        let mut columns = Vec::with_capacity(field.arguments.len());
        let mut is_whole = true;
        for argument in &field.arguments {
            let name = argument.name.as_str();
            let span = argument.name.location();
            if is_list && names::api::LIST_ARGUMENTS.contains(&name) {
                is_whole = false;
                self.refuse(
                    span,
                    format!("the API adds an argument `{name}` itself"),
                    || "choose another name".to_owned(),
                );
            } else if name.len() > names::BYTES_MAX {
                is_whole = false;
                self.refuse(
                    span,
                    "the name of an argument is too long".to_owned(),
                    || format!("names have at most {} bytes", names::BYTES_MAX),
                );
            } else if argument.default_value.is_some() {
                is_whole = false;
                self.refuse(span, format!("`{name}` has a default"), || {
                    "leave it out: an argument that is not given is NULL".to_owned()
                });
            }
            match self.value(&argument.name, &argument.ty) {
                Some(column) => columns.push(column),
                None => is_whole = false,
            }
        }
        is_whole.then_some(columns)
    }

    /// What a column would be that holds values of that type.
    fn value(&mut self, name: &apollo_compiler::Name, ty: &Type) -> Option<Column> {
        let named = ty.inner_named_type();
        let enumeration = self
            .enums
            .iter()
            .position(|draft| draft.enumeration.type_name == named.as_str());
        let custom = self
            .customs
            .iter()
            .position(|draft| draft.custom.type_name == named.as_str());
        let scalar = match (enumeration, custom) {
            (Some(_), _) => Some(Scalar::String),
            (None, Some(index)) => Some(self.customs[index].custom.scalar),
            (None, None) => Scalar::from_name(named),
        };
        let Some(scalar) = scalar.filter(|_| !ty.is_list()) else {
            let shown = sdl::clip(&ty.to_string());
            let help = if ty.is_list() {
                "lists of values are only columns: let the function take or give them as JSON"
            } else {
                "there are scalars and enums, and as a result a type or a list of its rows"
            };
            self.refuse(
                name.location(),
                format!("no function takes or gives `{shown}`"),
                || help.to_owned(),
            );
            return None;
        };
        Some(Column {
            field: name.to_string(),
            name: name.to_string(),
            description: None,
            scalar,
            enumeration,
            custom,
            list: false,
            form: None,
            native: None,
            nullable: !ty.is_non_null(),
            defaulted: false,
            generated: false,
            computed: None,
            cost: Cost::default(),
            grant: Grant::default(),
        })
    }
}
