//! `fragaria diff`: lists what changes for clients from one schema to another.

use crate::cli::Diff;
use crate::count::count;
use crate::environment::Environment;
use crate::project::{Project, read_artefact};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use engine::{Change, Sight};
use model::{Dialect, Schema};
use serde_json::json;
use std::path::Path;

/// Lists the changes: first what roles gain, then what breaks clients.
pub(crate) fn run(args: &Diff, environment: &Environment, terminal: Terminal) -> Result<()> {
    let old = Side::open(&args.old, environment)?;
    let new = Side::open(&args.new, environment)?;
    let known = old.dialect().or(new.dialect());
    let mut changes = engine::diff(&old.schema(known)?, &new.schema(known)?);
    let is_gain = |change: &Change| change.access == Some(Sight::Gains);
    changes.sort_by_key(|change| (!is_gain(change), !change.breaking));
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let gains = changes.iter().filter(|change| is_gain(change)).count();
    let machine = json!({ "breaking": breaking, "gains": gains, "changes": changes });
    terminal.either(&machine, || {
        let summary = summary(changes.len(), breaking, gains);
        let lines = changes.iter().map(ToString::to_string);
        lines.chain([summary]).collect::<Vec<_>>().join("\n")
    })?;
    if args.check_access && gains > 0 {
        bail!("roles gain something by {}", count(gains, "change"));
    }
    if args.check && breaking > 0 {
        let changes = count(changes.len(), "change");
        let breaks = if breaking == 1 { "breaks" } else { "break" };
        bail!("{breaking} of {changes} {breaks} clients");
    }
    Ok(())
}

fn summary(changes: usize, breaking: usize, gains: usize) -> String {
    let all = count(changes, "change");
    match (changes, gains) {
        (0, _) => "no change".to_owned(),
        (_, 0) => format!("{all}, {breaking} of them breaking"),
        _ => format!("{all}, {breaking} of them breaking, {gains} by which roles gain something"),
    }
}

/// What is compared: an artefact file, or a project that is compiled now.
enum Side {
    Artefact(Box<Schema>),
    Project(Box<Project>),
}

impl Side {
    fn open(path: &Path, environment: &Environment) -> Result<Self> {
        if path.is_dir() {
            let project = Project::open(path, environment, &[])?;
            return Ok(Self::Project(Box::new(project)));
        }
        Ok(Self::Artefact(Box::new(read_artefact(path)?.schema)))
    }

    fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Artefact(schema) => Some(schema.dialect),
            Self::Project(project) => project.known_dialect(),
        }
    }

    /// The schema; a project that does not know its kind of database is taken for that of the
    /// other side.
    fn schema(self, other: Option<Dialect>) -> Result<Schema> {
        match self {
            Self::Artefact(schema) => Ok(*schema),
            Self::Project(project) => Ok(project.compile_alone(other)?.artefact.schema),
        }
    }
}
