//! Tables and views with the columns the API can show.

use crate::{names, sdl, types};
use model::catalog::{Catalog, Column, Kind, Search, Table};
use model::{Diagnostic, Dialect, Scalar};
use std::collections::BTreeSet;

/// A table or view on its way to a type.
pub(super) struct Entity<'a> {
    pub(super) table: &'a Table,
    pub(super) type_name: String,
    pub(super) fields: Vec<Field<'a>>,
    /// Columns no scalar stands for.
    pub(super) left_out: Vec<&'a Column>,
    /// Indexes into `fields`, in key order.
    pub(super) key: Vec<usize>,
    /// Other unique keys: indexes into `fields`.
    pub(super) uniques: Vec<Vec<usize>>,
    pub(super) relations: Vec<Relation>,
    /// The full-text index its words are found by.
    pub(super) search: Option<&'a Search>,
    /// Names of its fields so far.
    pub(super) taken: BTreeSet<String>,
}

/// A column on its way to a field.
pub(super) struct Field<'a> {
    pub(super) column: &'a Column,
    pub(super) name: String,
    pub(super) kind: FieldKind,
    /// Whether it holds a list of that.
    pub(super) list: bool,
}

impl Field<'_> {
    /// Whether rows can be ordered by it, and told apart.
    fn has_order(&self) -> bool {
        !self.list && !self.kind.is_json()
    }
}

/// What a column holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A scalar, and the native type where it is not the usual one.
    Scalar(Scalar, Option<String>),
    /// An enum: an index into the catalog's.
    Enum(usize),
    /// A composite type: an index into the catalog's.
    Composite(usize),
}

impl FieldKind {
    /// Whether it is JSON for all but what it holds, so that rows are neither ordered nor told
    /// apart by it.
    fn is_json(&self) -> bool {
        matches!(self, Self::Scalar(Scalar::Json, _) | Self::Composite(_))
    }
}

/// A field that leads to other rows.
pub(super) struct Relation {
    pub(super) name: String,
    /// `Order!`, `Order` or `[Order!]!`.
    pub(super) type_text: String,
    /// The arguments of its directive.
    pub(super) arguments: String,
}

impl Entity<'_> {
    /// Whether rows can be written: only where a key tells them apart.
    pub(super) fn is_writable(&self) -> bool {
        self.table.kind == Kind::Table && !self.key.is_empty()
    }

    /// The composite types of its fields.
    pub(super) fn composites(&self) -> impl Iterator<Item = usize> {
        composites(&self.fields)
    }

    /// Whether a field cannot be null; a key never is.
    pub(super) fn is_required(&self, field: usize) -> bool {
        !self.fields[field].column.nullable || self.key.contains(&field)
    }

    /// Whether no two rows agree in all of these fields.
    pub(super) fn is_unique(&self, fields: &[usize]) -> bool {
        let within =
            |key: &[usize]| !key.is_empty() && key.iter().all(|part| fields.contains(part));
        within(&self.key) || self.uniques.iter().any(|key| within(key))
    }

    /// The field of a column, by the column's name.
    pub(super) fn field(&self, dialect: Dialect, column: &str) -> Option<usize> {
        let column = names::folded(dialect, column);
        self.fields
            .iter()
            .position(|field| names::folded(dialect, &field.column.name) == column)
    }
}

/// The tables and views that can be shown, in the order of the database's names.
pub(super) fn read<'a>(
    catalog: &'a Catalog,
    composites: &BTreeSet<usize>,
    warnings: &mut Vec<Diagnostic>,
) -> Vec<Entity<'a>> {
    let mut tables: Vec<&Table> = catalog.tables.iter().collect();
    // The first schema on the search path comes first and gets the plain names.
    tables.sort_by_key(|table| (&table.schema, &table.name));
    // A table that is the index of another one holds nothing of its own.
    let indexes = catalog.tables.iter().flat_map(|table| &table.searches);
    let indexes: BTreeSet<_> = indexes.filter_map(|search| search.name.as_ref()).collect();
    let is_shown =
        |table: &&Table| catalog.dialect != Dialect::Sqlite || !indexes.contains(&table.name);
    tables
        .into_iter()
        .filter(is_shown)
        .filter_map(|table| entity(catalog, composites, table, warnings))
        .collect()
}

fn entity<'a>(
    catalog: &'a Catalog,
    composites: &BTreeSet<usize>,
    table: &'a Table,
    warnings: &mut Vec<Diagnostic>,
) -> Option<Entity<'a>> {
    let mut fields = Vec::new();
    let mut left_out = Vec::new();
    for column in &table.columns {
        // Drift refuses a column of such a collation.
        let kind = kind(catalog, composites, column).filter(|_| !column.nondeterministic);
        match kind {
            Some(kind) => fields.push(Field {
                column,
                name: String::new(),
                kind,
                list: types::dimensions(catalog.dialect, &column.native) > 0,
            }),
            None => left_out.push(column),
        }
    }
    if let Some(problem) = names::storage_problem(catalog.dialect, &table.name) {
        warnings.push(Diagnostic::warning(
            "init.name",
            format!("a table is left out: {problem}"),
        ));
        return None;
    }
    if !fields.iter().any(Field::has_order) {
        let message = format!(
            "the table {:?} is left out: it has no column that rows can be ordered by",
            sdl::clip(&table.name)
        );
        warnings.push(Diagnostic::warning("init.empty_table", message));
        return None;
    }
    let mut entity = Entity {
        table,
        type_name: String::new(),
        fields,
        left_out,
        key: Vec::new(),
        uniques: Vec::new(),
        relations: Vec::new(),
        search: None,
        taken: BTreeSet::new(),
    };
    keys(catalog.dialect, &mut entity);
    search(catalog.dialect, &mut entity, warnings);
    warn(catalog.dialect, &entity, warnings);
    Some(entity)
}

