//! `cargo xtask attack`: random schemas, rules, callers and documents against the server, and a judge
//! that says what each must be answered.

use crate::scratch::Scratch;
use crate::test::{self, Selection};
use anyhow::Result;
use clap::Args;
use std::fs;
use std::process::ExitCode;

/// The test that attacks; a run of the tests tries a few schemas by it.
const TEST: &str = "whatever_is_asked_the_rules_hold";

/// How long to attack.
#[derive(Args)]
pub(crate) struct Options {
    /// How many schemas; each is good for a thousand decisions or more
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    schemas: u64,
    /// The seed of the first schema; the next ones have the next seeds
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
}

/// Attacks; the last line of output says how much was decided, and how much of it wrongly.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let scratch = Scratch::create(None)?;
    let told = scratch.path().join("told");
    let variables = [
        (
            "FRAGARIA_ATTACK_SCHEMAS",
            options.schemas.to_string().into(),
        ),
        ("FRAGARIA_ATTACK_SEED", options.seed.to_string().into()),
        ("FRAGARIA_ATTACK_TOLD", told.clone().into_os_string()),
    ];
    let counts = test::run_with(&Selection::one("fragaria", TEST), &variables)?;
    match fs::read_to_string(&told) {
        Ok(line) => println!("{line}"),
        Err(_) => println!("error: the attack did not come to its end: see above"),
    }
    Ok(counts.exit_code())
}
