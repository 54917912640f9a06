//! The text of a schema file.

mod functions;

use super::composites::Group;
use super::entity::{Entity, Field, FieldKind};
use super::functions::Functions;
use crate::names;
use crate::sdl;
use model::Dialect;
use model::catalog::{Catalog, Column, Enum, Kind, Search};
use std::collections::{BTreeMap, BTreeSet};

/// Types by name, then the composite types and the enums they use by name, then functions.
pub(super) fn print(
    catalog: &Catalog,
    (entities, groups): (&[Entity<'_>], &BTreeMap<usize, Group<'_>>),
    enums: &BTreeMap<usize, String>,
    functions: &Functions<'_>,
) -> String {
    let product = match catalog.dialect {
        Dialect::Sqlite => "an SQLite",
        Dialect::Postgres => "a PostgreSQL",
        Dialect::Mariadb => "a MariaDB",
    };
    let head = format!(
        "# Tables of {product} database. This file decides what the API shows: edit it freely.\n"
    );
    let mut order: Vec<usize> = (0..entities.len()).collect();
    order.sort_by_key(|index| &entities[*index].type_name);
    let mut named: Vec<(&String, &Enum)> = enums
        .iter()
        .map(|(index, name)| (name, &catalog.enums[*index]))
        .collect();
    named.sort_by_key(|(name, _)| *name);
    let words = Words {
        dialect: catalog.dialect,
        enums,
        groups,
    };
    let types = order.into_iter().map(|index| {
        let calls = functions::of_rows(functions, (index, entities), &words);
        table(&entities[index], &calls, &words)
    });
    let mut composites: Vec<&Group<'_>> = groups.values().collect();
    composites.sort_by_key(|group| &group.type_name);
    let composites = composites.into_iter().map(|group| composite(group, &words));
    let enums = named
        .into_iter()
        .map(|(name, found)| enumeration(name, found, &words));
    std::iter::once(head)
        .chain(types)
        .chain(composites)
        .chain(enums)
        .chain(functions::roots(functions, entities, &words))
        .collect::<Vec<_>>()
        .join("\n")
}

/// How types of columns are spelled that are no scalars.
struct Words<'a> {
    dialect: Dialect,
    enums: &'a BTreeMap<usize, String>,
    groups: &'a BTreeMap<usize, Group<'a>>,
}

impl<'a> Words<'a> {
    /// Whether each enum is a type of the database; if not, it is declared with its column.
    fn are_types(&self) -> bool {
        self.dialect != Dialect::Mariadb
    }

    /// The GraphQL type of a field, and the native type where it must be said.
    fn of(&self, kind: &'a FieldKind) -> (&'a str, Option<&'a str>) {
        match kind {
            FieldKind::Scalar(scalar, native) => (scalar.name(), native.as_deref()),
            FieldKind::Enum(found) => (
                self.enums.get(found).map_or("String", String::as_str),
                (!self.are_types()).then_some("enum"),
            ),
            FieldKind::Composite(found) => {
                let group = self.groups.get(found);
                (group.map_or("JSON", |group| group.type_name.as_str()), None)
            }
        }
    }
}

/// A type; `calls` are its fields that call functions.
fn table(entity: &Entity<'_>, calls: &str, words: &Words<'_>) -> String {
    let mut parts = Vec::new();
    if entity.table.kind == Kind::Table && entity.key.is_empty() {
        let text = "The table has no key, so its rows are only read.";
        parts.push(sdl::comment("", text));
    }
    parts.push(sdl::describe("", entity.table.comment.as_deref()));
    parts.push(head(words.dialect, entity));
    parts.extend((0..entity.fields.len()).map(|index| column(entity, index, words)));
    parts.extend(entity.left_out.iter().map(|column| left_out(column)));
    if !entity.relations.is_empty() || !calls.is_empty() {
        parts.push("\n".to_owned());
    }
    parts.extend(entity.relations.iter().map(|relation| {
        let (name, arguments) = (&relation.name, &relation.arguments);
        format!("  {name}: {} @relation({arguments})\n", relation.type_text)
    }));
    parts.push(calls.to_owned());
    parts.push("}\n".to_owned());
    parts.concat()
}

fn left_out(column: &Column) -> String {
    let (name, native) = (sdl::clip(&column.name), sdl::clip(&column.native));
    sdl::comment("  ", &format!("left out: {name} ({native})"))
}

/// A composite type; its attributes may always be null.
fn composite(group: &Group<'_>, words: &Words<'_>) -> String {
    let describe = sdl::describe("", group.composite.comment.as_deref());
    let own = Some(format!("name: {}", sdl::string(&group.composite.name)));
    let schema = group.composite.schema.as_deref();
    let schema = schema.map(|schema| format!("schema: {}", sdl::string(schema)));
    let members = group.members.iter().map(|member| {
        let describe = sdl::describe("  ", member.column.comment.as_deref());
        let (type_name, _) = words.of(&member.kind);
        let name = if member.column.name == member.name {
            String::new()
        } else {
            format!(" @member(name: {})", sdl::string(&member.column.name))
        };
        format!("{describe}  {}: {type_name}{name}\n", member.name)
    });
    let members: String = members
        .chain(group.left_out.iter().map(|column| left_out(column)))
        .collect();
    format!(
        "{describe}type {} @composite{} {{\n{members}}}\n",
        group.type_name,
        arguments([own, schema])
    )
}

