//! Stage: who may do what with the rows of which types.

mod meant;

use super::directive::{Word, words};
use super::draft::{Definition, Draft, Slot};
use super::findings::Findings;
use super::functions::FunctionDraft;
use crate::access::{self, Mistake};
use crate::api::Api;
use crate::sdl;
use apollo_compiler::ast::{Directive, FieldDefinition, Value};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{Name, Node};
use model::schema::{Column, Schema};
use model::{Action, Diagnostic, Mask, Place, Role, Rule, Scalar};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) use meant::{argument, no_action};

/// Where the parts of a rule stand.
pub(super) struct Spans {
    pub(super) table: usize,
    pub(super) rule: usize,
    pub(super) whole: Option<SourceSpan>,
    rows: Option<SourceSpan>,
    check: Option<SourceSpan>,
    mask: Option<SourceSpan>,
    set: Vec<Option<SourceSpan>>,
}

/// Gives tables and functions their rules.
pub(super) fn resolve(
    drafts: &mut [Draft<'_>],
    functions: &mut [FunctionDraft],
    roles: &[Role],
    findings: &mut Findings,
) -> Vec<Spans> {
    let mut spans = Vec::new();
    for (table, draft) in drafts.iter_mut().enumerate() {
        let mut rules = Vec::new();
        for (field, directive) in accesses(&draft.node) {
            let mut reading = Reading {
                draft,
                roles,
                findings,
                field,
            };
            if let Some((rule, mut places)) = reading.rule(directive) {
                (places.table, places.rule) = (table, rules.len());
                rules.push(rule);
                spans.push(places);
            }
        }
        draft.table.access = rules.into_iter().map(Arc::new).collect();
    }
    for function in functions {
        for directive in &function.access {
            only_to(directive, findings);
            function
                .function
                .callers
                .extend(named(directive, roles, findings));
        }
        function.function.callers.sort_unstable();
        function.function.callers.dedup();
    }
    spans
}

/// Reads the conditions and values of rules as the API takes them; gives that, if there is one.
pub(super) fn check(schema: &Schema, spans: &[Spans], findings: &mut Findings) -> Option<Api> {
    if schema.roles.is_empty() || findings.error_count() > 0 {
        return None;
    }
    // What makes no API is told by those who make it.
    let api = Api::new(Arc::new(schema.clone())).ok()?;
    for places in spans {
        let table = &schema.tables[places.table];
        let rule = &table.access[places.rule];
        if let Some(variants) = &table.variants
            && rule
                .masks
                .iter()
                .any(|(column, _)| *column == variants.column)
        {
            findings.add(places.mask, || {
                let field = &table.columns[variants.column].field;
                let message =
                    format!("`{field}` tells which type a row is of, so it is not masked");
                Diagnostic::error("sdl.access", message)
            });
        }
        let mut told = |span: Option<SourceSpan>, outcome: Result<(), Mistake>| {
            if let Err(mistake) = outcome {
                findings.add(span, || {
                    Diagnostic::error("sdl.access", mistake.text)
                        .help("a condition is written as in `where`, and a value as in an input; {claim: \"…\"} stands for a value of the caller's")
                });
            }
        };
        for (text, span) in [(&rule.rows, places.rows), (&rule.check, places.check)] {
            let Some(text) = text else { continue };
            let place = (places.table, text.as_str());
            told(
                span,
                access::condition(&api, place, &mut Vec::new()).map(drop),
            );
        }
        for ((column, text), span) in rule.set.iter().zip(&places.set) {
            let place = (places.table, *column, text.as_str());
            told(*span, access::value(&api, place, &mut Vec::new()).map(drop));
        }
    }
    (findings.error_count() == 0).then_some(api)
}

/// Writes down which claims each rule looks at. Rules that are alike become one.
pub(super) fn tell_claims(schema: &mut Schema, api: &Api) {
    let mut known: HashMap<Rule, Arc<Rule>> = HashMap::new();
    for (index, table) in schema.tables.iter_mut().enumerate() {
        for rule in &mut table.access {
            // Those that cannot be read were told.
            let Ok(claims) = access::claims_of_rule(api, index, rule) else {
                continue;
            };
            let told = Rule {
                claims,
                ..Rule::clone(rule)
            };
            let shared = known.entry(told);
            let shared = shared.or_insert_with_key(|told| Arc::new(told.clone()));
            *rule = Arc::clone(shared);
        }
    }
}

/// The rules of a type, and those that stand on single fields of it; a field that calls a function
/// has its own.
fn accesses<'a>(
    node: &Definition<'a>,
) -> impl Iterator<Item = (Option<&'a FieldDefinition>, &'a Node<Directive>)> {
    let of_type = node.directives.get_all("access");
    let fields: Vec<_> = node.fields.values().copied().collect();
    let stored = fields
        .into_iter()
        .filter(|field| !field.directives.has("function"));
    let of_fields = stored.flat_map(|field| {
        let directives = field.directives.get_all("access");
        directives.map(move |directive| (Some(&**field), directive))
    });
    of_type
        .map(|directive| (None, &directive.node))
        .chain(of_fields)
}

