//! Documents that ask each root field as a client would at least, and each list below a row.

use crate::access::Shape;
use crate::api::Verb;
use apollo_compiler::Node;
use apollo_compiler::Schema as TypeSystem;
use apollo_compiler::ast::{FieldDefinition, InputValueDefinition, Type};
use apollo_compiler::schema::ExtendedType;
use model::schema::Cardinality;

/// How many rows they ask for.
pub(crate) const ROWS: i64 = 20;
/// Most columns they ask for.
const COLUMNS_MAX: usize = 50;

/// A field, by the names that lead to it, and a document that asks for it.
pub(crate) struct Asking {
    pub(crate) name: String,
    pub(crate) document: String,
}

/// A document for each root field that reads, and for each list below a row of a root list; root
/// fields that are not asked are named.
pub(crate) fn fields(shape: &Shape) -> Result<(Vec<Asking>, Vec<String>), String> {
    let (mut asked, mut left) = (Vec::new(), Vec::new());
    let types = &shape.api.whole()?.types;
    let query = types.schema_definition.query.as_ref();
    let Some(query) = query.and_then(|name| types.get_object(name)) else {
        return Ok((asked, left));
    };
    for (name, field) in &query.fields {
        let Some(root) = shape.api.root(name) else {
            continue;
        };
        let selected = match root.verb {
            Verb::ByKey(_) | Verb::List => leaves(types, &field.ty),
            Verb::Page => page(types, &field.ty),
            Verb::Aggregate => "count".to_owned(),
            Verb::Function(_) => {
                left.push(name.to_string());
                continue;
            }
            // The row behind a global id is found as by its key.
            _ => continue,
        };
        asked.push(Asking {
            name: name.to_string(),
            document: document(field, &selected),
        });
        if root.verb == Verb::List {
            lists((shape, types), (field, root.table), &mut asked);
        }
    }
    Ok((asked, left))
}

/// The lists below a row of a root list.
fn lists(
    (shape, types): (&Shape, &TypeSystem),
    (root, table): (&FieldDefinition, usize),
    asked: &mut Vec<Asking>,
) {
    let named = root.ty.inner_named_type();
    for relation in &shape.schema.tables[table].relations {
        let field = types.type_field(named, &relation.field).ok();
        let (Cardinality::Many, Some(field)) = (relation.cardinality, field) else {
            continue;
        };
        let below = leaves(types, &field.ty);
        let list = format!("{}{} {{ {below} }}", field.name, bound(&field.arguments));
        asked.push(Asking {
            name: format!("{}.{}", root.name, field.name),
            document: document(root, &list),
        });
    }
}

/// A document that asks a field, with all it requires.
fn document(field: &FieldDefinition, selected: &str) -> String {
    let required = field.arguments.iter().filter(|it| it.is_required());
    let required: Vec<_> = required.collect();
    let declared = required.iter().map(|it| format!("${}: {}", it.name, it.ty));
    let passed = required.iter().map(|it| format!("{0}: ${0}", it.name));
    let (declared, passed) = (joined(declared), joined(passed));
    let name = &field.name;
    match required.as_slice() {
        [] => format!("{{ {name}{} {{ {selected} }} }}", bound(&field.arguments)),
        _ => format!("query({declared}) {{ {name}({passed}) {{ {selected} }} }}"),
    }
}

/// The argument that bounds a list, where there is one.
fn bound(arguments: &[Node<InputValueDefinition>]) -> String {
    let has = |name: &str| arguments.iter().any(|argument| argument.name == name);
    let mut names = ["limit", "first"].into_iter();
    match names.find(|name| has(name)) {
        Some(name) => format!("({name}: {ROWS})"),
        None => String::new(),
    }
}

fn page(types: &TypeSystem, ty: &Type) -> String {
    let below = |ty: &Type, name: &str| {
        let named = ty.inner_named_type();
        let field = types.type_field(named, name).ok();
        field.map(|field| field.ty.clone())
    };
    let node = below(ty, "edges").and_then(|edges| below(&edges, "node"));
    let selected = node.map_or("__typename".to_owned(), |node| leaves(types, &node));
    format!("edges {{ node {{ {selected} }} }} pageInfo {{ hasNextPage }}")
}

/// The plain columns of rows.
fn leaves(types: &TypeSystem, ty: &Type) -> String {
    let fields = match types.types.get(ty.inner_named_type()) {
        Some(ExtendedType::Object(object)) => &object.fields,
        Some(ExtendedType::Interface(interface)) => &interface.fields,
        _ => return "__typename".to_owned(),
    };
    let is_leaf = |field: &FieldDefinition| {
        let named = types.types.get(field.ty.inner_named_type());
        let is_leaf = matches!(named, Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)));
        // The global id is made of the key, and what takes arguments is computed.
        is_leaf && field.arguments.is_empty()
    };
    let names = fields.values().filter(|field| is_leaf(field));
    let names: Vec<_> = names
        .take(COLUMNS_MAX)
        .map(|field| field.name.to_string())
        .collect();
    if names.is_empty() {
        return "__typename".to_owned();
    }
    names.join(" ")
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
