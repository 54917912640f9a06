//! `fragaria policy`: what the access rules of a project come to.

mod cases;
mod coverage;
mod explain;
mod outcome;
mod report;
mod signed;
mod stand;
mod telling;
mod test;
mod trial;

pub(super) use test::Ended;

use crate::cli::Policy;
use crate::environment::Environment;
use crate::terminal::Terminal;
use anyhow::Result;

/// Does what is asked.
pub(crate) async fn run(args: Policy, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Policy::Report(args) => report::run(&args, environment, terminal),
        Policy::Verify(args) => signed::verify(&args, terminal),
        Policy::Explain(args) => Box::pin(explain::run(args, environment, terminal)).await,
        Policy::Test(args) => Box::pin(test::run(args, environment, terminal)).await,
    }
}