/// Where each rule of each table stands.
pub(super) fn places(schema: &Schema, spans: &[Spans], findings: &Findings) -> Vec<Vec<Place>> {
    let mut places = vec![Vec::new(); schema.tables.len()];
    for of in spans {
        // They come in the order of the tables, and of the rules in each.
        places[of.table].extend(findings.place(of.whole));
    }
    places
}

/// What of a condition compares nothing, if something does: a rule that says more than it does would
/// be taken for one that narrows. That there is some row of a relation, or none, is a comparison.
fn idle(value: &Node<Value>) -> Option<&Node<Value>> {
    match value.as_ref() {
        _ if is_empty(value) => Some(value),
        Value::Object(members) => {
            let mut members = members.iter();
            members.find_map(|(name, inner)| match (name.as_str(), inner.as_ref()) {
                ("some" | "none", _) if is_empty(inner) => None,
                ("notIn", _) if is_empty(inner) => Some(inner),
                (_, Value::Object(claim)) if is_nameless(claim) => Some(inner),
                // Values of JSON may be empty, and of lists.
                (
                    "eq" | "ne" | "in" | "notIn" | "contains" | "containedBy" | "overlaps" | "path",
                    _,
                ) => None,
                _ => idle(inner),
            })
        }
        Value::List(items) => items.iter().find_map(idle),
        _ => None,
    }
}

/// Whether it stands for a claim without a name.
fn is_nameless(members: &[(Name, Node<Value>)]) -> bool {
    let mut members = members.iter();
    members.any(|(name, path)| name == "claim" && path.as_str() == Some(""))
}

