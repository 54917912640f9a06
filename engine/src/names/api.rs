//! The names the generated API takes, for itself and for each table and enum.

use heck::ToSnakeCase;
use model::Scalar;

/// Types every API has, whatever its tables.
const TYPES: &[&str] = &[
    "Query",
    "Mutation",
    "Subscription",
    "Node",
    "PageInfo",
    "OrderDirection",
    "GroupByDate",
    "GroupByTime",
    "GroupByValue",
    "ID",
    "JSONPathFilter",
    "JSONStep",
];

/// What follows a table's type in the names of the types generated for it.
const FOLLOWERS: &[&str] = &[
    "Aggregate",
    "AggregateOrderBy",
    "Avg",
    "AvgHaving",
    "AvgOrderBy",
    "Column",
    "Compare",
    "ConnectOrCreate",
    "Connection",
    "CountDistinct",
    "CountDistinctHaving",
    "CountDistinctOrderBy",
    "Create",
    "DeleteMany",
    "Edge",
    "FigureOrderBy",
    "GroupBy",
    "GroupKey",
    "Having",
    "Key",
    "Link",
    "Links",
    "ListWhere",
    "Max",
    "MaxHaving",
    "MaxOrderBy",
    "Min",
    "MinHaving",
    "MinOrderBy",
    "OrderBy",
    "Put",
    "Relink",
    "Relinks",
    "Sum",
    "SumHaving",
    "SumOrderBy",
    "Unique",
    "Update",
    "UpdateMany",
    "UpdateOne",
    "UpdatePartner",
    "Where",
];

/// Families of columns that compare with one another, as they are called in the names of types.
pub(crate) const FAMILIES: &[&str] = &[
    "Boolean",
    "Bytes",
    "Date",
    "DateTime",
    "Enum",
    "Float",
    "LocalDateTime",
    "LocalTime",
    "Number",
    "String",
    "UUID",
];

/// Fields beside the columns: the global id of a row, and what a where input has of its own.
pub(crate) const FIELDS: &[&str] = &["nodeId", "and", "or", "not", "compare"];

/// The member of a where input that looks for words, where a table has a full-text index.
pub(crate) const SEARCH: &str = "search";

/// The arguments of a list of rows.
pub(crate) const LIST_ARGUMENTS: [&str; 4] = ["where", "orderBy", "limit", "offset"];

/// The arguments beside the key of an update.
const KEY_FIELDS: &[&str] = &["set", "expectedVersion"];

/// Whether the API needs that type name for itself.
pub(crate) fn is_reserved_type(name: &str) -> bool {
    let scalar = name.strip_suffix("Filter").unwrap_or(name);
    let scalar = scalar.strip_suffix("List").unwrap_or(scalar);
    name.starts_with("__") || TYPES.contains(&name) || Scalar::from_name(scalar).is_some()
}

/// Whether the API needs that field name for itself; a few only matter for the fields of a key.
pub(crate) fn is_reserved_field(name: &str, in_key: bool) -> bool {
    FIELDS.contains(&name) || in_key && KEY_FIELDS.contains(&name)
}

/// Whether the API needs that field name beside the unique keys of a table that counts versions.
pub(crate) fn is_version_field(name: &str) -> bool {
    name == "expectedVersion"
}

/// The types that stand for a table: the row type first.
pub(crate) fn table_types(name: &str) -> Vec<String> {
    let followers = FOLLOWERS.iter().map(|follower| format!("{name}{follower}"));
    let families = FAMILIES
        .iter()
        .flat_map(|family| family_types(name, family));
    std::iter::once(name.to_owned())
        .chain(followers)
        .chain(families)
        .collect()
}

/// The types by which the columns of a family are compared with one another: the enum of them,
/// and the comparisons.
pub(crate) fn family_types(name: &str, family: &str) -> [String; 2] {
    ["Column", "Compare"].map(|follower| format!("{name}{family}{follower}"))
}

/// The types that stand for an enum: the enum first.
pub(crate) fn enum_types(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("{name}Filter"),
        format!("{name}ListFilter"),
    ]
}

/// The types that stand for an object inside JSON: its own first, and its input.
pub(crate) fn shape_types(name: &str) -> Vec<String> {
    vec![name.to_owned(), format!("{name}Input")]
}

/// The fields a list has beside it: the same rows page by page, and figures over them.
pub(crate) fn list_fields(list: &str) -> [String; 2] {
    ["Connection", "Aggregate"].map(|shown| format!("{list}{shown}"))
}

/// The root fields of a table; `uniques` are the fields of its unique keys beside the primary one.
pub(crate) fn root_fields(singular: &str, plural: &str, uniques: &[Vec<&str>]) -> Vec<String> {
    let reads = [singular, plural].map(str::to_owned);
    let shows = ["Connection", "Aggregate"].map(|shown| format!("{singular}{shown}"));
    let by_key = uniques.iter().map(|fields| {
        let fields: Vec<_> = fields.iter().copied().map(capital).collect();
        format!("{singular}By{}", fields.join("And"))
    });
    let nouns = [singular, plural].map(capital);
    let verbs = ["create", "update", "upsert", "delete"].into_iter();
    let writes = verbs.flat_map(|verb| nouns.each_ref().map(|noun| format!("{verb}{noun}")));
    reads
        .into_iter()
        .chain(shows)
        .chain(by_key)
        .chain(writes)
        .collect()
}

/// What the value for a unique key is called in the enum of a table's keys.
pub(crate) fn key_value(fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| field.to_snake_case()).collect();
    fields.join("_")
}

/// Root fields that belong to no table.
pub(crate) const ROOT_FIELDS: &[&str] = &["node"];

/// The name with its first letter in upper case.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
