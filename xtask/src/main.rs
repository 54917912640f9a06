//! The tasks of the house: `cargo xtask <verb>`.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who typed it"
)]

mod attack;
mod bench;
mod ci;
mod client;
mod coverage;
mod docs;
mod house;
mod instructions;
mod licences;
mod llvm;
mod mariadb;
mod mutants;
mod node;
mod packages;
mod pip;
mod pooler;
mod postgres;
mod process;
mod redis;
mod release;
mod rust;
mod scratch;
mod server;
mod test;
mod tidy;
mod vector;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The tasks of the house.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run every test, on private databases that are started and stopped here
    Test(test::Selection),
    /// Run the tests and print which lines of the rooms they cover
    Coverage(coverage::Options),
    /// Check the style of the house
    Tidy,
    /// Check licences, sources and banned crates
    Licences,
    /// Write the pages of docs/reference from what they are about
    Docs(docs::Options),
    /// Run everything a change must pass
    Ci,
    /// Show that each attack comes through where its defence is taken out of the sources
    Mutants(mutants::Options),
    /// Build the binary as it is shipped: laid out by what it does under load
    Release,
    /// Measure the server beside what the database, HTTP and a peer can do
    Bench(bench::Options),
    /// Be the server of `bench` that is nothing but HTTP
    #[command(hide = true)]
    Bare(bench::bare::Options),
    /// Count what a request costs the server, and compare with what is recorded
    Instructions(instructions::Options),
    /// Serve a mixed load for an hour, with reloads, and tell how much memory that takes
    Soak(bench::soak::Options),
    /// Attack the access rules with random schemas, rules, callers and documents
    Attack(attack::Options),
    /// Compare forms of SQL for lists with nested lists
    Shapes(bench::shapes::Options),
    /// Measure how long access rules of many roles take to compile
    Rules(bench::rules::Options),
    /// Measure how soon a list of a million rows begins, how long it takes, and in what memory
    Lists(bench::lists::Options),
    /// Measure how soon a server with very many tables and roles answers
    Start(bench::start::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match process::stop_on_signals().and_then(|()| run(&arguments.verb)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<ExitCode> {
    match verb {
        Verb::Test(options) => test::run(options),
        Verb::Coverage(options) => coverage::run(options),
        Verb::Tidy => tidy::run(),
        Verb::Licences => licences::run(),
        Verb::Docs(options) => docs::run(options),
        Verb::Ci => Ok(ci::run()),
        Verb::Mutants(options) => mutants::run(options),
        Verb::Release => release::run(),
        Verb::Bench(options) => bench::run(options),
        Verb::Bare(options) => bench::bare::serve(options),
        Verb::Instructions(options) => instructions::run(options),
        Verb::Soak(options) => bench::soak::run(options),
        Verb::Attack(options) => attack::run(options),
        Verb::Shapes(options) => bench::shapes::run(options),
        Verb::Rules(options) => bench::rules::run(options),
        Verb::Lists(options) => bench::lists::run(options),
        Verb::Start(options) => bench::start::run(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_goes_to_the_test_binaries() {
        let line = [
            "xtask",
            "test",
            "--room",
            "engine",
            "--",
            "a_name",
            "--nocapture",
        ];
        assert!(Arguments::try_parse_from(line).is_ok());
        assert!(Arguments::try_parse_from(["xtask", "test", "a_name"]).is_err());
    }
}