fn is_empty(value: &Node<Value>) -> bool {
    match value.as_ref() {
        Value::Object(members) => members.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// What a rule on a single field does not say: it is about that field and no other.
const OF_TYPES: [&str; 5] = ["fields", "except", "set", "mask", "rowsMax"];

/// A function is called or not: nothing else can be said of it.
fn only_to(directive: &Directive, findings: &mut Findings) {
    let mut arguments = directive.arguments.iter();
    if let Some(argument) = arguments.find(|argument| argument.name != "to") {
        findings.add(argument.location(), || {
            let message = format!("`{}` says nothing of a function", argument.name);
            Diagnostic::error("sdl.access", message).help("say in `to:` who may call it")
        });
    }
}

/// The roles a rule is for.
fn named(directive: &Directive, roles: &[Role], findings: &mut Findings) -> Vec<usize> {
    let mut named = Vec::new();
    let given = directive.specified_argument_by_name("to");
    if let Some(value) = given.filter(|value| is_empty(value)) {
        findings.add(value.location(), || {
            let shown = value.serialize().no_indent().to_string();
            let message = format!("`{}` names no role", sdl::clip(&shown));
            Diagnostic::error("sdl.role", message).help(
                "name roles as texts, `to: \"clerk\"`; without a rule nobody is let do anything",
            )
        });
    }
    for name in words(directive, "to").unwrap_or_default() {
        let known = roles.iter().position(|role| role.name == name.text);
        match known {
            Some(index) => named.push(index),
            None => findings.add(name.span, || {
                let names = roles.iter().map(|role| role.name.as_str());
                let message = format!("there is no role `{}`", sdl::clip(name.text));
                let help = sdl::did_you_mean(name.text, names);
                Diagnostic::error("sdl.role", message).help(
                    help.unwrap_or_else(|| "add it: extend schema @role(name: \"…\")".to_owned()),
                )
            }),
        }
    }
    named.sort_unstable();
    named.dedup();
    named
}

/// One rule of a table as it is read.
struct Reading<'d, 'a, 'f> {
    draft: &'d Draft<'a>,
    roles: &'d [Role],
    findings: &'f mut Findings,
    /// The only field it is about, where it stands on one.
    field: Option<&'a FieldDefinition>,
}

impl Reading<'_, '_, '_> {
    fn rule(&mut self, directive: &Node<Directive>) -> Option<(Rule, Spans)> {
        let errors = self.findings.error_count();
        let roles = named(directive, self.roles, self.findings);
        self.is_of_a_field(directive);
        let allow = self.allowed(directive);
        let (columns, relations) = self.fields(directive);
        let (set, places) = self.set(directive).into_iter().unzip();
        let masks = self.masks(directive, &columns);
        let rows_max = self.rows_max(directive, &allow);
        let literal = |name| directive.specified_argument_by_name(name);
        let text = |name| literal(name).map(|value| value.serialize().no_indent().to_string());
        let span = |name| literal(name).and_then(Node::location);
        let writes = [Action::Create, Action::Update];
        for name in ["where", "check"] {
            // Only `check: {}` says that rows may become anything.
            let is_said = |value: &&Node<Value>| name == "where" || !is_empty(value);
            let idle = literal(name).filter(is_said).and_then(idle);
            if let Some(idle) = idle {
                let shown = idle.serialize().no_indent().to_string();
                self.findings.add(idle.location(), || {
                    let message = format!("`{shown}` compares nothing");
                    Diagnostic::error("sdl.access", message)
                        .help("say what to compare, or leave the condition out to mean all rows")
                });
            }
        }
        for name in ["set", "except"] {
            if let Some(empty) = literal(name).filter(|value| is_empty(value)) {
                self.findings.warn(empty.location(), || {
                    let message = format!("`{name}` says nothing when it is empty");
                    Diagnostic::warning("sdl.idle_rule", message)
                        .help("say which fields it is about, or leave it out")
                });
            }
        }
        for name in ["check", "set"] {
            if literal(name).is_some() && !writes.iter().any(|action| allow.contains(action)) {
                self.refuse(span(name), format!("`{name}` is for CREATE and UPDATE"));
            }
        }
        if literal("mask").is_some() && !allow.contains(&Action::Read) {
            self.refuse(span("mask"), "`mask` is for READ".to_owned());
        }
        (self.findings.error_count() == errors).then(|| {
            let rule = Rule {
                roles,
                allow,
                columns,
                relations,
                rows: text("where"),
                check: text("check"),
                set,
                rows_max,
                masks,
                claims: Vec::new(),
            };
            let spans = Spans {
                table: 0,
                rule: 0,
                whole: directive.location(),
                rows: span("where"),
                check: span("check"),
                mask: span("mask"),
                set: places,
            };
            (rule, spans)
        })
    }

    /// Refuses what a rule on a single field cannot say.
    fn is_of_a_field(&mut self, directive: &Node<Directive>) {
        let Some(field) = self.field else { return };
        let type_name = self.draft.name();
        let mut refuse = |span, message| {
            self.findings.add(span, || {
                let help = format!("give the rule to the type: extend type {type_name} @access(…)");
                Diagnostic::error("sdl.access", message).help(help)
            });
        };
        for argument in &directive.arguments {
            if OF_TYPES.contains(&argument.name.as_str()) {
                let message = format!("`{}` says nothing of a single field", argument.name);
                refuse(argument.location(), message);
            }
        }
        if matches!(
            self.draft.slots.get(field.name.as_str()),
            Some(Slot::Choice(_))
        ) {
            let message = format!(
                "`{}` shows one of several relations, which have rules",
                field.name
            );
            refuse(directive.location(), message);
        }
    }

    fn refuse(&mut self, span: Option<SourceSpan>, message: String) {
        self.findings
            .add(span, || Diagnostic::error("sdl.access", message));
    }

    fn allowed(&mut self, directive: &Node<Directive>) -> Vec<Action> {
        let given = directive.specified_argument_by_name("allow");
        let items = match given.map(|value| (value, value.as_ref())) {
            Some((_, Value::List(items))) => items.as_slice(),
            Some((single, _)) => std::slice::from_ref(single),
            None => &[],
        };
        let mut allow = Vec::with_capacity(items.len());
        for item in items {
            match meant::action(item) {
                Some(action) => allow.push(action),
                None => self.findings.add(item.location(), || meant::refusal(item)),
            }
        }
        allow.sort_unstable();
        allow.dedup();
        if self.field.is_some() && allow.contains(&Action::Delete) {
            let message = "rows are deleted, and not single fields".to_owned();
            self.refuse(given.and_then(Node::location), message);
        }
        if items.is_empty() {
            self.findings.add(directive.location(), || {
                let message = "a rule says in `allow` what its roles may do";
                Diagnostic::error("sdl.access", message)
                    .help("add it: READ, CREATE, UPDATE or DELETE, or several in a list")
            });
        }
        let writes = allow.iter().any(|action| *action != Action::Read);
        if writes && !self.draft.table.writable {
            let message = format!("`{}` is a view, which is only read", self.draft.name());
            self.refuse(given.and_then(Node::location), message);
        }
        allow
    }

    /// The columns and relations a rule is about.
    fn fields(&mut self, directive: &Node<Directive>) -> (Vec<usize>, Vec<usize>) {
        let (only, except) = (words(directive, "fields"), words(directive, "except"));
        if let (Some(_), Some(_)) = (&only, &except) {
            let message = "a rule has `fields` or `except`, not both".to_owned();
            self.refuse(directive.location(), message);
        }
        for name in only.iter().chain(&except).flatten() {
            if self.draft.part(name.text).is_none() {
                let draft = self.draft;
                self.findings.add(name.span, || {
                    let (owner, shown) = (draft.name(), sdl::clip(name.text));
                    let message = format!("`{owner}` has no column or relation `{shown}`");
                    let fields = draft.node.fields.keys().copied();
                    let finding = Diagnostic::error("sdl.access", message);
                    if draft.node.fields.contains_key(name.text) {
                        return finding.help(
                            "it is a choice of other fields, and shown to whoever is shown one of \
                             those: name them",
                        );
                    }
                    match sdl::did_you_mean(name.text, fields) {
                        Some(help) => finding.help(help),
                        None => finding,
                    }
                });
            }
        }
        let is_about = |field: &str| {
            if let Some(only) = self.field {
                return only.name == field;
            }
            let has = |names: &[Word<'_>]| names.iter().any(|name| name.text == field);
            only.as_deref().is_none_or(has) && !except.as_deref().is_some_and(has)
        };
        let (mut columns, mut relations) = (Vec::new(), Vec::new());
        for field in self
            .draft
            .node
            .fields
            .keys()
            .filter(|field| is_about(field))
        {
            match self.draft.part(field) {
                Some(Slot::Column(index)) => columns.push(index),
                Some(Slot::Link(index)) => relations.extend(self.draft.relation(index)),
                _ => {}
            }
        }
        columns.sort_unstable();
        relations.sort_unstable();
        (columns, relations)
    }

    /// Most rows at a time, where that is said.
    fn rows_max(&mut self, directive: &Node<Directive>, allow: &[Action]) -> Option<i64> {
        let given = directive.specified_argument_by_name("rowsMax")?;
        let rows = match given.as_ref() {
            Value::Int(number) => number.try_to_i32().ok().map(i64::from),
            _ => None,
        };
        if rows.is_none_or(|rows| rows < 1) {
            self.refuse(
                given.location(),
                "`rowsMax` is a number of rows, at least 1".to_owned(),
            );
        }
        if allow == [Action::Create] {
            let message = "`rowsMax` is for READ, UPDATE and DELETE".to_owned();
            self.refuse(given.location(), message);
        }
        rows
    }

    /// Columns that are shown masked, of those that the rule is about.
    fn masks(&mut self, directive: &Node<Directive>, about: &[usize]) -> Vec<(usize, Mask)> {
        let Some(given) = directive.specified_argument_by_name("mask") else {
            return Vec::new();
        };
        let Value::Object(members) = given.as_ref() else {
            let message = "`mask` is an object of fields and how they are masked".to_owned();
            self.refuse(given.location(), message);
            return Vec::new();
        };
        if members.is_empty() {
            self.findings.add(given.location(), || {
                Diagnostic::error("sdl.access", "`mask: {}` masks nothing")
                    .help("say which fields are masked, and how, or leave it out")
            });
        }
        let mut masks = Vec::with_capacity(members.len());
        for (name, value) in members {
            let word = value.as_enum().map(Name::as_str);
            let mask = Mask::ALL.into_iter().find(|mask| word == Some(mask.name()));
            let column = self.draft.column(name);
            let owner = self.draft.name();
            match (column, mask) {
                (None, _) => {
                    self.refuse(name.location(), format!("`{owner}` has no column `{name}`"));
                }
                (_, None) => {
                    let message = format!("`{name}` is masked by PARTIAL, HASH or NULL");
                    self.refuse(value.location(), message);
                }
                (Some((index, _)), _) if !about.contains(&index) => {
                    let message = format!("the rule is not about `{name}`, so it is not shown");
                    self.refuse(name.location(), message);
                }
                (Some((_, column)), Some(mask)) if mask != Mask::Null && !is_text(column) => {
                    let message = format!("`{name}` is no text, so only NULL masks it");
                    self.refuse(value.location(), message);
                }
                (Some((index, _)), Some(mask)) => masks.push((index, mask)),
            }
        }
        masks.sort_unstable();
        masks
    }

    /// Columns that are given a value, its text, and where it stands.
    fn set(&mut self, directive: &Node<Directive>) -> Vec<((usize, String), Option<SourceSpan>)> {
        let Some(given) = directive.specified_argument_by_name("set") else {
            return Vec::new();
        };
        let Value::Object(members) = given.as_ref() else {
            self.refuse(
                given.location(),
                "`set` is an object of fields and values".to_owned(),
            );
            return Vec::new();
        };
        let mut set = Vec::with_capacity(members.len());
        for (name, value) in members {
            match self.draft.column(name) {
                Some((index, column)) if !column.generated => {
                    let text = value.serialize().no_indent().to_string();
                    set.push(((index, text), value.location()));
                }
                Some(_) => self.refuse(name.location(), format!("`{name}` cannot be written")),
                None => {
                    let owner = self.draft.name();
                    self.refuse(name.location(), format!("`{owner}` has no column `{name}`"));
                }
            }
        }
        set.sort_by_key(|((index, _), _)| *index);
        set
    }
}

/// Whether what a column holds is text that may become another one.
fn is_text(column: &Column) -> bool {
    let has_form = column.form.is_some() || column.custom.is_some() || column.enumeration.is_some();
    column.scalar == Scalar::String && !column.list && !has_form
}
