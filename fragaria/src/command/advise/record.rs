//! Plans as they are written down beside an artefact, and what became worse since.

use super::findings;
use super::plans::{Looked, Planned};
use super::report::{called, who};
use super::subject::Subject;
use crate::mend;
use crate::project::{self, display};
use anyhow::{Context as _, Result};
use engine::Asker;
use model::{Diagnostic, QueryPlan, Work};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the file says it is.
const FORMAT: &str = "fragaria plans 1";
/// The code of what cannot be compared.
pub(super) const UNCOMPARED: &str = "advise.plan_none";

/// The plans of a database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    format: String,
    /// The hash of the artefact whose statements they are of.
    artefact: String,
    /// The database, as it names itself.
    server: String,
    plans: Vec<Known>,
}

/// The plan of a statement.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    asker: Who,
    roles: Vec<String>,
    /// Which statement of its operation it is.
    statement: usize,
    /// The SHA-256 of its text.
    sql: String,
    plan: QueryPlan,
}

/// Who asks it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Who {
    Document {
        hash: String,
        id: Option<String>,
        operation: Option<String>,
    },
    Field(String),
}

impl From<&Asker> for Who {
    fn from(asker: &Asker) -> Self {
        match asker.clone() {
            Asker::Document {
                hash,
                id,
                operation,
            } => Self::Document {
                hash,
                id,
                operation,
            },
            Asker::Field(name) => Self::Field(name),
        }
    }
}

/// What a plan is compared by: who asks it, as which role, and which of its statements it is.
type Key = (Who, Option<String>, usize);

/// Writes the plans down.
pub(super) fn write(subject: &Subject, looked: &Looked) -> Result<()> {
    let known = looked.planned.iter().map(|one| Known {
        asker: Who::from(&one.asker),
        roles: one.roles.clone(),
        statement: one.place,
        sql: digest(one),
        plan: one.plan.clone(),
    });
    let record = Record {
        format: FORMAT.to_owned(),
        artefact: subject.edition.hash.to_string(),
        server: looked.statistics.server.clone(),
        plans: known.collect(),
    };
    let text = serde_json::to_string_pretty(&record)? + "\n";
    let path = &subject.plans;
    refuse_to_overwrite(path)?;
    project::write(path, text)
}

/// Refuses to write plans in the place of something else.
fn refuse_to_overwrite(path: &Path) -> Result<()> {
    if !path.exists() || read(path).is_ok() {
        return Ok(());
    }
    let what = format!("{} is there already, and holds no plans", display(path));
    Err(mend::failure(
        what,
        "name another file behind --plans, or remove it",
    ))
}

fn digest(one: &Planned) -> String {
    let sql = one.asked.explained.statement.sql.as_bytes();
    store::hexadecimal(&Sha256::digest(sql))
}

