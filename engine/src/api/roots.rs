//! The root fields, and what each one stands for.

use super::aggregates::aggregate_arguments;
use super::filters::value_type;
use super::granted::{is_identified, is_seen};
use super::tables::{list_arguments, page_arguments, pascal, unique_keys};
use super::text::Sdl;
use super::trees::is_written;
use crate::cost;
use model::Action;
use model::schema::{Column, Cost, Function, Outcome, Schema, Table};

/// The one root field of an API that has none.
pub(crate) const NOTHING: &str = "_";

/// What a root field does, and to which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) table: usize,
    pub(crate) verb: Verb,
}

/// What a root field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// One row by the unique key of that position in `unique_keys`.
    ByKey(usize),
    List,
    Page,
    Aggregate,
    Create,
    CreateMany,
    Update,
    UpdateMany,
    Upsert,
    UpsertMany,
    Delete,
    DeleteMany,
    /// The object behind a global id; of any table.
    Node,
    /// The function of that index.
    Function(usize),
}

impl Verb {
    /// The directives that tell what it costs.
    fn cost(self) -> String {
        let usual = match self {
            Self::ByKey(_) | Self::Node => "",
            Self::List => return cost::rows(Cost::default(), cost::TABLE),
            Self::Page => cost::PAGE,
            Self::Aggregate => cost::FIGURES,
            Self::CreateMany | Self::UpsertMany => cost::WRITES,
            Self::UpdateMany | Self::DeleteMany => cost::WRITES_FOUND,
            Self::Create | Self::Update | Self::Upsert | Self::Delete | Self::Function(_) => {
                cost::WORK
            }
        };
        usual.to_owned()
    }
}

/// What the root field of that name stands for, if it is of that table.
pub(super) fn stands_for(schema: &Schema, table: usize, name: &str) -> Option<Root> {
    let declared = &schema.tables[table];
    let fields = reads(schema, declared).into_iter();
    let mut fields = fields.chain(writes(schema, declared));
    let field = fields.find(|field| field.name == name)?;
    let verb = field.verb;
    Some(Root { table, verb })
}

/// The name of the root field by which that is done with a table.
pub(super) fn by(schema: &Schema, root: Root) -> Option<String> {
    let table = &schema.tables[root.table];
    let fields = reads(schema, table).into_iter();
    let mut fields = fields.chain(writes(schema, table));
    let field = fields.find(|field| field.verb == root.verb)?;
    Some(field.name)
}

/// Declares the root fields of a table alone.
pub(super) fn of_table(out: &mut Sdl, schema: &Schema, table: &Table) {
    for (name, fields) in [
        ("Query", reads(schema, table)),
        ("Mutation", writes(schema, table)),
    ] {
        if !fields.is_empty() {
            let members = fields.into_iter().flat_map(Field::members);
            out.block(&format!("type {name}"), members);
        }
    }
}

/// Declares the root field of a function alone.
pub(super) fn of_function(out: &mut Sdl, schema: &Schema, known: &Function) {
    let name = if known.writes { "Mutation" } else { "Query" };
    out.line(&format!("type {name} {{"));
    function(out, schema, known);
    out.last_line("}\n");
}

/// Declares the root field that finds objects by their global ids.
pub(super) fn node(out: &mut Sdl) {
    out.block("type Query", NODE.map(str::to_owned));
}

/// Declares the root field of an API that has none.
pub(super) fn nothing(out: &mut Sdl) {
    out.block("type Query", [format!("{NOTHING}: Boolean")]);
}

const NODE: [&str; 2] = [
    "\"The object behind a global id; null when there is none.\"",
    "node(id: ID!): Node",
];

/// Whether objects have global ids.
pub(super) fn has_node(schema: &Schema) -> bool {
    let mut tables = schema.tables.iter();
    tables.any(|table| is_seen(table) && is_identified(table))
}

/// Whether nothing can be read.
pub(super) fn has_nothing(schema: &Schema) -> bool {
    let calls = |known: &Function| known.receiver.is_none() && !known.writes && !known.is_hidden;
    !schema.tables.iter().any(is_seen) && !schema.functions.iter().any(calls)
}

/// Whether anything can be written.
pub(super) fn is_writing(schema: &Schema) -> bool {
    let calls = |known: &Function| known.writes && !known.is_hidden;
    let writes = |table: &Table| !writes(schema, table).is_empty();
    schema.tables.iter().any(writes) || schema.functions.iter().any(calls)
}

