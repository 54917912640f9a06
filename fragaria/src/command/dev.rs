//! `fragaria dev`: serves a project while it is edited.

use crate::cli::Dev;
use crate::environment::Environment;
use crate::example;
use crate::first_query::first_query;
use crate::http::GRAPHQL;
use crate::project::{Compiled, Project, SCHEMA, SCHEMA_DIRECTORY};
use crate::readiness;
use crate::running::{self, Address};
use crate::server::Server;
use crate::terminal::{Terminal, aside};
use crate::watch::Edits;
use anyhow::Result;
use model::Schema;
use observe::logs::Reader;
use serde_json::json;
use std::net::SocketAddr;
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
    let edits = Edits::of(&args.directory)?;
    let compiled = project.compile()?;
    terminal.findings(&compiled.warnings, &compiled.texts);
    let schema = compiled.artefact.schema.clone();
    let server = Server::build(
        project.face()?,
        project.loaded.config.clone(),
        compiled.artefact,
    )?;
    let wished = server.config.server.listen;
    let listener = if project.loaded.is_default("server.listen") {
        Address::Near(wished).bind().await?
    } else {
        Address::Fixed(wished).bind().await?
    };
    let address = listener.local_addr()?;
    if address.port() != wished.port() && wished.port() != 0 {
        aside(&format!(
            "port {} is taken, so it is {}",
            wished.port(),
            address.port()
        ));
    }
    tell(&project, &schema, address, terminal)?;
    let following = follow(server.clone(), project, edits, terminal);
    Box::pin(running::run(server, listener, following)).await
}

async fn create(directory: &Path, terminal: Terminal) -> Result<()> {
    let _progress = terminal.progress("making an example: a shop with its data");
    example::create(directory).await
}

/// Picks up edits as long as there can be any. A broken one is told, and changes nothing.
async fn follow(server: Arc<Server>, project: Project, mut edits: Edits, terminal: Terminal) {
    let project = Arc::new(project);
    while edits.next().await {
        match reload(&server, project.clone(), terminal).await {
            Ok(true) => {
                let artefact = &*server.edition().hash;
                tracing::info!(artefact, "the edit is served");
            }
            Ok(false) => tracing::debug!("the edit changes nothing"),
            Err(error) => {
                terminal.failure(&error);
                tracing::warn!("the edit is not served: the schema before it goes on serving");
            }
        }
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

/// Prints the addresses and a first query to paste.
fn tell(project: &Project, schema: &Schema, address: SocketAddr, terminal: Terminal) -> Result<()> {
    let base = format!("http://{address}");
    let query = first_query(schema);
    let machine = json!({
        "url": base,
        "graphql": format!("{base}{GRAPHQL}"),
        "ready": format!("{base}/health/ready"),
        "metrics": format!("{base}/metrics"),
        "query": query,
    });
    terminal.either(&machine, || told(project, schema, &base, terminal))?;
    Ok(())
}

fn told(project: &Project, schema: &Schema, base: &str, terminal: Terminal) -> String {
    let directory = project.directory.display();
    let title = terminal.bold(&format!("{directory} is served from {}", schema.dialect));
    let console = if project.loaded.config.console.enabled {
        format!("  GraphiQL   {base}/\n")
    } else {
        String::new()
    };
    let body = json!({ "query": first_query(schema) });
    format!(
        "\n{title}\n\n\
         {console}  GraphQL    {base}{GRAPHQL}\n  Health     {base}/health/ready\n  \
         Metrics    {base}/metrics\n\n\
         A first query:\n\n  curl {base}{GRAPHQL} -H 'content-type: application/json' \\\n    \
         -d '{body}'\n\n\
         Edit {SCHEMA} or {SCHEMA_DIRECTORY}/*.graphql in {directory}, and it is served. \
         Ctrl-C stops.\n"
    )
}
