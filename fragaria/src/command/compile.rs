//! `fragaria compile`: turns the schema of a project into its artefact.

use crate::address::{self, Target};
use crate::agreement;
use crate::cli::Compile;
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::{self, ARTEFACT, Compiled, Project, display};
use crate::snippet::{self, Refused};
use crate::terminal::Terminal;
use crate::ways;
use anyhow::{Context as _, Result, anyhow};
use engine::artefact;
use model::metric::Registry;
use model::{Diagnostic, Level, Secret};
use serde_json::json;
use std::path::Path;

/// Compiles, checks against a database where asked to, and writes the artefact.
pub(crate) async fn run(
    args: Compile,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let mut compiled = project.compile()?;
    if let Some(given) = &args.against {
        let known = &project.loaded.config.database.url;
        let target = match given.as_str() {
            "" => Target::configured(known, "database.url"),
            path if Path::new(path).is_dir() => return Err(swallowed(path)),
            url => Target::given(&Secret::new(url), "--against", known),
        };
        let drift = compare(&project, &compiled, &target, terminal).await?;
        compiled.warnings.extend(drift);
    }
    let shown = ways::show(&compiled.artefact.schema, terminal)?;
    let out = args.out.unwrap_or_else(|| project.directory.join(ARTEFACT));
    refuse_to_overwrite(&out)?;
    project::write(&out, &compiled.bytes)?;
    let hash = compiled.artefact.hash.to_string();
    let machine = json!({
        "artefact": display(&out),
        "hash": hash,
        "documents": compiled.artefact.documents.len(),
        "shown": shown,
        "warnings": snippet::json(&compiled.warnings, &compiled.texts),
    });
    if !terminal.json {
        terminal.findings(&compiled.warnings, &compiled.texts);
    }
    let tables = count(compiled.artefact.schema.tables.len(), "table");
    let parts = match compiled.artefact.documents.len() {
        0 => tables,
        documents => format!("{tables} and {}", count(documents, "trusted document")),
    };
    terminal.either(&machine, || {
        let compiled = format!("compiled {parts} into {} ({hash})", display(&out));
        match ways::told(&shown) {
            Some(rules) => format!("{compiled}\n{rules}"),
            None => compiled,
        }
    })?;
    Ok(())
}

/// Refuses to write an artefact in the place of something else.
fn refuse_to_overwrite(out: &Path) -> Result<()> {
    if !out.is_file() {
        return Ok(());
    }
    let bytes = std::fs::read(out).with_context(|| format!("cannot read {}", display(out)))?;
    match artefact::read(&bytes) {
        Err(artefact::Error::Foreign(_)) if !bytes.is_empty() => {
            let what = format!("{} is there already, and is no artefact", display(out));
            Err(mend::failure(
                what,
                "name another file behind --out, or remove it",
            ))
        }
        _ => Ok(()),
    }
}

/// Why a directory behind `--against` is no address.
fn swallowed(path: &str) -> anyhow::Error {
    let what = format!("{path} is a directory, and a database is named by an address");
    let help = format!(
        "a project stands before the option: fragaria compile {path} --against compares it with \
         its own database"
    );
    mend::failure(what, help)
}

/// Refuses a schema that a database does not hold; gives what somebody should look at.
async fn compare(
    project: &Project,
    compiled: &Compiled,
    target: &Target,
    terminal: Terminal,
) -> Result<Vec<Diagnostic>> {
    let (theirs, ours) = (address::dialect(&target.url)?, project.dialect()?);
    if theirs != ours {
        return Err(mend::other_kind(ours, theirs));
    }
    let progress = terminal.progress("reading the catalog of the database");
    let config = project.loaded.config.database.clone();
    let schema = &compiled.artefact.schema;
    let diagnostics = ask(config, target, async |database| {
        agreement::compare(database, schema).await
    })
    .await?;
    drop(progress);
    let diagnostics = agreement::placed(diagnostics, &compiled.texts);
    if diagnostics
        .iter()
        .any(|diagnostic| diagnostic.level == Level::Error)
    {
        return Err(Refused {
            diagnostics,
            texts: compiled.texts.clone(),
        }
        .into());
    }
    Ok(diagnostics)
}

/// Opens a database, asks it something about what it holds, and closes it.
pub(super) async fn ask<T>(
    mut config: store::Config,
    target: &Target,
    question: impl AsyncFnOnce(&store::Database) -> Result<T, store::Error>,
) -> Result<T> {
    address::must_exist(&target.url)?;
    config.url = target.url.clone();
    let told = |what: String, error: &store::Error| match target.remedy(error) {
        Some(help) => mend::failure(what, help),
        None => anyhow!(what),
    };
    let database = store::Database::open(&config, &mut Registry::default())
        .map_err(|error| told(error.to_string(), &error))?;
    let answer = question(&database).await;
    database.close().await;
    answer.map_err(|error| {
        let what = format!("cannot read the catalog of the database: {error}");
        told(what, &error)
    })
}