/// Declares `Query`.
pub(crate) fn query(out: &mut Sdl, schema: &Schema) {
    let fields = schema.tables.iter().flat_map(|table| reads(schema, table));
    let node = NODE.map(str::to_owned).into_iter();
    let members = node
        .filter(|_| has_node(schema))
        .chain(fields.flat_map(Field::members));
    let mut members: Vec<_> = members.collect();
    if has_nothing(schema) {
        members.push(format!(
            "\"There is nothing here that you may see.\"\n  {NOTHING}: Boolean"
        ));
    }
    root(out, schema, false, members.into_iter());
}

/// Declares `Mutation`, if anything can be written.
pub(crate) fn mutation(out: &mut Sdl, schema: &Schema) {
    if !is_writing(schema) {
        return;
    }
    let tables = schema.tables.iter();
    let fields = tables.flat_map(|table| writes(schema, table));
    out.line("\"All root fields of one request succeed together, or none does.\"");
    root(out, schema, true, fields.flat_map(Field::members));
}

/// Declares a root: the fields of the tables, then those that call functions.
fn root(out: &mut Sdl, schema: &Schema, writes: bool, members: impl Iterator<Item = String>) {
    let name = if writes { "Mutation" } else { "Query" };
    out.line(&format!("type {name} {{"));
    for member in members {
        out.line(&format!("  {member}"));
    }
    functions(out, schema, writes);
    out.last_line("}\n");
}

/// The root fields that call functions.
fn functions(out: &mut Sdl, schema: &Schema, writes: bool) {
    let of_root = |function: &&Function| {
        !function.is_hidden && function.receiver.is_none() && function.writes == writes
    };
    for known in schema.functions.iter().filter(of_root) {
        function(out, schema, known);
    }
}

/// A field that calls a function.
pub(super) fn function(out: &mut Sdl, schema: &Schema, function: &Function) {
    let typed = |column: &Column| {
        let required = if column.nullable { "" } else { "!" };
        format!("{}{required}", value_type(schema, column))
    };
    let mut arguments: Vec<_> = function
        .arguments
        .iter()
        .map(|column| format!("{}: {}", column.field, typed(column)))
        .collect();
    let cost = cost::call(function.cost);
    let mut work = cost::weight(cost);
    let result = match &function.outcome {
        Outcome::Value(column) => typed(column),
        Outcome::Row(table) => schema.tables[*table].type_name.clone(),
        Outcome::Rows(table) => {
            let name = &schema.tables[*table].type_name;
            arguments.extend((!function.writes).then(|| list_arguments(name)));
            if !function.writes {
                work = cost::rows(cost, cost::TABLE);
            }
            format!("[{name}!]!")
        }
    };
    out.describe("  ", function.description.as_deref());
    let arguments = match arguments.join(", ") {
        none if none.is_empty() => none,
        some => format!("({some})"),
    };
    out.line(&format!("  {}{arguments}: {result}{work}", function.field));
}

/// A root field as it is declared.
struct Field {
    name: String,
    arguments: String,
    result: String,
    description: String,
    verb: Verb,
}

impl Field {
    fn members(self) -> [String; 2] {
        [
            format!("\"{}\"", self.description),
            format!(
                "{}({}): {}{}",
                self.name,
                self.arguments,
                self.result,
                self.verb.cost()
            ),
        ]
    }
}

fn reads(schema: &Schema, table: &Table) -> Vec<Field> {
    if !is_seen(table) {
        return Vec::new();
    }
    let name = &table.type_name;
    let mut fields: Vec<_> = unique_keys(table)
        .enumerate()
        .map(|(position, key)| by_key(schema, table, position, key))
        .collect();
    fields.push(Field {
        name: table.plural.clone(),
        arguments: list_arguments(name),
        result: format!("[{name}!]!"),
        description: format!("Rows of {name}."),
        verb: Verb::List,
    });
    if is_identified(table) {
        fields.push(Field {
            name: format!("{}Connection", table.singular),
            arguments: page_arguments(name),
            result: format!("{name}Connection!"),
            description: format!("Rows of {name}, page by page."),
            verb: Verb::Page,
        });
    }
    fields.push(Field {
        name: format!("{}Aggregate", table.singular),
        arguments: aggregate_arguments(name),
        result: format!("[{name}Aggregate!]!"),
        description: format!("Figures over rows of {name}: one for each group, or one for all."),
        verb: Verb::Aggregate,
    });
    fields
}

