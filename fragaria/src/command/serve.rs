//! `fragaria serve`: serves a compiled project.

use crate::cli::Serve;
use crate::config::Config;
use crate::environment::Environment;
use crate::mend;
use crate::project::{ARTEFACT, CONFIG, Project, display, no_configuration, read_artefact};
use crate::running::{self, Address};
use crate::server::{Server, Stage};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Serves until it is told to stop.
pub(crate) async fn run(args: Serve, environment: &Environment, terminal: Terminal) -> Result<()> {
    let (directory, path) = locate(&args.path)?;
    let artefact = read_artefact(&path)?;
    let project = Project::open(&directory, environment, &args.flags())?;
    let _log = observe::logs::install(project.loaded.config.log, terminal.err)?;
    project.dialect()?;
    if path == directory.join(ARTEFACT) && project.outdates(&artefact) {
        tracing::warn!(
            "the schema files say something else than the artefact, which is what is served: \
             `fragaria compile` makes it anew"
        );
    }
    let compiled_for = artefact.schema.dialect;
    let has_rules = !artefact.schema.roles.is_empty();
    let (face, config) = (project.face()?, project.loaded.config);
    let server = Server::build(Stage::Service, face, config, artefact)?;
    if server.database.dialect() != compiled_for {
        let theirs = server.database.dialect();
        bail!("the artefact was compiled for {compiled_for}, and the database is {theirs}");
    }
    closed(has_rules, server.config.auth.open)?;
    tenanted(&server.config)?;
    let listener = Address::Fixed(server.config.server.listen).bind().await?;
    running::run(server, listener, std::future::pending()).await
}

/// Whether callers are held to rules; without any, everybody would see everything, which must be
/// said.
fn closed(has_rules: bool, open: bool) -> Result<()> {
    match (has_rules, open) {
        (true, false) => Ok(()),
        (false, true) => {
            tracing::warn!(
                "auth.open is set: everybody who reaches this server may read and write everything"
            );
            Ok(())
        }
        (true, true) => Err(mend::failure(
            "auth.open lets everybody do everything, and the schema has access rules",
            "leave auth.open out, so that the rules hold",
        )),
        (false, false) => Err(mend::failure(
            "the schema has no access rules, so nobody may see anything of it",
            "add roles and rules (docs/guide/access.md), or let everybody on this machine do \
             everything: fragaria serve --open",
        )),
    }
}

/// Refuses databases of tenants where nobody could have a tenant.
fn tenanted(config: &Config) -> Result<()> {
    if !config.tenancy.is_on() || config.auth.gives_tenants() {
        return Ok(());
    }
    Err(mend::failure(
        "tenants have databases of their own, and no caller could have a tenant",
        "tell callers apart: set tenant_claim of an issuer in auth.issuers, or tenant in \
         auth.certificates, or auth.api_keys.enabled (docs/guide/tenancy.md)",
    ))
}

/// The project directory and the artefact a path stands for.
fn locate(path: &Path) -> Result<(PathBuf, PathBuf)> {
    if !path.is_dir() {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        return Ok((
            directory.unwrap_or(Path::new(".")).to_owned(),
            path.to_owned(),
        ));
    }
    let artefact = path.join(ARTEFACT);
    if !artefact.is_file() {
        if !path.join(CONFIG).exists() {
            return Err(no_configuration(path));
        }
        let what = format!("there is no {}", display(&artefact));
        let help = format!("`fragaria compile {}` makes it", path.display());
        return Err(mend::failure(what, help));
    }
    Ok((path.to_owned(), artefact))
}
