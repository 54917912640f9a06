//! How a column is read, compared, ordered and written in each dialect.

use super::{Cast, Expr, Reference};
use crate::types::mariadb::decimal_digits;
use crate::types::{self, Extremes, usual, usual_column};
use model::schema::{Column, Form, Schema};
use model::{Codec, Dialect, Scalar};
use std::sync::Arc;

/// Most digits of a decimal in MariaDB.
const DIGITS: u16 = 65;
/// Digits after the point that comparisons there look at, where there is room.
const SCALE: u16 = 30;

/// The column as it leaves the database: PostgreSQL types the driver does not know leave as text,
/// and MariaDB's single floats as doubles, as their text would lose digits.
pub(crate) fn readable(schema: &Schema, reference: Reference) -> Expr {
    readable_value(schema, column(schema, reference), Expr::Column(reference))
}

/// A value such as that column would have, as it leaves the database.
pub(crate) fn readable_value(schema: &Schema, column: &Column, expr: Expr) -> Expr {
    if composite(schema, column).is_some() {
        Expr::Cast(Box::new(expr), Cast::Document)
    } else if schema.dialect == Dialect::Postgres && is_foreign(schema, column) {
        Expr::Cast(Box::new(expr), in_list(column, Cast::Text))
    } else if schema.dialect == Dialect::Mariadb && is_single(column) {
        Expr::Cast(Box::new(expr), Cast::Float)
    } else {
        expr
    }
}

/// The affinity that values like the column's have in SQLite.
pub(crate) fn affinity(column: &Column) -> &'static str {
    match column.scalar {
        Scalar::Boolean | Scalar::Int | Scalar::BigInt => "INTEGER",
        Scalar::Float => "REAL",
        Scalar::Decimal if column.native.is_some() => "NUMERIC",
        Scalar::Bytes => "BLOB",
        _ => "TEXT",
    }
}

/// The type that the column's values have in PostgreSQL.
pub(crate) fn own_type(schema: &Schema, column: &Column) -> Cast {
    if let Some(shape) = composite(schema, column) {
        return Cast::Composite(shape);
    }
    enum_type(schema, column).map_or_else(
        || {
            let usual = usual_column(Dialect::Postgres, column.scalar, column.list);
            Cast::Native(column.native.clone().unwrap_or(usual))
        },
        |named| in_list(column, named),
    )
}

/// The enum type of the database that the column's values, or the items in them, are of.
fn enum_type(schema: &Schema, column: &Column) -> Option<Cast> {
    let index = column.enumeration?;
    let name = schema.enums[index].name.clone();
    name.map(|name| Cast::Enum(index, name))
}

/// Whether MariaDB holds the column as a float of 32 bits.
fn is_single(column: &Column) -> bool {
    let native = column.native.as_deref();
    column.scalar == Scalar::Float && native.is_some_and(|native| native.starts_with("float"))
}

/// What a value of a list column is converted to, where a single one is converted to that.
fn in_list(column: &Column, cast: Cast) -> Cast {
    if column.list {
        Cast::List(Box::new(cast))
    } else {
        cast
    }
}

/// A list column as one side of a comparison, and what the other side is converted to: a type of
/// the same name without a length, which would cut values off.
pub(crate) fn compared_list(schema: &Schema, reference: Reference) -> (Expr, Cast) {
    let column = column(schema, reference);
    let expr = Expr::Column(reference);
    let usual = usual(schema.dialect, column.scalar);
    let native = column.native.as_deref().map_or(usual, types::item);
    let name = native.split('(').next().unwrap_or(native);
    let (item, is_comparable) = match (enum_type(schema, column), name) {
        (Some(named), _) => (named, true),
        // Of two kinds of JSON one knows no equality, nor do documents of XML.
        (_, "json") => (Cast::Native("jsonb".to_owned()), false),
        (_, "xml") => (Cast::Text, false),
        (_, "character") => (Cast::Native("bpchar".to_owned()), true),
        _ => (Cast::Native(name.to_owned()), true),
    };
    let cast = Cast::List(Box::new(item));
    if is_comparable {
        return (expr, cast);
    }
    (Expr::Cast(Box::new(expr), cast.clone()), cast)
}

/// The shape of the composite type a column is of.
fn composite(schema: &Schema, column: &Column) -> Option<usize> {
    match column.form {
        Some(Form::Shape(index)) => schema.shapes[index].composite.is_some().then_some(index),
        _ => None,
    }
}

