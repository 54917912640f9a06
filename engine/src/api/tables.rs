//! The types of one table: its rows, filters, orders, pages and writes.

use super::aggregates::{aggregate, aggregate_arguments};
use super::compare;
use super::filters::filter_type;
use super::granted::{self, is_choice_seen, is_identified, is_key_seen};
use super::roots;
use super::shapes::{shown_type, written_type};
use super::text::Sdl;
use super::trees::{self, is_written};
use crate::cost;
use crate::names::api::SEARCH;
use model::schema::{Cardinality, Column, Function, Relation, Rest, Schema, Shown, Table, Union};
use model::{Action, Scalar};

/// Declares every type of a table.
pub(crate) fn table(out: &mut Sdl, schema: &Schema, index: usize) {
    let table = &schema.tables[index];
    row(out, schema, index);
    filter(out, schema, table);
    compare::columns(out, table);
    order(out, schema, table);
    page(out, table);
    aggregate(out, schema, table);
    if is_written(table) {
        writes(out, schema, table);
    }
}

/// Declares a union of tables.
pub(crate) fn union(out: &mut Sdl, schema: &Schema, union: &Union) {
    let types = union.types.iter();
    let types = types.map(|table| schema.tables[*table].type_name.as_str());
    out.describe("", union.description.as_deref());
    one_of(out, &union.type_name, types);
}

/// Whether all tables of a union are seen.
pub(super) fn is_union_seen(schema: &Schema, union: &Union) -> bool {
    let mut types = union.types.iter();
    types.all(|table| granted::is_seen(&schema.tables[*table]))
}

fn one_of<'t>(out: &mut Sdl, name: &str, types: impl Iterator<Item = &'t str>) {
    let types: Vec<_> = types.collect();
    out.last_line(&format!("union {name} = {}\n", types.join(" | ")));
}

/// The arguments of a list of rows of that type.
pub(crate) fn list_arguments(name: &str) -> String {
    format!("where: {name}Where, orderBy: [{name}OrderBy!], limit: Int, offset: Int")
}

/// The arguments of a connection to rows of that type.
pub(crate) fn page_arguments(name: &str) -> String {
    format!(
        "where: {name}Where, orderBy: [{name}OrderBy!], first: Int, after: String, last: Int, before: String"
    )
}

pub(super) fn row(out: &mut Sdl, schema: &Schema, index: usize) {
    let table = &schema.tables[index];
    let Some(variants) = &table.variants else {
        let shown = Shown {
            columns: (0..table.columns.len()).collect(),
            relations: (0..table.relations.len()).collect(),
            choices: (0..table.choices.len()).collect(),
        };
        let base = table.base.as_ref();
        let inherited = base.map(|base| (&schema.tables[base.table], &base.shown));
        let interface = inherited.map(|(base, _)| base.type_name.as_str());
        let head = head(table, "type", &table.type_name, interface);
        out.describe("", table.description.as_deref());
        let of = [Some((table, &shown)), inherited];
        members(out, schema, (&head, is_identified(table)), &of);
        for function in row_functions(schema, index) {
            roots::function(out, schema, function);
        }
        out.last_line("}\n");
        return;
    };
    let name = table.type_name.as_str();
    out.describe("", table.description.as_deref());
    let has_id = is_identified(table);
    if let Some(shared) = &variants.shared {
        let head = head(table, "interface", name, None);
        object(out, schema, (&head, has_id), &[Some((table, shared))]);
    } else {
        let types = variants.types.iter();
        one_of(out, name, types.map(|variant| variant.type_name(schema)));
    }
    let interface = variants.shared.as_ref().map(|_| name);
    for variant in &variants.types {
        if let Rest::Here {
            type_name,
            description,
            shown,
        } = &variant.rest
        {
            let head = head(table, "type", type_name, interface);
            out.describe("", description.as_deref());
            object(out, schema, (&head, has_id), &[Some((table, shown))]);
        }
    }
}

/// How the definition of a type of rows begins.
fn head(table: &Table, kind: &str, name: &str, interface: Option<&str>) -> String {
    let node = is_identified(table).then_some("Node");
    let interfaces: Vec<_> = node.into_iter().chain(interface).collect();
    let is_object = kind == "type" && table.variants.is_none();
    let weight = if is_object {
        cost::weight(table.cost)
    } else {
        String::new()
    };
    if interfaces.is_empty() {
        return format!("{kind} {name}{weight}");
    }
    format!(
        "{kind} {name} implements {}{weight}",
        interfaces.join(" & ")
    )
}

