//! `fragaria dev`: serves a project while it is edited.

mod banner;

use crate::agreement;
use crate::cli::Dev;
use crate::config::Mode;
use crate::environment::Environment;
use crate::example;
use crate::mend;
use crate::project::{Compiled, Project};
use crate::readiness::{self, Outlook};
use crate::running::{self, Address};
use crate::server::{Server, Stage};
use crate::terminal::Terminal;
use crate::watch::Edits;
use anyhow::Result;
use banner::Banner;
use engine::Introspection;
use observe::logs::Reader;
use std::path::Path;
use std::sync::Arc;

/// Serves until it is told to stop; edits are picked up.
pub(crate) async fn run(args: Dev, environment: &Environment, terminal: Terminal) -> Result<()> {
    if !args.directory.exists() {
        create(&args.directory, terminal).await?;
    }
    let project = Project::open(&args.directory, environment, &args.listening.flags())?;
    let reader = Reader {
        person: !terminal.json,
        ..terminal.err
    };
    let _log = observe::logs::install(project.loaded.config.log, reader)?;
    project.is_begun()?;
    let wished = project.loaded.config.server.listen;
    if !wished.ip().is_loopback() {
        let what = format!("dev lets everybody do everything, and {wished} is not this machine");
        return Err(mend::failure(what, "give --listen 127.0.0.1:8080"));
    }
    let edits = Edits::of(&args.directory, &project.loaded.config.documents)?;
    let compiled = project.compile()?;
    terminal.findings(&compiled.warnings, &compiled.texts);
    let texts = compiled.texts;
    let mut config = project.loaded.config.clone();
    config.limits.introspection = Introspection::Everyone;
    if config.documents.mode == Mode::Strict {
        terminal.remark("documents.mode is strict: dev runs other documents too, and logs them");
    }
    let face = project.face()?;
    let server = Server::build(Stage::Development, face, config, compiled.artefact)?;
    let listener = if project.loaded.is_default("server.listen") {
        Address::Near(wished).bind().await?
    } else {
        Address::Fixed(wished).bind().await?
    };
    let address = listener.local_addr()?;
    if address.port() != wished.port() && wished.port() != 0 {
        terminal.remark(&format!(
            "port {} is taken, so it is {}",
            wished.port(),
            address.port()
        ));
    }
    let outlook = readiness::first(&server).await;
    if let Outlook::Drift(findings) = &outlook {
        terminal.findings(&agreement::placed(findings.clone(), &texts), &texts);
    }
    let banner = Banner::new(&project, &server, address, &outlook);
    terminal.either(&banner.json(), || banner.told(terminal))?;
    let following = follow(server.clone(), project, edits, terminal);
    Box::pin(running::run(server, listener, following)).await
}

async fn create(directory: &Path, terminal: Terminal) -> Result<()> {
    let progress = terminal.progress("making an example: a shop with its data");
    example::create(directory).await?;
    drop(progress);
    terminal.remark(&format!("made the example in {}", directory.display()));
    Ok(())
}

/// Picks up edits as long as there can be any. A broken one is told, and changes nothing.
async fn follow(server: Arc<Server>, project: Project, mut edits: Edits, terminal: Terminal) {
    let project = Arc::new(project);
    let mut broken = false;
    while edits.next().await {
        match reload(&server, project.clone(), terminal).await {
            Ok(true) => {
                broken = false;
                served(&server);
            }
            Ok(false) if broken => {
                broken = false;
                tracing::info!("the schema is whole again: it is the one that is served");
            }
            Ok(false) => tracing::debug!("the edit changes nothing"),
            Err(error) => {
                broken = true;
                terminal.failure(&error);
                tracing::warn!("the edit is not served: the schema before it goes on serving");
            }
        }
    }
}

fn served(server: &Server) {
    let artefact = &*server.edition().hash;
    if server.is_open() {
        tracing::info!(artefact, "the edit is served");
    } else {
        tracing::info!(
            artefact,
            "the edit is served as soon as the database is there"
        );
    }
}

/// Compiles and swaps; says whether there was anything to swap.
async fn reload(server: &Server, project: Arc<Project>, terminal: Terminal) -> Result<bool> {
    let Compiled {
        artefact,
        warnings,
        texts,
        ..
    } = tokio::task::spawn_blocking(move || project.compile()).await??;
    if artefact.hash == *server.edition().engine.hash() {
        return Ok(false);
    }
    readiness::admit(server, artefact, &texts).await?;
    terminal.findings(&warnings, &texts);
    Ok(true)
}
