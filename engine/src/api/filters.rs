//! Scalars, and the inputs that compare values.

use super::granted;
use super::text::Sdl;
use crate::names::article;
use model::schema::{Column, CustomScalar, Enum, Schema};
use model::{Dialect, Scalar};
use std::collections::HashSet;

/// Declares the scalars GraphQL does not know, and the directives of the API.
pub(crate) fn scalars(out: &mut Sdl) {
    for scalar in Scalar::ALL {
        if scalar.is_built_in() {
            continue;
        }
        out.line(&format!("\"{}\"", scalar_description(scalar)));
        let url = specification(scalar).map_or(String::new(), |url| {
            format!(" @specifiedBy(url: \"{url}\")")
        });
        out.line(&format!("scalar {scalar}{url}\n"));
    }
    out.line("\"A step into JSON: the name of a member, or the place of an item, from 0.\"");
    out.line("scalar JSONStep\n");
}

fn scalar_description(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::BigInt => "A 64-bit integer, as a string so that no digit is lost.",
        Scalar::Decimal => "A decimal number of any length, as a string so that no digit is lost.",
        Scalar::Uuid => "A UUID in its lower-case form.",
        Scalar::Date => "A calendar date: 2026-11-23.",
        Scalar::LocalTime => "A time of day without zone: 18:12:18.5.",
        Scalar::LocalDateTime => "A date and time without zone: 2026-11-23T18:12:18.5.",
        Scalar::DateTime => "A moment in UTC (RFC 3339): 2026-11-23T18:12:18.5Z.",
        Scalar::Json => "Any JSON value.",
        Scalar::Bytes => "Bytes as base64 (RFC 4648, padded).",
        Scalar::Boolean | Scalar::Int | Scalar::Float | Scalar::String => "",
    }
}

fn specification(scalar: Scalar) -> Option<&'static str> {
    match scalar {
        Scalar::Uuid => Some("https://www.rfc-editor.org/rfc/rfc9562"),
        Scalar::Date | Scalar::DateTime => Some("https://www.rfc-editor.org/rfc/rfc3339"),
        Scalar::Json => Some("https://www.rfc-editor.org/rfc/rfc8259"),
        Scalar::Bytes => Some("https://www.rfc-editor.org/rfc/rfc4648"),
        _ => None,
    }
}

/// Declares what every API shares: directions of order, groups, page information, filters.
pub(crate) fn shared(out: &mut Sdl, dialect: Dialect, lists: &HashSet<&str>) {
    out.line(SHARED);
    for scalar in Scalar::ALL {
        filter(out, (dialect, lists), scalar, scalar.name());
    }
}

const SHARED: &str = r#""Exactly one member of the input is given, and it is not null."
directive @oneOf on INPUT_OBJECT

"An object that `node` can find again."
interface Node {
  "The global id of the object."
  nodeId: ID!
}

"The order of values; NULL is larger than every value unless told otherwise."
enum OrderDirection {
  ASC
  ASC_NULLS_FIRST
  ASC_NULLS_LAST
  DESC
  DESC_NULLS_FIRST
  DESC_NULLS_LAST
}

"How a column forms groups."
enum GroupByValue {
  "Equal values are one group."
  VALUE
}

"How a date forms groups; the key is the first day of the group."
enum GroupByDate {
  "Equal values are one group."
  VALUE
  YEAR
  QUARTER
  MONTH
  "From Monday, as ISO 8601 has it."
  WEEK
  DAY
}

"How a moment forms groups, in UTC; the key is the moment the group begins with."
enum GroupByTime {
  "Equal values are one group."
  VALUE
  YEAR
  QUARTER
  MONTH
  "From Monday, as ISO 8601 has it."
  WEEK
  DAY
  HOUR
  MINUTE
}

"Where a page stands."
type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}

"Conditions on what stands at one place in JSON; all given ones must hold. What is not there, or of another kind, is null."
input JSONPathFilter {
  at: [JSONStep!]!
  string: StringFilter
  number: DecimalFilter
  boolean: BooleanFilter
  isNull: Boolean
}
"#;

/// Declares a scalar of the schema's own, and its filter.
pub(crate) fn custom(
    out: &mut Sdl,
    dialect: Dialect,
    lists: &HashSet<&str>,
    custom: &CustomScalar,
) {
    let name = &custom.type_name;
    out.describe("", custom.description.as_deref());
    let url = custom.specified_by.as_deref().map(|url| {
        let url = serde_json::Value::from(url);
        format!(" @specifiedBy(url: {url})")
    });
    out.last_line(&format!("scalar {name}{}\n", url.unwrap_or_default()));
    filter(out, (dialect, lists), custom.scalar, name);
}