/// The functions that are fields of the rows of a table.
fn row_functions(schema: &Schema, table: usize) -> impl Iterator<Item = &Function> {
    schema.functions.iter().filter(move |function| {
        let receiver = function.receiver.as_ref();
        !function.is_hidden && receiver.is_some_and(|known| known.table == table)
    })
}

/// Declares a type with what it shows of tables.
fn object(out: &mut Sdl, schema: &Schema, head: (&str, bool), of: &[Option<(&Table, &Shown)>]) {
    members(out, schema, head, of);
    out.last_line("}\n");
}

/// The members of a type: what it shows of tables.
fn members(
    out: &mut Sdl,
    schema: &Schema,
    (head, has_id): (&str, bool),
    of: &[Option<(&Table, &Shown)>],
) {
    out.line(&format!("{head} {{"));
    if has_id {
        out.line("  \"The global id of this object.\"\n  nodeId: ID!");
    }
    for (table, shown) in of.iter().flatten() {
        let columns = shown.columns.iter().map(|column| &table.columns[*column]);
        for column in columns.filter(|column| column.grant.allows(Action::Read)) {
            let field = &column.field;
            out.describe("  ", column.description.as_deref());
            let (ty, weight) = (output_type(schema, column), cost::weight(column.cost));
            out.line(&format!("  {field}: {ty}{weight}"));
        }
        let relations = shown.relations.iter();
        let relations = relations.map(|relation| &table.relations[*relation]);
        for relation in relations.filter(|relation| relation.grant.allows(Action::Read)) {
            relation_fields(out, schema, relation);
        }
        let choices = shown.choices.iter().map(|choice| &table.choices[*choice]);
        for choice in choices.filter(|choice| is_choice_seen(table, choice)) {
            let (field, union) = (&choice.field, &schema.unions[choice.union].type_name);
            out.describe("  ", choice.description.as_deref());
            out.line(&format!("  {field}: {union}"));
        }
    }
}

fn output_type(schema: &Schema, column: &Column) -> String {
    let required = if column.nullable { "" } else { "!" };
    format!("{}{required}", shown_type(schema, column))
}

fn relation_fields(out: &mut Sdl, schema: &Schema, relation: &Relation) {
    let target = &schema.tables[relation.target].type_name;
    let field = &relation.field;
    let weight = cost::weight(relation.cost);
    out.describe("  ", relation.description.as_deref());
    match relation.cardinality {
        Cardinality::One => out.line(&format!("  {field}: {target}!{weight}")),
        Cardinality::Maybe => out.line(&format!("  {field}: {target}{weight}")),
        Cardinality::Many => {
            out.line(&format!(
                "  {field}({}): [{target}!]!{}",
                list_arguments(target),
                cost::rows(relation.cost, cost::OF_ROW)
            ));
            if is_identified(&schema.tables[relation.target]) {
                out.line("  \"The same rows, page by page.\"");
                out.line(&format!(
                    "  {field}Connection({}): {target}Connection!{weight}{}",
                    page_arguments(target),
                    cost::PAGE
                ));
            }
            out.line("  \"Figures over the same rows: one for each group, or one for all.\"");
            out.line(&format!(
                "  {field}Aggregate({}): [{target}Aggregate!]!{}",
                aggregate_arguments(target),
                cost::FIGURES
            ));
        }
    }
}

pub(super) fn filter(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    let logic = [
        format!("and: [{name}Where!]"),
        format!("or: [{name}Where!]"),
        format!("not: {name}Where"),
    ];
    let compared = compare::member(table);
    let searched = table.search.as_ref().map(|_| {
        format!("\"Words to look for; \\\"in quotes\\\", or -without.\"\n  {SEARCH}: String")
    });
    let columns = granted::compared(table)
        .map(|column| format!("{}: {}", column.field, filter_type(schema, column)));
    let relations = granted::relations(table).map(|relation| {
        let target = &schema.tables[relation.target].type_name;
        match relation.cardinality {
            Cardinality::Many => format!("{}: {target}ListWhere", relation.field),
            _ => format!("{}: {target}Where", relation.field),
        }
    });
    out.line(&format!(
        "\"Which rows of {name}; all given conditions must hold.\""
    ));
    out.block(
        &format!("input {name}Where"),
        logic
            .into_iter()
            .chain(compared)
            .chain(searched)
            .chain(columns)
            .chain(relations),
    );
    let quantifiers = ["some", "every", "none"].map(|word| format!("{word}: {name}Where"));
    out.line(&format!("\"Conditions on a list of {name}.\""));
    out.block(&format!("input {name}ListWhere"), quantifiers);
}

