//! The verbs of the command line, one file each.

mod advise;
mod api_key;
mod compile;
mod completions;
mod config;
mod dev;
mod diff;
mod documents;
mod init;
mod kept;
mod policy;
mod schema;
mod serve;
mod tenants;
mod token;
mod verify;

use self::advise::Worse;
use self::policy::Ended;
use self::tenants::Unserved;
use self::verify::Disproved;
pub(crate) use self::verify::limits::Scenario;
use crate::cli::Command;
use crate::environment::Environment;
use crate::terminal::Terminal;
use anyhow::{Context as _, Result};
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(command: Command, environment: &Environment, terminal: Terminal) -> Result<()> {
    match command {
        Command::Dev(args) => waiting(dev::run(args, environment, terminal)),
        Command::Serve(args) => waiting(serve::run(args, environment, terminal)),
        Command::Init(args) => waiting(init::run(args, environment, terminal)),
        Command::Compile(args) => waiting(compile::run(args, environment, terminal)),
        Command::Diff(args) => diff::run(&args, environment, terminal),
        Command::Schema(args) => schema::run(&args, environment, terminal),
        Command::Documents(args) => documents::run(&args, environment, terminal),
        Command::Advise(args) => waiting(advise::run(&args, environment, terminal)),
        Command::Policy(args) => waiting(policy::run(args, environment, terminal)),
        Command::ApiKey(args) => waiting(api_key::run(args, environment, terminal)),
        Command::Tenants(args) => waiting(tenants::run(args, environment, terminal)),
        Command::Token(args) => waiting(token::run(args, environment, terminal)),
        Command::Config(args) => config::run(&args, environment, terminal),
        Command::Verify(args) => waiting(verify::run(args, environment, terminal)),
        Command::Completions(args) => completions::run(&args),
    }
}

/// What a failure is to whoever started it: a promise that is broken, or a tenant that does not fit, is
/// not the same as one that could not be tried.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<Disproved>() || error.is::<Unserved>() || error.is::<Worse>() {
        return ExitCode::from(3);
    }
    match error.downcast_ref() {
        Some(Ended::Untried) => ExitCode::from(3),
        Some(Ended::Unusable) => ExitCode::from(2),
        None => ExitCode::FAILURE,
    }
}

/// Runs a command that waits for the outside world.
fn waiting(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}
