//! Functions of the database that a field can call.

use super::entity::{self, Entity, FieldKind};
use crate::{names, sdl, types};
use model::catalog::{Catalog, Column, Function, Unfit};
use model::{Diagnostic, Dialect};
use std::collections::BTreeSet;

/// The functions of a database.
#[derive(Default)]
pub(super) struct Functions<'a> {
    pub(super) calls: Vec<Call<'a>>,
    /// Functions no field calls, by their names, and why.
    pub(super) left_out: BTreeSet<(&'a str, String)>,
}

/// A function on its way to a field.
pub(super) struct Call<'a> {
    pub(super) function: &'a Function,
    pub(super) name: String,
    /// The entity whose rows have the field.
    pub(super) receiver: Option<usize>,
    pub(super) arguments: Vec<Given>,
    /// Arguments that always have their defaults.
    pub(super) left_out: Vec<&'a Column>,
    pub(super) outcome: Outcome,
}

/// An argument of a field.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) required: bool,
}

/// What a field gives that calls a function; rows are those of an entity.
pub(super) enum Outcome {
    Value(FieldKind),
    Row(usize),
    Rows(usize),
}

impl Call<'_> {
    /// Whether it is a field of that root.
    pub(super) fn is_of_root(&self, writes: bool) -> bool {
        self.receiver.is_none() && self.function.writes == writes
    }

    /// What it is given and gives, without rows.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &FieldKind> {
        let result = match &self.outcome {
            Outcome::Value(kind) => Some(kind),
            Outcome::Row(_) | Outcome::Rows(_) => None,
        };
        let arguments = self.arguments.iter().map(|argument| &argument.kind);
        arguments.chain(result)
    }
}

/// The functions that fields can call, in the order of the database's names.
pub(super) fn read<'a>(
    catalog: &'a Catalog,
    entities: &[Entity<'a>],
    warnings: &mut Vec<Diagnostic>,
) -> Functions<'a> {
    let mut functions = Functions::default();
    for function in &catalog.functions {
        match call(catalog, entities, function) {
            Ok(call) => functions.calls.push(call),
            Err(why) => {
                functions.left_out.insert((function.name.as_str(), why));
            }
        }
    }
    let left_out = functions.left_out.len();
    if left_out > 0 {
        let message = format!("functions that no field calls: {left_out}");
        warnings.push(
            Diagnostic::warning("init.function", message)
                .help("the end of the schema file says which and why"),
        );
    }
    let calls = functions.calls.iter();
    let writing = calls.filter(|call| call.is_of_root(true)).count();
    if writing > 0 {
        let message = format!("functions that may write, and stand in comments: {writing}");
        warnings.push(
            Diagnostic::warning("init.writing_function", message)
                .help("take the marks away from those that clients may call"),
        );
    }
    functions
}

fn call<'a>(
    catalog: &'a Catalog,
    entities: &[Entity<'a>],
    function: &'a Function,
) -> Result<Call<'a>, String> {
    if let Some(unfit) = function.unfit {
        return Err(why(unfit).to_owned());
    }
    if let Some(problem) = names::storage_problem(catalog.dialect, &function.name) {
        return Err(problem);
    }
    let receiver = match function.receiver {
        Some(table) => Some(rows(catalog, entities, table)?),
        None => None,
    };
    let outcome = outcome(catalog, entities, function)?;
    if receiver.is_some() && function.writes {
        return Err("it may write, and a field of rows only reads".to_owned());
    }
    if let (Some(_), Outcome::Row(_) | Outcome::Rows(_)) = (receiver, &outcome) {
        return Err("it gives rows for a row".to_owned());
    }
    let given = &function.arguments[usize::from(receiver.is_some())..];
    // What is not given is NULL to a function, which is not its default.
    let (left_out, given): (Vec<_>, Vec<_>) =
        given.iter().partition(|column| column.default.is_some());
    let is_list = matches!(outcome, Outcome::Rows(_)) && !function.writes;
    Ok(Call {
        function,
        name: String::new(),
        receiver,
        arguments: arguments(catalog, &given, is_list)?,
        left_out,
        outcome,
    })
}

fn why(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Procedure => "it is a procedure",
        Unfit::Aggregate => "it is an aggregate function",
        Unfit::Window => "it is a window function",
        Unfit::Trigger => "it is called by triggers",
        Unfit::Overloaded => "there are several of that name",
        Unfit::Outputs => "it has results among its arguments",
        Unfit::Variadic => "it takes any number of arguments",
        Unfit::Forbidden => "this user may not call it",
    }
}

/// The entity of a table.
fn rows(catalog: &Catalog, entities: &[Entity<'_>], table: usize) -> Result<usize, String> {
    let table = catalog.tables.get(table);
    let mut shown = entities.iter();
    let shown =
        shown.position(|entity| table.is_some_and(|table| std::ptr::eq(entity.table, table)));
    shown.ok_or_else(|| "its rows are of a table that is left out".to_owned())
}

fn outcome(
    catalog: &Catalog,
    entities: &[Entity<'_>],
    function: &Function,
) -> Result<Outcome, String> {
    let Some(result) = &function.result else {
        return Err("it gives nothing".to_owned());
    };
    if let Some(table) = function.rows {
        let entity = rows(catalog, entities, table)?;
        let has_key = !entities[entity].key.is_empty();
        return match (function.several, has_key) {
            (true, true) => Ok(Outcome::Rows(entity)),
            (true, false) if !function.writes => Ok(Outcome::Rows(entity)),
            (false, true) => Ok(Outcome::Row(entity)),
            (_, false) => Err("its rows have no key".to_owned()),
        };
    }
    if function.several {
        return Err("it gives rows of no table".to_owned());
    }
    let is_whole = |native: &str| types::is_result(catalog.dialect, native);
    value(catalog, result, is_whole)
        .map(Outcome::Value)
        .ok_or_else(|| {
            format!(
                "no GraphQL type stands for {}, which it gives",
                shown(result)
            )
        })
}

fn arguments(catalog: &Catalog, given: &[&Column], is_list: bool) -> Result<Vec<Given>, String> {
    let mut taken = BTreeSet::new();
    if is_list {
        taken.extend(names::api::LIST_ARGUMENTS.map(str::to_owned));
    }
    let is_taken = |native: &str| types::is_argument(catalog.dialect, native);
    let arguments = given.iter().map(|column| {
        let kind = value(catalog, column, is_taken)
            .ok_or_else(|| format!("no argument stands for {}", shown(column)))?;
        let wanted = match column.name.as_str() {
            "" => "argument".to_owned(),
            name => names::field_name(name),
        };
        Ok(Given {
            name: names::claim(&mut taken, &[wanted], |_| Vec::new()),
            kind,
            required: !column.nullable,
        })
    });
    arguments.collect()
}

/// A value that a function takes or gives; `is_fit` tells of types that are not the usual ones.
fn value(catalog: &Catalog, column: &Column, is_fit: impl Fn(&str) -> bool) -> Option<FieldKind> {
    if types::dimensions(catalog.dialect, &column.native) > 0 {
        return None;
    }
    let kind = entity::content(catalog, &BTreeSet::new(), column)?;
    match &kind {
        FieldKind::Scalar(_, Some(native)) if !is_fit(native) => None,
        // An enum of MariaDB belongs to a column.
        FieldKind::Enum(_) if catalog.dialect == Dialect::Mariadb => None,
        _ => Some(kind),
    }
}

fn shown(column: &Column) -> String {
    format!("{:?}", sdl::clip(&column.native))
}
