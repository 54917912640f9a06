//! Looks at the database again and again, and opens the server when all is in order.

use crate::count::count;
use crate::server::{DATABASE, SCHEMA, Server};
use crate::snippet::{Refused, Texts};
use anyhow::Result;
use engine::artefact::Artefact;
use model::{Diagnostic, Fault, Level};
use observe::health::Condition;
use std::sync::Arc;
use std::time::Duration;

/// A look that takes longer has found the database away.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// Looks until it is dropped.
pub(crate) async fn watch(server: &Server) {
    loop {
        look(server).await;
        tokio::time::sleep(jittered(server.config.server.check_interval())).await;
    }
}

/// Swaps to another artefact if the database holds what it says. While the database is away
/// nobody knows, and the server stays closed until somebody does.
pub(crate) async fn admit(server: &Server, artefact: Artefact, texts: &Texts) -> Result<()> {
    let catalog = tokio::time::timeout(LOOK_MAX, server.database.catalog()).await;
    let Ok(Ok(catalog)) = catalog else {
        server.set_open(false);
        record(server, SCHEMA, Condition::Unknown);
        return Ok(server.replace(artefact)?);
    };
    let diagnostics = engine::drift(&artefact.schema, &catalog);
    if diagnostics
        .iter()
        .any(|finding| finding.level == Level::Error)
    {
        return Err(Refused {
            diagnostics,
            texts: texts.clone(),
        }
        .into());
    }
    server.replace(artefact)?;
    record(server, SCHEMA, Condition::Up);
    server.set_open(true);
    Ok(())
}

/// Looks once: is the database there, and if it just came, does it hold what the artefact says?
async fn look(server: &Server) {
    let database = match tokio::time::timeout(LOOK_MAX, server.database.check()).await {
        Ok(Ok(())) => Condition::Up,
        Ok(Err(error)) => {
            let detail = error.to_string();
            down(Fault::from(error), &detail)
        }
        Err(_) => Condition::Down("the database does not answer".to_owned()),
    };
    let changed = record(server, DATABASE, database.clone());
    let agreed = server.health.condition(SCHEMA) == Condition::Up;
    if database == Condition::Up && (changed || !agreed) {
        compare(server).await;
    }
}

/// Compares the artefact with the database. Until they were seen to agree nothing is answered; a
/// catalog that cannot be read just now is no proof that they ceased to.
async fn compare(server: &Server) {
    let edition = server.edition();
    match tokio::time::timeout(LOOK_MAX, server.database.catalog()).await {
        Ok(Ok(catalog)) => {
            let findings = engine::drift(&edition.schema, &catalog);
            if !Arc::ptr_eq(&edition, &server.edition()) {
                return;
            }
            let condition = agreement(&findings);
            server.set_open(condition == Condition::Up);
            record(server, SCHEMA, condition);
        }
        Ok(Err(error)) => {
            let detail = error.to_string();
            record(server, SCHEMA, down(Fault::from(error), &detail));
        }
        Err(_) => {
            let reason = "the catalog of the database cannot be read in time";
            record(server, SCHEMA, Condition::Down(reason.to_owned()));
        }
    }
}

/// Whether findings of drift keep the server closed. Tables and columns are named in the log
/// only.
fn agreement(findings: &[Diagnostic]) -> Condition {
    let mut errors = 0;
    for finding in findings {
        if finding.level == Level::Error {
            errors += 1;
            tracing::error!(code = finding.code, "drift: {}", finding.message);
        }
    }
    match errors {
        0 => Condition::Up,
        _ => Condition::Down(format!(
            "the database does not hold what the artefact was compiled for: {}, listed in the log; \
             migrate the database, or compile the schema again",
            count(errors, "difference")
        )),
    }
}

fn down(fault: Fault, detail: &str) -> Condition {
    tracing::debug!(detail, "a look at the database failed");
    Condition::Down(fault.message)
}

fn record(server: &Server, dependency: &'static str, condition: Condition) -> bool {
    let told = condition.clone();
    let changed = server.health.record(dependency, condition);
    match told {
        Condition::Down(reason) if changed => tracing::warn!(dependency, reason, "down"),
        Condition::Up if changed => tracing::info!(dependency, "up"),
        _ => {}
    }
    changed
}

/// Many servers must not look in step.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.8 + 0.4 * fastrand::f64())
}
