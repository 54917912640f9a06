//! `fragaria compile`: turns the schema of a project into its artefact.

use crate::address;
use crate::agreement;
use crate::cli::Compile;
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::{ARTEFACT, Compiled, Project, display};
use crate::snippet::{self, Refused};
use crate::terminal::Terminal;
use anyhow::{Context as _, Result, anyhow, bail};
use model::metric::Registry;
use model::{Diagnostic, Level, Secret};
use serde_json::json;

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
        let url = match given.as_str() {
            "" => known.clone(),
            url => store::with_password(&Secret::new(url), known),
        };
        let drift = compare(&project, &compiled, url, terminal).await?;
        compiled.warnings.extend(drift);
    }
    let out = args.out.unwrap_or_else(|| project.directory.join(ARTEFACT));
    std::fs::write(&out, &compiled.bytes)
        .with_context(|| format!("cannot write {}", display(&out)))?;
    let hash = compiled.artefact.hash.to_string();
    let machine = json!({
        "artefact": display(&out),
        "hash": hash,
        "warnings": snippet::json(&compiled.warnings, &compiled.texts),
    });
    if !terminal.json {
        terminal.findings(&compiled.warnings, &compiled.texts);
    }
    let tables = count(compiled.artefact.schema.tables.len(), "table");
    terminal.either(&machine, || {
        format!("compiled {tables} into {} ({hash})", display(&out))
    })?;
    Ok(())
}

/// Refuses a schema that a database does not hold; gives what somebody should look at.
async fn compare(
    project: &Project,
    compiled: &Compiled,
    url: Secret,
    terminal: Terminal,
) -> Result<Vec<Diagnostic>> {
    let (theirs, ours) = (address::dialect(&url)?, project.dialect()?);
    if theirs != ours {
        bail!("the project is compiled for {ours}, and the database is {theirs}");
    }
    let progress = terminal.progress("reading the catalog of the database");
    let mut config = project.loaded.config.database.clone();
    config.url = url;
    let schema = &compiled.artefact.schema;
    let diagnostics = ask(&config, async |database| {
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
    config: &store::Config,
    question: impl AsyncFnOnce(&store::Database) -> Result<T, store::Error>,
) -> Result<T> {
    address::must_exist(&config.url)?;
    let database = store::Database::open(config, &mut Registry::default())?;
    let answer = question(&database).await;
    database.close().await;
    answer.map_err(|error| {
        let what = format!("cannot read the catalog of the database: {error}");
        match address::remedy(&config.url, &error) {
            Some(help) => mend::failure(what, help),
            None => anyhow!(what),
        }
    })
}
