//! The inputs that write rows through relations, and which relations can be written through.

use super::filters::value_type;
use super::granted::is_identified;
use super::roots::seen_version;
use super::tables::unique_keys;
use super::text::Sdl;
use model::Action;
use model::schema::{Cardinality, Column, Relation, Schema, Table};

/// What the names of inputs end with that pick rows or columns by members that may be left out;
/// no other input ends like that.
const PICKING: [&str; 7] = [
    "ConnectOrCreate",
    "DeleteMany",
    "Put",
    "Unique",
    "UpdateMany",
    "UpdateOne",
    "UpdatePartner",
];

/// Whether an input holds conditions on the rows of a table.
pub(crate) fn is_condition(input: &str) -> bool {
    input.ends_with("Where")
}

/// Whether a write would reach further without a member of that input.
pub(crate) fn picks(input: &str) -> bool {
    PICKING.iter().any(|end| input.ends_with(end))
}

/// Whether rows of a table can be written at all.
pub(crate) fn is_written(table: &Table) -> bool {
    table.writable && !table.columns.iter().all(|column| column.generated)
}

/// The relations of a table that rows can be written through, with their positions.
pub(crate) fn written_relations<'s>(
    schema: &'s Schema,
    table: &'s Table,
) -> impl Iterator<Item = (usize, &'s Relation)> {
    let relations = table.relations.iter().enumerate();
    relations.filter(|(_, relation)| {
        is_written_through(schema, table, relation) && is_granted(schema, table, relation)
    })
}

/// Whether both ends can be written, and what lies between needs nothing but the two ends.
fn is_written_through(schema: &Schema, table: &Table, relation: &Relation) -> bool {
    let target = &schema.tables[relation.target];
    let both = is_written(table) && is_written(target) && !target.key.is_empty();
    let writes = |table: &Table, column: usize| !table.columns[column].generated;
    let mut ours = relation.columns.iter().map(|(ours, _)| *ours);
    let mut theirs = relation.columns.iter().map(|(_, theirs)| *theirs);
    both && match &relation.through {
        None if relation.refers => ours.all(|column| writes(table, column)),
        None => theirs.all(|column| writes(target, column)),
        Some(through) => {
            let junction = &schema.tables[through.table];
            let far = through.columns.iter().map(|(ours, _)| *ours);
            let ends: Vec<_> = theirs.chain(far).collect();
            let mut columns = junction.columns.iter().enumerate();
            is_written(junction)
                && !junction.key.is_empty()
                && ends.iter().all(|column| writes(junction, *column))
                && columns.all(|(index, column)| ends.contains(&index) || !is_required(column))
        }
    }
}

/// Whether the caller may write what such a relation is made of, with some rows at least.
fn is_granted(schema: &Schema, table: &Table, relation: &Relation) -> bool {
    let target = &schema.tables[relation.target];
    let writes = |action| {
        allows_all(
            table,
            relation.columns.iter().map(|(ours, _)| *ours),
            action,
        )
    };
    relation.grant.allows(Action::Read)
        && match &relation.through {
            None if relation.refers => writes(Action::Create) || writes(Action::Update),
            None => [Action::Create, Action::Update, Action::Delete]
                .into_iter()
                .any(|action| target.grant.allows(action)),
            Some(through) => {
                let junction = &schema.tables[through.table].grant;
                junction.allows(Action::Create) && junction.allows(Action::Delete)
            }
        }
}

fn allows_all(table: &Table, mut columns: impl Iterator<Item = usize>, action: Action) -> bool {
    columns.all(|column| table.columns[column].grant.allows(action))
}

/// Whether an insert must give the column.
pub(crate) fn is_required(column: &Column) -> bool {
    !column.nullable && !column.defaulted && !column.generated
}

/// The members of a table's `Create` or `Update` that write relations.
pub(super) fn members(schema: &Schema, table: &Table, action: Action) -> Vec<String> {
    let relations = written_relations(schema, table).filter(|(_, relation)| {
        let mut ours = relation.columns.iter().map(|(ours, _)| *ours);
        !relation.refers || ours.all(|column| table.columns[column].grant.allows(action))
    });
    let members = relations.map(|(_, relation)| {
        let target = &schema.tables[relation.target].type_name;
        let word = if action == Action::Update {
            "Relink"
        } else {
            "Link"
        };
        let many = if is_many(relation) { "s" } else { "" };
        format!("{}: {target}{word}{many}", relation.field)
    });
    members.collect()
}

fn is_many(relation: &Relation) -> bool {
    relation.cardinality == Cardinality::Many
}

/// Whether a column can come from a relation instead.
pub(super) fn is_referring(schema: &Schema, table: &Table, column: usize) -> bool {
    let mut relations = written_relations(schema, table);
    relations.any(|(_, relation)| {
        let mut ours = relation.columns.iter().map(|(ours, _)| *ours);
        relation.refers && ours.any(|ours| ours == column)
    })
}

/// By which relations the rows of a table are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    as_one: bool,
    as_many: bool,
}

/// How each table is reached.
pub(super) fn reached(schema: &Schema) -> Vec<Reached> {
    let mut reached = vec![Reached::default(); schema.tables.len()];
    for table in &schema.tables {
        for (_, relation) in written_relations(schema, table) {
            let target = &mut reached[relation.target];
            target.as_many |= is_many(relation);
            target.as_one |= !is_many(relation);
        }
    }
    reached
}

/// Declares the inputs of a table for the relations that are written to it; those that none uses
/// are left out.
pub(super) fn inputs(out: &mut Sdl, schema: &Schema, table: &Table, reached: Reached) {
    if reached.as_one || reached.as_many {
        one_row(out, schema, table);
    }
    if reached.as_one {
        to_one(out, table, expected_version(schema, table));
    }
    if reached.as_many {
        to_many(out, table);
    }
}

