//! `fragaria diff`: lists what changes for clients from one schema to another.

use crate::cli::Diff;
use crate::count::count;
use crate::environment::Environment;
use crate::project::{Project, read_artefact};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use model::Schema;
use serde_json::json;
use std::path::Path;

/// Lists the changes, breaking ones first.
pub(crate) fn run(args: &Diff, environment: &Environment, terminal: Terminal) -> Result<()> {
    let old = schema(&args.old, environment)?;
    let new = schema(&args.new, environment)?;
    let mut changes = engine::diff(&old, &new);
    changes.sort_by_key(|change| !change.breaking);
    let breaking = changes.iter().filter(|change| change.breaking).count();
    terminal.either(&json!(changes), || {
        let summary = summary(changes.len(), breaking);
        let lines = changes.iter().map(ToString::to_string);
        lines.chain([summary]).collect::<Vec<_>>().join("\n")
    })?;
    if args.check && breaking > 0 {
        let changes = count(changes.len(), "change");
        let breaks = if breaking == 1 { "breaks" } else { "break" };
        bail!("{breaking} of {changes} {breaks} clients");
    }
    Ok(())
}

fn summary(changes: usize, breaking: usize) -> String {
    match changes {
        0 => "no change".to_owned(),
        _ => format!("{}, {breaking} of them breaking", count(changes, "change")),
    }
}

/// The schema of an artefact file, or of a project compiled now.
fn schema(path: &Path, environment: &Environment) -> Result<Schema> {
    if path.is_dir() {
        let project = Project::open(path, environment, &[])?;
        return Ok(project.compile()?.artefact.schema);
    }
    Ok(read_artefact(path)?.schema)
}