/// Reads what was written down.
pub(super) fn read(path: &Path) -> Result<Record> {
    let shown = display(path);
    if !path.exists() {
        let what = format!("there is no {shown} to compare plans with");
        let help = "`fragaria advise --record` writes it, against a database whose plans are good";
        return Err(mend::failure(what, help));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    parsed(&text).map_err(|why| {
        let what = format!("{shown} holds no plans that this version reads: {why}");
        let help = format!("remove {shown}, and let `fragaria advise --record` write it anew");
        mend::failure(what, help)
    })
}

/// The plans of a text. Its format is seen first: what another version writes, only that can read.
fn parsed(text: &str) -> Result<Record, String> {
    /// What every format says.
    #[derive(Deserialize)]
    struct Said {
        format: String,
    }
    let said: Said = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if said.format != FORMAT {
        let format = said.format;
        return Err(format!("its format is {format:?}, and not {FORMAT:?}"));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Refuses plans that say nothing about what is asked now: those of another database or schema.
pub(super) fn refuse_others(record: &Record, looked: &Looked, path: &Path) -> Result<()> {
    let shown = display(path);
    let help =
        "name the file of this project behind --plans, or write it by `fragaria advise --record`";
    let (theirs, ours) = (&record.server, &looked.statistics.server);
    if kind(theirs) != kind(ours) {
        let what = format!("{shown} holds plans of {theirs}, and the database is {ours}");
        return Err(mend::failure(what, help));
    }
    let asked: BTreeSet<Who> = looked
        .planned
        .iter()
        .map(|one| Who::from(&one.asker))
        .collect();
    let is_asked = |known: &Known| asked.contains(&known.asker);
    if asked.is_empty() || record.plans.iter().any(is_asked) {
        return Ok(());
    }
    let what = format!("{shown} holds plans of another schema: none is of what is asked now");
    Err(mend::failure(what, help))
}

/// The kind of a database, which stands before its version.
fn kind(server: &str) -> &str {
    server.split(' ').next().unwrap_or_default()
}

/// Another version of the database than the one whose plans were written down.
pub(super) fn moved(record: &Record, looked: &Looked) -> Option<Diagnostic> {
    let (theirs, ours) = (&record.server, &looked.statistics.server);
    (theirs != ours).then(|| {
        let what =
            format!("the plans were written down from {theirs}, and {ours} may reckon otherwise");
        let help = "write them down again, by --record, after you move to another version";
        Diagnostic::warning("advise.plan_version", what).help(help)
    })
}

/// What became worse since plans were written down, and what cannot be compared, each at its document.
pub(super) fn compare(
    record: &Record,
    (subject, looked): (&Subject, &Looked),
    (rows_min, growth_max): (u64, f64),
) -> Vec<Diagnostic> {
    let mut known: BTreeMap<Key, &QueryPlan> = BTreeMap::new();
    for one in &record.plans {
        for role in each(&one.roles) {
            known.insert((one.asker.clone(), role, one.statement), &one.plan);
        }
    }
    let findings = looked.planned.iter().filter_map(|one| {
        let keys = each(&one.roles).into_iter();
        let keys = keys.map(|role| (Who::from(&one.asker), role, one.place));
        let large = |table: &str| is_large(looked, table, rows_min);
        let mut worse =
            keys.filter_map(|key| worse(one, known.get(&key).copied(), (&large, growth_max)));
        let finding = worse.next()?;
        Some(findings::at_document(subject, &one.asker, finding))
    });
    findings.chain(uncompared(subject, looked)).collect()
}

/// What cannot be compared: whoever asks for a check is not told that all is well.
fn uncompared(subject: &Subject, looked: &Looked) -> impl Iterator<Item = Diagnostic> {
    let refused = looked.refused.iter().map(|left| {
        let what = format!("{} cannot be compared: {}", called(&left.asker), left.why);
        let help = "mend what keeps the database from planning it, such as a right of the login";
        let finding = Diagnostic::error(UNCOMPARED, what).help(help);
        findings::at_document(subject, &left.asker, finding)
    });
    let over = (looked.over > 0).then(|| {
        let what = format!("{} operations and fields were not compared", looked.over);
        Diagnostic::error(UNCOMPARED, what).help("raise --questions-max")
    });
    refused.chain(over)
}

/// Each role by itself, or nobody in particular.
fn each(roles: &[String]) -> Vec<Option<String>> {
    match roles {
        [] => vec![None],
        roles => roles.iter().cloned().map(Some).collect(),
    }
}

/// A table that nobody counted may be large.
fn is_large(looked: &Looked, table: &str, rows_min: u64) -> bool {
    let mut tables = looked.statistics.tables.iter();
    tables
        .any(|known| known.relation.name == table && known.rows.is_none_or(|rows| rows >= rows_min))
}

/// What is worse about a plan than about the one that is known.
fn worse(
    one: &Planned,
    known: Option<&QueryPlan>,
    (large, growth_max): (&dyn Fn(&str) -> bool, f64),
) -> Option<Diagnostic> {
    let who = who(one);
    let Some(known) = known else {
        let scans = counted(&one.plan, &[Work::Scan], large);
        let table = scans.keys().next()?;
        let what = format!("{who} is new, and its plan reads all of {table}");
        let help =
            "make the index that `fragaria advise` proposes, or accept the plan with --record";
        return Some(Diagnostic::error("advise.plan_new", what).help(help));
    };
    let costs = one.plan.cost.zip(known.cost);
    if costs.is_some_and(|(now, before)| now <= before) {
        return None;
    }
    // An index that is walked in the place of one that found rows is as good as none.
    let whole = |plan| counted(plan, &[Work::Scan, Work::Walk], large);
    let (now, before) = (whole(&one.plan), whole(known));
    let lost = now
        .iter()
        .find(|(table, count)| before.get(*table).unwrap_or(&0) < *count);
    if let Some((table, _)) = lost {
        let index = known.nodes.iter().find_map(|node| {
            node.index
                .as_ref()
                .filter(|_| node.table.as_ref() == Some(table) || node.table.is_none())
        });
        let by = index.map_or(String::new(), |index| format!(" by the index {index}"));
        let what = format!("{who} found rows of {table}{by}, and reads all of them now");
        let help = "make the index again, or accept the plan with --record";
        return Some(Diagnostic::error("advise.plan_index", what).help(help));
    }
    let touches = one
        .plan
        .nodes
        .iter()
        .filter_map(|node| node.table.as_deref());
    let (now, before) = costs.filter(|_| touches.into_iter().any(large))?;
    (now > before * growth_max).then(|| {
        let what = format!("{who} costs {now:.0}, and cost {before:.0} when it was written down");
        let help = "look at what grew, or accept the plan with --record";
        Diagnostic::error("advise.plan_cost", what).help(help)
    })
}

/// How often a plan does one of these with each large table.
fn counted(
    plan: &QueryPlan,
    works: &[Work],
    large: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for node in plan.nodes.iter().filter(|node| works.contains(&node.work)) {
        let table = node.table.as_ref().filter(|table| large(table));
        if let Some(table) = table {
            *counted.entry(table.clone()).or_insert(0) += 1;
        }
    }
    counted
}