/// A JSON column as functions of JSON take it.
pub(crate) fn document(schema: &Schema, reference: Reference) -> Expr {
    let expr = Expr::Column(reference);
    let declared = column(schema, reference);
    if composite(schema, declared).is_some() {
        return readable(schema, reference);
    }
    let native = declared.native.as_deref();
    if schema.dialect == Dialect::Postgres && native == Some("json") {
        return Expr::Cast(Box::new(expr), Cast::Native("jsonb".to_owned()));
    }
    expr
}

/// The column as one side of a comparison.
pub(crate) fn comparable(schema: &Schema, reference: Reference) -> Expr {
    let expr = Expr::Column(reference);
    let column = column(schema, reference);
    if is_decimal_text(schema, column) {
        Expr::Decimal(Box::new(expr))
    } else if is_xml(schema, column) {
        Expr::Cast(Box::new(expr), Cast::Text)
    } else {
        expr
    }
}

/// The column as what its smallest and largest values are found by, in the order it has.
pub(crate) fn extreme(schema: &Schema, reference: Reference) -> Expr {
    let column = column(schema, reference);
    let native = column.native.as_deref();
    if is_xml(schema, column) {
        comparable(schema, reference)
    } else if schema.dialect != Dialect::Postgres || !is_foreign(schema, column) {
        readable(schema, reference)
    } else if native.is_some_and(|native| types::extremes(native) == Extremes::ByText) {
        Expr::Bytewise(Box::new(Expr::Column(reference)))
    } else {
        Expr::Column(reference)
    }
}

/// Two columns as the sides of one comparison: decimals go digit by digit, text by its bytes.
pub(crate) fn paired(schema: &Schema, left: Reference, right: Reference) -> (Expr, Expr) {
    let sides = [left, right].map(|reference| column(schema, reference));
    let has_decimal = sides.iter().any(|side| side.scalar == Scalar::Decimal);
    if schema.dialect == Dialect::Sqlite && has_decimal {
        let left = Expr::Decimal(Box::new(decimal_text(schema, left)));
        return (left, decimal_text(schema, right));
    }
    let [left, right] = [left, right].map(|reference| {
        let expr = Expr::Column(reference);
        if is_text(schema, column(schema, reference)) {
            Expr::Bytewise(Box::new(expr))
        } else {
            expr
        }
    });
    (left, right)
}

/// A number of SQLite's as decimal text.
fn decimal_text(schema: &Schema, reference: Reference) -> Expr {
    let column = column(schema, reference);
    let expr = Expr::Column(reference);
    let scale = column.native.as_deref().and_then(declared_scale);
    match (column.scalar, scale) {
        (Scalar::Decimal, Some(scale)) => Expr::Rounded(Box::new(expr), scale),
        (Scalar::Decimal, None) => expr,
        _ => Expr::Cast(Box::new(expr), Cast::Text),
    }
}

/// Whether two such columns may have collations that cannot be told to be the same.
fn is_text(schema: &Schema, column: &Column) -> bool {
    match column.enumeration {
        Some(index) => schema.enums[index].name.is_none(),
        None => {
            column.scalar == Scalar::String
                || column.scalar == Scalar::Uuid && schema.dialect == Dialect::Mariadb
        }
    }
}

/// The column as something to order by.
pub(crate) fn sortable(schema: &Schema, reference: Reference) -> Expr {
    match column(schema, reference).enumeration {
        Some(index) if schema.dialect == Dialect::Sqlite || schema.enums[index].name.is_none() => {
            Expr::Rank(Box::new(Expr::Column(reference)), index)
        }
        _ if is_set(schema, column(schema, reference)) => {
            Expr::Bytewise(Box::new(Expr::Column(reference)))
        }
        _ => comparable(schema, reference),
    }
}

/// Whether MariaDB orders the column by numbers of its labels and compares it as their text.
fn is_set(schema: &Schema, column: &Column) -> bool {
    schema.dialect == Dialect::Mariadb && column.native.as_deref() == Some("set")
}

