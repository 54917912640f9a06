//! Every way into the tables that the API of a role has, asked once, so that the checker of the rules
//! sees each before anybody goes it.
//!
//! A way is a root field, a relation below one, a condition or an order through a relation, or a figure.
//! What is asked is a document like any other, made as it is once its text is parsed and validated: it is
//! planned as those of callers are, and the checker looks at each statement of the plan.

mod asking;
#[cfg(test)]
mod tests;

use crate::access::Shape;
use crate::config::{Config, Introspection};
use crate::input::{Variables, coerce_variables};
use crate::json::Members;
use crate::plan::{Inserts, plan};
use asking::{Asking, Document};
pub(crate) use asking::{claims, sample};
use model::schema::{Function, Schema, Table};
use model::{Claims, Fault, Kind, Roles, Rule};
use serde::Serialize;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

/// What was shown of the API of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The role.
    pub role: String,
    /// How many root fields it has, each asked with all that is below it.
    pub ways: usize,
    /// How many statements that takes; the rules were seen to hold of each.
    pub statements: usize,
    /// Ways that could not be asked for, and why: of these nothing is shown before somebody goes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<String>,
}

/// A way of which it could not be shown that the rules hold.
#[derive(Debug)]
pub struct Unshown {
    /// Whose.
    pub role: String,
    /// The document.
    pub document: String,
    /// Why not.
    pub fault: Fault,
}

impl Unshown {
    fn of(role: &str, document: String, fault: Fault) -> Box<Self> {
        Box::new(Self {
            role: role.to_owned(),
            document,
            fault,
        })
    }
}

/// Shows of each role by itself that the rules hold of all its ways.
pub fn prove(schema: &Schema) -> Result<Vec<Shown>, Box<Unshown>> {
    let all = Shape::all(Arc::new(schema.clone()));
    let all = all.map_err(|problem| Unshown::of("", String::new(), internal(problem)))?;
    let firsts: Vec<_> = (0..schema.roles.len())
        .map(|role| (0..role).find(|other| may_the_same(schema, *other, role)))
        .collect();
    let own = (0..).zip(&firsts).filter(|(_, first)| first.is_none());
    let own: Vec<usize> = own.map(|(role, _)| role).collect();
    let mut proved = in_parallel(&own, |role| prove_one(&all, role)).into_iter();
    let mut shown: Vec<Shown> = Vec::with_capacity(schema.roles.len());
    for (role, first) in schema.roles.iter().zip(firsts) {
        let outcome = match first {
            Some(first) => Shown {
                role: role.name.clone(),
                ..shown[first].clone()
            },
            None => proved.next().unwrap_or_else(|| {
                let lost = internal("nothing was found of a role".to_owned());
                Err(Unshown::of(&role.name, String::new(), lost))
            })?,
        };
        shown.push(outcome);
    }
    Ok(shown)
}

/// Shows it of the role of that index.
fn prove_one(all: &Shape, role: usize) -> Result<Shown, Box<Unshown>> {
    let role = all.schema.roles[role].name.as_str();
    of_role(role, &all.of(&Roles::from_iter([role])))
}

fn internal(problem: String) -> Fault {
    Fault::new("engine.internal", model::Kind::Internal, problem)
}

/// What comes of each item, in their order, worked out by as many threads as the machine runs.
pub(crate) fn in_parallel<T: Copy + Sync, R: Send + Sync>(
    items: &[T],
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let threads = available_parallelism().map_or(1, NonZero::get);
    let worker = || {
        while let Some((item, place)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).zip(done.get(index))
        } {
            place.get_or_init(|| work(*item));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    done.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// Whether two roles have the same rules: what is shown of one is shown of the other.
fn may_the_same(schema: &Schema, one: usize, other: usize) -> bool {
    let of = |table: &Table, role: usize| -> Vec<Rule> {
        let held = table
            .access
            .iter()
            .filter(|rule| rule.roles.contains(&role));
        let bare = held.map(|rule| Rule {
            roles: Vec::new(),
            ..Rule::clone(rule)
        });
        bare.collect()
    };
    let has = |function: &Function, role: usize| function.callers.contains(&role);
    let mut functions = schema.functions.iter();
    let mut tables = schema.tables.iter();
    functions.all(|function| has(function, one) == has(function, other))
        && tables.all(|table| of(table, one) == of(table, other))
}

/// Asks every way that a role has; where it cannot be shown of one, gives the document and why not.
fn of_role(role: &str, shape: &Shape) -> Result<Shown, Box<Unshown>> {
    let mut shown = Shown {
        role: role.to_owned(),
        ways: 0,
        statements: 0,
        unasked: Vec::new(),
    };
    let (config, variables) = (unbounded(), variables(shape));
    let asking = Asking::new(shape);
    let asking = asking.map_err(|problem| Unshown::of(role, String::new(), internal(problem)))?;
    for document in asking.documents() {
        let document = match document {
            Ok(document) => document,
            Err(field) => {
                let why = "no document can be made that asks for it";
                shown.unasked.push(format!("{field}: {why}"));
                continue;
            }
        };
        let variables = variables.as_ref().map_err(Clone::clone);
        let statements =
            variables.and_then(|known| statements_of(shape, &document, (&config, known)));
        match statements {
            Ok(statements) => {
                shown.ways += document.roots;
                shown.statements += statements;
            }
            Err(fault) if fault.code == "access.unproved" || fault.kind == Kind::Internal => {
                return Err(Unshown::of(role, document.text(), fault));
            }
            Err(fault) => {
                let field = &document.field;
                shown.unasked.push(format!("{field}: {}", fault.message));
            }
        }
    }
    Ok(shown)
}

/// What documents of ours are given: no variables, and every claim.
fn variables(shape: &Shape) -> Result<Variables, Fault> {
    let claims = Claims::from(claims(shape));
    let given = coerce_variables(shape, &claims, &[], &Members::default());
    given.map_err(|faults| {
        let mut faults = faults.into_iter();
        let unknown = || internal("the claims of ours are refused".to_owned());
        faults.next().unwrap_or_else(unknown)
    })
}

/// How many statements a document takes; each was seen by the checker.
fn statements_of(
    shape: &Shape,
    document: &Document,
    (config, variables): (&Config, &Variables),
) -> Result<usize, Fault> {
    let asked = document.asked(shape);
    let asked = asked.ok_or_else(|| internal("nothing is asked".to_owned()))?;
    let plan = plan(config, asked, (variables, Inserts::Together))?;
    Ok(plan.script.steps.len())
}

/// Bounds that our own documents do not meet.
fn unbounded() -> Config {
    const MANY: usize = 10_000_000;
    Config {
        document_bytes_max: MANY,
        tokens_max: MANY,
        operations_max: MANY,
        fragments_max: MANY,
        roots_max: MANY,
        aliases_max: MANY,
        fields_max: MANY,
        cost_max: u64::MAX,
        introspection: Introspection::Everyone,
        conditions_max: MANY,
        condition_relations_max: MANY,
        list_items_max: MANY,
        order_columns_max: MANY,
        joins_max: MANY,
        columns_max: MANY,
        tree_statements_max: MANY,
        ..Config::default()
    }
}
