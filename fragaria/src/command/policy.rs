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
    let mut lines = vec![format!("Access to artefact {hash}")];
    if report.roles.is_empty() {
        lines
            .push("\nThere are no rules: whoever reaches the server may do everything.".to_owned());
    }
    lines.extend(report.roles.iter().flat_map(of_role));
    if !report.outside.is_empty() {
        lines.push("\nWhat the database does by itself is not held to the rules:".to_owned());
        lines.extend(report.outside.iter().map(|thing| format!("  {thing}")));
    }
    lines.join("\n")
}

fn of_role(role: &OfRole) -> Vec<String> {
    let mut lines = vec![match &role.description {
        Some(description) => format!("\n{}: {description}", role.role),
        None => format!("\n{}", role.role),
    }];
    if role.may.is_empty() && role.calls.is_empty() {
        lines.push("  sees nothing".to_owned());
    }
    let mut last = "";
    for rows in &role.may {
        if rows.type_name != last {
            lines.push(format!("  {}", rows.type_name));
            last = &rows.type_name;
        }
        lines.extend(of_rows(rows));
    }
    if !role.calls.is_empty() {
        lines.push(format!("  calls {}", role.calls.join(", ")));
    }
    lines
}

fn of_rows(rows: &OfRows) -> Vec<String> {
    let is_of_some = !rows.fields.is_empty() && !rows.without.is_empty();
    let fields = match (rows.fields.is_empty(), is_of_some) {
        (true, _) => "rows".to_owned(),
        (false, false) => "all fields".to_owned(),
        (false, true) => rows.fields.join(", "),
    };
    let check = rows
        .check
        .as_ref()
        .filter(|check| Some(*check) != rows.rows.as_ref());
    let listed = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let further = [
        ("masked", listed(&rows.masked)),
        ("without", is_of_some.then(|| rows.without.join(", "))),
        ("where", rows.rows.clone()),
        ("check", check.cloned()),
        (
            "at most",
            rows.rows_max.map(|most| format!("{most} rows at a time")),
        ),
        ("set", listed(&rows.set)),
    ];
    let said = |(word, what): (&str, Option<String>)| Some(format!("            {word} {}", what?));
    let first = format!("    {:<7} {fields}", rows.action);
    std::iter::once(first)
        .chain(further.into_iter().filter_map(said))
        .collect()
}
