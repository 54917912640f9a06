//! `fragaria verify`: tries on a database of yours what the API promises.

mod asking;
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

/// The matrix was tried, and so many of its cells fail.
#[derive(Debug)]
pub(super) struct Disproved {
    cells: usize,
}

impl fmt::Display for Disproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fail = if self.cells == 1 { "fails" } else { "fail" };
        write!(f, "{} of the matrix {fail}", count(self.cells, "cell"))
    }
}

impl std::error::Error for Disproved {}

/// Verifies.
pub(crate) async fn run(args: Verify, environment: &Environment, terminal: Terminal) -> Result<()> {
    let Verify::Api(args) = args;
    let loaded = settings(&args, environment)?;
    let scope = Scope::of(address::dialect(&loaded.config.database.url)?, &args.types)?;
    let mut signals = Signals::new()?;
    let mut scratch = Scratch::make(&loaded.config.database, args.schema.as_deref()).await?;
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
        cells => Err(Disproved { cells }.into()),
    }
}

/// The settings: those of the environment and of flags, there is no project.
fn settings(args: &VerifyApi, environment: &Environment) -> Result<Loaded> {
    let flags = args.settings.flags();
    let mut loaded = config::load(None, &environment.variables, &flags).map_err(|diagnostics| {
        let texts = Texts::new();
        Refused { diagnostics, texts }
    })?;
    let url = &mut loaded.config.database.url;
    if let Some(given) = &args.against {
        *url = Target::given(&Secret::new(given), "--against", url).url;
    }
    address::dialect(url)?;
    address::must_exist(url)?;
    Ok(loaded)
}