/// The composite types of fields.
pub(super) fn composites(fields: &[Field<'_>]) -> impl Iterator<Item = usize> {
    fields.iter().filter_map(|field| match field.kind {
        FieldKind::Composite(index) => Some(index),
        FieldKind::Scalar(..) | FieldKind::Enum(_) => None,
    })
}

/// What a column holds; `composites` are those that can be shown.
pub(super) fn kind(
    catalog: &Catalog,
    composites: &BTreeSet<usize>,
    column: &Column,
) -> Option<FieldKind> {
    if names::storage_problem(catalog.dialect, &column.name).is_some() {
        return None;
    }
    content(catalog, composites, column)
}

/// The same, whatever its name.
pub(super) fn content(
    catalog: &Catalog,
    composites: &BTreeSet<usize>,
    column: &Column,
) -> Option<FieldKind> {
    if let Some(index) = column.enumeration {
        let is_whole = catalog
            .enums
            .get(index)
            .is_some_and(|found| !found.labels.is_empty());
        let is_flat = types::dimensions(catalog.dialect, &column.native) < 2;
        return (is_whole && is_flat).then_some(FieldKind::Enum(index));
    }
    if let Some(index) = column.composite {
        return composites
            .contains(&index)
            .then_some(FieldKind::Composite(index));
    }
    let native = types::read(catalog.dialect, &column.native)?;
    let usual = types::usual_column(catalog.dialect, native.scalar, native.list);
    let is_usual = native.text == usual;
    Some(FieldKind::Scalar(
        native.scalar,
        (!is_usual).then_some(native.text),
    ))
}

/// The primary key, or the first unique key without nulls; keys over columns that cannot be shown
/// are none.
fn keys(dialect: Dialect, entity: &mut Entity<'_>) {
    let find = |names: &Vec<String>| -> Option<Vec<usize>> {
        names
            .iter()
            .map(|name| entity.field(dialect, name))
            .collect()
    };
    let has_order = |field: &usize| entity.fields[*field].has_order();
    let find = |names: &Vec<String>| find(names).filter(|key| key.iter().all(has_order));
    let primary = find(&entity.table.primary_key).unwrap_or_default();
    let mut uniques: Vec<_> = entity.table.uniques.iter().filter_map(find).collect();
    uniques.retain(|key| !key.is_empty() && *key != primary);
    let nulls = |key: &Vec<usize>| {
        key.iter()
            .any(|field| entity.fields[*field].column.nullable)
    };
    let stand_in = uniques
        .iter()
        .position(|key| primary.is_empty() && !nulls(key));
    entity.key = match stand_in {
        Some(index) => uniques.remove(index),
        None => primary,
    };
    uniques.dedup();
    entity.uniques = uniques;
}

/// The first full-text index that a schema file can name.
fn search(dialect: Dialect, entity: &mut Entity<'_>, warnings: &mut Vec<Diagnostic>) {
    let is_text = |name: &String| {
        let field = entity
            .field(dialect, name)
            .map(|field| &entity.fields[field]);
        field.is_some_and(|field| matches!(field.kind, FieldKind::Scalar(Scalar::String, _)))
    };
    let usable = |search: &&Search| match dialect {
        Dialect::Postgres => search.indexed || entity.table.kind == Kind::View,
        Dialect::Sqlite => entity.is_writable(),
        Dialect::Mariadb => entity.is_writable() && search.columns.iter().all(is_text),
    };
    let table: &Table = entity.table;
    let mut searches = table.searches.iter().filter(usable);
    let (first, second) = (searches.next(), searches.next());
    if second.is_some() {
        let table = sdl::clip(&table.name);
        let message = format!("{table:?} has several full-text indexes; the first is used");
        warnings
            .push(Diagnostic::warning("init.search", message).help("name another one in @search"));
    }
    entity.search = first;
    if dialect == Dialect::Postgres {
        let vector = first.and_then(|search| search.name.as_ref());
        entity
            .left_out
            .retain(|column| Some(&column.name) != vector);
    }
}

fn warn(dialect: Dialect, entity: &Entity<'_>, warnings: &mut Vec<Diagnostic>) {
    let table = sdl::clip(&entity.table.name);
    for column in &entity.left_out {
        let native = sdl::clip(&column.native);
        let why = if column.nondeterministic {
            "its collation is nondeterministic".to_owned()
        } else {
            format!("no GraphQL type stands for {native:?}")
        };
        let name = sdl::clip(&column.name);
        let message = format!("the column {name:?} of {table:?} is left out: {why}");
        warnings.push(Diagnostic::warning("init.unmapped", message));
    }
    if entity.table.kind == Kind::Table && entity.key.is_empty() {
        let message =
            format!("the table {table:?} has no key and becomes a view that is only read");
        warnings.push(
            Diagnostic::warning("init.no_key", message).help("add a primary key to write its rows"),
        );
    }
    for (index, field) in entity.fields.iter().enumerate() {
        let name = format!("{}.{}", entity.table.name, field.column.name);
        if entity.key.contains(&index) && field.column.nullable {
            let message = format!("the key {name:?} may hold nulls, which cannot be shown");
            warnings.push(
                Diagnostic::warning("init.nullable_key", message).help("declare it NOT NULL"),
            );
        }
        if let FieldKind::Scalar(Scalar::Decimal, Some(native)) = &field.kind
            && let Some(native) = types::read(dialect, native)
            && native.is_binary_decimal(dialect)
        {
            warnings.push(types::binary_decimal_warning(
                "init.binary_decimal",
                &name,
                &native,
            ));
        }
    }
}