/// How a value must be converted before it is compared with the column.
pub(crate) fn parameter_cast(schema: &Schema, column: &Column) -> Option<Cast> {
    match schema.dialect {
        Dialect::Sqlite => return None,
        Dialect::Mariadb => return mariadb_cast(column),
        Dialect::Postgres => {}
    }
    if let Some(index) = column.enumeration {
        let name = schema.enums[index].name.clone();
        return name.map(|name| Cast::Enum(index, name));
    }
    let native = types::item(column.native.as_deref()?);
    if is_xml(schema, column) {
        None
    } else if is_foreign(schema, column) || native == "real" {
        Some(Cast::Native(native.to_owned()))
    } else if native.starts_with("character(") || native == "character" {
        Some(Cast::Native("bpchar".to_owned()))
    } else {
        None
    }
}

/// MariaDB compares numbers with text as floats, so decimals are told what they are.
fn mariadb_cast(column: &Column) -> Option<Cast> {
    let native = column.native.as_deref();
    match column.scalar {
        Scalar::Decimal => Some(Cast::Native(format!(
            "DECIMAL(65,{})",
            mariadb_scale(native.unwrap_or(usual(Dialect::Mariadb, Scalar::Decimal)))
        ))),
        Scalar::Float if is_single(column) => Some(Cast::Native("FLOAT".to_owned())),
        _ => None,
    }
}

/// How a value must be converted before it is compared with a sum or average of the column,
/// which has more digits before the point than the column.
pub(crate) fn figure_cast(schema: &Schema, column: &Column, result: Scalar) -> Option<Cast> {
    const CARRY: u16 = 10;
    if schema.dialect != Dialect::Mariadb || result != Scalar::Decimal {
        return None;
    }
    let native = column.native.as_deref();
    let native = native.unwrap_or(usual(Dialect::Mariadb, column.scalar));
    let (whole, scale) = decimal_digits(native);
    let room = DIGITS.saturating_sub(whole + CARRY);
    let scale = SCALE.min(room).max(scale);
    Some(Cast::Native(format!("DECIMAL(65,{scale})")))
}

/// The largest sum of a column of MariaDB's, where its values are so long that a sum can pass it.
pub(crate) fn sum_max(schema: &Schema, figured: &Expr) -> Option<String> {
    /// Digits that a sum has before the point beside those of its column.
    const CARRY: u16 = 22;
    let (whole, scale) = figured_digits(schema, figured)?;
    let nines = |count: u16| "9".repeat(usize::from(count));
    (whole + scale + CARRY > DIGITS)
        .then(|| format!("{}.{}", nines(DIGITS.saturating_sub(scale)), nines(scale)))
}

/// Digits after the point of an average of a column of MariaDB's, where there is room for so many.
pub(crate) fn average_scale(schema: &Schema, figured: &Expr) -> Option<u16> {
    let (whole, _) = figured_digits(schema, figured)?;
    Some(DIGITS.saturating_sub(whole).min(6))
}

/// Digits before and after the point of a decimal column of MariaDB's that a figure is over.
fn figured_digits(schema: &Schema, figured: &Expr) -> Option<(u16, u16)> {
    match figured {
        Expr::Distinct(inner) => figured_digits(schema, inner),
        Expr::Column(reference) if schema.dialect == Dialect::Mariadb => {
            let column = column(schema, *reference);
            let native = column.native.as_deref();
            let native = native.unwrap_or(usual(Dialect::Mariadb, Scalar::Decimal));
            (column.scalar == Scalar::Decimal).then(|| decimal_digits(native))
        }
        _ => None,
    }
}

/// Digits after the point that a comparison with a decimal column takes into account.
pub(crate) fn mariadb_scale(native: &str) -> u16 {
    let (whole, scale) = decimal_digits(native);
    SCALE.max(scale).min(DIGITS.saturating_sub(whole)).min(38)
}

/// Digits after the point that a column of decimals keeps, where its type bounds them.
pub(crate) fn stored_scale(schema: &Schema, column: &Column) -> Option<u16> {
    let native = column.native.as_deref();
    match schema.dialect {
        _ if column.scalar != Scalar::Decimal => None,
        Dialect::Sqlite => declared_scale(native?).map(u16::from),
        Dialect::Postgres => {
            let item = types::item(native?);
            item.contains('(').then(|| decimal_digits(item).1)
        }
        Dialect::Mariadb => {
            let native = native.unwrap_or(usual(Dialect::Mariadb, Scalar::Decimal));
            Some(decimal_digits(native).1)
        }
    }
}

