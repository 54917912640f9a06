//! `fragaria verify`: tries what is promised, of the API on a database of yours and of limits.

mod asking;
pub(crate) mod limits;
mod planting;
mod report;
mod scope;
mod scratch;
mod statements;

use crate::address::{self, Target};
use crate::cli::{Verify, VerifyApi};
use crate::config::{self, Loaded};
use crate::count::count;
use crate::environment::Environment;
use crate::running::Signals;
use crate::snippet::{Refused, Texts};
use crate::terminal::Terminal;
use anyhow::{Result, anyhow, bail};
use futures_util::FutureExt as _;
use model::Secret;
use scope::Scope;
use scratch::Scratch;
use std::fmt;
use std::panic::AssertUnwindSafe;

/// Why a panic of the matrix is no answer.
const MISTAKE: &str = "the matrix met a mistake of its own";

/// All was tried, and some of it fails.
#[derive(Debug)]
pub(super) enum Disproved {
    /// So many cells of the matrix.
    Api { cells: usize },
    /// So many scenarios of the limits.
    Limits { scenarios: usize },
}

impl fmt::Display for Disproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, told) = match *self {
            Self::Api { cells } => (cells, format!("{} of the matrix", count(cells, "cell"))),
            Self::Limits { scenarios } => (scenarios, count(scenarios, "scenario")),
        };
        let fail = if number == 1 { "fails" } else { "fail" };
        write!(f, "{told} {fail}")
    }
}

impl std::error::Error for Disproved {}

/// Verifies.
pub(crate) async fn run(args: Verify, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Verify::Api(args) => Box::pin(api(args, environment, terminal)).await,
        Verify::Limits(args) => limits::run(args, terminal).await,
    }
}

async fn api(args: VerifyApi, environment: &Environment, terminal: Terminal) -> Result<()> {
    let (loaded, target) = settings(&args, environment)?;
    let scope = Scope::of(address::dialect(&loaded.config.database.url)?, &args.types)?;
    let mut signals = Signals::new()?;
    let mut scratch =
        Scratch::make(&loaded.config.database, &target, args.schema.as_deref()).await?;
    let work = AssertUnwindSafe(planting::grow(
        &mut scratch,
        (&scope, loaded.config),
        terminal,
    ));
    let outcome = tokio::select! {
        outcome = work.catch_unwind() => outcome.unwrap_or_else(|_| bail!(MISTAKE)),
        () = signals.next() => Err(anyhow!("interrupted before all was tried")),
    };
    // Whatever came of it, nothing stays.
    let removed = scratch.remove().await;
    let report = match (outcome, removed) {
        (Ok(report), removed) => {
            terminal.either(&report.json(), || report.told(terminal))?;
            removed?;
            report
        }
        (Err(error), Ok(())) => return Err(error),
        (Err(error), Err(left)) => return Err(left.context(format!("{error:#}"))),
    };
    match report.failed() {
        0 => Ok(()),
        cells => Err(Disproved::Api { cells }.into()),
    }
}

/// The settings, those of the environment and of flags as there is no project, and the database.
fn settings(args: &VerifyApi, environment: &Environment) -> Result<(Loaded, Target)> {
    let flags = args.settings.flags();
    let mut loaded = config::load(None, &environment.variables, &flags).map_err(|diagnostics| {
        let texts = Texts::new();
        Refused { diagnostics, texts }
    })?;
    let url = &mut loaded.config.database.url;
    let target = match &args.against {
        Some(given) => Target::given(&Secret::new(given), "--against", url),
        None => Target::configured(url, "database.url"),
    };
    address::dialect(&target.url)?;
    address::must_exist(&target.url)?;
    *url = target.url.clone();
    Ok((loaded, target))
}
