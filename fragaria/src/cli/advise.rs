//! The command line of `fragaria advise`.

use super::Settings;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// `fragaria advise`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("comparing").args(["record", "check"]))]
pub(crate) struct Advise {
    /// The project, or an artefact in it.
    #[arg(value_name = "DIR|ARTEFACT", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Ask this database for its plans; without it, the configured one. A relative path of SQLite is
    /// seen from here, a configured one from the project.
    #[arg(long, value_name = "URL")]
    pub(crate) against: Option<String>,
    /// Write the plans down beside the artefact, for --check to compare with.
    #[arg(long)]
    pub(crate) record: bool,
    /// Fail if a plan is worse than the one that was written down.
    #[arg(long)]
    pub(crate) check: bool,
    /// The file of plans, for --record and --check, in place of the one beside the artefact.
    #[arg(long, value_name = "FILE", requires = "comparing")]
    pub(crate) plans: Option<PathBuf>,
    /// Reading all of a table with fewer rows is no finding.
    #[arg(long, value_name = "ROWS", default_value_t = 1000)]
    pub(crate) rows_min: u64,
    /// With --check, how many times the recorded cost a plan may cost.
    #[arg(long, value_name = "TIMES", default_value_t = 2.0, value_parser = growth, requires = "check")]
    pub(crate) growth_max: f64,
    /// Ask for the plans of at most so many operations and fields; what is left out is told.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub(crate) questions_max: usize,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// A factor by which something grows.
fn growth(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().map_err(|_| "a number is expected")?;
    if number.is_finite() && number >= 1.0 {
        Ok(number)
    } else {
        Err("a number of at least 1 is expected")
    }
}