/// The line that opens a type; what would be too long gets a line for each directive.
fn head(dialect: Dialect, entity: &Entity<'_>) -> String {
    const LINE_MAX: usize = 100;
    let keys = entity.uniques.iter().filter(|key| key.len() > 1);
    let uniques = keys.map(|key| format!("@unique(fields: {})", list(entity, key)));
    let search = entity
        .search
        .map(|search| searched(dialect, entity, search));
    let directives: Vec<String> = std::iter::once(source(entity))
        .chain(uniques)
        .chain(search)
        .collect();
    let line = format!("type {} {} {{\n", entity.type_name, directives.join(" "));
    if line.chars().count() <= LINE_MAX || directives.len() == 1 {
        return line;
    }
    format!(
        "type {}\n  {}\n{{\n",
        entity.type_name,
        directives.join("\n  ")
    )
}

fn searched(dialect: Dialect, entity: &Entity<'_>, search: &Search) -> String {
    let name = search.name.as_deref().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => format!("@search(table: {})", sdl::string(name)),
        Dialect::Postgres => {
            let likely = search.configurations.first();
            let configuration = likely.map_or("simple", String::as_str);
            format!(
                "@search(column: {}, configuration: {})",
                sdl::string(name),
                sdl::string(configuration)
            )
        }
        Dialect::Mariadb => {
            let fields = search.columns.iter();
            let fields: Vec<_> = fields
                .filter_map(|name| entity.field(dialect, name))
                .collect();
            format!("@search(fields: {})", list(entity, &fields))
        }
    }
}

fn list(entity: &Entity<'_>, fields: &[usize]) -> String {
    sdl::list(
        fields
            .iter()
            .map(|field| entity.fields[*field].name.as_str()),
    )
}

/// `@table` or `@view` with what is not obvious.
fn source(entity: &Entity<'_>) -> String {
    let is_sorted = entity.key.is_sorted();
    let key = match entity.is_writable() {
        true if is_sorted => None,
        false if entity.key.is_empty() => None,
        _ => Some(format!("key: {}", list(entity, &entity.key))),
    };
    let name = (entity.table.name != entity.type_name)
        .then(|| format!("name: {}", sdl::string(&entity.table.name)));
    let schema = entity
        .table
        .schema
        .as_deref()
        .map(|schema| format!("schema: {}", sdl::string(schema)));
    let directive = if entity.is_writable() {
        "@table"
    } else {
        "@view"
    };
    format!("{directive}{}", arguments([name, schema, key]))
}

/// Arguments in parentheses; nothing without any.
fn arguments(given: impl IntoIterator<Item = Option<String>>) -> String {
    let given: Vec<String> = given.into_iter().flatten().collect();
    if given.is_empty() {
        String::new()
    } else {
        format!("({})", given.join(", "))
    }
}

fn column(entity: &Entity<'_>, index: usize, words: &Words<'_>) -> String {
    let field = &entity.fields[index];
    let (type_name, native) = words.of(&field.kind);
    let type_name = if field.list {
        format!("[{type_name}]")
    } else {
        type_name.to_owned()
    };
    let mark = if entity.is_required(index) { "!" } else { "" };
    let describe = sdl::describe("  ", field.column.comment.as_deref());
    let name = (field.column.name != field.name)
        .then(|| format!("name: {}", sdl::string(&field.column.name)));
    let native = native.map(|native| format!("type: {}", sdl::string(native)));
    let directives = [
        (entity.is_writable() && entity.key.contains(&index)).then(|| " @id".to_owned()),
        (entity.uniques.contains(&vec![index])).then(|| " @unique".to_owned()),
        (name.is_some() || native.is_some())
            .then(|| format!(" @column{}", arguments([name, native]))),
        entity.is_writable().then(|| filled(field)),
    ];
    let directives: String = directives.into_iter().flatten().collect();
    format!(
        "{describe}  {}: {type_name}{mark}{directives}\n",
        field.name
    )
}

/// How the database fills the column by itself; what counts up needs no words.
fn filled(field: &Field<'_>) -> String {
    match &field.column.default {
        _ if field.column.generated => " @generated".to_owned(),
        None => String::new(),
        Some(value) if is_counter(value) => " @default".to_owned(),
        Some(value) => format!(" @default(value: {})", sdl::string(value)),
    }
}

/// Identities, sequences and row ids.
fn is_counter(value: &str) -> bool {
    value.trim().is_empty()
        || matches!(value, "rowid" | "AUTO_INCREMENT")
        || value.starts_with("nextval(")
}

fn enumeration(name: &str, found: &Enum, words: &Words<'_>) -> String {
    let describe = sdl::describe("", found.comment.as_deref());
    let schema = found.schema.as_deref();
    let schema = schema.map(|schema| format!("schema: {}", sdl::string(schema)));
    let own = Some(format!("name: {}", sdl::string(&found.name)));
    let mut taken = BTreeSet::new();
    let values = found.labels.iter().map(|label| {
        let value = names::claim(&mut taken, &[names::value_name(label)], |_| Vec::new());
        if value == *label {
            format!("  {value}\n")
        } else {
            format!("  {value} @value(name: {})\n", sdl::string(label))
        }
    });
    let values: Vec<String> = values.collect();
    let directive = if words.are_types() {
        format!(" @enum{}", arguments([own, schema]))
    } else {
        String::new()
    };
    format!(
        "{describe}enum {name}{directive} {{\n{}}}\n",
        values.concat()
    )
}