/// The type that values of a kept key have in MariaDB's `JSON_TABLE`.
pub(crate) fn kept_cast(schema: &Schema, column: &Column) -> Option<Cast> {
    if schema.dialect != Dialect::Mariadb {
        return parameter_cast(schema, column);
    }
    let native = match column.scalar {
        Scalar::Boolean | Scalar::Int | Scalar::BigInt => "BIGINT",
        Scalar::Float => "DOUBLE",
        Scalar::Decimal => return mariadb_cast(column),
        Scalar::Date => "DATE",
        Scalar::LocalTime => "TIME(6)",
        Scalar::LocalDateTime | Scalar::DateTime => "DATETIME(6)",
        Scalar::String | Scalar::Uuid | Scalar::Json | Scalar::Bytes => "LONGTEXT",
    };
    Some(Cast::Native(native.to_owned()))
}

/// A value converted for being stored in the column.
pub(crate) fn written(schema: &Schema, column: &Column, value: Expr) -> Expr {
    if let Some(shape) = composite(schema, column) {
        return Expr::Cast(Box::new(value), Cast::Composite(shape));
    }
    if is_numeric_json(schema, column) {
        return Expr::Json(Box::new(value));
    }
    if let (Codec::Scaled(scale), Some(native)) = (codec(schema, column), &column.native) {
        let (whole, _) = decimal_digits(native);
        return Expr::Fitted(Box::new(value), whole, scale);
    }
    if schema.dialect == Dialect::Mariadb {
        return value;
    }
    let native = column.native.as_deref().map(types::item);
    let cast = match parameter_cast(schema, column) {
        None if schema.dialect == Dialect::Postgres => native
            .filter(|native| matches!(*native, "json" | "xml"))
            .map(|native| Cast::Native(native.to_owned())),
        cast => cast,
    };
    match cast {
        Some(cast) => Expr::Cast(Box::new(value), in_list(column, cast)),
        None => value,
    }
}

/// How the column's values are written as JSON.
pub(crate) fn codec(schema: &Schema, column: &Column) -> Codec {
    let item = item_codec(schema, column);
    if column.list {
        Codec::List(Box::new(item))
    } else {
        item
    }
}

fn item_codec(schema: &Schema, column: &Column) -> Codec {
    if let Some(index) = column.enumeration {
        return labels(schema, index);
    }
    match (schema.dialect, column.scalar, &column.native) {
        (Dialect::Sqlite, Scalar::Decimal, Some(native)) => match declared_scale(native) {
            Some(scale) => Codec::Scaled(scale),
            None => Codec::Scalar(Scalar::Decimal),
        },
        (_, scalar, _) => Codec::Scalar(scalar),
    }
}

/// How the labels of an enum are written as JSON.
pub(crate) fn labels(schema: &Schema, index: usize) -> Codec {
    let names = schema.enums[index].values.iter();
    let pairs = names.map(|value| (value.label.as_str().into(), value.name.as_str().into()));
    Codec::Enum(pairs.collect::<Arc<[_]>>())
}

/// The second number of `numeric(10,2)`.
fn declared_scale(native: &str) -> Option<u8> {
    let (_, scale) = native
        .strip_suffix(')')?
        .split_once('(')?
        .1
        .split_once(',')?;
    scale.trim().parse().ok()
}

/// Whether the driver does not know the PostgreSQL type, so that it travels as text.
fn is_foreign(schema: &Schema, column: &Column) -> bool {
    if let Some(index) = column.enumeration {
        return schema.enums[index].name.is_some();
    }
    let native = column.native.as_deref();
    let native = native.map(types::item);
    column.scalar == Scalar::String && native.is_some_and(types::travels_as_text)
}

/// Whether the column is of PostgreSQL's `xml`, which has no comparisons: it is compared as text.
fn is_xml(schema: &Schema, column: &Column) -> bool {
    schema.dialect == Dialect::Postgres && column.native.as_deref() == Some("xml")
}

/// Whether the column holds decimals as canonical text, which compare by a collation.
fn is_decimal_text(schema: &Schema, column: &Column) -> bool {
    schema.dialect == Dialect::Sqlite && column.scalar == Scalar::Decimal && column.native.is_none()
}

/// Whether the column is declared JSON in SQLite, which gives it numeric affinity.
fn is_numeric_json(schema: &Schema, column: &Column) -> bool {
    schema.dialect == Dialect::Sqlite && column.scalar == Scalar::Json && column.native.is_none()
}

fn column(schema: &Schema, reference: Reference) -> &Column {
    &schema.tables[reference.table].columns[reference.column]
}