/// Declares the conditions on values of a type that is that scalar.
fn filter(out: &mut Sdl, (dialect, lists): (Dialect, &HashSet<&str>), scalar: Scalar, name: &str) {
    let members = comparisons(dialect, scalar).iter();
    let members = members.map(|operator| member(operator, name));
    let article = article(name);
    out.line(&format!(
        "\"Conditions on {article} {name}; all given ones must hold.\""
    ));
    out.block(&format!("input {name}Filter"), members);
    list_filter(out, lists, name);
}

fn member(operator: &str, value: &str) -> String {
    match operator {
        "in" | "notIn" => format!("{operator}: [{value}!]"),
        "isNull" => format!("{operator}: Boolean"),
        "hasKey" => format!("{operator}: String"),
        "path" => format!("{operator}: [JSONPathFilter!]"),
        _ => format!("{operator}: {value}"),
    }
}

/// The types of the items in columns that hold lists.
pub(crate) fn listed(schema: &Schema) -> HashSet<&str> {
    let seen = schema.tables.iter().filter(|table| granted::is_seen(table));
    let columns = seen.flat_map(granted::compared);
    let lists = columns.filter(|column| column.list);
    lists.map(|column| value_type(schema, column)).collect()
}

/// Declares what compares the lists of a type with others, if a column holds such lists.
fn list_filter(out: &mut Sdl, lists: &HashSet<&str>, item: &str) {
    if !lists.contains(item) {
        return;
    }
    let members = ["eq", "ne"].map(|operator| format!("{operator}: [{item}]"));
    let sets = ["contains", "containedBy", "overlaps"];
    let sets = sets.map(|operator| format!("{operator}: [{item}!]"));
    let has = format!("has: {item}");
    let tests = ["isEmpty", "isNull"].map(|operator| format!("{operator}: Boolean"));
    out.line(&format!(
        "\"Conditions on a list of {item}; all given ones must hold.\""
    ));
    out.block(
        &format!("input {item}ListFilter"),
        members.into_iter().chain(sets).chain([has]).chain(tests),
    );
}

/// The comparisons a scalar supports, in the order they are listed.
fn comparisons(dialect: Dialect, scalar: Scalar) -> &'static [&'static str] {
    match scalar {
        // MariaDB finds scalars in lists at any depth, and compares numbers as floats.
        Scalar::Json if dialect == Dialect::Mariadb => &["hasKey", "path", "isNull"],
        Scalar::Json => &["eq", "ne", "contains", "hasKey", "path", "isNull"],
        Scalar::Boolean => &["eq", "ne", "in", "notIn", "isNull"],
        Scalar::String => &[
            "eq",
            "ne",
            "in",
            "notIn",
            "lt",
            "lte",
            "gt",
            "gte",
            "like",
            "ilike",
            "startsWith",
            "endsWith",
            "contains",
            "ieq",
            "istartsWith",
            "iendsWith",
            "icontains",
            "isNull",
        ],
        _ => &[
            "eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte", "isNull",
        ],
    }
}

/// Declares an enum and its filter.
pub(crate) fn enumeration(out: &mut Sdl, lists: &HashSet<&str>, enumeration: &Enum) {
    let name = &enumeration.type_name;
    out.describe("", enumeration.description.as_deref());
    out.line(&format!("enum {name} {{"));
    for value in &enumeration.values {
        out.describe("  ", value.description.as_deref());
        out.line(&format!("  {}", value.name));
    }
    out.last_line("}\n");
    let members = ["eq", "ne", "in", "notIn", "isNull"].map(|operator| member(operator, name));
    out.line(&format!(
        "\"Conditions on {} {name}; all given ones must hold.\"",
        article(name)
    ));
    out.block(&format!("input {name}Filter"), members);
    list_filter(out, lists, name);
}

/// The filter input of a column.
pub(crate) fn filter_type(schema: &Schema, column: &Column) -> String {
    let list = if column.list { "List" } else { "" };
    format!("{}{list}Filter", value_type(schema, column))
}

/// The type of a column without the `!`.
pub(crate) fn column_type(schema: &Schema, column: &Column) -> String {
    let name = value_type(schema, column);
    if column.list {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}

/// The type of a column's values, or of the items in them.
pub(crate) fn value_type<'a>(schema: &'a Schema, column: &Column) -> &'a str {
    match (column.enumeration, column.custom) {
        (Some(index), _) => &schema.enums[index].type_name,
        (None, Some(index)) => &schema.scalars[index].type_name,
        (None, None) => column.scalar.name(),
    }
}
