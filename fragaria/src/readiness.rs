//! Looks at the database again and again, and opens the server when all is in order.

use crate::address::Target;
use crate::agreement;
use crate::count::count;
use crate::server::{DATABASE, ISSUERS, REVOCATIONS, SCHEMA, Server};
use crate::snippet::{Refused, Texts};
use crate::tenancy;
use anyhow::Result;
use engine::artefact::Artefact;
use model::{Diagnostic, Fault, Level};
use observe::health::Condition;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A look that takes longer has found the database away.
pub(crate) const LOOK_MAX: Duration = Duration::from_secs(10);

/// A person at a terminal is told after this time, whatever is known by then.
const FIRST_LOOK_MAX: Duration = Duration::from_secs(2);

/// What a look found.
pub(crate) enum Outlook {
    /// The database holds what the artefact says.
    Ready,
    /// It cannot be used.
    Away(Away),
    /// It holds something else; what keeps the server closed is an error.
    Drift(Vec<Diagnostic>),
}

/// Why a database cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct Away {
    /// In the words of the database, for the log and the terminal.
    pub(crate) why: String,
    /// What to do about it, where somebody knows.
    pub(crate) help: Option<String>,
    /// In words for everybody.
    public: String,
}

impl Away {
    fn because(error: store::Error, server: &Server) -> Self {
        Self {
            why: error.to_string(),
            help: Target::configured(&server.config.database.url, "database.url").remedy(&error),
            public: Fault::from(error).message,
        }
    }

    fn silent(limit: Duration) -> Self {
        let why = format!("the database has not answered within {limit:?}");
        Self {
            public: why.clone(),
            why,
            help: None,
        }
    }
}

/// Looks until it is dropped.
pub(crate) async fn watch(server: &Server) {
    loop {
        look_at_door(server);
        let outlook = look(server).await;
        if !matches!(outlook, Outlook::Away(_)) {
            server.has_answered();
        }
        match outlook {
            Outlook::Drift(findings) if server.is_news(&findings) => log(&findings),
            // Those that were mended are news when they come back.
            Outlook::Ready => _ = server.is_news(&[]),
            Outlook::Drift(_) | Outlook::Away(_) => {}
        }
        tokio::time::sleep(jittered(server.config.server.check_interval())).await;
    }
}

/// Has connections open before requests want them, as long as the database answers looks. Nobody waits for
/// it. Databases of tenants are many, and opened by use; the home of theirs serves no requests.
pub(crate) async fn warm(server: &Server) {
    while server.tenancy.is_none() {
        server.answer().await;
        if let Err(error) = Box::pin(server.database.warm()).await {
            tracing::debug!(detail = %error, "not all connections to the database are open");
        }
    }
}

/// The first look, for somebody who waits for its outcome and will tell it.
pub(crate) async fn first(server: &Server) -> Outlook {
    let looked = timeout(FIRST_LOOK_MAX, look(server)).await;
    let outlook = looked.unwrap_or_else(|_| Outlook::Away(Away::silent(FIRST_LOOK_MAX)));
    if let Outlook::Drift(findings) = &outlook {
        server.is_news(findings);
    }
    outlook
}

/// Swaps to another artefact if the database holds what it says. While the database is away
/// nobody knows, and the server stays closed until somebody does.
pub(crate) async fn admit(server: &Server, artefact: Artefact, texts: &Texts) -> Result<()> {
    if server.tenancy.is_some() {
        tenancy::is_nameless(&artefact.schema, &server.config)?;
        return Ok(server.replace(artefact)?);
    }
    let compared = Box::pin(agreement::compare(&server.database, &artefact.schema));
    let Ok(diagnostics) = within(server, compared).await else {
        server.set_open(false);
        record(server, SCHEMA, Condition::Unknown);
        return Ok(server.replace(artefact)?);
    };
    if errors(&diagnostics).next().is_some() {
        return Err(Refused {
            diagnostics: agreement::placed(diagnostics, texts),
            texts: texts.clone(),
        }
        .into());
    }
    log_unprotected(&diagnostics);
    server.replace(artefact)?;
    record(server, SCHEMA, Condition::Up);
    server.set_open(true);
    Ok(())
}

/// Whether callers can be let in.
pub(crate) fn look_at_door(server: &Server) {
    look_for_issuers(server);
    let condition = match server.doorkeeper.knows_revoked() {
        None => return,
        Some(true) => Condition::Up,
        Some(false) => Condition::Down("it cannot be read which tokens are revoked".to_owned()),
    };
    record(server, REVOCATIONS, condition);
}

