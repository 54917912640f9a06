//! `fragaria policy`: what the access rules of a project come to.

mod cases;
mod coverage;
mod explain;
mod outcome;
mod signed;
mod stand;
mod telling;
mod test;
mod trial;

pub(super) use test::Ended;

use crate::cli::{Policy, PolicyReport};
use crate::count::count;
use crate::environment::Environment;
use crate::project::{Project, display};
use crate::terminal::Terminal;
use crate::ways;
use anyhow::{Context as _, Result};
use engine::{OfRole, OfRows, Report, Shown};
use serde_json::json;
use std::fs;

/// Does what is asked.
pub(crate) async fn run(args: Policy, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Policy::Report(args) => report(&args, environment, terminal),
        Policy::Verify(args) => signed::verify(&args, terminal),
        Policy::Explain(args) => Box::pin(explain::run(args, environment, terminal)).await,
        Policy::Test(args) => Box::pin(test::run(args, environment, terminal)).await,
    }
}

/// Prints who may do what, or writes it to a file.
fn report(args: &PolicyReport, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let compiled = project.compile_alone(None)?;
    let schema = &compiled.artefact.schema;
    let (report, shown) = (engine::report(schema), ways::show(schema, terminal)?);
    let hash = compiled.artefact.hash.to_string();
    let machine = json!({ "artefact": hash, "report": report, "shown": shown });
    let Some(out) = &args.out else {
        terminal.either(&machine, || told(&hash, &report, &shown))?;
        return Ok(());
    };
    let key = args.sign.as_deref().map(signed::private_key).transpose()?;
    let text = serde_json::to_string_pretty(&machine)? + "\n";
    fs::write(out, &text).with_context(|| format!("cannot write {}", display(out)))?;
    let mut files = vec![display(out)];
    if let Some(key) = key {
        files.push(display(&signed::seal(&key, out, text.as_bytes())?));
    }
    let words = || format!("wrote {}", files.join(" and "));
    terminal.either(&json!({ "files": files }), words)?;
    Ok(())
}

fn told(hash: &str, report: &Report, shown: &[Shown]) -> String {
    let mut lines = vec![format!("Access to artefact {hash}")];
    if report.roles.is_empty() {
        lines
            .push("\nThere are no rules: whoever reaches the server may do everything.".to_owned());
    }
    for role in &report.roles {
        lines.extend(of_role(role));
        let shown = shown.iter().find(|shown| shown.role == role.role);
        lines.extend(shown.map(|shown| {
            let (ways, statements) = (
                count(shown.ways, "way"),
                count(shown.statements, "statement"),
            );
            format!("  shown of {ways} into the tables: the rules hold of each of {statements}")
        }));
    }
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
    let database = role.database.iter();
    lines.extend(database.map(|name| format!("  acts as {name} in the database")));
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
