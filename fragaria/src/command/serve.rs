//! `fragaria serve`: serves a compiled project.

use crate::cli::Serve;
use crate::config::{Config, Mode};
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::private;
use crate::project::{
    ARTEFACT, CONFIG, Project, directory_of, display, idle_cache, no_configuration, read_artefact,
};
use crate::running::{self, Address};
use crate::server::{Server, Stage};
use crate::terminal::Terminal;
use anyhow::Result;
use engine::artefact::Artefact;
use guard::rates::Per;
use std::fs;
use std::path::{Path, PathBuf};

/// Serves until it is told to stop.
pub(crate) async fn run(args: Serve, environment: &Environment, terminal: Terminal) -> Result<()> {
    let (directory, path) = locate(&args.path)?;
    let artefact = read_artefact(&path)?;
    let project = Project::open(&directory, environment, &args.flags())?;
    let _log = observe::logs::install(project.loaded.config.log, terminal.err)?;
    project.dialect()?;
    let is_doubtful = path == directory.join(ARTEFACT) && !project.is_older_than_artefact();
    if is_doubtful && project.outdates(&artefact) {
        tracing::warn!(
            "the schema files say something else than the artefact, which is what is served: \
             `fragaria compile` makes it anew"
        );
    }
    let exposed = exposed(&project).into_iter();
    for doubt in exposed.chain(doubts(&artefact, &project.loaded.config)) {
        tracing::warn!("{doubt}");
    }
    let compiled_for = artefact.schema.dialect;
    let has_rules = !artefact.schema.roles.is_empty();
    let (face, config) = (project.face()?, project.loaded.config);
    let server = Server::build(Stage::Service, face, config, artefact)?;
    if server.database.dialect() != compiled_for {
        return Err(mend::other_kind(compiled_for, server.database.dialect()));
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

/// What the configuration says that will hardly be meant.
fn doubts(artefact: &Artefact, config: &Config) -> Vec<String> {
    let (auth, rates) = (&config.auth, &config.rates.rules);
    let mut doubts = Vec::new();
    if auth.is_doorless() && !auth.open && !artefact.schema.roles.is_empty() {
        doubts.push(
            "nothing tells callers apart, so the rules show nobody anything: set auth.issuers, \
             auth.api_keys.enabled, auth.certificates or auth.anonymous_role"
                .to_owned(),
        );
    }
    let anonymous = Some(&auth.anonymous_role).filter(|role| !role.is_empty());
    let anonymous = anonymous.map(|role| ("auth.anonymous_role", role));
    let certificates = auth.certificates.iter().flat_map(|known| &known.roles);
    let certificates = certificates.map(|role| ("auth.certificates", role));
    let operators = auth.admin_roles.iter();
    let operators = operators.map(|role| ("auth.admin_roles", role));
    let limited = rates.iter().flat_map(|rule| &rule.roles);
    let limited = limited.map(|role| ("rates.rules", role));
    let known = || artefact.schema.roles.iter().map(|role| &*role.name);
    let anonymous = anonymous.into_iter();
    for (key, role) in anonymous
        .chain(certificates)
        .chain(operators)
        .chain(limited)
    {
        if known().all(|name| name != role) {
            let names: Vec<_> = known().collect();
            let names = names.join(", ");
            doubts.push(format!(
                "{key} names the role {role:?}, which the schema has not: it has {names}"
            ));
        }
    }
    if config.documents.mode == Mode::Off && !artefact.documents.is_empty() {
        let documents = count(artefact.documents.len(), "trusted document");
        doubts.push(format!(
            "the artefact has {documents}, and no request can name one: set documents.mode"
        ));
    }
    if !rates.is_empty() && rates.iter().all(|rule| rule.per != Per::Ip) {
        doubts.push(
            "no rule of rates.rules counts by ip: who is of no caller, key or tenant that a rule \
             is for may ask as often as it likes"
                .to_owned(),
        );
    }
    let idle = idle_cache(config, &artefact.schema).into_iter();
    doubts.extend(idle.map(|told| match told.help {
        Some(help) => format!("{}: {help}", told.message),
        None => told.message,
    }));
    doubts
}

/// Files with secrets that are open to everybody on the machine.
fn exposed(project: &Project) -> Vec<String> {
    let keys = project.loaded.secret_keys();
    let tenants = &project.loaded.config.tenancy.file;
    let listed = project.loaded.lists_secrets();
    let files = [
        (!keys.is_empty()).then(|| (CONFIG, keys.join(", "))),
        listed.then(|| (&**tenants, "addresses of tenants".to_owned())),
    ];
    let told = files.into_iter().flatten().filter_map(|(file, what)| {
        let path = project.directory.join(file);
        let name = display(&path);
        let (cause, help) = private::openness(&fs::metadata(&path).ok()?, &name)?;
        Some(format!(
            "{name} has secrets in it ({what}), and {cause}: {help}, or set them by the environment"
        ))
    });
    told.collect()
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
        return Ok((directory_of(path).to_owned(), path.to_owned()));
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