pub(super) fn order(out: &mut Sdl, schema: &Schema, table: &Table) {
    let columns = sortable(table).map(|column| format!("{}: OrderDirection", column.field));
    let relations = granted::relations(table).map(|relation| {
        let (field, target) = (&relation.field, &schema.tables[relation.target].type_name);
        match relation.cardinality {
            Cardinality::Many => format!("{field}Aggregate: {target}FigureOrderBy"),
            _ => format!("{field}: {target}OrderBy"),
        }
    });
    let name = &table.type_name;
    out.line(&format!(
        "\"What rows of {name} are ordered by: exactly one member.\""
    ));
    let members = columns.chain(relations);
    out.block(&format!("input {name}OrderBy @oneOf"), members);
}

/// The columns rows can be ordered by.
pub(super) fn sortable(table: &Table) -> impl Iterator<Item = &Column> {
    let columns = granted::compared(table);
    columns.filter(|column| column.scalar != Scalar::Json && !column.list)
}

pub(super) fn page(out: &mut Sdl, table: &Table) {
    if !is_identified(table) {
        return;
    }
    let name = &table.type_name;
    out.line(&format!("\"A page of {name}.\""));
    let members = [
        format!("edges: [{name}Edge!]!"),
        format!("nodes: [{name}!]!"),
        "pageInfo: PageInfo!".to_owned(),
        format!("totalCount: Int!{}", cost::WORK),
    ];
    out.block(&format!("type {name}Connection"), members);
    let members = ["cursor: String!".to_owned(), format!("node: {name}!")];
    out.block(&format!("type {name}Edge"), members);
}

pub(super) fn writes(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    if table.grant.allows(Action::Create) {
        out.line(&format!(
            "\"A new {name}; what is left out gets its default, or null.\""
        ));
        out.block(
            &format!("input {name}Create"),
            created(schema, table).chain(trees::members(schema, table, Action::Create)),
        );
    }
    if table.grant.allows(Action::Update) {
        out.line(&format!(
            "\"New values for columns of {name}; what is left out stays.\""
        ));
        let members = settable(table)
            .map(|(_, column)| format!("{}: {}", column.field, written_type(schema, column)));
        let relations = trees::members(schema, table, Action::Update);
        out.block(&format!("input {name}Update"), members.chain(relations));
        out.line(&format!("\"The columns of {name} that are written.\""));
        let members = settable(table).map(|(_, column)| column_name(&column.field));
        out.block(&format!("enum {name}Column"), members);
    }
    let members: Vec<_> = unique_keys(table).map(|key| key_name(table, key)).collect();
    if !members.is_empty() {
        out.line(&format!("\"The unique keys of {name}.\""));
        out.block(&format!("enum {name}Key"), members);
    }
}

/// The columns of a new row; one that a relation can fill need not be given.
fn created(schema: &Schema, table: &Table) -> impl Iterator<Item = String> {
    let columns = table.columns.iter().enumerate();
    let given = |column: &Column| !column.generated && column.grant.allows(Action::Create);
    let columns = columns.filter(move |(_, column)| given(column));
    columns.map(|(index, column)| {
        let required = trees::is_required(column) && !trees::is_referring(schema, table, index);
        let value = written_type(schema, column);
        let required = if required { "!" } else { "" };
        format!("{}: {value}{required}", column.field)
    })
}

/// The columns an update can set: what the database or the API counts is not among them.
pub(crate) fn settable(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    let columns = table.columns.iter().enumerate();
    columns.filter(|(index, column)| {
        let is_counted = column.generated || table.version == Some(*index);
        !is_counted && column.grant.allows(Action::Update)
    })
}

/// The enum value that names a column: its field's name, unless no enum value is called so.
pub(crate) fn column_name(field: &str) -> String {
    match field {
        "true" | "false" | "null" => format!("{field}_"),
        _ => field.to_owned(),
    }
}

/// The primary key and the other unique keys of a table, as far as they are seen.
pub(crate) fn unique_keys(table: &Table) -> impl Iterator<Item = &[usize]> {
    let primary = (!table.key.is_empty()).then_some(table.key.as_slice());
    let others = table.uniques.iter().map(Vec::as_slice);
    let others = others.filter(|key| *key != table.key.as_slice());
    let keys = primary.into_iter().chain(others);
    keys.filter(|key| is_key_seen(table, key))
}

/// The enum value that names a unique key, `ORDER_ID_PRODUCT_ID`.
pub(crate) fn key_name(table: &Table, key: &[usize]) -> String {
    let fields = key
        .iter()
        .map(|column| screaming(&table.columns[*column].field));
    fields.collect::<Vec<_>>().join("_")
}

fn screaming(field: &str) -> String {
    let mut out = String::new();
    for character in field.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(character.to_ascii_uppercase());
    }
    out
}

/// The name with its first letter in upper case.
pub(crate) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