fn one_row(out: &mut Sdl, schema: &Schema, table: &Table) {
    let name = &table.type_name;
    let mut columns: Vec<_> = unique_keys(table).flatten().copied().collect();
    columns.sort_unstable();
    columns.dedup();
    let members = columns.iter().map(|column| {
        let column = &table.columns[*column];
        format!("{}: {}", column.field, value_type(schema, column))
    });
    out.line(&format!(
        "\"One {name}, by the columns of one of its unique keys.\""
    ));
    let version = expected_version(schema, table);
    out.block(&format!("input {name}Unique"), members.chain(version));
    if !table.grant.allows(Action::Create) || !is_identified(table) {
        return;
    }
    let members = [
        format!("input: {name}Create!"),
        format!("onConflict: {name}Key"),
    ];
    out.line(&format!(
        "\"The {name} that has the key of the input, or a new one.\""
    ));
    out.block(
        &format!("input {name}ConnectOrCreate"),
        members.iter().cloned(),
    );
    if !table.grant.allows(Action::Update) {
        return;
    }
    let further = [
        format!("update: [{name}Column!]"),
        format!("updateWhere: {name}Where"),
    ];
    out.line(&format!(
        "\"A new {name}, or new values for the one that has the key of the input.\""
    ));
    out.block(
        &format!("input {name}Put"),
        members.into_iter().chain(further),
    );
}

/// The member that says which version a row must have.
fn expected_version(schema: &Schema, table: &Table) -> Option<String> {
    let version = &table.columns[seen_version(table)?];
    Some(format!("expectedVersion: {}", value_type(schema, version)))
}

/// A member of an input that writes a relation, and whether the caller may do what it says.
type Verb = (bool, String);

fn granted(members: Vec<Verb>) -> impl Iterator<Item = String> {
    let granted = members.into_iter().filter(|(is_granted, _)| *is_granted);
    granted.map(|(_, member)| member)
}

/// What leads to rows: new ones, ones that are there, and either.
fn links(table: &Table, list: [&str; 2]) -> Vec<Verb> {
    let (name, [open, close]) = (&table.type_name, list);
    let allows = |action| table.grant.allows(action);
    let creates = allows(Action::Create);
    let puts = creates && is_identified(table);
    let member = |verb: &str, input: &str| format!("{verb}: {open}{name}{input}{close}");
    vec![
        (creates, member("create", "Create")),
        (true, member("connect", "Unique")),
        (puts, member("connectOrCreate", "ConnectOrCreate")),
        (puts && allows(Action::Update), member("upsert", "Put")),
    ]
}

fn to_one(out: &mut Sdl, table: &Table, expected_version: Option<String>) {
    let name = &table.type_name;
    let [updates, deletes] =
        [Action::Update, Action::Delete].map(|action| table.grant.allows(action));
    let further = vec![
        (updates, format!("update: {name}UpdatePartner")),
        (true, "disconnect: Boolean".to_owned()),
        (deletes, "delete: Boolean".to_owned()),
    ];
    let links = || links(table, ["", ""]);
    out.line(&format!(
        "\"Which {name} a new row leads to: exactly one member.\""
    ));
    out.block(&format!("input {name}Link @oneOf"), granted(links()));
    out.line(&format!(
        "\"What becomes of the {name} a row leads to: exactly one member.\""
    ));
    let members = granted(links()).chain(granted(further));
    out.block(&format!("input {name}Relink @oneOf"), members);
    if !updates {
        return;
    }
    out.line(&format!("\"New values for the {name} a row leads to.\""));
    let members = std::iter::once(format!("set: {name}Update!"));
    out.block(
        &format!("input {name}UpdatePartner"),
        members.chain(expected_version),
    );
}

fn to_many(out: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    let [updates, deletes] =
        [Action::Update, Action::Delete].map(|action| table.grant.allows(action));
    let further = vec![
        (updates, format!("update: [{name}UpdateOne!]")),
        (updates, format!("updateMany: [{name}UpdateMany!]")),
        (true, format!("disconnect: [{name}Unique!]")),
        (deletes, format!("delete: [{name}Unique!]")),
        (deletes, format!("deleteMany: [{name}DeleteMany!]")),
        (true, format!("set: [{name}Unique!]")),
    ];
    let links = || links(table, ["[", "!]"]);
    out.line(&format!("\"The rows of {name} a new row leads to.\""));
    out.block(&format!("input {name}Links"), granted(links()));
    out.line(&format!(
        "\"What becomes of the rows of {name} a row leads to.\""
    ));
    let members = granted(links()).chain(granted(further));
    out.block(&format!("input {name}Relinks"), members);
    many_updated(out, name, updates);
    if deletes {
        out.line(&format!("\"Every {name} that fulfils the condition.\""));
        let members = [format!("where: {name}Where!"), "atMost: Int".to_owned()];
        out.block(&format!("input {name}DeleteMany"), members);
    }
}

fn many_updated(out: &mut Sdl, name: &str, updates: bool) {
    if !updates {
        return;
    }
    let set = format!("set: {name}Update!");
    out.line(&format!("\"New values for one {name}.\""));
    let members = [format!("key: {name}Unique!"), set.clone()];
    out.block(&format!("input {name}UpdateOne"), members);
    out.line(&format!(
        "\"New values for every {name} that fulfils the condition.\""
    ));
    let members = [
        format!("where: {name}Where!"),
        set,
        "atMost: Int".to_owned(),
    ];
    out.block(&format!("input {name}UpdateMany"), members);
}