/// What is wrong with issuers.
const KEYLESS: &str = "no issuer of tokens has shown its keys";

/// A server that can let nobody in is not ready. One of several issuers may be away: the callers of
/// the others are let in.
fn look_for_issuers(server: &Server) {
    let condition = match server.doorkeeper.is_able() {
        Some(_) if !server.doorkeeper.has_issuers() => return,
        None => return,
        Some(true) if server.doorkeeper.lacks_issuers() => Condition::Away(KEYLESS.to_owned()),
        Some(true) => Condition::Up,
        Some(false) => Condition::Down(KEYLESS.to_owned()),
    };
    record(server, ISSUERS, condition);
}

/// Looks once: is the database there, and if it just came, or a request found it changed, does it
/// hold what the artefact says?
async fn look(server: &Server) -> Outlook {
    if let Err(away) = within(server, Box::pin(server.database.check())).await {
        down(server, DATABASE, &away);
        return Outlook::Away(away);
    }
    let changed = record(server, DATABASE, Condition::Up);
    if server.tenancy.is_some() {
        // What is served is in the databases of tenants, each of which is looked at by itself.
        server.set_open(true);
        return Outlook::Ready;
    }
    if changed || server.was_doubted() || server.health.condition(SCHEMA) != Condition::Up {
        return compare(server).await;
    }
    Outlook::Ready
}

/// Compares the artefact with the database. Until they were seen to agree nothing is answered; a
/// catalog that cannot be read just now is no proof that they ceased to.
async fn compare(server: &Server) -> Outlook {
    let edition = server.edition();
    let compared = Box::pin(agreement::compare(&server.database, &edition.schema));
    let findings = match within(server, compared).await {
        Ok(findings) => findings,
        Err(away) => {
            down(server, SCHEMA, &away);
            return Outlook::Away(away);
        }
    };
    // Whoever swapped the edition looked, too.
    if !Arc::ptr_eq(&edition, &server.edition()) {
        return Outlook::Ready;
    }
    let errors = errors(&findings).count();
    server.set_open(errors == 0);
    record(server, SCHEMA, agreement(errors));
    match errors {
        0 => {
            log_unprotected(&findings);
            Outlook::Ready
        }
        _ => Outlook::Drift(findings),
    }
}

/// What the database answers, if it does in time.
async fn within<T>(
    server: &Server,
    work: impl Future<Output = Result<T, store::Error>>,
) -> Result<T, Away> {
    match timeout(LOOK_MAX, work).await {
        Ok(outcome) => outcome.map_err(|error| Away::because(error, server)),
        Err(_) => Err(Away::silent(LOOK_MAX)),
    }
}

/// The findings of drift that keep the server closed.
pub(crate) fn errors(findings: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    let is_error = |finding: &&Diagnostic| finding.level == Level::Error;
    findings.iter().filter(is_error)
}

/// Tables and columns are named in the log only.
fn log(findings: &[Diagnostic]) {
    for finding in errors(findings) {
        tracing::error!(code = finding.code, "drift: {}", finding.message);
    }
}

/// Says which tables have the rules alone, where others have policies besides.
fn log_unprotected(findings: &[Diagnostic]) {
    let unprotected = findings
        .iter()
        .filter(|finding| finding.code == engine::UNPROTECTED);
    for finding in unprotected {
        tracing::warn!(code = finding.code, "{}", finding.message);
    }
}

fn agreement(errors: usize) -> Condition {
    match errors {
        0 => Condition::Up,
        _ => Condition::Down(format!(
            "the database does not hold what the artefact was compiled for: {}, listed in the log; \
             migrate the database, or compile the schema again",
            count(errors, "difference")
        )),
    }
}

/// Records that a dependency is away; the log has the reason in the words of the database.
fn down(server: &Server, dependency: &'static str, away: &Away) {
    let Away { why, help, public } = away;
    tracing::debug!(detail = why, "a look at the database failed");
    let condition = Condition::Down(public.clone());
    if server.health.record(dependency, condition) {
        tracing::warn!(dependency, reason = why, help, "down");
    }
}

fn record(server: &Server, dependency: &'static str, condition: Condition) -> bool {
    let told = condition.clone();
    let changed = server.health.record(dependency, condition);
    match told {
        Condition::Down(reason) if changed => tracing::warn!(dependency, reason, "down"),
        Condition::Away(reason) if changed => tracing::warn!(dependency, reason, "away"),
        Condition::Up if changed => tracing::info!(dependency, "up"),
        _ => {}
    }
    changed
}

/// Many servers must not look in step.
pub(crate) fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.8 + 0.4 * fastrand::f64())
}
