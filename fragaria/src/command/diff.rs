//! `fragaria diff`: lists what changes for clients from one schema to another.

use crate::cli::Diff;
use crate::count::count;
use crate::environment::Environment;
use crate::project::{Project, read_artefact};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use engine::artefact::Artefact;
use engine::{Change, Sight};
use model::Dialect;
use serde_json::json;
use std::path::Path;

/// Lists the changes: first what roles gain or may gain, then what breaks clients.
pub(crate) fn run(args: &Diff, environment: &Environment, terminal: Terminal) -> Result<()> {
    let old = Side::open(&args.old, environment)?;
    let new = Side::open(&args.new, environment)?;
    let known = old.dialect().or(new.dialect());
    let (old, new) = (old.artefact(known)?, new.artefact(known)?);
    let mut changes = engine::diff(&old.schema, &new.schema);
    changes.extend(engine::diff_documents(&old.documents, &new.documents));
    changes.sort_by_cached_key(order);
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let is_of = |sight| {
        changes
            .iter()
            .filter(move |change| change.access == Some(sight))
    };
    let (gains, differs) = (is_of(Sight::Gains).count(), is_of(Sight::Differs).count());
    let machine = json!({
        "breaking": breaking,
        "gains": gains,
        "differs": differs,
        "changes": changes
    });
    terminal.either(&machine, || {
        let summary = summary(changes.len(), breaking, (gains, differs));
        told(&changes)
            .into_iter()
            .chain([summary])
            .collect::<Vec<_>>()
            .join("\n")
    })?;
    if args.check_access && gains > 0 {
        bail!("roles gain something by {}", count(gains, "change"));
    }
    if args.check_access && differs > 0 {
        let changes = count(differs, "change");
        bail!("roles may something else by {changes}, and whether that is more is not known");
    }
    if args.check && breaking > 0 {
        let changes = count(changes.len(), "change");
        let breaks = if breaking == 1 { "breaks" } else { "break" };
        bail!("{breaking} of {changes} {breaks} clients");
    }
    Ok(())
}

/// The changes for people. Where the rules went altogether, that is told first, and not what each role
/// had.
fn told(changes: &[Change]) -> Vec<String> {
    let is_all = |change: &&Change| change.at == "schema" && change.access == Some(Sight::Gains);
    let (of_access, others): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.access.is_some());
    let Some(all) = of_access.iter().copied().find(is_all) else {
        return grouped(changes.iter());
    };
    let rights = count(of_access.len() - 1, "change");
    let head = format!(
        "{}\n({rights} of what roles had goes with them; --json lists each)",
        all.what
    );
    std::iter::once(head + "\n")
        .chain(grouped(others.into_iter()))
        .collect()
}

/// One line for all fields of a type of which the same is said of a role.
fn grouped<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<String> {
    let mut groups: Vec<(&Change, Vec<&str>)> = Vec::new();
    for change in changes {
        let (owner, field) = change.at.split_once('.').unwrap_or((&change.at, ""));
        let alike = groups.iter_mut().find(|(first, _)| {
            let is_of_owner = first.at.split_once('.').is_some_and(|(of, _)| of == owner);
            let is_same = (first.access, first.breaking) == (change.access, change.breaking);
            change.access.is_some() && is_same && is_of_owner && first.what == change.what
        });
        match alike {
            Some((_, fields)) => fields.push(field),
            None => groups.push((change, vec![field])),
        }
    }
    let line = |(first, fields): (&Change, Vec<&str>)| match fields.as_slice() {
        [_] => first.to_string(),
        fields => {
            let owner = first
                .at
                .split_once('.')
                .map_or(&*first.at, |(owner, _)| owner);
            let at = format!("{owner}.{{{}}}", fields.join(", "));
            Change {
                at,
                ..first.clone()
            }
            .to_string()
        }
    };
    groups.into_iter().map(line).collect()
}

/// In which order changes are told: first what roles gain, then what breaks clients; of rights by type
/// and role, then by what is done.
fn order(change: &Change) -> (bool, bool, String) {
    let may_gain = change.access.is_some_and(Sight::may_gain);
    let right = change.access.map_or(String::new(), |_| {
        let owner = change.at.split('.').next().unwrap_or_default();
        format!("{owner} {}", change.what)
    });
    (!may_gain, !change.breaking, right)
}

fn summary(changes: usize, breaking: usize, (gains, differs): (usize, usize)) -> String {
    if changes == 0 {
        return "no change".to_owned();
    }
    let mut parts = vec![
        count(changes, "change"),
        format!("{breaking} of them breaking"),
    ];
    if gains > 0 {
        parts.push(format!("{gains} by which roles gain something"));
    }
    if differs > 0 {
        parts.push(format!("{differs} by which they may something else"));
    }
    parts.join(", ")
}

/// What is compared: an artefact file, or a project that is compiled now.
enum Side {
    Artefact(Box<Artefact>),
    Project(Box<Project>),
}

impl Side {
    fn open(path: &Path, environment: &Environment) -> Result<Self> {
        if path.is_dir() {
            let project = Project::open(path, environment, &[])?;
            return Ok(Self::Project(Box::new(project)));
        }
        Ok(Self::Artefact(Box::new(read_artefact(path)?)))
    }

    fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Artefact(artefact) => Some(artefact.schema.dialect),
            Self::Project(project) => project.known_dialect(),
        }
    }

    /// The artefact; a project that does not know its kind of database is taken for that of the
    /// other side.
    fn artefact(self, other: Option<Dialect>) -> Result<Artefact> {
        match self {
            Self::Artefact(artefact) => Ok(*artefact),
            Self::Project(project) => Ok(project.compile_alone(other)?.artefact),
        }
    }
}
