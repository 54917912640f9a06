//! From a scratch to a server over it: the tables of every column type, and the matrix on them.

use super::MISTAKE;
use super::asking::Asking;
use super::report::Report;
use super::scope::Scope;
use super::scratch::Scratch;
use crate::address;
use crate::config::{Config, Tenancy};
use crate::project::Face;
use crate::readiness;
use crate::server::{Server, Stage};
use crate::snippet::{Refused, Texts};
use crate::terminal::Terminal;
use anyhow::{Context as _, Result, bail};
use engine::{Introspection, Source, artefact};
use model::Dialect;
use model::metric::Registry;
use std::sync::Arc;
use store::{Database, Failure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use verify::bed::{Bed, shared_planting, shared_sdl};
use verify::natives::Native;

/// The name of the schema file nobody sees unless it is refused.
const FILE: &str = "matrix.graphql";

/// Column types that are tried at a time.
const TYPES_AT_ONCE: usize = 4;

/// Makes the tables, serves them and tries every cell of the matrix.
pub(super) async fn grow(
    scratch: &mut Scratch,
    (scope, mut config): (&Scope, Config),
    terminal: Terminal,
) -> Result<Report> {
    let dialect = address::dialect(&scratch.config.url)?;
    config.database = scratch.config.clone();
    // What is tried belongs to no tenant.
    config.tenancy = Tenancy::default();
    // What is tried is read from the API itself.
    config.limits.introspection = Introspection::Everyone;
    let progress = terminal.progress("making the tables of the matrix");
    let (beds, mut report) = plant(scratch, (scope, dialect)).await?;
    drop(progress);
    let server = serve(scratch, config, &beds).await?;
    let tried = try_all(&server, &beds, &mut report, terminal).await;
    server.database.close().await;
    report.sort(&scope.natives);
    tried.map(|()| report)
}

/// Makes the tables of all types in the scope that the database has.
async fn plant(
    scratch: &mut Scratch,
    (scope, dialect): (&Scope, Dialect),
) -> Result<(Vec<Bed>, Report)> {
    let database = Database::open(&scratch.config, &mut Registry::default())?;
    let schema = scratch.schema.clone();
    let mut report = Report::new(dialect);
    report.types_without_values(&scope.unknown);
    let mut beds = Vec::new();
    let planted = async {
        let shared = shared_planting(dialect, schema.as_deref());
        scratch.plant(&database, shared).await?;
        for native in scope.natives.iter().copied() {
            let bed = Bed::new(native, dialect, schema.as_deref());
            match scratch.plant(&database, bed.plantings()).await {
                Ok(()) => beds.push(bed),
                Err(failure) => {
                    is_absent(&native, failure)?;
                    report.begin(&native, false);
                }
            }
        }
        Ok(())
    };
    let planted: Result<()> = planted.await;
    database.close().await;
    planted.map(|()| (beds, report))
}

/// Whether a server has no columns of a type; another failure stays one.
fn is_absent(native: &Native, failure: Failure) -> Result<()> {
    match (native.needs, &failure.error) {
        (Some(_), store::Error::Internal(_) | store::Error::Schema(_)) => Ok(()),
        _ => Err(failure).with_context(|| format!("cannot make a table with {}", native.text)),
    }
}

/// Builds the server as `serve` does, and opens it when the database was seen to fit.
async fn serve(scratch: &Scratch, config: Config, beds: &[Bed]) -> Result<Arc<Server>> {
    let dialect = address::dialect(&scratch.config.url)?;
    let mut text = shared_sdl(dialect, scratch.schema.as_deref());
    text.extend(beds.iter().map(Bed::sdl));
    let texts = Texts::from([(FILE.to_owned(), text.clone())]);
    let source = Source {
        name: FILE.to_owned(),
        text,
    };
    let compiled = engine::compile(&[source], dialect).map_err(|diagnostics| Refused {
        diagnostics,
        texts: texts.clone(),
    })?;
    let artefact = artefact::read(&artefact::write(&compiled.schema))?;
    let face = Face {
        name: "verify".to_owned(),
        queries: Vec::new(),
    };
    let server = Server::build(Stage::Development, face, config, artefact.clone())?;
    readiness::admit(&server, artefact, &texts).await?;
    if !server.is_open() {
        bail!("the catalog of the database cannot be read");
    }
    Ok(server)
}

/// Tries the cells of several types at a time, each in their order.
async fn try_all(
    server: &Arc<Server>,
    beds: &[Bed],
    report: &mut Report,
    terminal: Terminal,
) -> Result<()> {
    let asking = Arc::new(Asking::of(Arc::clone(server)).await?);
    let places = Arc::new(Semaphore::new(TYPES_AT_ONCE));
    let progress = terminal.steps("trying the matrix", beds.len());
    let mut tasks = JoinSet::new();
    for (index, bed) in beds.iter().cloned().enumerate() {
        let (asking, places) = (Arc::clone(&asking), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await?;
            anyhow::Ok((index, asking.outcomes(&bed).await?))
        });
    }
    let mut tried = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        tried.push(joined.context(MISTAKE)??);
        progress.step();
    }
    tried.sort_by_key(|(index, _)| *index);
    for (index, outcomes) in tried {
        report.begin(&beds[index].native, true);
        for (cell, outcome) in outcomes {
            report.add(&cell, outcome);
        }
    }
    Ok(())
}