fn by_key(schema: &Schema, table: &Table, position: usize, key: &[usize]) -> Field {
    let name = if key == table.key.as_slice() {
        table.singular.clone()
    } else {
        let fields = key
            .iter()
            .map(|column| pascal(&table.columns[*column].field));
        format!(
            "{}By{}",
            table.singular,
            fields.collect::<Vec<_>>().join("And")
        )
    };
    Field {
        name,
        arguments: key_arguments(schema, table, key),
        result: table.type_name.clone(),
        description: format!("The {} with that key, or null.", table.type_name),
        verb: Verb::ByKey(position),
    }
}

fn key_arguments(schema: &Schema, table: &Table, key: &[usize]) -> String {
    let arguments = key.iter().map(|column| {
        let column = &table.columns[*column];
        format!("{}: {}!", column.field, value_type(schema, column))
    });
    arguments.collect::<Vec<_>>().join(", ")
}

fn writes(schema: &Schema, table: &Table) -> Vec<Field> {
    if !is_written(table) || !is_seen(table) {
        return Vec::new();
    }
    let name = &table.type_name;
    let key = key_arguments(schema, table, &table.key);
    let expected = seen_version(table).map_or(String::new(), |version| {
        let version = value_type(schema, &table.columns[version]);
        format!(", expectedVersion: {version}")
    });
    let one = |verb, arguments: String, optional: bool| {
        let required = if optional { "" } else { "!" };
        write(
            verb,
            &table.singular,
            arguments,
            format!("{name}{required}"),
        )
    };
    let many = |verb, arguments| write(verb, &table.plural, arguments, format!("[{name}!]!"));
    let create = format!("{name}Create!");
    let update = format!("set: {name}Update!");
    let conflict =
        format!("onConflict: {name}Key, update: [{name}Column!], updateWhere: {name}Where");
    let condition = format!("where: {name}Where!");
    let all = [
        one(Verb::Create, format!("input: {create}"), false),
        many(Verb::CreateMany, format!("input: [{create}]!")),
        one(Verb::Update, format!("{key}, {update}{expected}"), true),
        many(
            Verb::UpdateMany,
            format!("{condition}, {update}, atMost: Int"),
        ),
        one(Verb::Upsert, format!("input: {create}, {conflict}"), false),
        many(Verb::UpsertMany, format!("input: [{create}]!, {conflict}")),
        one(Verb::Delete, format!("{key}{expected}"), true),
        many(Verb::DeleteMany, format!("{condition}, atMost: Int")),
    ];
    let granted = all
        .into_iter()
        .filter(|field| is_granted(table, field.verb));
    granted.collect()
}

/// Whether rows may be written so.
fn is_granted(table: &Table, verb: Verb) -> bool {
    let allows = |action| table.grant.allows(action);
    let by_key = is_identified(table);
    match verb {
        Verb::Create | Verb::CreateMany => allows(Action::Create),
        Verb::Update => allows(Action::Update) && by_key,
        Verb::UpdateMany => allows(Action::Update),
        Verb::Upsert | Verb::UpsertMany => {
            allows(Action::Create) && allows(Action::Update) && by_key
        }
        Verb::Delete => allows(Action::Delete) && by_key,
        _ => allows(Action::Delete),
    }
}

/// The column that counts the changes of a row, where it is seen.
pub(super) fn seen_version(table: &Table) -> Option<usize> {
    let version = table.version?;
    table.columns[version]
        .grant
        .reads_whole()
        .then_some(version)
}

fn write(verb: Verb, noun: &str, arguments: String, result: String) -> Field {
    let (word, description) = match verb {
        Verb::Create => ("create", "Adds a row."),
        Verb::CreateMany => (
            "create",
            "Adds rows and gives them back in the order of the input.",
        ),
        Verb::Update => (
            "update",
            "Changes the row with that key; null when there is none.",
        ),
        Verb::UpdateMany => ("update", "Changes every row that fulfils the condition."),
        Verb::Upsert => ("upsert", "Adds a row, or changes the one that has its key."),
        Verb::UpsertMany => (
            "upsert",
            "Adds rows, or changes those that have their keys.",
        ),
        Verb::Delete => (
            "delete",
            "Removes the row with that key; null when there is none.",
        ),
        _ => ("delete", "Removes every row that fulfils the condition."),
    };
    Field {
        name: format!("{word}{}", pascal(noun)),
        arguments,
        result,
        description: description.to_owned(),
        verb,
    }
}
