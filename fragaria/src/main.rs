//! The `fragaria` binary: the command line, the configuration, the server, and their wiring.
//!
//! Reading order: `cli` declares the command line and `command` runs it; `config` is what can be
//! set; `server` builds the one server; `http` speaks HTTP and `request` is the life of a request.

mod address;
mod cli;
mod command;
mod config;
mod console;
mod count;
mod edition;
mod environment;
mod example;
mod first_query;
mod http;
mod mend;
mod project;
mod readiness;
mod request;
mod running;
mod server;
mod snippet;
mod terminal;
mod watch;

use clap::Parser as _;
use cli::Cli;
use environment::Environment;
use std::process::ExitCode;
use terminal::Terminal;

fn main() -> ExitCode {
    let environment = Environment::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return explain(&usage),
    };
    let terminal = Terminal::new(&environment, cli.json);
    match command::run(cli.command, &environment, terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.failure(&error);
            ExitCode::FAILURE
        }
    }
}

/// Help and version are answers; anything else that stops the parser is a usage error.
fn explain(usage: &clap::Error) -> ExitCode {
    let printed = usage.print();
    if usage.use_stderr() || printed.is_err() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
