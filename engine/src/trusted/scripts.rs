//! What each operation is to callers of each role: who may run it, and the statements it becomes.

use super::findings::place;
use super::gather::{Draft, Drafts};
use super::{Document, Operation, Script, given};
use crate::access::Shape;
use crate::config::Config;
use crate::plan::{Inserts, plan};
use crate::prepare::{self, operation};
use crate::ways::in_parallel;
use model::{Diagnostic, Fault, Kind, Rights, Roles};
use std::sync::Arc;

/// The statements of an operation, if they are known before anybody asks; or why it is not run.
type Outcome = Result<Option<Vec<String>>, Fault>;

/// Writes the statements of all operations, role by role: the API of one role is held at a time.
pub(super) fn write(
    drafts: Drafts<'_>,
    all: &Arc<Shape>,
    config: &Config,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Document> {
    let asked: Vec<_> = drafts.0.values().flat_map(asked).collect();
    let names: Vec<_> = all.schema.roles.iter().map(|role| &*role.name).collect();
    let by_role: Vec<(&str, Vec<Outcome>)> = if names.is_empty() {
        vec![("", outcomes(all, (config, &Rights::All), &asked))]
    } else {
        let roles: Vec<usize> = (0..names.len()).collect();
        let of_role = |index: usize| of_roles(all, config, &[names[index]], &asked);
        let made = in_parallel(&roles, of_role);
        names.iter().copied().zip(made).collect()
    };
    let of_all = || of_roles(all, config, &names, &asked);
    unrun((&asked, &by_role), of_all, findings);
    let mut scripts = (0..asked.len()).map(|index| {
        let held = by_role.iter();
        grouped(held.filter_map(|(role, made)| Some((*role, made.get(index)?.as_ref().ok()?))))
    });
    let documents = drafts.0.into_iter().map(|(hash, draft)| Document {
        hash,
        ids: draft.ids.into_iter().collect(),
        text: draft.source.text.clone(),
        operations: draft
            .operations
            .into_iter()
            .map(|(name, writes)| Operation {
                name,
                writes,
                scripts: scripts.next().unwrap_or_default(),
            })
            .collect(),
    });
    documents.collect()
}

/// An operation and the document it stands in.
type Asked<'d> = (&'d Draft<'d>, Option<&'d str>);

fn asked<'d>(draft: &'d Draft<'_>) -> Vec<Asked<'d>> {
    let operations = draft.operations.iter();
    operations
        .map(|(name, _)| (draft, name.as_deref()))
        .collect()
}

/// What operations are to callers who hold these roles.
fn of_roles(
    all: &Arc<Shape>,
    config: &Config,
    names: &[&str],
    asked: &[Asked<'_>],
) -> Vec<Outcome> {
    let roles: Roles = names.iter().copied().collect();
    let shape = Arc::new(all.of(&roles));
    outcomes(&shape, (config, &Rights::Of(roles)), asked)
}

fn outcomes(
    shape: &Arc<Shape>,
    (config, rights): (&Config, &Rights),
    asked: &[Asked<'_>],
) -> Vec<Outcome> {
    // Whoever is held to no rules was told already; introspection is a matter of where it is served.
    let tells = config.introspection.tells(rights);
    let outcome = |(draft, name): &Asked<'_>| {
        let text = &draft.source.text;
        let made = operation(Arc::clone(shape), (config, tells), 0, text, *name);
        let made = made.map_err(first)?;
        statements(config, &made)
    };
    asked.iter().map(outcome).collect()
}

/// The statements of an operation of which every variable is given.
fn statements(config: &Config, operation: &prepare::Operation) -> Outcome {
    let definitions = &operation.definition.variables;
    let Some(variables) = given(&operation.shape, definitions) else {
        return Ok(None);
    };
    let made = variables
        .map_err(first)
        .and_then(|variables| plan(config, operation.asked(), (&variables, Inserts::Together)));
    match made {
        Ok(plan) => {
            let steps = plan.script.steps.iter();
            let texts = steps.map(|step| step.statement.sql.to_string());
            Ok(Some(texts.collect()))
        }
        // It was refused for values of ours.
        Err(_) if !definitions.is_empty() => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn first(faults: Vec<Fault>) -> Fault {
    let unknown = || Fault::new("engine.internal", Kind::Internal, "nothing is told");
    faults.into_iter().next().unwrap_or_else(unknown)
}

/// Roles to which an operation is the same are told together, in the order of the first of each.
fn grouped<'o>(outcomes: impl Iterator<Item = (&'o str, &'o Option<Vec<String>>)>) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for (role, sql) in outcomes {
        let roles = (!role.is_empty()).then(|| role.to_owned());
        match scripts.iter_mut().find(|script| script.sql == *sql) {
            Some(script) => script.roles.extend(roles),
            None => scripts.push(Script {
                roles: roles.into_iter().collect(),
                sql: sql.clone(),
            }),
        }
    }
    scripts
}

/// Tells of operations that no role may run by itself: an error where all of them together may not
/// either.
fn unrun(
    (asked, by_role): (&[Asked<'_>], &[(&str, Vec<Outcome>)]),
    of_all: impl FnOnce() -> Vec<Outcome>,
    findings: &mut Vec<Diagnostic>,
) {
    let is_run = |index: usize| {
        let mut made = by_role.iter().map(|(_, made)| made.get(index));
        made.any(|outcome| outcome.is_some_and(Result::is_ok))
    };
    let unrun: Vec<_> = (0..asked.len()).filter(|index| !is_run(*index)).collect();
    if unrun.is_empty() {
        return;
    }
    let together = of_all();
    for index in unrun {
        let (Some((draft, name)), Some(outcome)) = (asked.get(index), together.get(index)) else {
            continue;
        };
        let called = name.map_or("this operation".to_owned(), |name| {
            format!("the operation {name}")
        });
        let (finding, at) = match outcome {
            Ok(_) => {
                let what = format!("no role may run {called} by itself");
                let help = "callers who hold several roles may; give one of them what it lacks, or leave it";
                (
                    Diagnostic::warning("documents.no_role", what).help(help),
                    None,
                )
            }
            Err(fault) => {
                let what = format!("callers of no role may run {called}: {}", fault.message);
                let help =
                    "give a role what it lacks (docs/guide/access.md), or remove the document";
                let finding = Diagnostic::error("documents.no_caller", what).help(help);
                (finding, fault.locations.first().copied())
            }
        };
        findings.push(place(finding, draft.source, at));
    }
}
