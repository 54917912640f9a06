//! `fragaria policy`: what the access rules of a project come to.

use crate::cli::{Policy, PolicyReport};
use crate::environment::Environment;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use engine::{OfRole, OfRows, Report};

/// Does what is asked.
pub(crate) fn run(args: &Policy, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Policy::Report(args) => report(args, environment, terminal),
    }
}

/// Prints who may do what.
fn report(args: &PolicyReport, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let compiled = project.compile_alone(None)?;
    let report = engine::report(&compiled.artefact.schema);
    let hash = compiled.artefact.hash.to_string();
    let machine = serde_json::json!({ "artefact": hash, "report": report });
    terminal.either(&machine, || told(&hash, &report))?;
    Ok(())
}

fn told(hash: &str, report: &Report) -> String {
    let mut text = format!("Access to artefact {hash}\n");
    if report.roles.is_empty() {
        text += "\nThere are no rules: whoever reaches the server may do everything.\n";
    }
    for role in &report.roles {
        text += &of_role(role);
    }
    if !report.outside.is_empty() {
        text += "\nWhat the database does by itself is not held to the rules:\n";
        for thing in &report.outside {
            text += &format!("  {thing}\n");
        }
    }
    text.trim_end().to_owned()
}

fn of_role(role: &OfRole) -> String {
    let mut text = match &role.description {
        Some(description) => format!("\n{}: {description}\n", role.role),
        None => format!("\n{}\n", role.role),
    };
    if role.may.is_empty() && role.calls.is_empty() {
        text += "  sees nothing\n";
    }
    let mut last = "";
    for rows in &role.may {
        if rows.type_name != last {
            text += &format!("  {}\n", rows.type_name);
            last = &rows.type_name;
        }
        text += &of_rows(rows);
    }
    if !role.calls.is_empty() {
        text += &format!("  calls {}\n", role.calls.join(", "));
    }
    text
}

fn of_rows(rows: &OfRows) -> String {
    let fields = match (rows.fields.is_empty(), rows.without.is_empty()) {
        (true, _) => "rows".to_owned(),
        (false, true) => "all fields".to_owned(),
        (false, false) => rows.fields.join(", "),
    };
    let mut text = format!("    {:<7} {fields}\n", rows.action);
    let mut further = |word: &str, what: &str| text += &format!("            {word} {what}\n");
    if !rows.fields.is_empty() && !rows.without.is_empty() {
        further("without", &rows.without.join(", "));
    }
    if let Some(condition) = &rows.rows {
        further("where", condition);
    }
    if let Some(check) = rows
        .check
        .as_ref()
        .filter(|check| Some(*check) != rows.rows.as_ref())
    {
        further("check", check);
    }
    if !rows.set.is_empty() {
        further("set", &rows.set.join(", "));
    }
    text
}
