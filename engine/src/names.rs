//! Names: from the habits of databases to those of GraphQL, the same way every time.

pub(crate) mod api;
mod words;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToUpperCamelCase};
use model::Dialect;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// `order_items` → `OrderItem`.
pub(crate) fn type_name(table: &str) -> String {
    let singular = words::inflect(&ascii(table), words::singular);
    mend(singular.to_upper_camel_case(), "Table")
}

/// What comes before a type's name to tell it from others: `sales` → `Sales`.
pub(crate) fn type_prefix(schema: &str) -> String {
    mend(ascii(schema).to_upper_camel_case(), "Schema")
}

/// `unit_price` → `unitPrice`, `CustomerId` → `customerId`.
pub(crate) fn field_name(column: &str) -> String {
    mend(ascii(column).to_lower_camel_case(), "column")
}

/// `in progress` → `IN_PROGRESS`.
pub(crate) fn value_name(label: &str) -> String {
    let name = mend(ascii(label).to_shouty_snake_case(), "EMPTY");
    match label {
        _ if matches!(name.as_str(), "true" | "false" | "null") => format!("{name}_"),
        _ => name,
    }
}

/// The root field for one row: `OrderItem` → `orderItem`.
pub(crate) fn singular_field(type_name: &str) -> String {
    mend(type_name.to_lower_camel_case(), "row")
}

/// The root field for many rows: `OrderItem` → `orderItems`, `News` → `newsList`.
pub(crate) fn plural_field(type_name: &str) -> String {
    plural_of(&singular_field(type_name))
}

/// The plural of a field name, never the name itself.
pub(crate) fn plural_of(field: &str) -> String {
    let plural = mend(
        words::inflect(field, words::plural).to_lower_camel_case(),
        "rows",
    );
    if plural == field {
        format!("{field}List")
    } else {
        plural
    }
}

/// What stands before the name of a type: `an Int`, `an [ID!]`, `a UUID`.
pub(crate) fn article(type_name: &str) -> &'static str {
    match type_name.trim_start_matches('[').bytes().next() {
        Some(b'A' | b'E' | b'I' | b'O') => "an",
        _ => "a",
    }
}

/// The first of the wanted names that is free, else the last of them with a number.
///
/// A name brings `companions`, which must be free as well; what is claimed is taken from then on.
pub(crate) fn claim(
    taken: &mut BTreeSet<String>,
    wanted: &[String],
    companions: impl Fn(&str) -> Vec<String>,
) -> String {
    let last = wanted.last().map_or("name", String::as_str);
    let numbered = (2..).map(|number: u32| format!("{last}{number}"));
    for name in wanted.iter().cloned().chain(numbered) {
        let all = companions(&name);
        if !taken.contains(&name) && all.iter().all(|companion| !taken.contains(companion)) {
            taken.insert(name.clone());
            taken.extend(all);
            return name;
        }
    }
    String::new()
}

/// A name of a table or column as the database tells names apart.
pub(crate) fn folded(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Sqlite => name.to_ascii_lowercase(),
        Dialect::Postgres | Dialect::Mariadb => name.to_owned(),
    }
}

/// Why no database of that dialect holds the name.
pub(crate) fn storage_problem(dialect: Dialect, name: &str) -> Option<String> {
    let (product, length, most, unit) = match dialect {
        Dialect::Sqlite => ("SQLite", name.len(), 255, "bytes"),
        Dialect::Postgres => ("PostgreSQL", name.len(), 63, "bytes"),
        Dialect::Mariadb => ("MariaDB", name.chars().count(), 64, "characters"),
    };
    let problem = if name.is_empty() {
        "an empty name".to_owned()
    } else if name.contains('\0') {
        "a name with a NUL in it".to_owned()
    } else if length > most {
        format!("a name longer than {most} {unit}")
    } else {
        return None;
    };
    Some(format!("no {product} schema can hold {problem}"))
}

/// Whether a name fits GraphQL and is not one of its own (`__typename`).
pub(crate) fn is_usable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with("__")
        && name.len() <= BYTES_MAX
}

/// The longest name the API takes.
pub(crate) const BYTES_MAX: usize = 128;

/// Any script as ASCII letters, digits and spaces.
fn ascii(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(deunicode::deunicode(name))
    }
}

/// A cased name made to fit GraphQL: not empty, no leading digit, no endless length.
fn mend(name: String, empty: &str) -> String {
    let mut name = match name.bytes().next() {
        None => empty.to_owned(),
        Some(b'0'..=b'9') => format!("_{name}"),
        Some(_) => name,
    };
    // Room for what the API puts around it, as in `ProductAggregate`.
    name.truncate(BYTES_MAX / 2);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_have_their_article() {
        for (name, wanted) in [
            ("Int", "an"),
            ("[ID!]!", "an"),
            ("UUID", "a"),
            ("Bytes", "a"),
        ] {
            assert_eq!(article(name), wanted, "{name}");
        }
    }

    #[test]
    fn tables_become_singular_types_with_two_root_fields() {
        let lines: Vec<String> = TABLES
            .iter()
            .map(|table| {
                let name = type_name(table);
                format!(
                    "{table} | {name} | {} | {}",
                    singular_field(&name),
                    plural_field(&name)
                )
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    const TABLES: &[&str] = &[
        "customers",
        "order_items",
        "OrderItem",
        "URLPath",
        "people",
        "children",
        "statuses",
        "order_status",
        "categories",
        "addresses",
        "media",
        "news",
        "data",
        "metadata",
        "series",
        "analyses",
        "species",
        "caches",
        "SMS",
        "bus_lines",
        "Order Details",
        "2nd_addresses",
        "größen",
        "注文",
        "__x",
        "",
        "!!!",
        "CUSTOMER_ORDERS",
    ];

    #[test]
    fn columns_and_labels_are_cased_and_mended() {
        let columns = [
            "unit_price",
            "CustomerId",
            "URLPath",
            "2nd",
            "a b-c",
            "__x",
            "é",
            "",
            "_id",
        ];
        insta::assert_snapshot!(
            columns
                .map(|column| format!("{column} | {}", field_name(column)))
                .join("\n")
        );
        let labels = [
            "open",
            "in progress",
            "InProgress",
            "1st",
            "",
            "true",
            "ß",
            "a/b",
            "OPEN",
        ];
        insta::assert_snapshot!(
            labels
                .map(|label| format!("{label} | {}", value_name(label)))
                .join("\n")
        );
    }

    #[test]
    fn every_mended_name_is_usable_and_bounded() {
        let long = "x_".repeat(10_000);
        for name in [
            "",
            "\0",
            "💥",
            "😀😀",
            "1",
            "-",
            "___",
            "Ünï cödé",
            long.as_str(),
        ] {
            for mended in [type_name(name), field_name(name), value_name(name)] {
                assert!(is_usable(&mended), "{name:.20}: {mended:.20}");
                assert!(
                    is_usable(&plural_field(&mended)),
                    "{name:.20}: {mended:.20}"
                );
            }
        }
    }

    #[test]
    fn a_taken_name_gives_way_to_the_next_wish_and_then_to_a_number() {
        let mut taken = BTreeSet::new();
        let wishes = ["order".to_owned(), "orderByShop".to_owned()];
        let names: Vec<_> = (0..4)
            .map(|_| claim(&mut taken, &wishes, |_| Vec::new()))
            .collect();
        assert_eq!(
            names,
            ["order", "orderByShop", "orderByShop2", "orderByShop3"]
        );
    }
}
