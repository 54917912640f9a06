//! `fragaria documents`: prints the trusted documents, and the statements they become.

use crate::cli::Documents;
use crate::count::count;
use crate::environment::Environment;
use crate::project::{Project, read_artefact};
use crate::terminal::Terminal;
use anyhow::Result;
use engine::artefact::Artefact;
use engine::trusted::{Document, Operation, Script};
use serde_json::json;

/// Prints them.
pub(crate) fn run(args: &Documents, environment: &Environment, terminal: Terminal) -> Result<()> {
    let artefact = artefact(args, environment, terminal)?;
    let documents = &artefact.documents;
    let machine = json!({ "artefact": artefact.hash, "documents": documents });
    terminal.either(&machine, || {
        let told = documents.iter().map(told);
        let summary = count(documents.len(), "trusted document");
        told.chain([summary]).collect::<Vec<_>>().join("\n")
    })?;
    Ok(())
}

fn artefact(args: &Documents, environment: &Environment, terminal: Terminal) -> Result<Artefact> {
    if !args.path.is_dir() {
        return read_artefact(&args.path);
    }
    let project = Project::open(&args.path, environment, &args.settings.flags())?;
    let compiled = project.compile_alone(None)?;
    terminal.findings(&compiled.warnings, &compiled.texts);
    Ok(compiled.artefact)
}

fn told(document: &Document) -> String {
    let hash = format!("sha256:{}", document.hash);
    let ids = document.ids.iter().map(String::as_str);
    let ids: Vec<_> = ids.chain([hash.as_str()]).collect();
    let operations = document.operations.iter().map(of_operation);
    let operations: Vec<_> = operations.collect();
    format!("{}\n{}", ids.join("\n"), operations.concat())
}

fn of_operation(operation: &Operation) -> String {
    let kind = if operation.writes {
        "mutation"
    } else {
        "query"
    };
    let name = operation.name.as_deref().unwrap_or_default();
    let head = format!("  {kind} {name}");
    let scripts = operation.scripts.iter().map(of_script);
    let scripts: Vec<_> = scripts.collect();
    let head = head.trim_end();
    if scripts.is_empty() {
        return format!("{head}: no role may run it by itself\n");
    }
    format!("{head}\n{}", scripts.concat())
}

fn of_script(script: &Script) -> String {
    let whose = match script.roles.as_slice() {
        [] => String::new(),
        roles => format!("    for {}\n", roles.join(", ")),
    };
    let Some(statements) = &script.sql else {
        return format!("{whose}      (its statements depend on what its variables hold)\n");
    };
    let lines = statements.iter().map(|sql| format!("      {sql};\n"));
    whose + &lines.collect::<Vec<_>>().concat()
}
