//! Who may do what, told of a project or of an artefact.

use super::signed;
use crate::cli::PolicyReport;
use crate::config::Config;
use crate::count::count;
use crate::environment::Environment;
use crate::project::{self, ARTEFACT, Project, directory_of, display, read_artefact};
use crate::terminal::Terminal;
use crate::ways;
use anyhow::Result;
use engine::artefact::Artefact;
use engine::{OfRole, OfRows, Report, Shown};
use serde_json::{Value, json};
use std::path::Path;

/// What is told of.
struct Subject {
    artefact: Artefact,
    config: Config,
    /// What it is: files that are compiled now, or an artefact.
    source: &'static str,
    /// What it does not agree with, of files and what is served.
    stale: Option<String>,
}

/// Prints who may do what, or writes it to a file.
pub(super) fn run(
    args: &PolicyReport,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    let subject = subject(args, environment)?;
    let schema = &subject.artefact.schema;
    let (report, shown) = (engine::report(schema)?, ways::show(schema, terminal)?);
    let Some(out) = &args.out else {
        let machine = machine(&subject, &report, &shown);
        terminal.either(&machine, || told(&subject, &report, &shown))?;
        return Ok(());
    };
    let key = args.sign.as_deref().map(signed::private_key).transpose()?;
    let text = serde_json::to_string_pretty(&machine(&subject, &report, &shown))? + "\n";
    project::write(out, &text)?;
    let mut files = vec![display(out)];
    if let Some(key) = key {
        files.push(display(&signed::seal(&key, out, text.as_bytes())?));
    }
    let hash = subject.artefact.hash.to_string();
    let words = || {
        let wrote = format!("wrote {} (artefact {hash})", files.join(" and "));
        let further = subject.stale.clone().into_iter().chain(ruleless(&report));
        std::iter::once(wrote).chain(further).collect::<Vec<_>>()
    };
    let machine =
        json!({ "files": files, "artefact": hash, "rules": report.rules, "stale": subject.stale });
    terminal.either(&machine, || words().join("\n"))?;
    Ok(())
}

/// Reads what is to be told of.
fn subject(args: &PolicyReport, environment: &Environment) -> Result<Subject> {
    let (path, flags) = (args.subject.as_path(), args.settings.flags());
    if path.is_file() {
        let artefact = read_artefact(path)?;
        let project = Project::open(directory_of(path), environment, &flags)?;
        return Ok(served(project, path, artefact));
    }
    let project = Project::open(path, environment, &flags)?;
    let served_file = path.join(ARTEFACT);
    if !project.has_sources() && served_file.is_file() {
        let artefact = read_artefact(&served_file)?;
        return Ok(served(project, &served_file, artefact));
    }
    let artefact = project.compile_alone(None)?.artefact;
    let is_other = served_file.is_file()
        && read_artefact(&served_file).map_or(true, |served| served.hash != artefact.hash);
    let file = display(&served_file);
    let stale = format!(
        "{file}, which is served, does not say what the schema files say: `fragaria compile` makes it \
         anew, and `fragaria policy report {file}` tells of it as it is"
    );
    Ok(Subject {
        artefact,
        config: project.loaded.config,
        source: "files",
        stale: is_other.then_some(stale),
    })
}

fn served(project: Project, path: &Path, artefact: Artefact) -> Subject {
    let stale = project.outdates(&artefact).then(|| {
        let file = display(path);
        format!(
            "{file} does not say what the schema files beside it say now: `fragaria compile` makes it anew"
        )
    });
    Subject {
        artefact,
        config: project.loaded.config,
        source: "artefact",
        stale,
    }
}

fn machine(subject: &Subject, report: &Report, shown: &[Shown]) -> Value {
    let auth = &subject.config.auth;
    let anonymous = Some(&auth.anonymous_role).filter(|role| !role.is_empty());
    json!({
        "artefact": subject.artefact.hash.to_string(),
        "source": subject.source,
        "stale": subject.stale,
        "anonymous": anonymous,
        "operators": auth.admin_roles,
        "report": report,
        "shown": shown,
    })
}

fn ruleless(report: &Report) -> Option<String> {
    let told = "There are no rules: whoever reaches the server may do everything; `fragaria serve` \
                serves that with --open alone.";
    (!report.rules).then(|| told.to_owned())
}

fn told(subject: &Subject, report: &Report, shown: &[Shown]) -> String {
    let hash = &subject.artefact.hash;
    let mut lines = vec![match subject.source {
        "files" => format!("Access to artefact {hash}, as the schema files make it"),
        _ => format!("Access to artefact {hash}"),
    }];
    lines.extend(subject.stale.iter().map(|stale| format!("\n{stale}")));
    lines.extend(ruleless(report).map(|told| format!("\n{told}")));
    for role in &report.roles {
        lines.extend(of_role(role, &subject.config));
        let shown = shown.iter().find(|shown| shown.role == role.role);
        lines.extend(shown.iter().map(|shown| {
            let (ways, statements) = (
                count(shown.ways, "way"),
                count(shown.statements, "statement"),
            );
            format!("  shown of {ways} into the tables: the rules hold of each of {statements}")
        }));
        let unasked = shown.iter().flat_map(|shown| &shown.unasked);
        lines.extend(unasked.map(|way| format!("  not looked at: {way}")));
    }
    lines.extend(strangers(report, &subject.config));
    if !report.outside.is_empty() {
        lines.push("\nWhat the database does by itself is not held to the rules:".to_owned());
        lines.extend(report.outside.iter().map(|thing| format!("  {thing}")));
    }
    lines.join("\n")
}

/// What a role is besides, by the configuration.
fn marks(role: &str, config: &Config) -> Vec<String> {
    let mut marks = Vec::new();
    if config.auth.anonymous_role == role {
        marks.push("whoever shows no credential has it (auth.anonymous_role)".to_owned());
    }
    if config.auth.admin_roles.iter().any(|known| known == role) {
        let may = if config.auth.api_keys.enabled {
            "make API keys with every role, and revoke keys and tokens"
        } else {
            "revoke tokens"
        };
        marks.push(format!(
            "operators have it, who may {may} (auth.admin_roles)"
        ));
    }
    marks
}

/// Roles that the configuration names and the schema does not.
fn strangers(report: &Report, config: &Config) -> Vec<String> {
    let auth = &config.auth;
    let named = std::iter::once(&auth.anonymous_role).chain(&auth.admin_roles);
    let mut named: Vec<_> = named.map(String::as_str).collect();
    named.sort_unstable();
    named.dedup();
    let is_known = |name: &str| report.roles.iter().any(|role| role.role == name);
    let strange = named
        .into_iter()
        .filter(|name| !name.is_empty() && !is_known(name));
    let told = |name| {
        let marks = marks(name, config).into_iter();
        let head = [
            format!("\n{name}"),
            "  is no role of the schema, and sees nothing".to_owned(),
        ];
        head.into_iter()
            .chain(marks.map(|mark| format!("  {mark}")))
    };
    strange.flat_map(told).collect()
}

fn of_role(role: &OfRole, config: &Config) -> Vec<String> {
    let mut lines = vec![match &role.description {
        Some(description) => format!("\n{}: {description}", role.role),
        None => format!("\n{}", role.role),
    }];
    lines.extend(
        marks(&role.role, config)
            .iter()
            .map(|mark| format!("  {mark}")),
    );
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
    let unoffered = role.unoffered.iter();
    lines.extend(unoffered.map(|what| format!("  allowed, and not to be had: {what}")));
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
