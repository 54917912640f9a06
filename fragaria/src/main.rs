//! The `fragaria` binary: the command line, the configuration, the server, and their wiring.
//!
//! Reading order: `cli` declares the command line and `command` runs it; `config` is what can be
//! set; `server` builds the one server; `http` speaks HTTP and `request` is the life of a request.

mod address;
mod agreement;
mod cache;
mod cli;
mod command;
mod config;
mod console;
mod count;
mod desks;
mod documents;
mod edition;
mod environment;
mod example;
mod first_query;
mod http;
mod keys;
mod mend;
mod outward;
mod private;
mod project;
mod readiness;
mod request;
mod revocations;
mod running;
mod server;
mod snippet;
mod taken_for;
mod tenancy;
mod terminal;
mod tls;
mod usage;
mod watch;
mod ways;

use clap::Parser as _;
use cli::Cli;
use environment::Environment;
use std::process::ExitCode;
use terminal::Terminal;

fn main() -> ExitCode {
    let environment = Environment::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // What could not be parsed cannot say that it is for a machine.
            let json = std::env::args_os().any(|argument| argument == "--json");
            return usage::explain(&usage, json);
        }
    };
    let terminal = Terminal::new(&environment, cli.json);
    match command::run(cli.command, &environment, terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.failure(&error);
            command::exit_code(&error)
        }
    }
}
